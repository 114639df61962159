"""How frames make a decision and what is told of it, as one bundle that travels with the frames of a clip."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

VOTE_BITS = 10
"""Bits of a number of frames or votes, as in the registers VOTE and WAKE_THRESHOLD."""
WAKE_CLASS_BITS = 4


class VoteSettings(wiring.Signature):
    """Settings of a vote, seen from the one who sets them.

    Ports:
        frames: of a clip, or of the window over which the vote slides.
        sliding: the vote slides.
        wake_class: the class that wakes.
        threshold: votes that it needs.
        report_votes: votes are reported.
        report_frames: frames are reported.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "frames": Out(VOTE_BITS),
                "sliding": Out(1),
                "wake_class": Out(WAKE_CLASS_BITS),
                "threshold": Out(VOTE_BITS),
                "report_votes": Out(1),
                "report_frames": Out(1),
            }
        )
