"""Packets on the two AXI4-Streams, 32 bits wide, little-endian.

In, beat 0: ``label[15:0]``, ``flags[23:16]``, ``tag[31:24]``; then feature bytes, contiguous across steps; TKEEP is
partial only with TLAST. Out, beat 0: ``class[15:0]``, ``flags[23:16]``, ``tag[31:24]``; then one beat a class: its
score, a code sign-extended to 32 bits. The scores' beats end with TLAST; the flags of the answer are those of the
question.

Where a design point has ``network.readout = "every"``, these beats are a part, and an answer has a part for each step,
in order, one behind the other. TLAST is in the last beat of the last part alone. The class of a part is that of its
step, flags and tag are the same in all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray

BEAT_BYTES = 4
FLAGS_BIT, TAG_BIT = 16, 24
"""Lowest bits of flags and tag in a header of either direction; label or class are below the flags."""


class Flag(IntFlag):
    """Header flags; the bits that are not named are reserved and ignored."""

    LEARN = 1
    """The sequence is learnt, by its label."""
    INFER = 2
    """The sequence is answered."""
    LABEL_VALID = 4
    """The label is known."""


class Drop(IntEnum):
    """Why a packet was dropped. When several apply, the lowest value is counted."""

    FRAMING = 0
    """TKEEP partial before the last beat, with a hole, empty, or partial in the header."""
    HEADER = 1
    """Nothing to do: neither INFER nor LEARN is set, LEARN without LABEL_VALID, or anything without INFER or with LEARN
    on a design that cannot learn."""
    LABEL = 2
    """LABEL_VALID is set and the label is not below the number of classes."""
    TRUNCATED = 3
    """The packet ends inside a step or holds no step at all."""
    TOO_LONG = 4
    """More than ``max_steps`` steps."""


@dataclass(frozen=True)
class Answer:
    """An output packet, or a part of it.

    Attributes:
        last: the packet ends with it.
    """

    tag: int
    decision: int
    flags: IntFlag
    scores: tuple[int, ...]
    last: bool = True


def encode_packet(
    features: NDArray[np.integer], *, tag: int = 0, label: int | None = None, flags: Flag = Flag.INFER
) -> bytes:
    """Bytes of an input packet.

    Args:
        features: (steps, features), uint8, or int8 where the design has signed features.
        tag: 0 … 255, comes back with the answer.
        label: 0 … 65535, or None where it is not known; sets LABEL_VALID.

    Raises:
        ValueError: tag or label does not fit its field.
    """
    for name, value, bits in (("tag", tag, 8), ("label", label or 0, 16)):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{name} is {value}; it must be in 0…{(1 << bits) - 1}")
    if label is not None:
        flags |= Flag.LABEL_VALID
    header = np.array([(label or 0) | int(flags) << FLAGS_BIT | tag << TAG_BIT], dtype="<u4")
    return header.tobytes() + np.ascontiguousarray(features).astype(np.uint8).tobytes()


def decode_answer(data: bytes) -> Answer:
    """Read an output packet.

    Raises:
        ValueError: not a whole number of beats, or no score.
    """
    if len(data) % BEAT_BYTES or len(data) < 2 * BEAT_BYTES:
        raise ValueError(
            f"an answer of {len(data)} bytes: expected a header and at least one score of {BEAT_BYTES} bytes each"
        )
    header = int(np.frombuffer(data, "<u4", 1)[0])
    scores = np.frombuffer(data, "<i4", offset=BEAT_BYTES)
    return Answer(
        header >> TAG_BIT, header & 0xFFFF, Flag(header >> FLAGS_BIT & 0xFF), tuple(int(score) for score in scores)
    )


def decode_parts(data: bytes, classes: int) -> tuple[Answer, ...]:
    """Read an output packet that has a part a step.

    Raises:
        ValueError: not a whole number of parts, or none.
    """
    size = BEAT_BYTES * (1 + classes)
    if not data or len(data) % size:
        raise ValueError(
            f"an answer of {len(data)} bytes: expected one or more parts of {size} bytes, a header and {classes} scores"
        )
    parts = [decode_answer(data[start : start + size]) for start in range(0, len(data), size)]
    return (*(replace(part, last=False) for part in parts[:-1]), parts[-1])
