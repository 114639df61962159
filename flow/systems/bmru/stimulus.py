"""What goes into a run of the simulated BMRU design: packets, codes, and how the controller is set up."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_features
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FEATURE_BYTES

FULL_SCALE = (1 << 15) - 1


@dataclass(frozen=True)
class BmruStimulus:
    """Packets in the order of the stream, the codes of the core, the vote, and the cycles from frame to frame."""

    packets: tuple[FramePacket, ...]
    codes: BmruCodes
    settings: VoteSettings
    period: int = 0


def stress_stimulus(
    design: BmruDesign, clips: int, seed: int, *, bad: bool = True, period: int = 0, **settings: int | bool
) -> BmruStimulus:
    """Random clips of any length up to a little more than the design's, and all that can be wrong with packets.

    Where ``bad``: features beyond the DAC's codes, short, long and malformed packets, clips without their end or their
    start, and frames after the end.

    Args:
        settings: fields of `VoteSettings` that differ from the design's.
    """
    random, limit = Random(seed), min(design.vote.frames, 12)
    lengths = [random.randint(1, limit) for _ in range(clips)]
    packets: list[FramePacket] = []
    for number, length in enumerate(lengths):
        features = random_features(design, 1, length, seed + number)[0]
        clip = clip_packets([features])
        clip = [FramePacket(packet.data[:3] + bytes([number % 256]) + packet.data[4:]) for packet in clip]
        packets += _spoil(design, clip, random) if bad else clip
    return BmruStimulus(tuple(packets), lively_codes(design, seed), VoteSettings.of(design, **settings), period)


def _spoil(design: BmruDesign, clip: list[FramePacket], random: Random) -> list[FramePacket]:
    """Something of everything that can be wrong with a clip, at random places."""
    clip = [_exceed(design, packet, random) if random.random() < 0.1 else packet for packet in clip]
    for spoilt in (_cut_short, _too_long, _with_hole, _header_only):
        if random.random() < 0.25:
            clip.insert(random.randint(0, len(clip)), spoilt(design, random.choice(clip), random))
    if random.random() < 0.2:
        clip = clip[:-1] or clip  # the end is missing
    if random.random() < 0.1:
        clip = clip[1:] or clip  # the start is missing
    if random.random() < 0.2:
        clip.append(FramePacket(clip[-1].data[:2] + b"\0" + clip[-1].data[3:]))  # after the end
    return clip


def _exceed(design: BmruDesign, packet: FramePacket, random: Random) -> FramePacket:
    features = np.frombuffer(packet.data, "<i2", offset=4).copy()
    # By one, and by as much as the stream can say.
    extremes = [design.formats.feature_limit + 1, -design.formats.feature_limit - 1, FULL_SCALE, -FULL_SCALE - 1]
    for index in random.sample(range(len(features)), min(2, len(features))):
        features[index] = max(-FULL_SCALE - 1, min(FULL_SCALE, random.choice(extremes)))
    return FramePacket(packet.data[:4] + features.astype("<i2").tobytes())


def _cut_short(design: BmruDesign, packet: FramePacket, random: Random) -> FramePacket:
    return FramePacket(packet.data[: -random.randint(1, FEATURE_BYTES * design.network.features)])


def _too_long(design: BmruDesign, packet: FramePacket, random: Random) -> FramePacket:
    return FramePacket(packet.data + bytes(random.choice([1, 2, 3, 4, 7, 40])))


def _with_hole(design: BmruDesign, packet: FramePacket, random: Random) -> FramePacket:
    keep = [True] * len(packet.data)
    # Byte 1 of a beat, so that the last beat too has a hole rather than fewer bytes.
    position = 4 * random.randrange(len(packet.data) // 4) + (1 if random.random() < 0.5 else 0)
    keep[position] = False
    return FramePacket(packet.data, tuple(keep))


def _header_only(design: BmruDesign, packet: FramePacket, random: Random) -> FramePacket:
    return FramePacket(packet.data[: random.choice([1, 3, 4])])
