"""Design points whose columns are corrected."""

from __future__ import annotations

from tests.hdl.designs import COARSE, ONE, PRIMES, make_design

OFFSETS, DIGITAL = {"calibrate_offsets": True}, {"bias": "digital"}
BOTH = OFFSETS | DIGITAL
ODD = make_design(  # groups of which the last one is not full, and a largest weight that is no power of two less 1
    network={"features": 2, "hidden": 5, "classes": 3},
    cell={"lanes": 3},
    formats={"stream_bits": 5},
    crossbar={"rows": 3, "columns": 3, "levels": 6, "adc_cycles": 2, **BOTH},
)
CORRECTED = {
    "odd": ODD,
    "one": ONE.evolve(crossbar=BOTH),
    "coarse": COARSE.evolve(network={"hidden": 2, "classes": 2}, cell={"lanes": 2}, crossbar=OFFSETS),
    "reference": ODD.evolve(crossbar={"pair": "reference", "levels": 16, "integrators": 2}),
    "primes": PRIMES.evolve(crossbar=DIGITAL),
}
