"""The list of clips: `manifest.csv`, a row a clip, by names of its columns."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from remora.golden.data.idx import DATA_VARIABLE, DataError

SPLITS = ("train", "validation", "test")
COLUMNS = ("path", "word", "speaker", "split")
_DELIMITERS = ",;\t"


def read_manifest(path: Path) -> list[dict[str, str]]:
    """Rows of a manifest: path of the clip beside it, word, speaker and split.

    The first line names the columns, in any order and in small letters or capitals; further columns are ignored. Fields
    are separated by commas, semicolons or tabs, whichever the first line has. The text is UTF-8, with or without a byte
    order mark. Words and splits are taken in small letters, and spaces around a field do not count.

    Raises:
        DataError: the file is missing or no such text, or a line is not so; the message names file and line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        what = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror or error})"
        raise DataError(
            f"{path} {what}; put the data there or unset {DATA_VARIABLE} to use the bundled excerpt"
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: is no text in UTF-8; save the file as UTF-8 text") from error
    return _rows(path, io.StringIO(text, newline=""))


def _rows(path: Path, file: io.StringIO) -> list[dict[str, str]]:
    header = file.readline()
    delimiter = max(_DELIMITERS, key=header.count)
    ((_, first),) = _fields(path, [header], 1, delimiter)
    names = [name.strip().lower() for name in first]
    wrong = [name for name in COLUMNS if names.count(name) != 1]
    if wrong:
        raise DataError(
            f"{path}, line 1: needs {', '.join(COLUMNS)} as names of columns, each once; {', '.join(wrong)} is not so"
        )
    rows = []
    split_of: dict[str, str] = {}
    for line, fields in _fields(path, file, 2, delimiter):
        if not any(field.strip() for field in fields):
            continue
        row = _row(f"{path}, line {line}", names, fields)
        clip = os.path.normpath(path.parent / row["path"])
        if split_of.setdefault(clip, row["split"]) != row["split"]:
            raise DataError(
                f"{path}, line {line}: {row['path']} is listed in two splits, {split_of[clip]} and {row['split']}; "
                "keep one of them"
            )
        rows.append(row)
    if not rows:
        raise DataError(f"{path} lists no clips")
    return rows


def _fields(path: Path, lines: Iterable[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The line at which each row begins, and its fields; ``first`` is the number of the first of ``lines``.

    Raises:
        DataError: a field does not end, or is not so; the message names the line at which its row begins.
    """
    reader, line = csv.reader(lines, delimiter=delimiter, strict=True), first
    try:
        for fields in reader:
            yield line, fields
            line = first + reader.line_num
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: {error}; a field that begins with a quotation mark must end with one, and a field "
            f"has at most {csv.field_size_limit():,} characters"
        ) from error


def _row(where: str, names: list[str], fields: list[str]) -> dict[str, str]:
    if len(fields) != len(names):
        raise DataError(
            f"{where}: has {len(fields)} fields, the first line names {len(names)} columns; quote a field that holds "
            "the separator"
        )
    found = dict(zip(names, (field.strip() for field in fields), strict=True))
    row = {name: found[name] for name in COLUMNS}
    row |= {name: row[name].lower() for name in ("word", "split")}
    if not all(row.values()) or row["split"] not in SPLITS:
        raise DataError(f"{where}: needs {', '.join(COLUMNS)}, with a split of {', '.join(SPLITS)}")
    if any("\0" in value for value in row.values()):
        raise DataError(f"{where}: a field holds a NUL character; save the file as UTF-8 text")
    return row
