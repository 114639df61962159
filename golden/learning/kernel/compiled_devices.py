"""Real devices of a layer for the compiled kernel: ``Devices`` of ``compiled_devices.h``, filled from a `DeviceLayer`.

State and conductances are the layer's own arrays, which compiled code changes in place. Weights and variances are
copies, since their rows have another length there.
"""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int64, c_void_p

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.device_layer import DeviceLayer
from remora.golden.devices.chip import LANE_OF_LAYER
from remora.golden.devices.reading import COLUMNS_PER_DRAW
from remora.spec.devices.model import device_number
from remora.spec.devices.tables import normal_table

BLOCK = 16
"""``kBlock`` of the source: columns come in multiples of it."""
ALIGNMENT = 64
"""Bytes of the widest vectors that are loaded at once."""
_STATE = ("p", "n", "t", "s")
_NUMBERS = ("low", "high", "up", "down", "endurance")
_TABLES = ("raise_steps", "lower_steps", "write_noise")
_OF_MODEL = ("seed", "rest", "full", "sensed_full", "level", "limit", "cycle_noise", "cycle_range", "read_noise")


class DevicesStructure(ctypes.Structure):
    """``Devices`` of the source."""

    _fields_ = [
        *((name, c_void_p) for name in (*_STATE, "conductance", *_NUMBERS, *_TABLES, "scale", "weights", "variance")),
        *((name, c_void_p) for name in ("counted", "squares", "gain", "constant", "start", "unit")),
        *((name, c_void_p) for name in ("entries", "spare", "sums", "power", "noise", "drawn", "bitlines", "marked")),
        *((name, c_void_p) for name in ("read_words", "converter_gains", "converter_offsets")),
        *((name, c_int64) for name in ("started", "lane", "groups", "bitline_stride", "words", "number", *_OF_MODEL)),
        *((name, c_int64) for name in ("staged", "writes_noisily", "probes", "code_shift")),
        ("converter_noise", c_double),
    ]  # fmt: skip


class CompiledDevices:
    """The devices of one layer.

    Attributes:
        layer: golden's; its `matrix` is not kept up to date, all else is.
        structure: for the compiled code.

    Args:
        stride: of the rows of weights and variances, in columns.
        read_words: (row tiles,) what the driven row of a read counts as. Rule J1.
        code_shift: F of rule D18.
    """

    def __init__(self, layer: DeviceLayer, stride: int, read_words: NDArray[np.int64], code_shift: int):
        self.layer, self.structure, model, made = layer, DevicesStructure(), layer.model, layer.made
        self._weights, self._variance = (aligned_zeros((made.shape[1], stride), float) for _ in range(2))
        self._kept: dict[str, NDArray] = {
            **{name: np.ascontiguousarray(getattr(made, name)) for name in _NUMBERS},
            **{name: np.array(getattr(model, name), np.int64) for name in _TABLES},
            **{name: _wider(array, stride) for name, array in layer.converters().items()},
            **layer.word_tables(),
            "read_words": read_words, "converter_gains": np.ascontiguousarray(made.gain, np.int64),
            "converter_offsets": np.ascontiguousarray(made.offset, np.int64),
            "scale": layer.scale_of_weights, "entries": np.array(normal_table(), float),
            "weights": self._weights, "spare": np.zeros(len(self._weights)),
            **{name: aligned_zeros((stride,), float) for name in ("sums", "power", "noise")},
        }  # fmt: skip
        for name, array in self._kept.items():
            setattr(self.structure, name, array.ctypes.data)
        for name in _OF_MODEL:
            setattr(self.structure, name, getattr(model, name))
        if layer.state.marked is not None:
            self._kept["marked"] = np.ascontiguousarray(layer.state.marked, np.bool_)
            self.structure.marked = self._kept["marked"].ctypes.data
        self.structure.bitline_stride = stride
        # Whole vectors of draws: the last of them serve nobody.
        self.structure.groups = groups = -(-made.drawn_columns // (COLUMNS_PER_DRAW * BLOCK)) * BLOCK
        self._kept["drawn"] = aligned_zeros((2, groups), np.uint32)
        self.structure.drawn = self._kept["drawn"].ctypes.data
        if not made.draws_in_order:
            self._kept["bitlines"] = np.zeros((len(made.bitlines), stride), np.int64)
            self._kept["bitlines"][:, : made.shape[2]] = made.bitlines
            self.structure.bitlines = self._kept["bitlines"].ctypes.data
        self.structure.variance = self._variance.ctypes.data if model.read_noise else None
        if not model.reads_noisily:
            self.structure.unit = None
        self.structure.lane = made.layer << LANE_OF_LAYER
        self.structure.words = self._kept["counted"].shape[1]
        self.structure.number = int(device_number(made.layer, 0, 0, 0))
        self.structure.staged, self.structure.writes_noisily = layer.staged, any(model.write_noise)
        self.structure.code_shift = code_shift
        self.structure.converter_noise = model.converter_noise[made.layer]
        self.renew()

    def renew(self) -> None:
        """Take weights and addresses from the layer, after its state was set or aged."""
        layer, columns = self.layer, self.layer.matrix.shape[1]
        self._weights[:, :columns] = layer.matrix
        if layer.depth == 2:
            self._variance[:, :columns] = layer.variance
        for name in _STATE:
            array = np.ascontiguousarray(getattr(layer.state, name), np.int64)
            setattr(layer.state, name, array)
            setattr(self.structure, name, array.ctypes.data)
        layer.conductance = np.ascontiguousarray(layer.conductance, np.int64)
        self.structure.conductance = layer.conductance.ctypes.data

    def pulsed(self) -> None:
        """Follow pulses that compiled code gave: wires make every weight of a tile depend on each of its devices."""
        if self.layer.model.wired:
            self.layer.refresh(None)
            self.renew()


def aligned_zeros(shape: tuple[int, ...], dtype) -> NDArray:
    """An array that starts where the widest vectors are loaded at once."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def _wider(array: NDArray[np.floating], stride: int) -> NDArray[np.float64]:
    """Rows of another length, zero beyond."""
    wide = aligned_zeros((len(array), stride), float)
    wide[:, : array.shape[1]] = array
    return wide
