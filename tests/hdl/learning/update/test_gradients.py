"""The gradients on Verilator: features of both kinds, lanes of one fold and of several, and one lane."""

from __future__ import annotations

from remora.hdl.learning.update.gradients import Gradients
from tests.hdl.designs import ONE, cases, make_design
from tests.support import simulate_cases

ODD = make_design(
    network={"features": 3, "hidden": 5, "classes": 3, "max_steps": 3, "feature_signed": True},
    cell={"lanes": 1},
    formats={"stream_bits": 5},
    learning={"enabled": True, "columns": 3, "lanes": 4},
)


def test_gradients():
    designs = {
        "one": ONE.evolve(learning={"enabled": True}),
        "odd": ODD,
        "unsigned": ODD.evolve(network={"feature_signed": False}, learning={"columns": 2, "lanes": 7}),
        "whole": ODD.evolve(learning={"columns": 4, "lanes": "all"}),
        "one_lane": ODD.evolve(formats={"stream_bits": 8}, learning={"columns": 1, "lanes": 1}),
        "multipliers": ODD.evolve(learning={"multipliers": True, "columns": 2, "lanes": 2}),
    }
    assert len(simulate_cases(Gradients, cases(designs), "remora.tb.blocks.learning.update.test_gradients").tests) == 2
