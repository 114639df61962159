"""The list of clips: `manifest.csv`, a row a clip, by names of its columns."""

from __future__ import annotations

import csv
from pathlib import Path

from golden.idx import DATA_VARIABLE, DataError

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
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _rows(path, file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = "is no text in UTF-8; save it as such" if isinstance(error, UnicodeDecodeError) else f"({error})"
        remedy = f"put the data there or unset {DATA_VARIABLE} to use the shipped excerpt"
        raise DataError(f"{path} is missing or cannot be read {reason}; {remedy}") from error


def _rows(path: Path, file) -> list[dict[str, str]]:
    header = file.readline()
    delimiter = max(_DELIMITERS, key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    wrong = [name for name in COLUMNS if names.count(name) != 1]
    if wrong:
        raise DataError(
            f"{path}, line 1: needs {', '.join(COLUMNS)} as names of columns, each once; {', '.join(wrong)} is not so"
        )
    rows, split_of = [], {}
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        row = _row(f"{path}, line {reader.line_num + 1}", names, fields)
        if split_of.setdefault(row["path"], row["split"]) != row["split"]:
            raise DataError(
                f"{path}, line {reader.line_num + 1}: {row['path']} is listed in two splits, {split_of[row['path']]} "
                f"and {row['split']}; keep one of them"
            )
        rows.append(row)
    if not rows:
        raise DataError(f"{path} lists no clips")
    return rows


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
