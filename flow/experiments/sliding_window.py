"""The detector that never stops: streams of clips through one core that is not cleared, a vote over the last frames."""

from __future__ import annotations

from remora.flow.systems.bmru.evaluation import Spotter
from remora.golden.bmru.codes import feature_codes
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.wake_ups import count_wakes
from remora.golden.data.mfcc import COEFFICIENTS
from remora.golden.data.normalisation import normaliser_of
from remora.spec.lib.rng import Purpose, permutation

STREAMS = 16


def slide(spotter: Spotter) -> dict:
    """Clips in random order, end to end, in a few streams; the normalisation runs on, and the core is never cleared.

    Streams are of equal length, so the last clips beyond a multiple of their number, up to 15, are left out. Fewer than
    `STREAMS` clips are a stream each.

    Returns:
        As `remora.golden.bmru.wake_ups.count_wakes`.
    """
    clips, design = spotter.clips, spotter.design
    order = permutation(spotter.network.metadata["recipe"]["seed"], Purpose.BMRU_TRAINING, len(clips))
    streams = min(STREAMS, len(order))
    order = order[: len(order) // streams * streams].reshape(streams, -1)
    features = normaliser_of(spotter.network.metadata).run(clips.x[order].reshape(streams, -1, COEFFICIENTS))
    frames = BmruCore(design, spotter.codes).run(feature_codes(design, features)[0]).decision
    return count_wakes(frames == design.vote.wake_class, clips.y[order] == 1, design.vote.frames)
