"""The decision on Verilator, from one class to many, on one and several row tiles."""

from __future__ import annotations

from remora.hdl.crossbar.decision import Decision
from tests.hdl.designs import DESIGNS, MNIST, cases, make_design
from tests.support import simulate_cases


def test_decision():
    many = make_design(network={"classes": 256}, crossbar={"rows": 64})
    assert (
        len(
            simulate_cases(
                Decision, cases({**DESIGNS, "mnist": MNIST, "many": many}), "remora.tb.blocks.crossbar.test_decision"
            ).tests
        )
        == 2
    )
