"""The update walk on Verilator: folds, columns at once, corrections, and random numbers."""

from __future__ import annotations

from remora.hdl.learning.update.update_walk import UpdateWalk
from tests.hdl.designs import cases, make_design
from tests.hdl.learning.verify.verified_designs import ONE
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

ODD = make_design(  # three folds of three words, the last one short; groups that end with a fold of the cell
    network={"features": 13, "hidden": 5, "classes": 4, "max_steps": 9},
    cell={"lanes": 3},
    crossbar={"rows": 5, "columns": 3, "levels": 6, "adc_cycles": 2},
    learning={
        "enabled": True, "lanes": 9, "columns": 3, "hidden_shift": 7, "readout_shift": 5, "accumulator_bits": 9,
        "accumulator_level": 50, "max_pulses": 5, "verify_reads": 2, "verify_give_up": 3,
    },
)  # fmt: skip
DESIGNS = {
    "odd": ODD,
    "one": ONE,
    "two_columns": ODD.evolve(learning={"lanes": "all", "columns": 2, "verify_reads": 0, "verify_give_up": 1}),
    "direct": ODD.evolve(
        learning={
            "update": "direct", "accumulator_level": 64, "lanes": 8, "columns": 4, "verify_reads": 0,
            "verify_give_up": 1,
        },
    ),
    "direct_whole": ODD.evolve(
        network={"max_steps": 1},
        learning={
            "update": "direct", "accumulator_level": 2, "hidden_shift": 0, "lanes": "all", "verify_reads": 0,
            "verify_give_up": 1,
        },
    ),
}  # fmt: skip


def test_update_walk():
    module = "remora.tb.blocks.learning.update.test_update_walk"
    assert len(simulate_cases(UpdateWalk, cases(DESIGNS), module, extra_sources=[MEMORY]).tests) == 2
