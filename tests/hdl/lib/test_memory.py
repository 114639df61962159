"""The memory macro on Verilator and on Icarus Verilog: content, holding reads, the end of a run that breaks a rule."""

from __future__ import annotations

from typing import Unpack

import pytest

from remora.flow.tools.simulator import SimulationFailed
from remora.hdl.lib.memory import Memory
from tests.hdl.macro_models import MEMORY
from tests.support import BlockOptions, simulate_cases

SIZES = ((1, 1), (1, 3), (2, 2), (3, 9), (5, 1), (8, 16), (17, 33), (100, 320))
CASES = {f"words_{depth}x{width}": {"depth": depth, "width": width} for depth, width in SIZES}


def simulate(**options: Unpack[BlockOptions]):
    return simulate_cases(Memory, CASES, "remora.tb.blocks.lib.test_memory", extra_sources=[MEMORY], **options)


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_memory(simulator):
    result = simulate(testcase=["random_traffic", "content_survives_reset"], simulator=simulator)
    assert len(result.tests) == 2


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
@pytest.mark.parametrize(
    ("violation", "message"),
    [
        ({"write": 1, "write_address": 5}, "write to word 5 of 5"),
        ({"read": 1, "read_address": 7}, "read of word 7 of 5"),
        ({"read": 1, "write": 1, "read_address": 3, "write_address": 3}, "word 3 read and written in one cycle"),
    ],
)
def test_violations_end_the_simulation(violation, message, simulator):
    with pytest.raises(SimulationFailed, match=message):
        simulate(testcase="violate", config={"block": "words_5x1", "violation": violation}, simulator=simulator)
