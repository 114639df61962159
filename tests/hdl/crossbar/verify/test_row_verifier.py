"""The row verifier on Verilator: pairs of both policies, slices of one row and of several, one read a row and many."""

from __future__ import annotations

from remora.hdl.crossbar.verify.row_verifier import RowVerifier
from tests.hdl.designs import make_design
from tests.support import simulate_cases

SMALL = make_design(
    network={"features": 2, "hidden": 2, "classes": 1},
    cell={"lanes": 1},
    crossbar={"rows": 3, "columns": 1, "levels": 4, "adc_cycles": 2, "verify_pulses": 3, "verify_reads": 4},
)
CASES = {
    "verified": {"design": SMALL, "count": 3},
    "once": {"design": SMALL.evolve(crossbar={"verify_reads": 1, "verify_tolerance": 0}), "count": 1},
    "reference": {
        "design": SMALL.evolve(crossbar={"pair": "reference", "verify_pulses": 6, "verify_tolerance": 3}),
        "count": 5,
    },
}


def test_row_verifier():
    assert len(simulate_cases(RowVerifier, CASES, "remora.tb.blocks.crossbar.verify.test_row_verifier").tests) == 2
