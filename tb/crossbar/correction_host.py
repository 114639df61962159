"""The host reads and writes what is added to the codes of columns. Rule K1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from remora.golden.learning.offsets import Offsets
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.register_script import RegisterScript

MASK = 0xFFFF
"""Of the field that holds an offset."""


async def read_corrections(host: CrossbarHost) -> Offsets:
    """The offsets of all columns, of a design that calibrates."""
    return await _read(host, "CORRECTION")


async def read_biases(host: CrossbarHost) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The digital biases of all columns, of a design that has some. Rule K5."""
    return await _read(host, "CORRECTION_BIAS")


async def _read(host: CrossbarHost, register: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    script, columns = RegisterScript(host.registers), [layer_layout(host.design, layer).columns for layer in Layer]
    for layer in Layer:
        for column in range(columns[layer]):
            script.write("CORRECTION_POINTER", layer=layer, column=column)
            script.record(register)
    words = np.array(await host.make(script), np.uint32)
    found = (words & MASK).astype(np.uint16).view(np.int16).astype(np.int64)
    return found[: columns[0]], found[columns[0] :]


async def write_corrections(host: CrossbarHost, offsets: tuple[NDArray[np.integer], NDArray[np.integer]]) -> None:
    """The offsets of all columns. The core must be halted."""
    await _write(host, "CORRECTION", "offset", offsets)


async def write_biases(host: CrossbarHost, biases: tuple[NDArray[np.integer], NDArray[np.integer]]) -> None:
    """The digital biases of all columns. The core must be halted. Rule K5."""
    await _write(host, "CORRECTION_BIAS", "bias", biases)


async def _write(host: CrossbarHost, register: str, field: str, of_layers: tuple[NDArray, NDArray]) -> None:
    script = RegisterScript(host.registers)
    for layer, values in zip(Layer, of_layers, strict=True):
        for column, value in enumerate(values.tolist()):
            script.write("CORRECTION_POINTER", layer=layer, column=column)
            script.write(register, **{field: value & MASK})
    await host.make(script)
