"""The masks of pulses on Verilator: folds that end with the columns of a layer and folds that go beyond."""

from __future__ import annotations

from remora.hdl.crossbar.self_test.pulse_masks import PulseMasks
from tests.hdl.crossbar.self_test.designs import with_self_test
from tests.hdl.designs import cases
from tests.support import simulate_cases


def test_pulse_masks():
    module = "remora.tb.blocks.crossbar.self_test.test_pulse_masks"
    designs = with_self_test("one", "tiled", "below", "exact", "signed")
    assert len(simulate_cases(PulseMasks, cases(designs), module).tests) == 2
