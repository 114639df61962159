"""The memory window on Verilator: words of 1 to 2,000 bits, of whole groups and not, memories of 1 word and more."""

from __future__ import annotations

from tests.hdl.learning.windowed_memories import WindowedMemories
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

CASES = {
    "bit": {"ACCUMULATORS": (1, 1)},
    "narrow": {"RESERVOIR_STEPS": (7, 3), "RESERVOIR_HEADS": (9, 1)},
    "groups": {"ACCUMULATORS": (64, 4), "RESERVOIR_STEPS": (32, 5), "RESERVOIR_HEADS": (33, 2)},
    "uneven": {"ACCUMULATORS": (241, 13), "RESERVOIR_STEPS": (44, 17), "RESERVOIR_HEADS": (6, 7)},
    "wide": {"ACCUMULATORS": (2000, 3)},
    # Limits as those of heads: lowest bit, width, smallest and largest number. They span a group and do not.
    "heads": {"RESERVOIR_STEPS": (12, 8), "RESERVOIR_HEADS": (9, 3, [(0, 4, 0, 9), (4, 5, 1, 28)])},
    "one_class": {"RESERVOIR_HEADS": (2, 2, [(0, 1, 0, 0), (1, 1, 1, 1)])},
    "whole_range": {"RESERVOIR_HEADS": (4, 2, [(0, 2, 0, 3), (2, 2, 1, 3)])},
    "split": {"ACCUMULATORS": (64, 2), "RESERVOIR_HEADS": (40, 3, [(0, 29, 0, 1 << 28), (29, 11, 1, 1025)])},
}


def test_memory_window():
    cases = {name: {"sizes": sizes} for name, sizes in CASES.items()}
    result = simulate_cases(
        WindowedMemories, cases, "remora.tb.blocks.learning.test_memory_window", extra_sources=[MEMORY]
    )
    assert len(result.tests) == 4
