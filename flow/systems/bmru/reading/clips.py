"""Packets, clips and votes: what reaches the core, and what is answered. Rules A7 and V1 to V5."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remora.flow.systems.bmru.reading.core import Core, Frame
from remora.flow.verify.reading.integers import first_largest, sat

START, END = 1, 2
"""Flags of a frame."""
OF_FRAME, OF_VOTE, WAKES = 1, 2, 4
"""Flags of an answer."""


@dataclass(frozen=True)
class Settings:
    """``VOTE``, ``WAKE_THRESHOLD`` and ``REPORT``."""

    frames: int
    sliding: bool
    wake_class: int
    wake_votes: int
    report_frames: bool
    report_votes: bool


@dataclass(frozen=True)
class Report:
    """An answer: the tag of its frame, flags, class, and votes of each class."""

    tag: int
    flags: int
    decision: int
    scores: tuple[int, ...]


class Detector:
    """A programmed chip that reads packets.

    Attributes:
        frames: those that reached the core. ``answers``: in order. ``counts``: counters by name.
    """

    def __init__(self, fields: Mapping[str, Mapping[str, Any]], codes: Mapping[str, Any], settings: Settings) -> None:
        self.core, self.settings, self.fields = Core(fields, codes), settings, fields
        self.frames: list[Frame] = []
        self.answers: list[Report] = []
        self.counts: Counter[str] = Counter()
        self.votes: list[int] | None = None
        self.wanted = False

    def packet(self, data: bytes, keep: Sequence[bool] | None) -> None:
        """A packet on the stream, with TKEEP of each byte where it has a hole."""
        wide = 2 * self.fields["network"]["features"]
        dropped = self._framing(data, keep) or (
            "short" if len(data) < 4 + wide else "long" if len(data) > 4 + wide else ""
        )
        flags, tag = (data[2], data[3]) if not dropped else (0, 0)
        if not dropped and not flags & START and self.votes is None:
            dropped = "outside"
        if dropped:
            self.counts[f"dropped_{dropped}"] += 1
            return
        if flags & START:
            self.counts["clips_cut"] += self.votes is not None
            self.votes, self.wanted = [], False
            self.core.clear()
        self._frame(
            [int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(4, 4 + wide, 2)], flags, tag
        )

    def _framing(self, data: bytes, keep: Sequence[bool] | None) -> str:
        """Whether TKEEP is wrong: a hole, an empty beat, or less than a whole header."""
        kept = list(keep) if keep is not None else [True] * len(data)
        kept += [False] * (-len(kept) % 4)
        beats = [kept[at : at + 4] for at in range(0, len(kept), 4)]
        whole = all(all(beat) for beat in beats[:-1]) and all(beats[0])
        filled = beats[-1][0] and beats[-1] == sorted(beats[-1], reverse=True)
        return "" if whole and filled else "framing"

    def _frame(self, given: list[int], flags: int, tag: int) -> None:
        limit = 2 ** (self.fields["formats"]["feature_bits"] - 1) - 1
        applied = [sat(each, limit) for each in given]
        self.counts["features_saturated"] += sum(one != other for one, other in zip(given, applied, strict=True))
        frame = self.core.run(applied)
        self.frames.append(frame)
        self.counts["frames"] += 1
        assert self.votes is not None  # a frame outside a clip is dropped
        self.votes.append(frame.decision)
        settings = self.settings
        ends = bool(flags & END) or (not settings.sliding and len(self.votes) == settings.frames)
        counted = self.votes[-settings.frames :] if settings.sliding else self.votes
        scores = tuple(counted.count(k) for k in range(self.fields["network"]["classes"]))
        if settings.report_frames:
            self.answers.append(Report(tag, OF_FRAME, frame.decision, scores))
        if ends or settings.sliding:
            self._vote(tag, scores)
        if ends:
            self.counts["clips"] += 1
            self.votes = None

    def _vote(self, tag: int, scores: tuple[int, ...]) -> None:
        """Rules V2 to V5."""
        settings, majority = self.settings, first_largest(list(scores))
        wants = majority == settings.wake_class and scores[majority] >= settings.wake_votes
        wakes = wants and not self.wanted
        self.wanted = wants
        self.counts["wake_ups"] += wakes
        if settings.report_votes:
            self.answers.append(Report(tag, OF_VOTE | (WAKES if wakes else 0), majority, scores))
