"""The corrections of columns and their calibration on Verilator."""

from __future__ import annotations

from remora.hdl.crossbar.correction.correction import Correction
from tests.hdl.crossbar.correction.corrected import CORRECTED
from tests.hdl.designs import cases
from tests.support import simulate_cases


def test_correction():
    module = "remora.tb.blocks.crossbar.correction.test_correction"
    designs = {name: design for name, design in CORRECTED.items() if name != "reference"}
    assert len(simulate_cases(Correction, cases(designs), module).tests) == 4
