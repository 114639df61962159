"""The healing unit on Verilator, and faults of it that its bench notices."""

from __future__ import annotations

from typing import Unpack

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.tools.simulator import RunResult, SimulationFailed
from remora.hdl.learning.healing.healing import Healing
from tests.support import BlockOptions, simulate_cases

UNIT = "unit_healing"
FAULTS = (
    Fault("counts_every_replay", "replays after new sequences count down too", UNIT, {"healing": "1'b1"}),
    Fault("never_wrong", "every replay counts as decided rightly", UNIT, {"right": "1'b1"}),
    Fault("runs_on", "a soft reset leaves healing running", UNIT, {"reset": "1'b0"}),
    Fault("stop_ignored", "the policy stops where it starts", UNIT, {"host__stop": "host__start"}),
)


def simulate(**options: Unpack[BlockOptions]) -> RunResult:
    return simulate_cases(Healing, {"unit": {}}, "remora.tb.blocks.learning.test_healing", faults=FAULTS, **options)


def test_healing():
    assert len(simulate().tests) == 3


@pytest.mark.parametrize("number", range(1, len(FAULTS) + 1), ids=lambda number: FAULTS[number - 1].name)
def test_the_healing_units_test_notices(number):
    with pytest.raises(SimulationFailed, match="unit: "):
        simulate(testcase="counts_and_weighs", plusargs=[f"+{FAULT_PLUSARG}={number}"])
