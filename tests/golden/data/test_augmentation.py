"""Altered versions of clips: as loud, as coloured and as fast as promised, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.data import mfcc
from remora.golden.data.augmentation import _altered, coloured_noise, versions

TIME = np.arange(mfcc.CLIP_SAMPLES) / mfcc.SAMPLE_RATE
TONE = (0.5 * np.sin(2 * np.pi * 400 * TIME)).astype(np.float32)


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_noise_has_the_power_and_the_colour_that_it_should(slope):
    noise = coloured_noise(np.random.default_rng(1).random(8001), slope)
    assert noise.shape == (16_000,) and np.mean(noise**2) == pytest.approx(1) and abs(noise.mean()) < 1e-12
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [power[start : 2 * start].sum() for start in (100, 200, 400, 800, 1600)]
    # An octave is twice as wide as the one before it.
    np.testing.assert_allclose(np.diff(np.log2(octaves)), 1 - slope, atol=0.02)


def test_versions_repeat_and_differ():
    found = versions(TONE, 7)
    assert found.shape == (6, mfcc.FRAMES, mfcc.COEFFICIENTS) and found.dtype == np.int16
    np.testing.assert_array_equal(versions(TONE, 7, 2), found[:2])
    pairs = [(a, b) for a in range(6) for b in range(a)]
    assert all((found[a] != found[b]).any() for a, b in pairs) and (versions(TONE, 8, 1)[0] != found[0]).any()
    assert versions(TONE, 7, 0).shape == (0, mfcc.FRAMES, mfcc.COEFFICIENTS)


def test_speed_and_noise_stay_within_their_ranges():
    speeds, distances = [], []
    for clip in range(12):
        power = np.abs(np.fft.rfft(_altered(TONE, clip, 3) * np.hanning(len(TONE)))) ** 2
        strongest = int(power.argmax())
        speeds.append(strongest / 400)
        tone = power[strongest - 2 : strongest + 3].sum()
        distances.append(10 * np.log10(tone / (power.sum() - tone)))
    assert 0.87 < min(speeds) < 0.95 and 1.05 < max(speeds) < 1.13
    # Where noise is at its strongest within the tone's own band, it counts as tone.
    assert 4.5 < min(distances) < 15 and 25 < max(distances) < 45


def test_silence_stays_silence():
    assert len(np.unique(versions(np.zeros(mfcc.CLIP_SAMPLES, np.float32), 1, 1)[0], axis=0)) == 1
