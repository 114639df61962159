"""The front end of the keyword spotter: sound, and its mel-frequency cepstral coefficients (MFCC).

librosa computes them: 13 coefficients of 40 mel bands, windows of 512 samples (Hann) every 10 ms at 16 kHz, centred, so
that a clip of one second has 101 frames. They are rounded to 1/16 and kept as integers, so that what is stored is what
is used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.extras import require_extra

SAMPLE_RATE = 16_000
CLIP_SAMPLES = SAMPLE_RATE
WINDOW, HOP = 512, 160
MEL_BANDS = 40
COEFFICIENTS = 13
FRAMES = 1 + CLIP_SAMPLES // HOP
STEPS_PER_UNIT = 16
"""A stored coefficient is in 1/16 of librosa's unit (decibels through the cosine transform)."""


def fit_clip(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """One second of sound: a longer clip is cut at its end, a shorter one filled up with zeros.

    Returns:
        The (16000,) samples, and how many were filled up; below zero, how many were cut.
    """
    missing = CLIP_SAMPLES - len(samples)
    return np.pad(samples[:CLIP_SAMPLES], (0, max(0, missing))), missing


def at_speed(samples: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """A clip of one second at another speed, pitch and all: its middle second, the ends mirrored where it is short."""
    require_extra("playing sound at another speed", "audio")
    import librosa

    played = librosa.resample(samples, orig_sr=SAMPLE_RATE * speed, target_sr=SAMPLE_RATE, res_type="soxr_mq")
    before = (CLIP_SAMPLES - len(played)) // 2
    if before < 0:
        return played[-before : CLIP_SAMPLES - before]
    return np.pad(played, (before, CLIP_SAMPLES - len(played) - before), mode="reflect")


def mfcc(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Coefficients of sound at 16 kHz, (1 + samples // 160, 13) in 1/16, saturated to 16 bits."""
    require_extra("computing coefficients of sound", "audio")
    import librosa

    found = librosa.feature.mfcc(
        y=samples, sr=SAMPLE_RATE, n_mfcc=COEFFICIENTS, n_mels=MEL_BANDS, n_fft=WINDOW, hop_length=HOP
    )
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(found.T * STEPS_PER_UNIT), limits.min, limits.max).astype(np.int16)
