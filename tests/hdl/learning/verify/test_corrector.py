"""The corrector on Verilator: words of one row and of several, with folds and without."""

from __future__ import annotations

from remora.hdl.learning.verify.corrector import Corrector
from tests.hdl.designs import cases
from tests.hdl.learning.verify.verified_designs import VERIFIED
from tests.support import simulate_cases


def test_corrector():
    module = "remora.tb.blocks.learning.verify.test_corrector"
    assert len(simulate_cases(Corrector, cases(VERIFIED), module).tests) == 2
