"""Files of a chip for ``+remora_chip=DIR``, as docs/reference/macros.md describes them, from golden's devices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.state import LayerState
from remora.spec.crossbar.layout import Tile
from remora.spec.devices.model import DeviceModel
from remora.spec.devices.tables import log_table, normal_table, power_table

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class TileChip:
    """The devices of one tile.

    Attributes:
        name: of the tile's files. ``tile``: where it lies in its layer.
        model: what all devices share. ``made``: how those of the layer were made.
    """

    name: str
    tile: Tile
    model: DeviceModel
    made: ChipLayer

    def of_tile(self, array: Integers) -> Integers:
        """The tile's part of an array (…, rows, columns) of the layer."""
        return array[..., self.tile.row_slice, self.tile.column_slice]

    def by_device(self, *arrays: Integers) -> Integers:
        """(pairs, 2 · arrays) of arrays (2, rows, columns) of the layer: a pair a line, first all of its g⁺."""
        stacked = np.stack([self.of_tile(array) for array in arrays])  # (arrays, 2, rows, columns)
        return stacked.transpose(2, 3, 1, 0).reshape(-1, 2 * len(arrays))

    def model_text(self) -> str:
        """``NAME.model``."""
        tile, model, made = self.tile, self.model, self.made
        planes = made.planes[tile.row_tile]
        converters = np.stack([made.offset, made.gain])[:, tile.row_tile, tile.column_slice].T
        return _lines(
            [
                [made.layer, tile.row_tile, tile.first_row, tile.first_column, tile.rows, tile.columns, len(planes)],
                [model.seed, model.rest, model.full, model.level],
                model.raise_steps, model.lower_steps, model.write_noise,
                model.drift, model.drift_spread, model.slow_noise,
                [model.cycle_noise, model.cycle_range, model.read_noise, model.slow_base],
                [model.wire_row, model.wire_column, model.converter_noise[made.layer]],
                planes, *converters, log_table(), power_table(), normal_table(),
            ]
        )  # fmt: skip

    def chip_text(self) -> str:
        """``NAME.chip``."""
        return _lines(self.by_device(*self.made.numbers))

    def state_text(self, state: LayerState, ageings: int, probes: int) -> str:
        """``NAME.devices``."""
        return _lines([[ageings, probes], *self.by_device(state.p, state.n, state.t, state.s)])

    def write(self, folder: Path, state: LayerState, ageings: int, probes: int) -> None:
        """All three files."""
        texts = {
            "model": self.model_text(),
            "chip": self.chip_text(),
            "devices": self.state_text(state, ageings, probes),
        }
        for kind, text in texts.items():
            (folder / f"{self.name}.{kind}").write_text(text, encoding="utf-8")


def _lines(rows: Iterable[Iterable[int]]) -> str:
    return "".join(" ".join(str(int(value)) for value in row) + "\n" for row in rows)
