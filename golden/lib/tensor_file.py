"""Files of another program's network: safetensors, ONNX and `.npz`, all read into arrays by PyTorch's names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.lib.npz import NpzError, read_npz
from remora.golden.lib.onnx_graph import OnnxError, read_onnx
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.extras import require_extra
from remora.spec.lib.files import naming

READ = "safetensors (a PyTorch state_dict), ONNX and .npz"
HDF5 = b"\x89HDF\r\n\x1a\n"
"""How a file of NIR, or of Keras, begins."""
NO_NIR = (
    "NIR has no node for this network: its nodes are spiking neurons, integrators and linear maps, and none is a tanh "
    "recurrent layer, a MiRU or a bistable cell; save the state_dict as safetensors, or the arrays as .npz"
)
SAVE_STATE = (
    "a file of pickled Python objects is not read, since reading one runs what is in it; write "
    "safetensors.torch.save_file(model.state_dict(), 'network.safetensors') in PyTorch"
)
REFUSED = {
    ".nir": NO_NIR,
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".pkl"), SAVE_STATE),
    **dict.fromkeys((".h5", ".hdf5", ".keras", ".tflite", ".pb"), f"not read; give {READ}"),
}
"""Ending → why a file of it is refused."""


class TensorFileError(RemoraError):
    """A file of another program's network cannot be used; the message names the file, why, and what to do."""


@dataclass(frozen=True)
class TensorFile:
    """What a file holds.

    Attributes:
        path: of the file.
        arrays: by name; of an ONNX graph named as PyTorch names those of `torch.nn.RNN` and `torch.nn.Linear`.
        said: text by name that stands beside the arrays, as safetensors have it.
    """

    path: Path
    arrays: dict[str, NDArray]
    said: dict[str, str] = field(default_factory=dict)


def read_tensors(path: Path) -> TensorFile:
    """Read a file of arrays, by its ending.

    Raises:
        TensorFileError: it is missing, damaged, empty or of a kind that is not read.
        MissingExtra: its reader is not installed.
        OSError: it cannot be read; the error names it.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise TensorFileError(f"{path} is no file; give one of {READ}")
    with naming(path), path.open("rb") as opened:
        if opened.read(len(HDF5)) == HDF5 and ending not in (".h5", ".hdf5", ".keras"):
            ending = ".nir"
    if ending in REFUSED:
        raise TensorFileError(f"{path}: {REFUSED[ending]}")
    readers = {".npz": _npz, ".safetensors": _safetensors, ".onnx": _onnx}
    if ending not in readers:
        raise TensorFileError(f"{path}: a file that ends in '{ending}' is not read; give one of {READ}")
    found = readers[ending](path)
    if not found.arrays:
        raise TensorFileError(f"{path} holds no array at all; give one of {READ}")
    return found


def _npz(path: Path) -> TensorFile:
    try:
        return TensorFile(path, read_npz(path))
    except NpzError as error:
        raise TensorFileError(f"{path} is {error}") from error


def _safetensors(path: Path) -> TensorFile:
    require_extra(f"reading {path.name}", "import")
    from safetensors import SafetensorError, safe_open

    arrays = {}
    try:
        with naming(path), safe_open(path, "numpy") as opened:
            said = dict(opened.metadata() or {})
            for name in opened.keys():  # noqa: SIM118, it is no mapping
                arrays[name] = np.asarray(opened.get_tensor(name))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise TensorFileError(f"{path} is truncated or no safetensors file: {error}") from error
    except (TypeError, AttributeError, ValueError) as error:
        remedy = "save the state_dict of model.float()"
        raise TensorFileError(f"{path} holds numbers that numpy does not have ({error}); {remedy}") from error
    return TensorFile(path, arrays, said)


def _onnx(path: Path) -> TensorFile:
    require_extra(f"reading {path.name}", "import")
    try:
        return TensorFile(path, read_onnx(path))
    except OnnxError as error:
        raise TensorFileError(f"{path}: {error}") from error
