"""The detector that never stops: streams of clips through one core that is not cleared, a vote over the last frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flow.keyword_evaluation import Spotter
from golden.analog import AnalogCore
from golden.analog_codes import feature_codes
from golden.mfcc import COEFFICIENTS, FRAMES
from golden.normalisation import normaliser_of
from spec.rng import Purpose, permutation

STREAMS = 16
VERSION = 2
"""Grows when `count_wakes` counts otherwise."""
GRACE_FRAMES = FRAMES // 2
"""A keyword counts as found if the vote wakes within its clip or so many frames after it."""


def slide(spotter: Spotter) -> dict:
    """Clips in random order, end to end, in a few streams; the normalisation runs on, and the core is never cleared.

    Streams are of equal length, so the last clips beyond a multiple of their number, up to 15, are left out. Fewer than
    `STREAMS` clips are a stream each.

    Returns:
        ``keywords``, ``hits``: clips of the keyword, and those at which the majority of the last 101 frames became the
        keyword, that is the wake-up rose, within the clip or half a clip after it; ``false_alarms``: wake-ups anywhere
        else; ``hours`` of sound in which these count.
    """
    clips, design = spotter.clips, spotter.design
    order = permutation(spotter.network.metadata["recipe"]["seed"], Purpose.BMRU_TRAINING, len(clips))
    streams = min(STREAMS, len(order))
    order = order[: len(order) // streams * streams].reshape(streams, -1)
    features = normaliser_of(spotter.network.metadata).run(clips.x[order].reshape(streams, -1, COEFFICIENTS))
    frames = AnalogCore(design, spotter.codes).run(feature_codes(design, features)[0]).decision
    return count_wakes(frames == design.vote.wake_class, clips.y[order] == 1, design.vote.frames)


def rises(votes: NDArray[np.bool_], window: int) -> NDArray[np.bool_]:
    """Where the wake-up rises: the keyword becomes the class of more than half of the last frames, (streams, T).

    Args:
        votes: (streams, T) whether a frame's class is the keyword.
        window: frames that vote.
    """
    total = np.pad(np.cumsum(votes, axis=1), ((0, 0), (1, 0)))
    last = np.arange(1, votes.shape[1] + 1)
    awake = 2 * (total[:, last] - total[:, np.maximum(last - window, 0)]) > window
    return awake & ~np.pad(awake, ((0, 0), (1, 0)))[:, :-1]


def count_wakes(votes: NDArray[np.bool_], spoken: NDArray[np.bool_], window: int) -> dict:
    """What `slide` returns, of streams of frames.

    Args:
        votes: (streams, T) whether a frame's class is the keyword.
        spoken: (streams, clips) whether it is said in a clip of 101 frames.
        window: frames that vote.
    """
    near = np.repeat(spoken, FRAMES, axis=1)
    expected = near.copy()
    for later in range(1, GRACE_FRAMES + 1):
        expected[:, later:] |= near[:, :-later]
    risen, hits = rises(votes, window), 0
    for stream, clip in np.argwhere(spoken):
        hits += bool(risen[stream, clip * FRAMES : (clip + 1) * FRAMES + GRACE_FRAMES].any())
    # A frame is 10 ms.
    silent = int((~expected).sum())
    return {
        "keywords": int(spoken.sum()),
        "hits": hits,
        "false_alarms": int((risen & ~expected).sum()),
        "hours": silent / 360_000,
    }
