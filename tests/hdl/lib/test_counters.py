"""The counters on Verilator."""

from __future__ import annotations

from remora.hdl.lib.counters import Counters
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.registers import COUNTER_BITS
from tests.support import simulate_cases

CASES = {
    "single": {},
    "mixed": {Counter.ADC_SATURATIONS: 8, Counter.WORD_SATURATIONS: 5, Counter.PULSES: 9},
    # Nothing real grows so fast; it is how the counters reach their end within a test.
    "wrapping": dict.fromkeys(Counter, COUNTER_BITS) | {Counter.DROPPED_TOO_LONG: COUNTER_BITS - 1},
}


def test_counters():
    def make(**bits: int) -> Counters:
        return Counters(dict.fromkeys(Counter, 1) | {Counter[name]: width for name, width in bits.items()})

    cases = {name: {counter.name: width for counter, width in bits.items()} for name, bits in CASES.items()}
    assert len(simulate_cases(make, cases, "remora.tb.blocks.lib.test_counters").tests) == 2
