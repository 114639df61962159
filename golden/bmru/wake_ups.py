"""When a vote over the last frames wakes, and how often it does so where the keyword was said, and elsewhere.

`remora.golden.bmru.clips.VoteModel` votes frame by frame, as the controller does. Here whole streams are counted at
once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.data.mfcc import FRAMES

COUNTING = 2
"""Grows when `count_wakes` counts otherwise."""
GRACE_FRAMES = FRAMES // 2
"""A keyword counts as found if the vote wakes within its clip or so many frames after it."""


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
    """Keywords found and false alarms in streams of clips.

    Args:
        votes: (streams, T) whether a frame's class is the keyword.
        spoken: (streams, clips) whether it is said in a clip of 101 frames.
        window: frames that vote.

    Returns:
        ``keywords``, ``hits``: clips of the keyword, and those at which the wake-up rose within the clip or half a clip
        after it; ``false_alarms``: wake-ups anywhere else; ``hours`` of sound in which these count.
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
