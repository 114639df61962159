"""When frames start, to the cycle, where neither stream stalls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from remora.golden.bmru.clips import FramePacket, KeptFrame
from remora.spec.bmru.cycles import FREED
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.packets import BEAT_BYTES, Answer


@dataclass(frozen=True)
class Arrival:
    """What decides when a frame may start after the one before.

    Attributes:
        cycles: in which its packet, and those that were dropped since the frame before, are received and checked.
        answers: of the frame itself, which the next one waits for.
    """

    cycles: int
    answers: int


def arrivals(
    packets: Sequence[FramePacket], kept: Sequence[KeptFrame | None], answered: Sequence[Sequence[Answer]]
) -> list[Arrival]:
    """Arrivals of the frames that were kept, from all packets in the order of the stream; a beat a cycle."""
    found, waiting, answers = [], 0, iter(answered)
    for packet, frame in zip(packets, kept, strict=True):
        waiting += -(-len(packet.data) // BEAT_BYTES) + 1
        if frame is not None:
            found.append(Arrival(waiting, len(next(answers))))
            waiting = 0
    return found


def first_start(design: BmruDesign, sampled: Sequence[int]) -> int:
    """Cycle in which the first frame starts, from that of its sample: it is prepared, settles, and is sampled."""
    return int(sampled[0]) - design.cycles.taken


def starts(design: BmruDesign, frames: Sequence[Arrival], period: int, run: int, first: int) -> tuple[list[int], int]:
    """Cycles in which frames start, and how many of them were held by answers.

    A frame starts in the first cycle in which all of this holds: it has been received; the frame before is decided,
    and its answers are handed to the stream, which sends one beat a cycle; and a tick has come since the frame before
    started. Ticks come in ``run`` and every ``period`` cycles from there; several that nobody used count as one. With
    period 0 there is always a tick.

    Args:
        frames: in order. run: first cycle in which the core runs. first: cycle in which the first frame starts.
    """
    found, free, held = [first], first, 0  # free: from here on the stream takes an answer
    for before, frame in zip(frames, frames[1:], strict=False):
        decided = found[-1] + design.cycles.shortest_frame
        due = found[-1] + 1 if not period else run + period * -(-(found[-1] + 1 - run) // period)
        ready = max(decided, found[-1] + FREED + frame.cycles, due)
        taken, stalled = decided, False
        for _ in range(before.answers):
            stalled |= max(taken, ready) < max(taken, free)
            taken = max(taken, free) + 1
            free = taken - 1 + design.cycles.answer
        held += stalled
        found.append(max(ready, taken))
    return found, held
