"""The answer on Verilator, from one class to many."""

from __future__ import annotations

from remora.hdl.lib.answer import Answer
from tests.hdl.designs import COARSE, ONE, PRIMES, TINY, cases, make_design
from tests.support import simulate_cases


def test_answer():
    designs = {
        "one": ONE,
        "tiny": TINY,
        "primes": PRIMES,
        "coarse": COARSE,
        "sixteen": make_design(network={"classes": 16}),
    }
    designs |= {"many": make_design(network={"classes": 256}, formats={"adc_bits": 10})}
    assert len(simulate_cases(Answer, cases(designs), "remora.tb.blocks.lib.test_answer").tests) == 4
