"""Analog cores of the tests: odd sizes, odd formats, random codes that keep cells busy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from golden.analog_codes import AnalogCodes
from spec.analog import AnalogDesign
from spec.scan import Kind, groups

ALL_ERRORS = {"mismatch": True, "bias_error": True, "noise": True, "noise_pa": 40, "seed": 7}


def make_analog(features: int, width: int, blocks: int = 2, classes: int = 2, **sections) -> AnalogDesign:
    """A design point from sizes, and sections given as dictionaries."""
    sizes = {"features": features, "width": width, "blocks": blocks, "classes": classes}
    sections.setdefault("vote", {"wake_class": 0})
    return AnalogDesign(name="test", network=sizes, **sections)


ANALOG_DESIGNS = {
    "one": make_analog(1, 1, 1, 1),
    "odd": make_analog(5, 3, nonidealities=ALL_ERRORS),
    "spotter": make_analog(13, 4, nonidealities=ALL_ERRORS | {"bias_error": False}),
    "ideal": make_analog(13, 4),
    "deep": make_analog(2, 7, 3, 3, settling={"factor": 1, "shift": 1, "phase_cycles": 5}, cell={"leakage_pa": 0}),
    "coarse": make_analog(
        3, 2, 1, 5,
        formats={"ratio_bits": 3, "ratio_fraction": 0, "bias_bits": 5, "bias_step_pa": 100, "feature_bits": 4,
                 "feature_step_pa": 100, "node_bits": 10},
        settling={"factor": 1, "shift": 0, "phase_cycles": 1}, nonidealities={"mismatch": True, "seed": 2**32 - 1},
    ),
}  # fmt: skip


def random_codes(design: AnalogDesign, seed: int) -> AnalogCodes:
    """Random codes; a fifth of the mirrors has width zero, thresholds lie where candidates are."""
    random, arrays = np.random.default_rng(seed), {}
    for group in groups(design):
        limit = group.code_limit
        if group.kind is Kind.CELL_BIAS:
            codes = random.integers(0, limit // 4 + 1, group.shape)
        else:
            codes = random.integers(-limit, limit + 1, group.shape) // random.choice([1, 2, 8], group.shape)
            codes[random.random(group.shape) < 0.2] = 0
        if group.name.endswith("hysteresis"):
            threshold = arrays[group.name.replace("hysteresis", "threshold")]
            codes = np.where(random.random(group.shape) < 0.2, 0, random.integers(0, threshold + 1))
        arrays[group.name] = codes.astype(np.int32)
    return AnalogCodes(design, arrays)


def random_features(design: AnalogDesign, clips: int, frames: int, seed: int) -> NDArray[np.int32]:
    """(clips, frames, features) DAC codes that wander, with jumps to the ends now and then."""
    random, limit = np.random.default_rng(seed), design.feature_limit
    shape = (clips, frames, design.network.features)
    walk = np.cumsum(random.normal(size=shape) * limit / 8, axis=1)
    codes = np.clip(np.rint(walk + random.normal(size=shape) * limit / 16), -limit, limit)
    ends = random.random(shape) < 0.05
    codes[ends] = random.choice([-limit, 0, limit], int(ends.sum()))
    return codes.astype(np.int32)


def by_hand(design: AnalogDesign, **codes) -> AnalogCodes:
    """Codes of 0 but for those given, by the group's name with ``__`` for a dot, numbers or arrays."""
    arrays = {group.name: np.zeros(group.shape, np.int32) for group in groups(design)}
    for name, value in codes.items():
        arrays[name.replace("__", ".")][...] = value
    return AnalogCodes(design, arrays)
