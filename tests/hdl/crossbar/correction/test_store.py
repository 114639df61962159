"""The correction store on Verilator: offsets, digital biases and both; groups that are full and that are not."""

from __future__ import annotations

from remora.hdl.crossbar.correction.store import CorrectionStore
from tests.hdl.crossbar.correction.corrected import CORRECTED
from tests.hdl.designs import cases
from tests.support import simulate_cases


def test_store():
    module = "remora.tb.blocks.crossbar.correction.test_store"
    assert len(simulate_cases(CorrectionStore, cases(CORRECTED), module, name="correction_store").tests) == 3
