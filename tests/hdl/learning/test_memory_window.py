"""The memory window on Verilator: words of 1 to 2,000 bits, of whole groups and slices and not, and rows of columns."""

from __future__ import annotations

from tests.hdl.learning.windowed_memories import WindowedMemories
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def words(width: int, depth: int, **more) -> dict:
    """Words as they are stored."""
    return {"width": width, "depth": depth, **more}


def rows(count: int, columns: int, bits: int, lanes: int, word_rows: int) -> dict:
    """Columns of so many rows, ``lanes`` of them a fold, ``word_rows`` a stored word."""
    stored = -(-count // lanes) * -(-lanes // word_rows)
    return words(32 * count, columns, rows=[bits, lanes, word_rows, stored])


CASES = {
    "bit": {"RESERVOIR_STEPS": words(1, 1)},
    "narrow": {"RESERVOIR_STEPS": words(7, 3), "RESERVOIR_HEADS": words(9, 1)},
    "groups": {"ACCUMULATORS": words(64, 4), "RESERVOIR_STEPS": words(32, 5), "RESERVOIR_HEADS": words(33, 2)},
    "slices": {"ACCUMULATORS": words(128, 2), "RESERVOIR_STEPS": words(129, 3), "RESERVOIR_HEADS": words(256, 2)},
    "uneven": {"ACCUMULATORS": words(241, 13), "RESERVOIR_STEPS": words(44, 17), "RESERVOIR_HEADS": words(6, 7)},
    "wide": {"RESERVOIR_STEPS": words(2000, 3)},
    # Limits as those of heads: lowest bit, width, smallest and largest number. They span a group and do not.
    "heads": {
        "RESERVOIR_STEPS": words(12, 8), "RESERVOIR_HEADS": words(9, 3, limits=[(0, 4, 0, 9), (4, 5, 1, 28)]),
    },
    "one_class": {"RESERVOIR_HEADS": words(2, 2, limits=[(0, 1, 0, 0), (1, 1, 1, 1)])},
    "whole_range": {"RESERVOIR_HEADS": words(4, 2, limits=[(0, 2, 0, 3), (2, 2, 1, 3)])},
    "split": {
        "ACCUMULATORS": words(64, 2), "RESERVOIR_HEADS": words(40, 3, limits=[(0, 29, 0, 1 << 28), (29, 11, 1, 1025)]),
    },
    # Rows: one; lanes all and few; words that end inside a slice, and in a fold that ends inside a word.
    "row": {"ACCUMULATORS": rows(1, 2, bits=8, lanes=1, word_rows=1)},
    "whole_words": {"ACCUMULATORS": rows(13, 3, bits=16, lanes=13, word_rows=4), "RESERVOIR_HEADS": words(9, 3)},
    "folds": {"ACCUMULATORS": rows(13, 2, bits=17, lanes=5, word_rows=4), "RESERVOIR_STEPS": words(44, 4)},
    "single": {"ACCUMULATORS": rows(9, 2, bits=24, lanes=3, word_rows=3)},
    "wide_words": {"ACCUMULATORS": rows(41, 2, bits=16, lanes=41, word_rows=20)},
    "faults": {"FAULT_MAP": words(18, 7)},
    "all": {
        "ACCUMULATORS": rows(3, 2, bits=9, lanes=2, word_rows=2), "RESERVOIR_STEPS": words(8, 2),
        "RESERVOIR_HEADS": words(5, 2), "FAULT_MAP": words(130, 3),
    },
    "all_walk": {
        "ACCUMULATORS": rows(13, 2, bits=17, lanes=5, word_rows=4), "RESERVOIR_STEPS": words(1, 2),
        "RESERVOIR_HEADS": words(5, 2, limits=[(0, 2, 0, 2), (2, 3, 1, 5)]), "FAULT_MAP": words(130, 3),
    },
    "one_lane": {"ACCUMULATORS": rows(6, 3, bits=12, lanes=1, word_rows=1)},
}  # fmt: skip


def test_memory_window():
    cases = {name: {"sizes": sizes} for name, sizes in CASES.items()}
    result = simulate_cases(
        WindowedMemories, cases, "remora.tb.blocks.learning.test_memory_window", extra_sources=[MEMORY]
    )
    assert len(result.tests) == 4
