"""Counts of words with a wrong parity on Verilator: all memories, some, and counts of one bit and of many."""

from __future__ import annotations

from remora.hdl.learning.memory_errors import COUNT_BITS, MemoryErrors
from remora.spec.crossbar.memories import HostMemory
from tests.support import simulate_cases


def test_memory_errors():
    cases = {
        "all": {"bits": 5, "memories": [*map(int, HostMemory)]},
        "some": {"bits": 3, "memories": [int(HostMemory.RESERVOIR_STEPS)]},
        "none": {"bits": 2, "memories": []},
        "one_bit": {"bits": 1, "memories": [int(HostMemory.FAULT_MAP)]},
        "whole": {"bits": COUNT_BITS, "memories": [*map(int, HostMemory)]},
    }
    assert len(simulate_cases(MemoryErrors, cases, "remora.tb.blocks.learning.test_memory_errors").tests) == 3
