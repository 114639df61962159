"""Files of other programs come back as the arrays that were written, and what is none is refused in one line."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from remora.golden.lib.tensor_file import TensorFileError, read_tensors

ARRAYS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.array([1.5, -2], np.float16)}


def test_arrays_come_back_whole(tmp_path):
    save_file(ARRAYS, tmp_path / "network.safetensors", {"from": "here"})
    np.savez(tmp_path / "network.npz", **ARRAYS)
    for name in ("network.safetensors", "network.npz"):
        found = read_tensors(tmp_path / name)
        assert found.arrays.keys() == ARRAYS.keys()
        for key, array in ARRAYS.items():
            np.testing.assert_array_equal(found.arrays[key], array)
    assert read_tensors(tmp_path / "network.safetensors").said == {"from": "here"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.safetensors", b"abc", "truncated or no safetensors file"),
        ("a.onnx", b"abc", "truncated or no ONNX file"),
        ("a.onnx", b"", "0 nodes RNN"),
        ("a.npz", b"abc", "truncated or not a .npz file"),
        ("a.nir", b"abc", "NIR has no node for this network"),
        ("a.npz", b"\x89HDF\r\n\x1a\n", "NIR has no node for this network"),
        ("a.pt", b"abc", r"save_file\(model.state_dict\(\)"),
        ("a.txt", b"abc", "a file that ends in '.txt' is not read"),
    ],
)
def test_what_is_no_network_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TensorFileError, match=said) as caught:
        read_tensors(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_is_empty_is_refused(tmp_path):
    with pytest.raises(TensorFileError, match="is no file; give one of safetensors"):
        read_tensors(tmp_path / "none.npz")
    save_file({}, tmp_path / "empty.safetensors")
    with pytest.raises(TensorFileError, match="holds no array at all"):
        read_tensors(tmp_path / "empty.safetensors")
