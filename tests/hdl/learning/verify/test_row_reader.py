"""The row reader on Verilator: tiles of one row and of many, reads of one integration and of many."""

from __future__ import annotations

from remora.hdl.learning.verify.row_reader import RowReader
from tests.hdl.designs import cases
from tests.hdl.learning.verify.verified_designs import VERIFIED
from tests.support import simulate_cases


def test_row_reader():
    module = "remora.tb.blocks.learning.verify.test_row_reader"
    assert len(simulate_cases(RowReader, cases(VERIFIED), module).tests) == 3
