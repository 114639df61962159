"""Sound files to features, clips with their words, folds that share no speaker."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile

from remora.golden.data import mfcc
from remora.golden.data.idx import DATA_VARIABLE, DataError
from remora.golden.data.keywords import EXCERPT, FOLDER, load_keywords, save_excerpt, speaker_folds
from remora.golden.data.manifest import SPLITS
from remora.golden.data.sound import read_audio

RATE = mfcc.SAMPLE_RATE


def tone(frequency: float, seconds: float = 1.0, rate: int = RATE):
    return 0.3 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


@pytest.fixture
def excerpt(monkeypatch, tmp_path):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return load_keywords(tmp_path)


# The front end --------------------------------------------------------------------------------------------------------
def test_a_clip_is_one_second():
    for seconds, missing in ((1, 0), (0.5, 8000), (1.25, -4000)):
        clip, found = mfcc.fit_clip(tone(440, seconds))
        assert clip.shape == (16000,) and found == missing
        np.testing.assert_array_equal(clip[:8000], tone(440, seconds)[:8000])


def test_speed_moves_pitch_and_keeps_the_length():
    clip = tone(400).astype(np.float32)
    for speed in (0.9, 1.0, 1.1):
        played = mfcc.at_speed(clip, speed)
        strongest = np.abs(np.fft.rfft(played * np.hanning(len(played)))).argmax()
        assert len(played) == len(clip) and abs(strongest - 400 * speed) <= 1


def test_features_tell_tones_apart_and_follow_time():
    found = mfcc.mfcc(np.concatenate([tone(300, 0.5), tone(3000, 0.5)]).astype(np.float32))
    assert found.shape == (mfcc.FRAMES, mfcc.COEFFICIENTS) and found.dtype == np.int16
    within, across = np.abs(found[10] - found[40]).max(), np.abs(found[10] - found[80]).max()
    assert within < 16 and across > 100


# Clips ----------------------------------------------------------------------------------------------------------------
def test_the_bundled_excerpt(excerpt, tmp_path):
    assert len(excerpt) == 176 and excerpt.y.sum() == 56 and excerpt.fitted == 0
    assert EXCERPT.stat().st_size < 500_000 and not list(tmp_path.iterdir())
    parts = [excerpt.of(split) for split in SPLITS]
    assert sum(map(len, parts)) == len(excerpt) and all(len(set(part.word.tolist())) == 7 for part in parts)
    for one in range(3):
        others = np.concatenate([parts[other].speaker for other in range(3) if other != one])
        assert not set(parts[one].speaker.tolist()) & set(others.tolist())
    save_excerpt(tmp_path / "again.npz", excerpt)
    assert excerpt.where(excerpt.y == 1).digest != excerpt.digest


def test_folds_share_no_speaker_and_spread_words(excerpt):
    folds = speaker_folds(excerpt, 5)
    for speaker in set(excerpt.speaker.tolist()):
        assert len(set(folds[excerpt.speaker == speaker].tolist())) == 1
    for word in set(excerpt.word.tolist()):
        counts = np.bincount(folds[excerpt.word == word], minlength=5)
        assert counts.max() - counts.min() <= 3


@pytest.fixture
def data_set(monkeypatch, tmp_path):
    folder = tmp_path / FOLDER
    (folder / "yes").mkdir(parents=True)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    rows = [("yes/a.flac", "yes", "a", "train"), ("yes/b.flac", "no", "b", "test")]
    for number, (path, *_) in enumerate(rows):
        soundfile.write(folder / path, tone(300 * (number + 1), 1 - number / 2), RATE)

    def manifest(rows):
        with (folder / "manifest.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("path", "word", "speaker", "split"), *rows])

    manifest(rows)
    return folder, rows, manifest


def test_a_data_set_is_computed_once(data_set, tmp_path):
    folder, _, _ = data_set
    done = []
    found = load_keywords(tmp_path / "cache", done.append, 2)
    assert found.y.tolist() == [1, 0] and found.fitted == 1 and done == [1, 1]
    np.testing.assert_array_equal(found.x[0], mfcc.mfcc(read_audio(folder / "yes" / "a.flac")))
    assert found.altered.shape == (2, 2, mfcc.FRAMES, mfcc.COEFFICIENTS)
    assert found.of("test").altered.tolist() == found.altered[1:].tolist()
    again = load_keywords(tmp_path / "cache", done.append, 2)
    assert again.digest == found.digest and len(done) == 2
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(b"damaged")
    assert load_keywords(tmp_path / "cache", done.append, 2).digest == found.digest and len(done) == 4
    soundfile.write(folder / "yes" / "a.flac", tone(500, 0.9), RATE)
    assert load_keywords(tmp_path / "cache", None, 2).digest != found.digest


def test_a_bad_data_set_is_named(data_set, tmp_path):
    folder, rows, manifest = data_set
    with pytest.raises(DataError, match="no clip of the splits validation"):
        load_keywords(tmp_path / "cache").of("validation")
    for changed, message in (
        ([("yes/c.flac", "yes", "c", "train")], "c.flac, listed in manifest.csv, is missing"),
        ([("yes/a.flac", "yes", "a", "tent")], "line 2: needs path, word"),
        ([], "lists no clips"),
    ):
        manifest(changed)
        with pytest.raises(DataError, match=message):
            load_keywords(tmp_path / "cache")
    (folder / "manifest.csv").unlink()
    with pytest.raises(DataError, match="unset REMORA_DATA"):
        load_keywords(tmp_path / "cache")
