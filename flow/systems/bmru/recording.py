"""What a BMRU design is simulated on: clips of words or random features, each for itself or as one stream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.bmru.evaluation import Spotter
from remora.flow.systems.bmru.networks import KeywordError, bundled_network, load_clips
from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.codes import BmruCodes, feature_codes
from remora.golden.bmru.random_codes import clip_packets, random_codes, random_features
from remora.golden.data import mfcc
from remora.golden.data.normalisation import RunningNormaliser, normaliser_of
from remora.golden.lib import bmru
from remora.golden.lib.bmru_network import load_network
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.errors import RemoraError

SYNTHETIC_FRAMES = 20


@dataclass(frozen=True)
class Recording:
    """What a BMRU design is simulated on.

    Attributes:
        features: (clips, frames, features) DAC codes.
        codes: of the core.
        labels: (clips,) class of each clip, None where nothing is known.
        float_decisions: (clips,) of the network in floating point by the same vote, None where there is none.
        saturated: features beyond the DAC's codes.
        saturated_parameters: of the network beyond what codes can hold, by group of elements.
        origin: what it is, in words.
        stream: the clips follow each other as one, with a start and no end: the core is not cleared between them.
    """

    features: NDArray[np.int32]
    codes: BmruCodes
    labels: NDArray[np.int64] | None
    float_decisions: NDArray[np.int64] | None
    saturated: int
    saturated_parameters: dict[str, int]
    origin: str
    stream: bool = False

    @property
    def packets(self) -> tuple[FramePacket, ...]:
        """In the order of the clips."""
        if not self.stream:
            return tuple(clip_packets(self.features))
        return tuple(clip_packets([self.features.reshape(-1, self.features.shape[-1])], ends=False))

    @property
    def streams(self) -> int:
        """Streams between whose frames the core is cleared: every clip is one, unless all are."""
        return 1 if self.stream else len(self.features)

    def settings(self, design: BmruDesign) -> VoteSettings:
        """Of the vote: as after reset, but that it slides over a stream.

        Raises:
            RemoraError: there is one vote a clip, and the clips are longer than the design takes.
        """
        settings = VoteSettings.of(design, **({"sliding": True} if self.stream else {}))
        frames = self.features.shape[1]
        if not settings.sliding and frames > settings.frames:
            raise RemoraError(
                f"the clips have {frames} frames, but vote.frames of '{design.name}' is {settings.frames}: "
                f"use at least {frames}, or vote.sliding = true"
            )
        return settings


def synthetic_recording(design: BmruDesign, clips: int, seed: int, stream: bool = False) -> Recording:
    """Random codes and wandering features, for any design point."""
    frames = min(SYNTHETIC_FRAMES, design.vote.frames)
    features = random_features(design, clips, frames, seed)
    return Recording(features, random_codes(design, seed), None, None, 0, {}, "random codes and features", stream)


def keyword_recording(design: BmruDesign, limit: int, checkpoint: Path | None, stream: bool = False) -> Recording:
    """Clips of the test split and a trained network: that of a file, else the bundled one.

    In a stream the clips come in random order, and the running normalisation is carried on from clip to clip.

    Raises:
        KeywordError, NetworkError, CodesError, DataError: there is no network, or it or the clips do not fit.
    """
    network = load_network(checkpoint) if checkpoint else bundled_network(design)
    normaliser = normaliser_of(network.metadata)
    if stream and not isinstance(normaliser, RunningNormaliser):
        raise KeywordError(
            "--stream: the network's features are normalised over whole clips, which a stream does not have; train one "
            f"with `remora train {design.name} --normalisation running -o FILE` and give it as --checkpoint FILE"
        )
    test = load_clips().of("test")
    # Words lie together in the data set; a few clips should hold a little of each.
    chosen = np.random.default_rng(0).permutation(len(test))[:limit]
    spotter = Spotter(design, network, test.where(chosen if stream else np.sort(chosen)))
    clips, frames = spotter.clips.x.shape[:2]
    features, in_float = spotter.features, spotter.in_float
    if stream:
        features = normaliser.run(spotter.clips.x.reshape(1, clips * frames, -1))
        in_float = bmru.run(network, features)
    window = design.vote.frames if stream or design.vote.sliding else frames
    decisions = last_votes(in_float.frame_classes, frames, window, design.network.classes)
    codes, saturated = feature_codes(design, features.reshape(clips, frames, -1))
    beyond, origin = spotter.export.saturated, spotter.clips.origin
    return Recording(codes, spotter.codes, spotter.clips.y, decisions, saturated, beyond, origin, stream)


def last_votes(frame_classes: NDArray[np.integer], frames: int, window: int, classes: int) -> NDArray[np.int64]:
    """What the last frames of each clip voted for, (streams · clips,).

    Args:
        frame_classes: (streams, clips · frames).
        frames: of a clip.
        window: frames that vote, of clips before too; fewer at the start of a stream.
        classes: how many there are.
    """
    ends = range(frames, frame_classes.shape[1] + 1, frames)
    votes = [bmru.vote(frame_classes[:, max(0, end - window) : end], classes) for end in ends]
    return np.stack(votes, axis=1).reshape(-1)


def takes_keywords(design: BmruDesign) -> bool:
    """Whether the keyword spotter's clips fit a design point."""
    return (design.network.features, design.network.classes) == (mfcc.COEFFICIENTS, 2)
