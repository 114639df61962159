"""Parity of the accumulators and the reservoir: bits that memories forget are told and counted."""

from __future__ import annotations

import pytest

from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib.macro_memories import MemoryShape
from tests.top.crossbar.bring_up.hanging_tiles import DESIGN_POINTS, ROW_PATTERN, STEP_PATTERN, run_hanging


@pytest.mark.parametrize("hanging", ["learns"], indirect=True)
@pytest.mark.parametrize("testcase", ["the_window_reads_what_lost_a_bit", "learning_reads_what_lost_a_bit"])
def test_a_bit_that_a_memory_forgets_is_told_and_counted(hanging, testcase, tmp_path):
    run_hanging(hanging, tmp_path, f"top_parity.{testcase}", step=STEP_PATTERN, row=ROW_PATTERN)


def test_the_memories_that_forget_are_those_of_learning():
    """By their width, which is that of no other memory of the design point."""
    sizes = host_memories(DESIGN_POINTS["learns"])
    found = {
        memory: MemoryShape(size.stored_width, size.stored_depth, parity=True).banks for memory, size in sizes.items()
    }
    assert [bank.width for bank in found[HostMemory.RESERVOIR_STEPS]] == [48]
    assert [bank.width for bank in found[HostMemory.ACCUMULATORS]] == [72]
