"""The front end of the keyword spotter: sound files, and their mel-frequency cepstral coefficients (MFCC).

librosa computes them: 13 coefficients of 40 mel bands, windows of 512 samples (Hann) every 10 ms at 16 kHz, centred, so
that a clip of one second has 101 frames. They are rounded to 1/16 and kept as integers, so that what is stored is what
is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from golden.idx import DataError

SAMPLE_RATE = 16_000
CLIP_SAMPLES = SAMPLE_RATE
WINDOW, HOP = 512, 160
MEL_BANDS = 40
COEFFICIENTS = 13
FRAMES = 1 + CLIP_SAMPLES // HOP
STEPS_PER_UNIT = 16
"""A stored coefficient is in 1/16 of librosa's unit (decibels through the cosine transform)."""


def read_audio(path: Path) -> NDArray[np.float32]:
    """Samples of a WAV or FLAC file at 16 kHz, (samples,) in −1 … 1; channels are averaged, other rates resampled.

    Raises:
        DataError: the file is missing, damaged, holds no sound, or a sample that is not finite.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = "is missing" if not path.exists() else f"cannot be read as WAV or FLAC: {error}"
        raise DataError(f"{path} {reason}") from error
    if not len(samples):
        raise DataError(f"{path} holds no samples")
    if not np.isfinite(samples).all():
        wrong = int((~np.isfinite(samples)).any(axis=1).argmax())
        raise DataError(f"{path}: sample {wrong} is no finite number; record the clip again or leave it out")
    mono = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        import librosa

        mono = librosa.resample(mono, orig_sr=rate, target_sr=SAMPLE_RATE)
    return mono


def fit_clip(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """One second of sound: a longer clip is cut at its end, a shorter one filled up with zeros.

    Returns:
        The (16000,) samples, and how many were filled up; below zero, how many were cut.
    """
    missing = CLIP_SAMPLES - len(samples)
    return np.pad(samples[:CLIP_SAMPLES], (0, max(0, missing))), missing


def at_speed(samples: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """A clip of one second at another speed, pitch and all: its middle second, the ends mirrored where it is short."""
    import librosa

    played = librosa.resample(samples, orig_sr=SAMPLE_RATE * speed, target_sr=SAMPLE_RATE, res_type="soxr_mq")
    before = (CLIP_SAMPLES - len(played)) // 2
    if before < 0:
        return played[-before : CLIP_SAMPLES - before]
    return np.pad(played, (before, CLIP_SAMPLES - len(played) - before), mode="reflect")


def mfcc(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Coefficients of sound at 16 kHz, (1 + samples // 160, 13) in 1/16, saturated to 16 bits."""
    import librosa

    found = librosa.feature.mfcc(
        y=samples, sr=SAMPLE_RATE, n_mfcc=COEFFICIENTS, n_mels=MEL_BANDS, n_fft=WINDOW, hop_length=HOP
    )
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(found.T * STEPS_PER_UNIT), limits.min, limits.max).astype(np.int16)
