"""Spoken words as sequences of cepstral coefficients: the whole data set where it is at hand, else the bundled excerpt.

The keyword is "yes", class 1; no, up, down, left, right and silence are class 0. The clips are from Google Speech
Commands v0.02.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.data import augmentation, mfcc
from remora.golden.data.idx import DATA_VARIABLE, DataError
from remora.golden.data.manifest import read_manifest
from remora.golden.data.sound import read_audio
from remora.golden.lib.npz import NpzError, read_npz, write_npz

KEYWORD = "yes"
FOLDER = "speech_commands"
BUNDLED = Path(__file__).parents[2] / "data" / FOLDER
EXCERPT = BUNDLED / "excerpt.npz"
_ARRAYS = {"x", "word", "speaker", "split"}


@dataclass(frozen=True)
class KeywordSet:
    """Clips with what is known of each.

    Attributes:
        x: (n, 101, 13) int16 cepstral coefficients in 1/16.
        word, speaker, split: (n,) strings; a split is train, validation or test.
        altered: (n, versions, 101, 13) altered versions of the clips (`remora.golden.data.augmentation`), for training
            only; no versions in the excerpt.
        origin: what the data is, in words.
        fitted: how many clips were not one second long and have been cut or filled up.
    """

    x: NDArray[np.int16]
    word: NDArray[np.str_]
    speaker: NDArray[np.str_]
    split: NDArray[np.str_]
    altered: NDArray[np.int16]
    origin: str
    fitted: int = 0

    def __len__(self) -> int:
        return len(self.x)

    @property
    def y(self) -> NDArray[np.int64]:
        """Class of each clip: 1 where the keyword is said."""
        return (self.word == KEYWORD).astype(np.int64)

    def where(self, chosen: NDArray) -> KeywordSet:
        """The clips that a mask or indices choose."""
        return replace(
            self,
            x=self.x[chosen],
            word=self.word[chosen],
            speaker=self.speaker[chosen],
            split=self.split[chosen],
            altered=self.altered[chosen],
        )

    def of(self, *splits: str) -> KeywordSet:
        """The clips of some splits.

        Raises:
            DataError: there are none.
        """
        chosen = np.isin(self.split, splits)
        if not chosen.any():
            raise DataError(f"{self.origin}: no clip of the splits {', '.join(splits)}")
        return self.where(chosen)

    @property
    def digest(self) -> str:
        """Identifies the clips by their content."""
        labels = [array.tolist() for array in (self.word, self.speaker, self.split)]
        return hashlib.sha256(self.x.tobytes() + self.altered.tobytes() + json.dumps(labels).encode()).hexdigest()[:16]


def load_keywords(cache: Path, progress: Callable[[int], None] | None = None, versions: int = 0) -> KeywordSet:
    """All clips of ``$REMORA_DATA/speech_commands/manifest.csv`` where that variable is set, else the bundled excerpt.

    Args:
        cache: folder in which features are kept under a digest of the manifest, the sizes and times of the files and
            the front end.
        progress: called after every clip that is read.
        versions: altered ones that are wanted besides of every clip; the excerpt has none.

    Raises:
        DataError: the manifest or a clip is missing or damaged.
    """
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        return _from_arrays(_read(EXCERPT, "restore it from the repository"), EXCERPT, "bundled excerpt")
    folder = Path(root) / FOLDER
    rows = read_manifest(folder / "manifest.csv")
    path = cache / f"mfcc-{_key(folder, rows, versions)}.npz"
    try:
        content = read_npz(path)
    except (FileNotFoundError, NpzError):
        # A damaged cache is as good as none.
        content = _compute(folder, rows, versions, progress)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, content)
    return _from_arrays(content, path, f"{len(rows):,} clips of Speech Commands")


def save_excerpt(path: Path, clips: KeywordSet) -> None:
    """Write clips in the format of the bundled excerpt, which has them at their own speed only."""
    write_npz(path, {"x": clips.x, "word": clips.word, "speaker": clips.speaker, "split": clips.split})


def speaker_folds(clips: KeywordSet, count: int) -> NDArray[np.int64]:
    """Number of the fold of each clip, 0 … count − 1: speakers are never shared, and every word is spread evenly.

    Speakers are dealt out from the one with most clips to the one with fewest, ties by name, each to the fold in which
    it makes the sum of the squared numbers of clips of each word grow least, ties to the lower.
    """
    words, word = np.unique(clips.word, return_inverse=True)
    speakers, speaker = np.unique(clips.speaker, return_inverse=True)
    clips_of = np.zeros((len(speakers), len(words)), np.int64)
    np.add.at(clips_of, (speaker, word), 1)
    filled, fold = np.zeros((count, len(words)), np.int64), np.zeros(len(speakers), np.int64)
    for one in np.argsort(-clips_of.sum(axis=1), kind="stable"):
        fold[one] = np.argmin((2 * filled + clips_of[one]) @ clips_of[one])
        filled[fold[one]] += clips_of[one]
    return fold[speaker]


def _key(folder: Path, rows: list[dict[str, str]], versions: int) -> str:
    settings = {name: value for one in (mfcc, augmentation) for name, value in vars(one).items() if name.isupper()}
    files = []
    for row in rows:
        try:
            status = (folder / row["path"]).stat()
        except FileNotFoundError as error:
            raise DataError(f"{folder / row['path']}, listed in manifest.csv, is missing") from error
        except OSError as error:
            raise DataError(f"{folder / row['path']}, listed in manifest.csv: {error.strerror or error}") from error
        files.append((status.st_size, status.st_mtime_ns))
    identity = json.dumps([settings, versions, rows, files], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _compute(
    folder: Path,
    rows: list[dict[str, str]],
    versions: int,
    progress: Callable[[int], None] | None,
) -> dict[str, NDArray]:
    features, altered, fitted = [], [], 0
    for clip, row in enumerate(rows):
        samples, missing = mfcc.fit_clip(read_audio(folder / row["path"]))
        fitted += missing != 0
        features.append(mfcc.mfcc(samples))
        altered.append(augmentation.versions(samples, clip, versions))
        if progress:
            progress(1)
    named = {name: np.array([row[name] for row in rows]) for name in ("word", "speaker", "split")}
    found = {"x": np.array(features), "altered": np.array(altered)}
    return {**found, **named, "fitted": np.array(fitted)}


def _read(path: Path, remedy: str) -> dict[str, NDArray]:
    try:
        return read_npz(path)
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; {remedy}") from error
    except NpzError as error:
        raise DataError(f"{path}: {error}; {remedy}") from error


def _from_arrays(content: dict[str, NDArray], path: Path, origin: str) -> KeywordSet:
    shape = (mfcc.FRAMES, mfcc.COEFFICIENTS)
    if not _ARRAYS <= content.keys() or content["x"].shape[1:] != shape or content["x"].dtype != np.int16:
        raise DataError(f"{path} does not hold clips of {shape[0]} frames of {shape[1]} coefficients with their labels")
    x, word, speaker, split = (content[name] for name in ("x", "word", "speaker", "split"))
    altered = content.get("altered", np.zeros((len(x), 0, *shape), np.int16))
    return KeywordSet(x, word, speaker, split, altered, origin, int(content.get("fitted", 0)))
