"""A user's own sequences in an `.npz` file, with or without a split into training and test."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.data.idx import DataError
from remora.golden.data.sequences import SequenceSet, fit
from remora.golden.lib.npz import NpzError, read_npz
from remora.spec.crossbar.design import DesignPoint

TRAIN, TEST = "train", "test"
HELD_OUT_EVERY = 5
"""Without a split, every so many-th sequence is for testing."""

_WHOLE = ("x", "y", "lengths", "split")
_PARTED = tuple(f"{name}_{part}" for part in (TRAIN, TEST) for name in ("x", "y", "lengths"))
_SIMILAR = 0.75
"""How alike a name must be to one of ours to be taken for a slip."""


def load_own(path: Path, design: DesignPoint) -> tuple[SequenceSet, NDArray[np.bool_] | None]:
    """All sequences of a file, and which of them are for testing, (sequences,); None where the file does not say.

    The file holds ``x`` (sequences, steps, features), uint8, or int8 where the design has signed features, and ``y``
    (sequences,), integer labels below the number of classes. Besides it may hold ``lengths`` (sequences,), integers
    1 … steps, where sequences differ in length: what ``x`` holds beyond is ignored; and ``split`` (sequences,), strings
    "train" or "test". Or it holds ``x_train``, ``y_train``, ``x_test`` and ``y_test``, each with its own number of
    steps, and ``lengths_train`` or ``lengths_test`` where sequences differ in length. Arrays of other names are
    ignored, unless they look like a slip of one of these.

    Raises:
        DataError: file or content is not so; the message says what was found and what is legal.
    """
    try:
        content = read_npz(path)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; give 'mnist', 'synthetic' or the path of a .npz file") from error
    except NpzError as error:
        raise DataError(f"{path} is {error}") from error
    _check_names(path, content)
    if parts := [name for name in _PARTED if name in content]:
        if whole := [name for name in _WHOLE if name in content]:
            raise DataError(f"{path} holds {', '.join(whole)} and {', '.join(parts)}: give one form or the other")
        train, test = (
            fit(design, *_arrays(path, content, f"_{part}"), f"{path}, {part}", content.get(f"lengths_{part}"))
            for part in (TRAIN, TEST)
        )
        return _joined(train, test), np.arange(len(train) + len(test)) >= len(train)
    found = fit(design, *_arrays(path, content, ""), str(path), content.get("lengths"))
    return found, _test_mask(path, content["split"], len(found)) if "split" in content else None


def split(path: Path, whole: SequenceSet, test: NDArray[np.bool_] | None) -> tuple[SequenceSet, SequenceSet]:
    """Training and test set: as the file says, else every fifth sequence, from the fifth on, is for testing.

    Raises:
        DataError: there are too few sequences to split.
    """
    if test is None:
        if len(whole) < HELD_OUT_EVERY:
            raise DataError(
                f"{path}: {len(whole)} sequences are too few to split into training and test; give at least "
                f"{HELD_OUT_EVERY}, or an array 'split'"
            )
        test = np.arange(len(whole)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    return whole.where(~test), whole.where(test)


def _check_names(path: Path, content: dict[str, NDArray]) -> None:
    ours = (*_WHOLE, *_PARTED)
    for name in content:
        if name not in ours and (close := get_close_matches(name.lower(), ours, 1, _SIMILAR)):
            raise DataError(f"{path} holds an array '{name}': call it '{close[0]}', if that is meant, or leave it out")


def _arrays(path: Path, content: dict[str, NDArray], suffix: str) -> tuple[NDArray, NDArray]:
    for key in (f"x{suffix}", f"y{suffix}"):
        if key not in content:
            raise DataError(f"{path} has no array '{key}'; it holds {', '.join(content) or 'nothing'}")
    return content[f"x{suffix}"], content[f"y{suffix}"]


def _joined(train: SequenceSet, test: SequenceSet) -> SequenceSet:
    steps = max(train.x.shape[1], test.x.shape[1])
    same = train.x.shape[1] == test.x.shape[1] and train.lengths is None and test.lengths is None
    x = [np.pad(part.x, ((0, 0), (0, steps - part.x.shape[1]), (0, 0))) for part in (train, test)]
    lengths = None if same else np.concatenate([train.steps, test.steps])
    return SequenceSet(np.concatenate(x), np.concatenate([train.y, test.y]), lengths)


def _test_mask(path: Path, array: NDArray, count: int) -> NDArray[np.bool_]:
    if array.shape != (count,) or array.dtype.kind not in "US":
        raise DataError(
            f"{path}: split is {array.dtype} of shape {array.shape}; expected {count} strings, '{TRAIN}' or '{TEST}'"
        )
    names = np.char.decode(array, "latin-1") if array.dtype.kind == "S" else array
    if unknown := sorted(set(names.tolist()) - {TRAIN, TEST}):
        raise DataError(f"{path}: split holds {unknown[0]!r}; legal are '{TRAIN}' and '{TEST}'")
    mask = names == TEST
    if mask.all() or not mask.any():
        raise DataError(f"{path}: split marks all sequences '{names[0]}'; both '{TRAIN}' and '{TEST}' must occur")
    return mask
