"""The trace: what golden and the simulated hardware write alike, and what the scoreboard compares.

A trace is a directory: ``header.json`` (format version, design hash, and for every kind its fields with dtype and
shape) and one file ``<kind>.bin`` a kind, of fixed-size little-endian records without padding between them. Every
record is a multiple of four bytes, so that a Verilog monitor can write it as 32-bit words.

Fields named in ``UNCOMPARED`` say when and where something happened in hardware; golden has neither a clock nor
contexts and leaves them 0.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text
from remora.spec.lib.section import Design, RecordFields

FORMAT, VERSION, HEADER = "remora-trace", 1, "header.json"
UNCOMPARED = ("cycle", "padding", "context")


class TraceError(RemoraError):
    """A trace cannot be read; the message says which file and what is wrong."""


def record_types(design: Design) -> dict[str, np.dtype]:
    """Record dtype of every kind of record that a design point has."""
    return {kind: _padded(fields) for kind, fields in design.record_fields().items()}


def field_names(dtype: np.dtype) -> tuple[str, ...]:
    """Names of a record's fields, in order; none of a dtype that is no record."""
    return dtype.names or ()


def _padded(fields: RecordFields) -> np.dtype:
    size = np.dtype(fields).itemsize
    return np.dtype([*fields, ("padding", "<u2")] if size % 4 else fields)


def header(design: Design) -> dict:
    """Content of ``header.json``."""
    kinds = {
        kind: [
            {"name": name, "dtype": dtype[name].base.str, "shape": list(dtype[name].shape)}
            for name in field_names(dtype)
        ]
        for kind, dtype in record_types(design).items()
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "design": design.name,
        "design_hash": design.hash,
        "kinds": kinds,
    }


def write_header(directory: Path, design: Design) -> None:
    """Make ``directory`` and write its ``header.json``."""
    write_text(directory / HEADER, json.dumps(header(design), indent=1) + "\n")


def is_trace(directory: Path) -> bool:
    """Whether a directory is one that `write_header` wrote to, whatever the version."""
    try:
        return json.loads((directory / HEADER).read_text(encoding="utf-8"))["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        return False


def read_trace(directory: Path, design: Design) -> dict[str, NDArray]:
    """Read a trace.

    Raises:
        TraceError: a file is missing or truncated, or the trace is of another design point or version.
    """
    try:
        found = json.loads((directory / HEADER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TraceError(f"{directory}/header.json: {error}") from error
    expected = header(design)
    for key in ("format", "version", "design_hash", "kinds"):
        if found.get(key) != expected[key]:
            raise TraceError(
                f"{directory}/header.json: {key} is {found.get(key)!r:.80}, expected {expected[key]!r:.80}"
            )
    return {kind: _read_records(directory / f"{kind}.bin", dtype) for kind, dtype in record_types(design).items()}


def _read_records(path: Path, dtype: np.dtype) -> NDArray:
    if not path.is_file():
        raise TraceError(f"{path} is missing")
    size = path.stat().st_size
    if size % dtype.itemsize:
        raise TraceError(f"{path} is truncated: {size} bytes are not a multiple of the record's {dtype.itemsize}")
    # Mapped, not read: a trace may be larger than memory.
    return np.memmap(path, dtype, mode="r") if size else np.zeros(0, dtype)
