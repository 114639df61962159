"""Reading idx files, and where the digits are looked for."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from remora.golden.data.idx import DATA_VARIABLE, EXCERPT, DataError, load_mnist, read_idx
from remora.spec.lib.errors import RemoraError


def idx_bytes(array: np.ndarray) -> bytes:
    return (
        bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


IMAGES = np.arange(2 * 3 * 4).reshape(2, 3, 4)


@pytest.mark.parametrize("compress", [False, True])
def test_reads_plain_and_gzip(tmp_path, compress):
    path = tmp_path / ("images.gz" if compress else "images")
    path.write_bytes(gzip.compress(idx_bytes(IMAGES)) if compress else idx_bytes(IMAGES))
    np.testing.assert_array_equal(read_idx(path, 3), IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing; an idx file of bytes in 3 dimensions starts with 00000803"),
        (idx_bytes(IMAGES)[:10], "truncated inside its header"),
        (idx_bytes(IMAGES)[:-1], r"holds 39 bytes; its header, shape \(2, 3, 4\), announces 40"),
        (idx_bytes(IMAGES) + b"x", "holds 41 bytes"),
        (idx_bytes(IMAGES.ravel()), "starts with 00000801"),
        (b"\0\0\x0d\3" + idx_bytes(IMAGES)[4:], "starts with 00000d03"),
        (bytes((0, 0, 8, 3)) + b"\xff" * 12, "announces 79228162458924105385300197391"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value) and isinstance(caught.value, RemoraError)


def test_broken_gzip_and_missing_files_are_one_error(tmp_path):
    packed = gzip.compress(idx_bytes(IMAGES))
    for name, content in (
        ("short.gz", packed[:-9]),
        ("plain.gz", idx_bytes(IMAGES)),
        ("flipped.gz", packed[:12] + b"\xff\xff" + packed[14:]),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name} cannot be read"):
            read_idx(tmp_path / name, 3)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path / "absent", 3)


def test_the_bundled_excerpt(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    for split, count, first in (("train", 3000, [5, 0, 4, 1, 9]), ("test", 1000, [7, 2, 1, 0, 4])):
        images, labels = load_mnist(split)
        assert images.shape == (count, 28, 28) and images.dtype == np.uint8
        assert labels[:5].tolist() == first and np.bincount(labels).min() > 0.08 * count
    for path in EXCERPT.glob("*.gz"):
        assert path.read_bytes()[3:8] == bytes(5), f"{path} carries a file name or a time: it is not reproducible"


def test_any_idx_files_in_the_data_folder_are_taken(monkeypatch, tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.array([3, 1]))))
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    images, labels = load_mnist("test")
    np.testing.assert_array_equal(images, IMAGES)
    assert labels.tolist() == [3, 1]
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte\[.gz\] is missing; put it there or unset REMORA_DATA"
    ):
        load_mnist("train")
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.array([3]))))
    with pytest.raises(DataError, match="2 test images .* but 1 labels"):
        load_mnist("test")


@pytest.mark.skipif(
    not (Path(os.environ.get(DATA_VARIABLE, "")) / "mnist" / "train-images-idx3-ubyte.gz").is_file(),
    reason=f"the full MNIST is not there; set {DATA_VARIABLE} to a folder that holds mnist/",
)
def test_the_excerpt_is_the_front_of_the_full_set():
    for split, stem in (("train", "train"), ("test", "t10k")):
        images, labels = load_mnist(split)
        bundled = (
            read_idx(EXCERPT / f"{stem}-images-idx3-ubyte.gz", 3),
            read_idx(EXCERPT / f"{stem}-labels-idx1-ubyte.gz", 1),
        )
        assert len(images) > len(bundled[0])
        np.testing.assert_array_equal(images[: len(bundled[0])], bundled[0])
        np.testing.assert_array_equal(labels[: len(bundled[1])], bundled[1])
