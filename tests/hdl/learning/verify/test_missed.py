"""What pulses missed on Verilator, with accumulators of every width."""

from __future__ import annotations

from remora.hdl.learning.verify.missed import Missed
from tests.hdl.designs import cases
from tests.hdl.learning.verify.verified_designs import ODD, VERIFIED
from tests.support import simulate_cases


def test_missed():
    small = ODD.evolve(formats={"adc_bits": 6}, learning={"accumulator_bits": 8, "accumulator_level": 19})
    module = "remora.tb.blocks.learning.verify.test_missed"
    assert len(simulate_cases(Missed, cases(VERIFIED | {"small": small}), module).tests) == 2
