"""The memory macro on Verilator: content, holding reads, and the end of a simulation that breaks its contract."""

from __future__ import annotations

import pytest

from flow.simulator import SimulatorError
from hdl.memory import Memory
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

SIZES = ((1, 1), (1, 3), (2, 2), (3, 9), (5, 1), (8, 16), (17, 33), (100, 320))
CASES = {f"words_{depth}x{width}": {"depth": depth, "width": width} for depth, width in SIZES}


def simulate(**options):
    return simulate_cases(Memory, CASES, "tb.test_memory", extra_sources=[MEMORY], **options)


def test_memory():
    assert len(simulate(testcase=["random_traffic", "content_survives_reset"]).tests) == 2


@pytest.mark.parametrize(
    ("violation", "message"),
    [
        ({"write": 1, "write_address": 5}, "write to word 5 of 5"),
        ({"read": 1, "read_address": 7}, "read of word 7 of 5"),
        ({"read": 1, "write": 1, "read_address": 3, "write_address": 3}, "word 3 read and written in one cycle"),
    ],
)
def test_violations_end_the_simulation(violation, message):
    with pytest.raises(SimulatorError, match=message):
        simulate(testcase="violate", config={"block": "words_5x1", "violation": violation})
