"""Tables: CSV and Parquet hold the same rows, with None where a row has no value."""

from __future__ import annotations

import csv

import pyarrow as pa
from pyarrow import parquet

from remora.flow.sweep.table import DONE, FAILED, REFUSED, Row, write_tables

ROWS = [
    Row(1, {"a.b": 1, "c": [0.5]}, DONE, "", {"m.x": 2, "m.y": 0.25}, True),
    Row(2, {"a.b": 2, "c": "word"}, REFUSED, 'says "no", twice', {}, False),
    Row(3, {"a.b": 3}, FAILED, "m: broke", {"m.x": 2.5, "n.z": True}, False),
]


def test_csv_and_parquet_are_the_same(tmp_path):
    written, packed = write_tables(ROWS, tmp_path)
    table = parquet.read_table(packed)
    assert table.column_names == ["point", "status", "reason", "a.b", "c", "m.x", "m.y", "n.z", "pareto"]
    assert table.to_pydict() == {
        "point": [1, 2, 3],
        "status": ["done", "refused", "failed"],
        "reason": ["", 'says "no", twice', "m: broke"],
        "a.b": [1, 2, 3],
        "c": ["[0.5]", "word", None],
        "m.x": [2.0, None, 2.5],
        "m.y": [0.25, None, None],
        "n.z": [None, None, True],
        "pareto": [True, False, False],
    }
    with written.open(newline="") as file:
        head, *lines = list(csv.reader(file))
    assert head == table.column_names and len(lines) == 3
    assert lines[0] == ["1", "done", "", "1", "[0.5]", "2", "0.25", "", "True"] and lines[1][2] == 'says "no", twice'


def test_a_column_has_one_kind(tmp_path):
    rows = [Row(n, {"f": value}, DONE, "", {}) for n, value in enumerate([1, 0.5, None])]
    mixed = [Row(n, {"f": value}, DONE, "", {}) for n, value in enumerate([1, "auto", True])]
    found = [parquet.read_table(write_tables(each, tmp_path)[1])["f"] for each in (rows, mixed)]
    assert (found[0].type, found[0].to_pylist()) == (pa.float64(), [1.0, 0.5, None])
    assert (found[1].type, found[1].to_pylist()) == (pa.string(), ["1", "auto", "True"])
    assert "pareto" not in parquet.read_table(tmp_path / "results.parquet").column_names
