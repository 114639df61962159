"""Design points whose gradients are walked: folds, columns at once, corrections, and random numbers."""

from __future__ import annotations

from tests.hdl.designs import make_design
from tests.hdl.learning.verify.verified_designs import ONE

ODD = make_design(  # three folds of three words, the last one short; groups that end with a fold of the cell
    network={"features": 13, "hidden": 5, "classes": 4, "max_steps": 9},
    cell={"lanes": 3},
    crossbar={"rows": 5, "columns": 3, "levels": 6, "adc_cycles": 2},
    learning={
        "enabled": True, "lanes": 9, "columns": 3, "hidden_shift": 7, "readout_shift": 5, "accumulator_bits": 9,
        "accumulator_level": 50, "max_pulses": 5, "verify_reads": 2, "verify_give_up": 3,
    },
)  # fmt: skip
WALKED = {
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
