"""What the BMRU core's controller makes of packets: which frames it keeps, how clips begin and end, how they vote.

`remora.spec.bmru.frames` has the packets, ``docs/reference/bmru.md`` says what is dropped, and rules V1 to V5 how
frames vote. Here they are read a second time, apart from the hardware.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FEATURE_BYTES, FrameDrop, FrameFlag, ReportFlag
from remora.spec.lib.fixed import saturate
from remora.spec.lib.packets import BEAT_BYTES, Answer


@dataclass(frozen=True)
class FramePacket:
    """A packet as it goes over the stream: its bytes, and one flag a byte where TKEEP leaves a hole, else None."""

    data: bytes
    keep: tuple[bool, ...] | None = None


@dataclass(frozen=True)
class VoteSettings:
    """Content of the registers VOTE, WAKE_THRESHOLD and REPORT."""

    frames: int
    sliding: bool
    wake_class: int
    threshold: int
    report_votes: bool = True
    report_frames: bool = False

    @classmethod
    def of(cls, design: BmruDesign, **changed: int | bool) -> VoteSettings:
        """As after reset, but for what is changed."""
        vote = design.vote
        values = asdict(cls(vote.frames, vote.sliding, vote.wake_class, design.vote.wake_votes))
        return cls(**(values | changed))


@dataclass(frozen=True)
class KeptFrame:
    """A frame that enters its clip: codes of the DACs (features,), its place in the clip, and the clip's settings."""

    features: NDArray[np.int32]
    first: bool
    last: bool
    tag: int
    settings: VoteSettings


@dataclass
class Intake:
    """Takes packets in the order of the stream.

    Attributes:
        dropped: packets by cause. ``saturated``: features beyond the DAC's codes, of frames that were kept. ``cut``:
            clips that another one cut off.
    """

    design: BmruDesign
    dropped: Counter[FrameDrop] = field(default_factory=Counter)
    saturated: int = 0
    cut: int = 0
    _length: int = 0
    _settings: VoteSettings | None = None

    def take(self, packet: FramePacket, configured: VoteSettings, programmed: bool = True) -> KeptFrame | None:
        """The frame of a packet; None where it is dropped. Rules A7 and V1."""
        flags = packet.data[2] if len(packet.data) > 2 else 0
        start, end = bool(flags & FrameFlag.START), bool(flags & FrameFlag.END)
        cause = self._cause(packet, programmed, outside=not start and self._settings is None)
        if cause is not None:
            self.dropped[cause] += 1
            return None
        self.cut += start and self._settings is not None
        settings = configured if start or self._settings is None else self._settings
        self._length = 1 if start else self._length + 1
        last = end or (not settings.sliding and self._length >= settings.frames)
        self._settings = None if last else settings
        values = np.frombuffer(packet.data, "<i2", offset=BEAT_BYTES).astype(np.int32)
        codes = saturate(values, self.design.formats.feature_limit)
        self.saturated += int((codes != values).sum())
        return KeptFrame(codes, start, last, packet.data[3], settings)

    def _cause(self, packet: FramePacket, programmed: bool, outside: bool) -> FrameDrop | None:
        length, wanted = len(packet.data) - BEAT_BYTES, self.design.network.features * FEATURE_BYTES
        if length < 0 or (packet.keep is not None and not all(packet.keep)):
            return FrameDrop.FRAMING
        if length != wanted:
            return FrameDrop.SHORT if length < wanted else FrameDrop.LONG
        if not programmed:
            return FrameDrop.UNPROGRAMMED
        return FrameDrop.OUTSIDE if outside else None


@dataclass
class VoteModel:
    """Counts votes; takes kept frames with the class that the core gave each.

    Attributes:
        ended: clips that ended. ``wakes``: votes that raised the wake-up.
    """

    design: BmruDesign
    ended: int = 0
    wakes: int = 0
    _classes: list[int] = field(default_factory=list)
    _awake: bool = False

    def take(self, frame: KeptFrame, decision: int) -> list[Answer]:
        """What the hardware answers to a frame. Rules V2 and V5."""
        settings = frame.settings
        if frame.first:
            self._classes, self._awake = [], False
        self._classes.append(decision)
        if settings.sliding:
            self._classes = self._classes[-max(1, settings.frames) :]
        votes = np.bincount(self._classes, minlength=self.design.network.classes)
        answers = []
        if settings.report_frames:
            answers.append(Answer(frame.tag, decision, ReportFlag.FRAME, tuple(votes.tolist())))
        self.ended += frame.last
        if frame.last or settings.sliding:
            answers += self._vote(frame, votes)
        return answers

    def _vote(self, frame: KeptFrame, votes: NDArray[np.int64]) -> list[Answer]:
        """Rules V3 and V4."""
        settings, majority = frame.settings, int(votes.argmax())
        wanted = majority == settings.wake_class and votes[majority] >= settings.threshold
        wake = bool(wanted and not self._awake)
        self._awake = bool(wanted)
        self.wakes += wake
        flags = ReportFlag.VOTE | (ReportFlag.WAKE if wake else ReportFlag(0))
        return [Answer(frame.tag, majority, flags, tuple(votes.tolist()))] if settings.report_votes else []


def clips_of(frames: Sequence[KeptFrame]) -> list[NDArray[np.int32]]:
    """The frames of each clip, (frames, features), in order; the first frame starts a clip."""
    starts = [index for index, frame in enumerate(frames) if frame.first]
    ends = [*starts[1:], len(frames)]
    return [np.stack([frame.features for frame in frames[a:b]]) for a, b in zip(starts, ends, strict=True)]
