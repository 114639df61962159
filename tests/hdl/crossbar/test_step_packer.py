"""The step packer on Verilator, from one feature to many."""

from __future__ import annotations

from remora.hdl.crossbar.step_packer import StepPacker
from tests.hdl.designs import cases, make_design
from tests.support import simulate_cases

FEATURES = (1, 2, 3, 4, 5, 7, 8, 9, 28)


def test_step_packer():
    designs = {f"features_{count}": make_design(network={"features": count}) for count in FEATURES}
    assert len(simulate_cases(StepPacker, cases(designs), "remora.tb.blocks.crossbar.test_step_packer").tests) == 5
