"""The counters of the BMRU core's controller."""

from __future__ import annotations

from enum import IntEnum


class BmruCounter(IntEnum):
    """The 48-bit counters of the BMRU core's controller, in the order of their addresses."""

    CYCLES = 0
    FRAMES = 1
    CLIPS = 2
    CLIPS_CUT = 3
    WAKE_UPS = 4
    AWAKE_CYCLES = 5
    FRAMES_HELD = 6
    FEATURES_SATURATED = 7
    DROPPED_FRAMING = 8
    DROPPED_SHORT = 9
    DROPPED_LONG = 10
    DROPPED_UNPROGRAMMED = 11
    DROPPED_OUTSIDE = 12
    CHARGE = 13
