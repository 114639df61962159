"""Golden's reading of clips and votes, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.bmru.clips import FramePacket, Intake, VoteModel, VoteSettings, clips_of
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop, FrameFlag, ReportFlag, encode_frame

DESIGN = BmruDesign(
    name="clips", network={"features": 3, "width": 1, "blocks": 1, "classes": 3}, vote={"frames": 4, "wake_class": 2}
)
BOTH = FrameFlag.START | FrameFlag.END


def packet(flags: int = 0, features=(1, 2, 3), tag: int = 7) -> FramePacket:
    return FramePacket(encode_frame(features, flags, tag))


def kept(*flags: FrameFlag, **changed):
    """Frames of packets with these flags, and the intake that took them."""
    intake, settings = Intake(DESIGN), VoteSettings.of(DESIGN, **changed)
    return [intake.take(packet(flag), settings) for flag in flags], intake


def test_a_clip_ends_by_its_flag_or_by_its_length():
    frames, intake = kept(FrameFlag.START, FrameFlag(0), FrameFlag.END, FrameFlag(0))
    assert [(frame.first, frame.last) for frame in frames[:3]] == [(True, False), (False, False), (False, True)]
    assert frames[3] is None and intake.dropped == {FrameDrop.OUTSIDE: 1}
    frames, intake = kept(FrameFlag.START, *[FrameFlag(0)] * 4)
    assert [frame.last for frame in frames[:4]] == [False, False, False, True]
    assert frames[4] is None and intake.dropped == {FrameDrop.OUTSIDE: 1}
    frames, _ = kept(FrameFlag.START, *[FrameFlag(0)] * 20, sliding=True)
    assert not any(frame.last for frame in frames)


def test_a_clip_cut_off_is_counted_and_forgotten():
    frames, intake = kept(FrameFlag.START, FrameFlag(0), FrameFlag.START, FrameFlag.END, BOTH)
    assert intake.cut == 1 and [frame.first for frame in frames] == [True, False, True, False, True]
    assert [len(clip) for clip in clips_of(frames)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("data", "keep", "cause"),
    [
        (b"\0\0\1", None, FrameDrop.FRAMING),
        (packet(BOTH).data, (*[True] * 9, False), FrameDrop.FRAMING),
        (packet(BOTH).data[:-1], None, FrameDrop.SHORT),
        (packet(BOTH).data[:4], None, FrameDrop.SHORT),
        (packet(BOTH).data + b"\0", None, FrameDrop.LONG),
        (packet(FrameFlag.END).data + b"\0", None, FrameDrop.LONG),
        (packet(FrameFlag.END).data, None, FrameDrop.OUTSIDE),
    ],
)
def test_wrong_packets_are_dropped_for_the_first_cause(data, keep, cause):
    intake = Intake(DESIGN)
    assert intake.take(FramePacket(data, keep), VoteSettings.of(DESIGN)) is None
    assert intake.dropped == {cause: 1}


def test_frames_are_refused_without_codes():
    intake = Intake(DESIGN)
    assert intake.take(packet(BOTH), VoteSettings.of(DESIGN), programmed=False) is None
    assert intake.dropped == {FrameDrop.UNPROGRAMMED: 1}


def test_features_are_saturated_and_counted():
    intake = Intake(DESIGN)
    frame = intake.take(packet(BOTH, (511, 512, -32768)), VoteSettings.of(DESIGN))
    assert frame.features.tolist() == [511, 511, -511] and intake.saturated == 2


def votes(frames, decisions):
    model = VoteModel(DESIGN)
    answers = [model.take(frame, decision) for frame, decision in zip(frames, decisions, strict=True)]
    return [(a.decision, int(a.flags), a.scores) for group in answers for a in group], model


def test_the_majority_of_a_clip_ties_to_the_lower_class():
    frames, _ = kept(FrameFlag.START, FrameFlag(0), FrameFlag(0), FrameFlag.END)
    assert votes(frames, [2, 1, 2, 1])[0] == [(1, ReportFlag.VOTE, (0, 2, 2))]
    answers, model = votes(frames, [2, 2, 2, 1])
    assert answers == [(2, ReportFlag.VOTE | ReportFlag.WAKE, (0, 1, 3))] and (model.wakes, model.ended) == (1, 1)


def test_a_majority_below_the_threshold_does_not_wake():
    frames, _ = kept(FrameFlag.START, FrameFlag.END)
    assert DESIGN.vote.wake_votes == 3
    assert votes(frames, [2, 2])[0] == [(2, ReportFlag.VOTE, (0, 0, 2))]


def test_a_sliding_vote_wakes_once_until_it_has_let_go():
    frames, _ = kept(FrameFlag.START, *[FrameFlag(0)] * 6, sliding=True, frames=2, threshold=2)
    answers, model = votes(frames, [2, 2, 2, 0, 2, 2, 1])
    assert [scores for _, _, scores in answers] == [
        (0, 0, 1), (0, 0, 2), (0, 0, 2), (1, 0, 1), (1, 0, 1), (0, 0, 2), (0, 1, 1),
    ]  # fmt: skip
    wakes = [bool(flags & ReportFlag.WAKE) for _, flags, _ in answers]
    assert wakes == [False, True, False, False, False, True, False] and model.wakes == 2


def test_frames_are_reported_before_their_vote():
    frames, _ = kept(BOTH, report_frames=True, threshold=0)
    woken = ReportFlag.VOTE | ReportFlag.WAKE
    assert votes(frames, [2])[0] == [(2, ReportFlag.FRAME, (0, 0, 1)), (2, woken, (0, 0, 1))]


def test_settings_are_those_of_the_clips_first_frame():
    intake = Intake(DESIGN)
    early, late = VoteSettings.of(DESIGN, frames=2), VoteSettings.of(DESIGN, frames=4)
    frames = [intake.take(packet(flag), given) for flag, given in ((FrameFlag.START, early), (FrameFlag(0), late))]
    assert frames[1].last and frames[1].settings is early
    assert np.array_equal(clips_of(frames)[0], [[1, 2, 3], [1, 2, 3]])
