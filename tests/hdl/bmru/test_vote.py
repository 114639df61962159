"""The vote on Verilator: windows of one frame and of many, one class and many."""

from __future__ import annotations

from remora.hdl.bmru.vote import Vote
from tests.golden.bmru.cases import make_bmru
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

DESIGNS = {
    "one": make_bmru(1, 1, 1, 1, vote={"frames": 1, "wake_class": 0}),
    "two": make_bmru(1, 1, vote={"frames": 6, "wake_class": 1}),
    "odd": make_bmru(1, 1, classes=5, vote={"frames": 3, "wake_class": 4}),
    "many": make_bmru(1, 1, classes=16, vote={"frames": 17, "wake_class": 0}),
    # Its counts reach their highest bit.
    "long": make_bmru(1, 1, classes=3, vote={"frames": 701, "wake_class": 1}),
}


def test_vote():
    cases = {name: {"design": design} for name, design in DESIGNS.items()}
    assert simulate_cases(Vote, cases, "remora.tb.blocks.bmru.test_vote", extra_sources=[MEMORY]).tests
