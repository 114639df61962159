"""Sound files, read whole or refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.data.idx import DataError
from remora.golden.data.mfcc import SAMPLE_RATE
from remora.spec.lib.extras import require_extra

_UNKNOWN_SIZE = 2**32 - 1
"""What a recorder writes that cannot know the size yet, such as one at the end of a pipe."""
_SIZE = re.compile(r"^ *([\w ]+?) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
"""How libsndfile notes a chunk whose announced size is not what the file holds."""
_ROUNDING = 1
"""Bytes by which a chunk may be short: the pad of an odd one is often forgotten."""


def read_audio(path: Path) -> NDArray[np.float32]:
    """Samples of a sound file at 16 kHz, (samples,); channels are averaged, other rates resampled.

    WAV and FLAC are meant; whatever else libsndfile reads will do.

    Raises:
        DataError: the file is missing, damaged or shorter than its header says, holds no sound, or holds a sample that
            is not a number in −1 … 1.
        MissingExtra: soundfile is not installed, or librosa for a sound at another rate.
    """
    samples, rate = _read(path)
    if not len(samples):
        raise DataError(f"{path} holds no samples")
    if not np.isfinite(samples).all():
        wrong = int((~np.isfinite(samples)).any(axis=1).argmax())
        raise DataError(f"{path}: sample {wrong} is no finite number; record the clip again or leave it out")
    if np.abs(samples).max() > 1:
        wrong = int((np.abs(samples) > 1).any(axis=1).argmax())
        value = samples[wrong, int(np.abs(samples[wrong]).argmax())]
        raise DataError(f"{path}: sample {wrong} is {value:g}; sound lies in -1…1: scale the clip down")
    mono = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        require_extra(f"resampling {path}", "audio")
        import librosa

        mono = librosa.resample(mono, orig_sr=rate, target_sr=SAMPLE_RATE)
    return mono


def _read(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples (samples, channels) and their rate."""
    require_extra("reading sound files", "audio")
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            announced, noted = file.frames, file.extra_info
            samples, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except (OSError, soundfile.LibsndfileError, TypeError, ValueError, RuntimeError) as error:
        # TypeError: what has a suffix of headerless sound wants to be told rate and channels.
        reason = "is missing" if not path.exists() else f"cannot be read as WAV or FLAC: {error}"
        raise DataError(f"{path} {reason}") from error
    for chunk, size, found in _SIZE.findall(noted):
        if int(size) != _UNKNOWN_SIZE and int(size) > int(found) + _ROUNDING:
            raise DataError(
                f"{path} is truncated: its header announces {size} bytes of {chunk.strip()}, the file holds {found}; "
                "copy or record the clip again"
            )
    if len(samples) < announced:
        raise DataError(
            f"{path} is truncated: its header announces {announced} samples, {len(samples)} could be read; copy or "
            "record the clip again"
        )
    return samples, rate
