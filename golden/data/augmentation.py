"""What a keyword spotter hears in training beside the clips: the same clips at other speeds and in coloured noise.

Of each version the speed, with the pitch, is uniform in 0.88 … 1.12; the noise has a power spectrum of 1/f^s, s uniform
in 0 … 2 (white to brown), and lies 5 … 35 dB below the mean power of the clip, uniform in decibels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.data import mfcc
from remora.spec.lib.rng import Purpose, draw

VERSIONS = 6
"""Of each clip, in a training."""
SPEEDS = (0.88, 1.12)
SLOPES = (0.0, 2.0)
DISTANCES_DB = (5.0, 35.0)
_SEED = 1


def versions(samples: NDArray[np.float32], clip: int, count: int = VERSIONS) -> NDArray[np.int16]:
    """Cepstral coefficients of altered versions of a clip of one second, (count, 101, 13) in 1/16.

    Args:
        clip: number of the clip, 0 … 2³²−1, which the draws depend on.
    """
    return np.array([mfcc.mfcc(_altered(samples, clip, number)) for number in range(count)], np.int16).reshape(
        count, mfcc.FRAMES, mfcc.COEFFICIENTS
    )


def _altered(samples: NDArray[np.float32], clip: int, number: int) -> NDArray[np.float32]:
    words = draw(_SEED, Purpose.AUGMENTATION, clip, np.arange(3 + 1 + mfcc.CLIP_SAMPLES // 2), number) / 2.0**32
    ranges = (SPEEDS, SLOPES, DISTANCES_DB)
    speed, slope, distance = (low + (high - low) * word for (low, high), word in zip(ranges, words[:3], strict=True))
    played = mfcc.at_speed(samples, float(speed))
    noise = coloured_noise(words[3:], float(slope))
    loudness = np.sqrt(np.mean(np.square(played, dtype=np.float64)) * 10 ** (-distance / 10))
    return (played + loudness * noise).astype(np.float32)


def coloured_noise(phases: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Noise of mean power 1 and a power spectrum of 1/f^slope without a constant part, (2·(phases − 1),).

    Args:
        phases: of every frequency from zero up, in turns.
    """
    frequency = np.arange(len(phases), dtype=np.float64)
    magnitude = np.zeros_like(frequency)
    magnitude[1:] = frequency[1:] ** (-slope / 2)
    noise = np.fft.irfft(magnitude * np.exp(2j * np.pi * phases))
    return noise / np.sqrt(np.mean(noise**2))
