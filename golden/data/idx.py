"""Images and labels in idx files: the format's reader, and where the digits are found.

Format (http://yann.lecun.com/exdb/mnist): the bytes ``0, 0, type, dimensions``, a big-endian 32-bit size for each
dimension, the data.
"""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.errors import RemoraError

DATA_VARIABLE = "REMORA_DATA"
EXCERPT = Path(__file__).parents[2] / "data" / "mnist"
"""The bundled digits: the first 3,000 for training and the first 1,000 for testing."""

_STEMS = {"train": "train", "test": "t10k"}
_UINT8 = 0x08


class DataError(RemoraError):
    """Data cannot be read or does not fit the design point; the message says what was found and what to do."""


def load_mnist(split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (n, height, width) and labels (n,) of the ``train`` or ``test`` split.

    Read from ``$REMORA_DATA/mnist`` where that variable is set (any idx files of the four standard names will do, gzip
    or plain), else from the bundled excerpt.

    Raises:
        DataError: a file is missing, broken, or images and labels differ in number.
    """
    folder = data_folder()
    stem = _STEMS[split]
    images = read_idx(_find(folder, f"{stem}-images-idx3-ubyte"), dimensions=3)
    labels = read_idx(_find(folder, f"{stem}-labels-idx1-ubyte"), dimensions=1)
    if len(images) != len(labels) or not images.size:
        raise DataError(
            f"{folder}: {len(images)} {split} images of {images.shape[1:]} pixels, but {len(labels)} labels"
        )
    return images, labels


def data_folder() -> Path:
    """Folder that the digits are read from."""
    root = os.environ.get(DATA_VARIABLE)
    return Path(root) / "mnist" if root else EXCERPT


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    remedy = (
        f"put it there or unset {DATA_VARIABLE} to use the bundled digits"
        if folder != EXCERPT
        else "restore it from the repository"
    )
    raise DataError(f"{folder}/{name}[.gz] is missing; {remedy}")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes.

    Args:
        path: the file; gzip where its name ends in `.gz`.
        dimensions: how many it must have.

    Raises:
        DataError: the file is missing, not gzip, of another type, or its size is not what its header says.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    magic = bytes((0, 0, _UINT8, dimensions))
    if content[:4] != magic:
        raise DataError(
            f"{path} starts with {content[:4].hex() or 'nothing'}; "
            f"an idx file of bytes in {dimensions} dimensions starts with {magic.hex()}"
        )
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DataError(f"{path} is truncated inside its header")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    expected = start + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise DataError(f"{path} holds {len(content)} bytes; its header, shape {shape}, announces {expected}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
