"""Trace records of the crossbar accelerator: a record a step, readout, event, update and insertion."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.lib.section import RecordFields

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

STEP_HEAD = ("cycle", "sequence", "context", "step")
"""Fields with which step and readout records begin."""
STEP, READOUT, EVENT, LEARN, INSERT = "step", "readout", "event", "learn", "insert"
NO_SLOT = 0xFFFFFFFF
"""Slot of a sequence that was not replayed, or not accepted."""


class Event(IntEnum):
    """Kinds of events, and what their ``cause`` is."""

    RESET = 1
    """0: the reset pin; 1: the soft reset."""
    DROP = 2
    """A :class:`remora.spec.lib.packets.Drop`."""


def record_fields(design: DesignPoint) -> dict[str, RecordFields]:
    """Fields of each kind of record.

    ``step``: one a step, when its last state is written. ``words`` are the hidden layer's wordlines as streamed
    (features, states, bias), ``codes`` the tiles' codes by (row tile, column), ``code`` their saturated sum. With
    bistable cells, whose ``words`` have no states, ``sums`` are the bitline sums over all row tiles in whole levels,
    before rectification, and ``state`` is 1 where a cell is set.
    ``readout``: one a sequence, or one a step where the design point has ``network.readout = "every"``; ``words`` are
    the readout's wordlines, ``step`` is the step after which it is, ``tag`` that of the packet, of a replay that of the
    packet which it follows, and 0 in healing. ``event``: resets and dropped packets.
    ``learn``, only in a design that learns: one a sequence that was learnt, when its last pulse has ended.
    ``gradient_sum`` and ``accumulator_sum`` are, over the gradients and over the χ of rule T1, of the columns
    that learn, ``Σ v_ij (2·(j·hidden_rows + i) + 1)`` modulo 2³², where the columns j of the readout come after the
    hidden layer's, and its rows i are the last of the hidden layer's rows. ``slot`` is the reservoir's slot of a
    replayed sequence, ``NO_SLOT`` of a new one.

    ``insert``, only in a design that replays: one a new training sequence, whether the reservoir took it or not, with
    its number n, ``presented``, and, all as stored, the ``slot`` that it took, else ``NO_SLOT`` and the others 0, its
    label and number of steps, and ``stored_sum``, ``Σ v_ti (2·(t·features + i) + 1)`` modulo 2³² over the stored
    features. Its ``sequence`` is that of the last replay before the insertion, or of the new sequence where there is
    none.

    ``cycle`` counts clock cycles since the start of the simulation; ``sequence`` counts sequences in the order in
    which they got their contexts, replays included; ``context`` is that of the record's sequence.
    """
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    head = list(zip(STEP_HEAD, ("<u8", "<u4", "<u2", "<u2"), strict=True))
    cell: RecordFields = [
        ("codes", "<i2", (hidden.row_tiles, hidden.columns)),
        ("code", "<i2", (hidden.columns,)),
        ("candidate", "<i2", (hidden.columns,)),
    ]
    if design.capabilities.bistable:
        cell = [("sums", "<i4", (hidden.columns,))]
    kinds: dict[str, RecordFields] = {
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
    if design.capabilities.learns:
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
    if design.capabilities.replays:
        kinds[INSERT] = [
            *head[:-1],
            ("label", "<u2"),
            ("presented", "<u4"),
            ("slot", "<u4"),
            ("stored_sum", "<u4"),
            ("steps", "<u2"),
        ]
    return kinds
