"""The search of rows on Verilator: lanes all and few, and words that end inside a fold."""

from __future__ import annotations

from remora.hdl.learning.row_positions import RowPositions
from remora.spec.crossbar.memories import MemorySize, StoredRows
from tests.support import simulate_cases

SEARCHED = {
    name: {"count": count, "columns": columns, "lanes": lanes, "word_rows": word_rows}
    for name, (count, columns, lanes, word_rows) in {
        "one": (1, 2, 1, 1), "lane_each": (6, 3, 1, 1), "one_fold": (13, 3, 13, 4), "words": (13, 5, 5, 4),
        "single": (9, 2, 3, 3), "wide": (41, 2, 41, 20),
    }.items()
}  # fmt: skip


def searched(count: int, columns: int, lanes: int, word_rows: int) -> RowPositions:
    """Of a memory of so many columns."""
    words_of_column = -(-count // lanes) * -(-lanes // word_rows)
    return RowPositions(MemorySize(32 * count, columns, rows=StoredRows(16, lanes, word_rows, words_of_column)))


def test_row_positions():
    assert len(simulate_cases(searched, SEARCHED, "remora.tb.blocks.learning.test_row_positions").tests) == 1
