"""The result slots on Verilator: of one context, which has none, and of two to five."""

from __future__ import annotations

from remora.hdl.crossbar.result_slots import ResultSlots
from tests.hdl.crossbar.test_contexts import DESIGNS
from tests.hdl.designs import ONE, PRIMES, cases
from tests.support import simulate_cases


def test_result_slots():
    designs = {
        **DESIGNS,
        "two": ONE.evolve(system={"contexts": 2}),
        "five": PRIMES.evolve(system={"contexts": 5}),
    }
    assert len(simulate_cases(ResultSlots, cases(designs), "remora.tb.blocks.crossbar.test_result_slots").tests) == 3
