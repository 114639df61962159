"""Design points that verify what they learn: row tiles of odd sizes, one row, many reads, and two integrators."""

from __future__ import annotations

from tests.hdl.designs import make_design

ODD = make_design(
    network={"features": 3, "hidden": 5, "classes": 4, "max_steps": 5},
    cell={"lanes": 1},
    crossbar={"rows": 5, "columns": 3, "levels": 6, "adc_cycles": 2},
    learning={
        "enabled": True, "lanes": 7, "accumulator_bits": 9, "accumulator_level": 200, "max_pulses": 3,
        "verify_reads": 2, "verify_give_up": 3,
    },
)  # fmt: skip
"""Two row tiles, the last one with fewer rows; two folds of two words, of which some have no row at their end."""
ONE = make_design(
    network={"features": 1, "hidden": 1, "classes": 1, "max_steps": 1},
    cell={"lanes": 1},
    crossbar={"rows": 1, "columns": 1, "levels": 2, "adc_cycles": 1},
    learning={
        "enabled": True, "accumulator_bits": 8, "accumulator_level": 2, "max_pulses": 1, "verify_reads": 1,
        "verify_give_up": 1,
    },
)  # fmt: skip
"""One of everything, and the narrowest accumulator."""
MANY = make_design(
    network={"features": 6, "hidden": 4, "classes": 3, "max_steps": 3},
    cell={"lanes": 3},
    crossbar={"rows": 64, "columns": 2, "levels": 32, "integrators": 2, "adc_cycles": 1},
    learning={
        "enabled": True, "accumulator_bits": 24, "accumulator_level": 16384, "max_pulses": 15, "verify_reads": 16,
        "verify_give_up": 15,
    },
    system={"small_memory_bits": 0},
)  # fmt: skip
"""All rows in one tile, many reads and pulses, two integrators, and the widest accumulator."""
EXACT = ODD.evolve(
    formats={"adc_bits": 10, "adc_range_log2": 1},
    crossbar={"level_bits": 0, "levels": 32, "adc_cycles": 1, "integrators": 2},
)
"""A level weighs as much as is wanted on a plane below the highest, so that it is integrated once."""
SMALL = ODD.evolve(
    formats={"adc_bits": 6, "adc_range_log2": 1},
    crossbar={"level_bits": 0},
    learning={"accumulator_bits": 8, "accumulator_level": 19},
)
"""Odd sizes, and few bits of everything else."""
VERIFIED = {"odd": ODD, "one": ONE, "many": MANY, "exact": EXACT}
