"""Sound files: what is read, and what is refused with the file's name."""

from __future__ import annotations

import os
import re
import struct

import numpy as np
import pytest
import soundfile

from remora.golden.data.idx import DataError
from remora.golden.data.mfcc import SAMPLE_RATE as RATE
from remora.golden.data.sound import read_audio
from tests.golden.data.test_keywords import tone


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_sound_files_are_read(tmp_path, suffix):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(440), RATE)
    samples = read_audio(path)
    assert samples.shape == (16000,) and samples.dtype == np.float32
    np.testing.assert_allclose(samples, tone(440), atol=2**-14)


def test_channels_are_averaged_and_rates_resampled(tmp_path):
    soundfile.write(tmp_path / "both.wav", np.stack([tone(440), 0 * tone(440)], axis=1), RATE)
    np.testing.assert_allclose(read_audio(tmp_path / "both.wav"), tone(440) / 2, atol=2**-14)
    soundfile.write(tmp_path / "slow.wav", tone(440, rate=8000), 8000)
    found = read_audio(tmp_path / "slow.wav")
    assert len(found) == RATE and np.abs(found - tone(440))[500:-500].max() < 0.01


def test_bad_sound_files_are_named(tmp_path):
    (tmp_path / "noise.flac").write_bytes(b"fLaC and nothing else")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    for name, message in (("none.wav", "is missing"), ("noise.flac", "cannot be read"), ("empty.wav", "no samples")):
        with pytest.raises(DataError, match=f"{name} .*{message}"):
            read_audio(tmp_path / name)
    for number, value in enumerate((np.nan, np.inf, -np.inf)):
        samples = np.stack([tone(440), tone(500)], axis=1)
        samples[7 + number, 1] = value
        soundfile.write(tmp_path / "broken.wav", samples, RATE, subtype="FLOAT")
        with pytest.raises(DataError, match=f"broken.wav: sample {7 + number} is no finite number"):
            read_audio(tmp_path / "broken.wav")


WHOLE = [
    ("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.wav", "PCM_32"), ("a.wav", "PCM_U8"), ("a.wav", "FLOAT"),
    ("a.wav", "DOUBLE"), ("a.wav", "ULAW"), ("a.flac", "PCM_16"), ("a.flac", "PCM_24"), ("a.aiff", "PCM_16"),
    ("a.au", "PCM_16"), ("a.caf", "PCM_16"), ("a.w64", "PCM_16"), ("a.rf64", "PCM_16"), ("a.ogg", "VORBIS"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), WHOLE)
def test_widths_and_containers(tmp_path, name, kind):
    soundfile.write(tmp_path / name, tone(440), RATE, subtype=kind)
    found = read_audio(tmp_path / name)
    assert len(found) == RATE and np.abs(found - tone(440)).max() < 0.02


@pytest.mark.parametrize(("name", "kind"), WHOLE)
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path, name, kind, kept):
    soundfile.write(tmp_path / name, tone(440), RATE, subtype=kind)
    os.truncate(tmp_path / name, int(kept * (tmp_path / name).stat().st_size))
    with pytest.raises(
        DataError, match=rf"{name} (is truncated: its header announces|cannot be read as WAV|holds no samples)"
    ) as caught:
        read_audio(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_header_that_never_knew_its_size_is_no_truncation(tmp_path):
    """As at the end of a pipe: both sizes of the header are 2³² − 1."""
    soundfile.write(tmp_path / "pipe.wav", tone(440), RATE)
    content = bytearray((tmp_path / "pipe.wav").read_bytes())
    assert content[36:40] == b"data"
    content[4:8] = content[40:44] = struct.pack("<I", 2**32 - 1)
    (tmp_path / "pipe.wav").write_bytes(content)
    assert len(read_audio(tmp_path / "pipe.wav")) == RATE


@pytest.mark.parametrize("value", [1.5, -1.001, 1e30])
def test_a_sample_beyond_full_scale_is_refused(tmp_path, value):
    samples = np.stack([tone(440), tone(500)], axis=1)
    samples[9, 0] = value
    for kind in ("FLOAT", "DOUBLE"):
        soundfile.write(tmp_path / "loud.wav", samples, RATE, subtype=kind)
        with pytest.raises(DataError, match=re.escape(f"loud.wav: sample 9 is {value:g}; sound lies in -1…1")):
            read_audio(tmp_path / "loud.wav")
    samples[9, 0] = np.sign(value)
    soundfile.write(tmp_path / "loud.wav", samples, RATE, subtype="FLOAT")
    assert len(read_audio(tmp_path / "loud.wav")) == RATE


@pytest.mark.parametrize(
    ("name", "content"), [("a.raw", b"123" * 99), ("a.wav", b""), ("a.wav", b"RIFF"), ("a.txt", b"no sound")]
)
def test_what_is_no_sound_file_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} cannot be read as WAV or FLAC"):
        read_audio(tmp_path / name)
    with pytest.raises(DataError, match="cannot be read as WAV or FLAC"):
        read_audio(tmp_path)
