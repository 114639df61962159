"""The pulse queue on Verilator: columns that come whole and fold after fold, verified and not."""

from __future__ import annotations

from remora.hdl.learning.update.pulse_queue import PulseQueue
from tests.hdl.designs import cases
from tests.hdl.learning.update.walked_designs import WALKED
from tests.support import simulate_cases


def test_pulse_queue():
    module = "remora.tb.blocks.learning.update.test_pulse_queue"
    assert len(simulate_cases(PulseQueue, cases(WALKED), module).tests) == 2
