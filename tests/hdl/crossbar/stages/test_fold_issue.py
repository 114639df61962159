"""The fold issue on Verilator: one fold, three, and more than fit between two conversions."""

from __future__ import annotations

from remora.hdl.crossbar.fold_issue import FoldIssue
from tests.hdl.designs import DESIGNS, PRIMES, cases
from tests.support import simulate_cases

DESIGN_POINTS = {
    "one": DESIGNS["one"],
    "three": PRIMES.evolve(system={"contexts": 3}),
    "thirteen": PRIMES.evolve(system={"contexts": 3}, cell={"lanes": 1}),
}


def test_fold_issue():
    assert simulate_cases(FoldIssue, cases(DESIGN_POINTS), "remora.tb.blocks.crossbar.stages.test_fold_issue").tests
