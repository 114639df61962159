"""The memory window on Verilator: words of 1 to 2,000 bits, of whole groups and not, memories of 1 word and more."""

from __future__ import annotations

from tests.hdl.macro_models import MEMORY
from tests.hdl.windowed_memories import WindowedMemories
from tests.support import simulate_cases

CASES = {
    "bit": {"ACCUMULATORS": (1, 1)},
    "narrow": {"RESERVOIR_STEPS": (7, 3), "RESERVOIR_HEADS": (9, 1)},
    "groups": {"ACCUMULATORS": (64, 4), "RESERVOIR_STEPS": (32, 5), "RESERVOIR_HEADS": (33, 2)},
    "uneven": {"ACCUMULATORS": (241, 13), "RESERVOIR_STEPS": (44, 17), "RESERVOIR_HEADS": (6, 7)},
    "wide": {"ACCUMULATORS": (2000, 3)},
}


def test_memory_window():
    cases = {name: {"sizes": sizes} for name, sizes in CASES.items()}
    result = simulate_cases(WindowedMemories, cases, "tb.test_memory_window", extra_sources=[MEMORY])
    assert len(result.tests) == 3
