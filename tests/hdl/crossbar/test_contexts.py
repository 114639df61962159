"""The contexts on Verilator: one, three and four of them."""

from __future__ import annotations

from remora.hdl.crossbar.contexts import Contexts
from tests.hdl.designs import PRIMES, TINY, cases
from tests.support import simulate_cases

DESIGNS = {
    "one_context": PRIMES,
    "three": PRIMES.evolve(system={"contexts": 3}),
    "four": TINY.evolve(system={"contexts": 4}),
}


def test_contexts():
    assert len(simulate_cases(Contexts, cases(DESIGNS), "remora.tb.blocks.crossbar.test_contexts").tests) == 1
