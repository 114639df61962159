"""The trace: what golden and the simulated hardware write alike, and what the scoreboard compares.

A trace is a directory: ``header.json`` (format version, design hash, and for every kind its fields with dtype and
shape) and one file ``<kind>.bin`` a kind, of fixed-size little-endian records without padding between them. Every
record is a multiple of four bytes, so that a Verilog monitor can write it as 32-bit words.

Fields named in ``UNCOMPARED`` say when something happened in hardware; golden has no clock and leaves them 0.
"""

from __future__ import annotations

import json
from enum import IntEnum
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from spec.analog import AnalogDesign
from spec.design import DesignPoint
from spec.errors import RemoraError
from spec.files import replacing, write_text
from spec.layout import Layer, layer_layout
from spec.section import Design

FORMAT, VERSION, HEADER = "remora-trace", 1, "header.json"
UNCOMPARED = ("cycle", "padding")
STEP_HEAD = ("cycle", "sequence", "context", "step")
"""Fields with which step and readout records begin."""

STEP, READOUT, EVENT, LEARN, OFFER = "step", "readout", "event", "learn", "offer"
FRAME = "frame"
NO_SLOT = 0xFFFFFFFF
"""Slot of a sequence that was not replayed, or not kept."""


class Event(IntEnum):
    """Kinds of events, and what their ``cause`` is."""

    RESET = 1
    """0: the reset pin; 1: the soft reset."""
    DROP = 2
    """A :class:`spec.packets.Drop`."""


class TraceError(RemoraError):
    """A trace cannot be read; the message says which file and what is wrong."""


def record_types(design: Design) -> dict[str, np.dtype]:
    """Record dtype of every kind that a design point of this kind has."""
    kinds = _analog_fields(design) if isinstance(design, AnalogDesign) else _crossbar_fields(cast(DesignPoint, design))
    return {kind: _padded(fields) for kind, fields in kinds.items()}


def _analog_fields(design: AnalogDesign) -> dict[str, list]:
    """Of the analog core: ``frame``, one a frame, when it is sampled.

    ``frame`` counts frames since the reset, modulo 2³²; ``charge`` is the charge counter after the frame; ``feature``
    the DAC codes as applied; ``candidate`` the currents c of the cells' inputs in pA, before the diode, and ``state``
    the cells, by (block, cell); ``output`` the currents of the output nodes in pA and ``decision`` the class of the
    largest.
    """
    network = design.network
    cells = (network.blocks, network.width)
    return {
        FRAME: [
            ("cycle", "<u8"),
            ("charge", "<u8"),
            ("frame", "<u4"),
            ("candidate", "<i4", cells),
            ("output", "<i4", (network.classes,)),
            ("decision", "<u2"),
            ("feature", "<i2", (network.features,)),
            ("state", "<u2", cells),
        ]
    }


def _crossbar_fields(design: DesignPoint) -> dict[str, list]:
    """Of the crossbar accelerator.

    ``step``: one a step, when its last state is written. ``words`` are the hidden layer's wordlines as streamed
    (features, states, bias), ``codes`` the tiles' codes by (row tile, column), ``code`` their saturated sum. With
    bistable cells, whose ``words`` have no states, ``sums`` are the bitline sums over all row tiles in whole levels,
    before rectification, and ``state`` is 1 where a cell is set.
    ``readout``: one a sequence; ``words`` are the readout's wordlines. ``event``: resets and dropped packets.
    ``learn``, only in a design that learns: one a sequence that was learnt, when its last pulse has ended.
    ``gradient_sum`` and ``accumulator_sum`` are, over the gradients and over the χ after the update, of the columns
    that learn, ``Σ v_ij (2·(j·hidden_rows + i) + 1)`` modulo 2³², where the columns j of the readout come after the
    hidden layer's, and its rows i are the last of the hidden layer's rows. ``slot`` is the reservoir's slot of a
    replayed sequence, ``NO_SLOT``
    of a new one. ``offer``, only in a design that replays: one a sequence that was offered to the reservoir, with its
    number n, ``presented``, and, all as stored, the ``slot`` that it took, else ``NO_SLOT`` and the others 0, its label
    and number of steps, and ``stored_sum``, ``Σ v_ti (2·(t·features + i) + 1)`` modulo 2³² over the stored features.
    ``cycle`` counts clock cycles since the start of the simulation; ``sequence`` counts sequences that started, replays
    included, and is that of the last one.
    """
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    head = list(zip(STEP_HEAD, ("<u8", "<u4", "<u2", "<u2"), strict=True))
    cell = [
        ("codes", "<i2", (hidden.row_tiles, hidden.columns)),
        ("code", "<i2", (hidden.columns,)),
        ("candidate", "<i2", (hidden.columns,)),
    ]
    if design.bistable:
        cell = [("sums", "<i4", (hidden.columns,))]
    kinds: dict[str, list] = {
        STEP: [*head, ("words", "<i2", (hidden.rows,)), *cell, ("state", "<i2", (hidden.columns,))],
        READOUT: [
            *head,
            ("tag", "<u2"),
            ("decision", "<u2"),
            ("words", "<i2", (readout.rows,)),
            ("codes", "<i2", (readout.row_tiles, readout.columns)),
            ("scores", "<i2", (readout.columns,)),
        ],
        EVENT: [("cycle", "<u8"), ("kind", "<u2"), ("cause", "<u2")],
    }
    if design.learning.enabled:
        kinds[LEARN] = [
            *head[:-1],
            ("label", "<u2"),
            ("gradient_sum", "<u4"),
            ("accumulator_sum", "<u4"),
            ("applied", "<u4"),
            ("dropped", "<u4"),
            ("slot", "<u4"),
            ("feedback", "<i4", (hidden.columns,)),
            ("error", "<i2", (readout.columns,)),
        ]
    if design.replays:
        kinds[OFFER] = [
            *head[:-1],
            ("label", "<u2"),
            ("presented", "<u4"),
            ("slot", "<u4"),
            ("stored_sum", "<u4"),
            ("steps", "<u2"),
        ]
    return kinds


def field_names(dtype: np.dtype) -> tuple[str, ...]:
    """Names of a record's fields, in order; none of a dtype that is no record."""
    return dtype.names or ()


def _padded(fields: list) -> np.dtype:
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


def write_trace(directory: Path, design: Design, records: dict[str, NDArray]) -> None:
    """Write a whole trace; kinds that are missing from ``records`` become empty files."""
    write_header(directory, design)
    for kind, dtype in record_types(design).items():
        with replacing(directory / f"{kind}.bin") as partial:
            np.asarray(records.get(kind, np.empty(0, dtype)), dtype=dtype).tofile(partial)


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
