"""Random codes and features that keep a BMRU accelerator busy, codes by hand, and clips as packets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from remora.golden.bmru.clips import FramePacket
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.core import BmruCore
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameFlag, encode_frame
from remora.spec.bmru.scan import Kind, groups

ATTEMPTS = 40


def clip_packets(clips: Iterable[NDArray[np.integer]], ends: bool = True) -> list[FramePacket]:
    """Packets of clips (frames, features), the last of each marked where ``ends``; tag: number of the clip mod 256."""
    packets = []
    for number, clip in enumerate(clips):
        for t, features in enumerate(clip):
            flags = (FrameFlag.START if t == 0 else 0) | (FrameFlag.END if ends and t == len(clip) - 1 else 0)
            packets.append(FramePacket(encode_frame(features, FrameFlag(flags), number % 256)))
    return packets


def random_codes(design: BmruDesign, seed: int) -> BmruCodes:
    """Random codes; a fifth of the mirrors has width zero, thresholds lie where candidates are.

    Some cells have threshold 0 and are always set, some have a hysteresis above their threshold and never reset:
    there the diode before the cell decides.
    """
    random, odd = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    arrays: dict[str, NDArray[np.int32]] = {}
    for group in groups(design):
        limit = group.code_limit
        if group.kind is Kind.CELL_BIAS:
            codes = random.integers(0, limit // 4 + 1, group.shape)
            if group.name.endswith("threshold"):
                codes[odd.random(group.shape) < 0.05] = 0
        else:
            codes = random.integers(-limit, limit + 1, group.shape) // random.choice([1, 2, 8], group.shape)
            codes[random.random(group.shape) < 0.2] = 0
        if group.name.endswith("hysteresis"):
            threshold = arrays[group.name.replace("hysteresis", "threshold")]
            codes = np.where(random.random(group.shape) < 0.2, 0, random.integers(0, threshold + 1))
            beyond = np.minimum(threshold + odd.integers(1, limit // 8 + 2, group.shape), limit)
            codes = np.where(odd.random(group.shape) < 0.1, beyond, codes)
        arrays[group.name] = codes.astype(np.int32)
    return BmruCodes(design, arrays)


def lively_codes(design: BmruDesign, seed: int) -> BmruCodes:
    """Random codes of which random features make more than one class, where there is more than one."""
    features, most = random_features(design, 8, 8, seed), -1
    for attempt in range(ATTEMPTS):
        codes = random_codes(design, seed + 1000 * attempt)
        counts = np.sort(np.bincount(BmruCore(design, codes).run(features).decision.reshape(-1), minlength=2))
        if counts[-2] > most:
            most, best = counts[-2], codes
        if 4 * counts[-2] >= counts.sum() or design.network.classes == 1:
            break
    return best


def random_features(design: BmruDesign, clips: int, frames: int, seed: int) -> NDArray[np.int32]:
    """(clips, frames, features) DAC codes that wander, with jumps to the ends now and then."""
    random, limit = np.random.default_rng(seed), design.formats.feature_limit
    shape = (clips, frames, design.network.features)
    walk = np.cumsum(random.normal(size=shape) * limit / 8, axis=1)
    codes = np.clip(np.rint(walk + random.normal(size=shape) * limit / 16), -limit, limit)
    ends = random.random(shape) < 0.05
    codes[ends] = random.choice([-limit, 0, limit], int(ends.sum()))
    return codes.astype(np.int32)


def by_hand(design: BmruDesign, **codes) -> BmruCodes:
    """Codes of 0 but for those given, by the group's name with ``__`` for a dot, numbers or arrays."""
    arrays = {group.name: np.zeros(group.shape, np.int32) for group in groups(design)}
    for name, value in codes.items():
        arrays[name.replace("__", ".")][...] = value
    return BmruCodes(design, arrays)
