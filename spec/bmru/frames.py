"""Packets of the BMRU accelerator on the two AXI4-Streams, 32 bits wide, little-endian.

In, one packet a frame. Beat 0: ``flags[23:16]``, ``tag[31:24]``; then the features, 16 bits of two's complement each,
in steps of the DAC; TKEEP is partial only with TLAST. Out: answers as in `remora.spec.lib.packets`, one score a class,
which is the number of votes; their flags are those of `ReportFlag`, their tag that of the frame that made them.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import ArrayLike

from remora.spec.bmru.design import STREAM_FEATURE_BITS
from remora.spec.lib.packets import FLAGS_BIT, TAG_BIT

FEATURE_BYTES = STREAM_FEATURE_BITS // 8


class FrameFlag(IntFlag):
    """Header flags of a frame; the bits that are not named are reserved and ignored."""

    START = 1
    """First frame of a clip: the core is cleared, the votes begin anew."""
    END = 2
    """Last frame of a clip: its vote is taken."""


class ReportFlag(IntFlag):
    """What an answer tells."""

    FRAME = 1
    """The class of one frame."""
    VOTE = 2
    """The class that most frames chose."""
    WAKE = 4
    """A vote that raised the wake-up."""


class FrameDrop(IntEnum):
    """Why a frame was dropped. When several apply, the lowest value is counted."""

    FRAMING = 0
    """TKEEP partial before the last beat, with a hole, empty, or partial in the header."""
    SHORT = 1
    """Fewer bytes than the features of a frame."""
    LONG = 2
    """More bytes than the features of a frame."""
    UNPROGRAMMED = 3
    """The core holds no codes that have passed their check."""
    OUTSIDE = 4
    """No clip was started, or the clip has ended."""


RUN_EVENTS = ("wake", "clip_cut", "feature_saturated", *(f"dropped_{drop.name.lower()}" for drop in FrameDrop))
"""Fields of INTERRUPT_ENABLE that a run sets, and whose events therefore raise the interrupt line."""


def encode_frame(features: ArrayLike, flags: int = 0, tag: int = 0) -> bytes:
    """Bytes of the packet of one frame.

    Args:
        features: (features,) integers in steps of the DAC, −32768 … 32767; the hardware saturates them to its codes.
        flags: of `FrameFlag`.
        tag: 0 … 255, comes back with the answers that the frame makes.

    Raises:
        ValueError: a feature or the tag does not fit its field.
    """
    features = np.asarray(features)
    limits = np.iinfo(np.int16)
    if features.size and (features.min() < limits.min or features.max() > limits.max):
        reach = f"features reach from {features.min()} to {features.max()}"
        raise ValueError(f"{reach}; 16 bits hold {limits.min}…{limits.max}")
    if not 0 <= tag <= 255:
        raise ValueError(f"tag is {tag}; it must be in 0…255")
    return (int(flags) << FLAGS_BIT | tag << TAG_BIT).to_bytes(4, "little") + features.astype("<i2").tobytes()
