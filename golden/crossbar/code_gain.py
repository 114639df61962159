"""Which gain of a layer's codes undoes a change that was measured."""

from __future__ import annotations

from remora.spec.crossbar.gain.code_gain import LEAST, MOST, UNITY
from remora.spec.lib.fixed import round_shift


def gain_for(before: int, now: int, gain: int = UNITY) -> int:
    """The gain, in 2^−12, that brings a sum of codes back to what it was, as far as a gain can. Rule G4.

    Args:
        before: a reference reading, a sum of codes before any gain; more than 0.
        now: the same reading today; more than 0.
        gain: that of the layer when ``before`` was read.

    Raises:
        ValueError: a reading is not more than 0.
    """
    if before <= 0 or now <= 0:
        raise ValueError(f"reference readings are {before} and {now}; both must be more than 0")
    return max(LEAST, min(MOST, int(round_shift(2 * gain * before // now, 1))))
