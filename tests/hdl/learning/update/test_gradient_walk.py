"""The gradient walk on Verilator: folds of the cell and of the lanes, contexts, and a history of macros or of
flip-flops."""

from __future__ import annotations

from remora.hdl.learning.update.gradient_walk import GradientWalk
from tests.hdl.designs import ONE, cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

ODD = make_design(
    network={"features": 3, "hidden": 7, "classes": 5, "max_steps": 5},
    cell={"lanes": 5},
    formats={"stream_bits": 5, "adc_bits": 6},
    crossbar={"rows": 3, "columns": 3},
    system={"small_memory_bits": 0, "contexts": 3},
    learning={"enabled": True, "columns": 3, "lanes": 4},
)


def test_gradient_walk():
    designs = {
        "one": ONE.evolve(learning={"enabled": True}),
        "odd": ODD,
        "flip_flops": ODD.evolve(
            network={"feature_signed": True}, system={"small_memory_bits": 4096}, learning={"columns": 2, "lanes": 7}
        ),
        "whole": ODD.evolve(cell={"lanes": 7}, learning={"columns": 4, "lanes": "all", "feedback_shift": 0}),
        "multipliers": ODD.evolve(learning={"columns": 1, "lanes": 1, "multipliers": True}),
    }
    module = "remora.tb.blocks.learning.update.test_gradient_walk"
    assert len(simulate_cases(GradientWalk, cases(designs), module, extra_sources=[MEMORY]).tests) == 2
