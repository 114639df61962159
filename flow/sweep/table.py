"""Rows of a sweep as CSV and as Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from remora.spec.lib.files import replacing, write_text

DONE, REFUSED, FAILED = "done", "refused", "failed"
"""What became of a point."""
TABLES = ("results.csv", "results.parquet")
HEAD = ("point", "status", "reason")
"""Columns before those of the fields and figures."""
FRONT = "pareto"


class Row(NamedTuple):
    """A point and what became of it.

    Attributes:
        point: its number, from 1 up.
        fields: dotted path → value of what varies.
        status: done, refused or failed.
        reason: why it is not done, in words.
        figures: column → value of what was measured.
        pareto: whether it is on the Pareto front; None where there is none.
    """

    point: int
    fields: Mapping[str, Any]
    status: str
    reason: str
    figures: dict[str, int | float]
    pareto: bool | None = None


def table_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Column → values of the rows in order, None where a row has none: `HEAD`, fields, figures in the order of their
    first row, and `FRONT` where there is one. A value that is no number and no word is JSON.
    """
    found: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in HEAD}
    for kind in ("fields", "figures"):
        for name in dict.fromkeys(name for row in rows for name in getattr(row, kind)):
            found[name] = [_cell(getattr(row, kind).get(name)) for row in rows]
    if any(row.pareto is not None for row in rows):
        found[FRONT] = [bool(row.pareto) for row in rows]
    return found


def write_tables(rows: Sequence[Row], folder: Path) -> tuple[Path, Path]:
    """Write ``results.csv`` and ``results.parquet``; their paths.

    Raises:
        OSError: one cannot be written; the error names it.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns = table_of(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    written, packed = (folder / name for name in TABLES)
    write_text(written, text.getvalue())
    # A column of whole numbers and others is one of others; of numbers and words, one of words.
    table = pa.table({name: pa.array(_of_one_kind(values)) for name, values in columns.items()})
    with replacing(packed) as partial:
        parquet.write_table(table, partial)
    return written, packed


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value)


def _of_one_kind(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values] if len(kinds) > 1 else values
