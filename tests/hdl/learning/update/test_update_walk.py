"""The update walk on Verilator: folds, columns at once, corrections, and random numbers."""

from __future__ import annotations

from remora.hdl.learning.update.update_walk import UpdateWalk
from tests.hdl.designs import cases
from tests.hdl.learning.update.walked_designs import WALKED
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def test_update_walk():
    module = "remora.tb.blocks.learning.update.test_update_walk"
    assert len(simulate_cases(UpdateWalk, cases(WALKED), module, extra_sources=[MEMORY]).tests) == 2
