"""The decision on Verilator, from one class to many, on one and several row tiles."""

from __future__ import annotations

from tests.hdl.crossbar.added_row_tiles import DecidedCodes
from tests.hdl.designs import DESIGNS, MNIST, cases, make_design
from tests.support import simulate_cases


def test_decision():
    many = make_design(network={"classes": 256}, crossbar={"rows": 64})
    designs = {**DESIGNS, "mnist": MNIST, "many": many}
    assert len(simulate_cases(DecidedCodes, cases(designs), "remora.tb.blocks.crossbar.test_decision").tests) == 2
