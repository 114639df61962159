"""`.npz` files: written whole or not at all; read with one kind of failure instead of the dozen that damaged archives
raise."""

from __future__ import annotations

import lzma
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.spec.lib.files import replacing

_DAMAGE: tuple[type[Exception], ...] = (
    OSError, ValueError, EOFError, KeyError, AttributeError, TypeError, MemoryError, RuntimeError,
    zlib.error, lzma.LZMAError, zipfile.BadZipFile, tokenize.TokenError, SyntaxError,
)  # fmt: skip


class NpzError(ValueError):
    """The file is truncated, damaged or no `.npz` file; the message says what came of reading it, not which file."""


def read_npz(path: Path) -> dict[str, NDArray]:
    """All arrays of a file; pickled objects are refused.

    Raises:
        FileNotFoundError: there is none.
        NpzError: it cannot be read.
    """
    try:
        with path.open("rb") as opened:
            # Of what is no archive, numpy would say how to load it as a pickle, which is no advice.
            if not zipfile.is_zipfile(opened):
                raise NpzError("truncated or not a .npz file")
        with np.load(path, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except (FileNotFoundError, NpzError):
        raise
    except _DAMAGE as error:
        if "allow_pickle" in str(error):
            raise NpzError("truncated or not a .npz file of plain arrays: it holds Python objects") from error
        raise NpzError(f"truncated or not a .npz file ({error or type(error).__name__})") from error
    # numpy gives a member that is no array as its bytes.
    if foreign := [name for name, array in content.items() if not isinstance(array, np.ndarray)]:
        raise NpzError(f"not a .npz file of plain arrays: it holds a file '{foreign[0]}'")
    return content


def write_npz(path: Path, content: Mapping[str, ArrayLike]) -> None:
    """Write arrays, numbers and strings, compressed; the file appears whole or not at all.

    Raises:
        OSError: it cannot be written; the error names it.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: np.asarray(value) for name, value in content.items()})
