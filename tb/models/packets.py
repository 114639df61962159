"""Packets as beats, a reference parser of them in plain Python, and Hypothesis strategies for legal and malformed ones.

The parser is written from the contract of the input stream: a packet is kept whole or dropped for its lowest cause.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag

Beat = tuple[int, int]
"""Data and TKEEP of one beat; the last of a packet carries TLAST."""
FULL_KEEP = (1 << BEAT_BYTES) - 1
LAST_KEEPS = (0b0001, 0b0011, 0b0111, FULL_KEEP)


@dataclass(frozen=True)
class Sequence:
    """A packet that is kept."""

    label: int
    flags: int
    tag: int
    steps: tuple[bytes, ...]


def parse(design: DesignPoint, beats: list[Beat]) -> Sequence | Drop:
    """What the sequence buffer makes of a packet."""
    (header, _), *body = beats
    label, flags, tag = header & 0xFFFF, header >> 16 & 0xFF, header >> 24
    if any(keep != FULL_KEEP for _, keep in beats[:-1]) or beats[-1][1] not in (LAST_KEEPS if body else (FULL_KEEP,)):
        return Drop.FRAMING
    if not _possible(design, flags):
        return Drop.HEADER
    if flags & Flag.LABEL_VALID and label >= design.network.classes:
        return Drop.LABEL
    features = b"".join(data.to_bytes(BEAT_BYTES, "little")[: keep.bit_length()] for data, keep in body)
    size = design.network.features
    if not features or len(features) % size:
        return Drop.TRUNCATED
    if len(features) // size > design.network.max_steps:
        return Drop.TOO_LONG
    return Sequence(label, flags, tag, tuple(features[at : at + size] for at in range(0, len(features), size)))


def _possible(design: DesignPoint, flags: int) -> bool:
    """There is something to do that the design can do."""
    if flags & Flag.LEARN:
        return design.capabilities.learns and bool(flags & Flag.LABEL_VALID)
    return bool(flags & Flag.INFER)


def to_beats(header: int, features: bytes) -> list[Beat]:
    """Beats of a well-framed packet."""
    pieces = [features[at : at + BEAT_BYTES] for at in range(0, len(features), BEAT_BYTES)]
    body = [(int.from_bytes(piece.ljust(BEAT_BYTES, b"\x5a"), "little"), (1 << len(piece)) - 1) for piece in pieces]
    return [(header, FULL_KEEP), *body]


@st.composite
def headers(draw, design: DesignPoint) -> int:
    """Header beats, most of them legal."""
    classes = design.network.classes
    legal = [2, 6, 2 | 0xF8, 6 | 0x50, *([5, 7, 5 | 0xA8] if design.capabilities.learns else [])]
    flags = draw(st.one_of(*[st.sampled_from(legal)] * 4, st.integers(0, 255)))
    label = draw(st.one_of(*[st.integers(0, classes - 1)] * 4, st.sampled_from([classes, classes + 1, 256, 0xFFFF])))
    return label | flags << 16 | draw(st.integers(0, 255)) << 24


@st.composite
def packets(draw, design: DesignPoint) -> list[Beat]:
    """Packets of one design point: legal, of a wrong length, with a wrong header, with wrong TKEEP, and all at once."""
    size, longest = design.network.features, design.network.max_steps
    whole = st.integers(1, longest).map(lambda steps: steps * size)
    odd = st.one_of(
        st.sampled_from(
            [
                0,
                1,
                size - 1,
                size + 1,
                longest * size - 1,
                longest * size + 1,
                (longest + 1) * size,
                (longest + 1) * size + 1,
            ]
        ),
        st.integers(0, (longest + 3) * size),
    )
    length = draw(st.one_of(whole, whole, whole, odd))
    fill = draw(st.sampled_from([None, b"\x00", b"\xff", b"\x80\x7f"]))
    features = draw(st.binary(min_size=length, max_size=length)) if fill is None else (fill * length)[:length]
    beats = to_beats(draw(headers(design)), features)
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(beats) - 1))
        beats[at] = (beats[at][0], draw(st.integers(0, FULL_KEEP)))
    return beats


def malformed(design: DesignPoint) -> dict[str, tuple[list[Beat], Drop]]:
    """One packet of every kind that must be dropped, by name, and the cause that is counted."""
    size, longest, classes = design.network.features, design.network.max_steps, design.network.classes
    good, header = bytes(range(1, 5)) * size, int(Flag.INFER) << 16
    beats = to_beats(header, good[:size] * longest)

    def keep(at: int, value: int, packet: list[Beat] = beats) -> list[Beat]:
        return [(data, value if index == at % len(packet) else kept) for index, (data, kept) in enumerate(packet)]

    label_valid = int(Flag.INFER | Flag.LABEL_VALID) << 16
    long = good[:size] * (longest + 1)
    kinds = {
        "TKEEP with a hole": (keep(-1, 0b0101), Drop.FRAMING),
        "TKEEP that leaves out the first byte": (keep(-1, 0b1110), Drop.FRAMING),
        "TKEEP of no byte": (keep(-1, 0), Drop.FRAMING),
        "partial header": (keep(0, 0b0111), Drop.FRAMING),
        "empty packet": ([(header, 0)], Drop.FRAMING),
        "partial header and nothing else": ([(header, 0b0011)], Drop.FRAMING),
        "nothing to do": (to_beats(0, good[:size]), Drop.HEADER),
        "only reserved flags": (to_beats(0xF8 << 16, good[:size]), Drop.HEADER),
        "learning asked without a label, or of who cannot": (
            to_beats(int(Flag.INFER | Flag.LEARN) << 16, good[:size]),
            Drop.HEADER,
        ),
        "label just beyond the classes": (to_beats(label_valid | classes, good[:size]), Drop.LABEL),
        "largest label": (to_beats(label_valid | 0xFFFF, good[:size]), Drop.LABEL),
        "header only": (to_beats(header, b""), Drop.TRUNCATED),
        "one step too many": (to_beats(header, long), Drop.TOO_LONG),
        "many steps too many": (to_beats(header, long * 3), Drop.TOO_LONG),
        "every cause at once": (keep(1, 0b0101, to_beats(0xFF01_FFFF & ~header, long * 2 + b"\x01")), Drop.FRAMING),
        "only learning asked, likewise": (to_beats(int(Flag.LEARN) << 16, good[:size]), Drop.HEADER),
        "every cause but framing": (to_beats(int(Flag.LABEL_VALID) << 16 | 0xFFFF, long), Drop.HEADER),
        "label and length": (to_beats(label_valid | 0xFFFF, long), Drop.LABEL),
    }
    if len(beats) > 2:
        kinds["partial TKEEP before the end"] = (keep(1, 0b0011), Drop.FRAMING)
    if size > 1:
        kinds["ends inside the first step"] = (to_beats(header, good[: size - 1]), Drop.TRUNCATED)
        kinds["ends inside the last step"] = (to_beats(header, (good[:size] * longest)[:-1]), Drop.TRUNCATED)
        kinds["too long and ends inside a step"] = (to_beats(header, long + b"\x01"), Drop.TRUNCATED)
    return kinds
