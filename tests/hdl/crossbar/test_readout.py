"""The readout on Verilator: of one context, three and four."""

from __future__ import annotations

from remora.hdl.crossbar.readout import Readout
from tests.hdl.crossbar.test_contexts import DESIGNS
from tests.hdl.designs import cases
from tests.support import simulate_cases


def test_readout():
    assert simulate_cases(Readout, cases(DESIGNS), "remora.tb.blocks.crossbar.test_readout").tests
