"""Design points of the block tests: 1, primes, powers of two and their neighbours, several tiles, odd formats."""

from __future__ import annotations

from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design


def make_design(name: str = "test", **sections) -> DesignPoint:
    """A design point from sections given as dictionaries."""
    return DesignPoint(name=name, **sections)


ONE, TINY, MNIST = (load_design(name, DesignPoint) for name in ("one", "tiny", "mnist"))
PRIMES = make_design(
    network={"features": 11, "hidden": 13, "classes": 5, "max_steps": 7},
    cell={"lanes": 5},
    crossbar={"rows": 13, "columns": 7, "adc_cycles": 3, "pulse_cycles": 2},
)
BELOW = make_design(  # one below powers of two
    network={"features": 7, "hidden": 15, "classes": 3, "max_steps": 3},
    cell={"lanes": 15},
    crossbar={"rows": 15, "columns": 7, "adc_cycles": 7},
)
POWERS = make_design(  # the tutorial's design point, under its name, so that its simulation is not built again
    "mine",
    network={"features": 8, "hidden": 16, "classes": 4, "max_steps": 4},
    cell={"lanes": 4, "update_coefficient": 64},
    crossbar={"rows": 16, "columns": 8, "adc_cycles": 2},
)
ABOVE = make_design(  # one above powers of two
    network={"features": 9, "hidden": 17, "classes": 5, "max_steps": 5},
    cell={"lanes": 8},
    crossbar={"rows": 17, "columns": 17, "pulse_cycles": 1},
)
SIGNED = make_design(
    network={"features": 3, "hidden": 5, "classes": 2, "max_steps": 6, "feature_signed": True},
    cell={"lanes": 1},
    crossbar={"rows": 4, "columns": 8},
)
COARSE = make_design(  # the fewest bits and cycles
    network={"features": 6, "hidden": 4, "classes": 3, "max_steps": 5},
    cell={"lanes": 3},
    formats={"stream_bits": 4, "state_bits": 10, "adc_bits": 5, "adc_range_log2": 1},
    crossbar={
        "rows": 64,
        "columns": 2,
        "levels": 3,
        "level_bits": 1,
        "fraction_bits": 0,
        "adc_cycles": 1,
        "pulse_cycles": 1,
    },
)
EXACT = make_design(  # a code is the bitline sum itself
    network={"features": 2, "hidden": 6, "classes": 1, "max_steps": 2, "feature_signed": True},
    cell={"lanes": 2},
    formats={"adc_bits": 10, "adc_range_log2": 1},
    crossbar={"rows": 5, "columns": 4, "level_bits": 0, "fraction_bits": 16},
)
TILED = make_design(  # many small tiles of either layer in both directions, in larger macros; lanes that divide nothing
    network={"features": 3, "hidden": 7, "classes": 4, "max_steps": 5},
    cell={"lanes": 5},
    crossbar={"rows": 3, "columns": 3, "adc_cycles": 2, "macro_rows": 5, "macro_columns": 6},
)
REFERENCE = TILED.evolve(crossbar={"pair": "reference", "levels": 8})  # the highest level is none of a weight's
DESIGNS = {
    "one": ONE, "tiny": TINY, "primes": PRIMES, "below": BELOW, "powers": POWERS, "above": ABOVE,
    "signed": SIGNED, "coarse": COARSE, "exact": EXACT,
}  # fmt: skip
BISTABLE = {
    f"bistable_{name}": DESIGNS[name].evolve(cell={"kind": "bmru"})
    for name in ("one", "tiny", "primes", "signed", "exact")
}
BISTABLE["bistable_tall"] = make_design(  # tiles of either layer in both directions, larger macros, pulses of a cycle
    network={"features": 11, "hidden": 13, "classes": 7, "max_steps": 5},
    cell={"kind": "bmru"},
    formats={"stream_bits": 5},
    crossbar={
        "rows": 3,
        "columns": 5,
        "pulse_cycles": 1,
        "adc_cycles": 1,
        "fraction_bits": 0,
        "macro_rows": 4,
        "macro_columns": 9,
    },
)


def cases(designs: dict[str, DesignPoint] | None = None) -> dict[str, dict[str, DesignPoint]]:
    """Cases of ``tests.support.simulate_cases`` for components whose only argument is the design point."""
    return {name: {"design": design} for name, design in (DESIGNS if designs is None else designs).items()}
