"""Files of a chip: what the models of the tiles start from, and what they leave; ``docs/reference/macros.md``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import NUMBERS, Chip, ChipLayer
from remora.golden.devices.state import DeviceState, LayerState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Tile, all_tiles
from remora.spec.crossbar.spares.spare_map import bitlines_of
from remora.spec.devices.model import DeviceModel
from remora.spec.devices.tables import log_table, normal_table, power_table
from remora.spec.lib.files import write_text

STATE = ("p", "n", "t", "s")
"""What a device's past made of it, in the order of a file."""
_TABLES = ("raise_steps", "lower_steps", "write_noise", "drift", "drift_spread", "slow_noise")
_NUMBERS = ("cycle_noise", "cycle_range", "read_noise", "slow_base", "wire_row", "wire_column")


def write_chip(directory: Path, design: DesignPoint, state: DeviceState, chip: Chip | None = None) -> None:
    """Write model, devices and state of every tile of a chip.

    Args:
        chip: that which the design point describes where None; its spares are mapped as those of the state.

    Raises:
        OSError: the folder cannot be written.
    """
    chip = chip or Chip.of(design, state.spares)
    for tile in all_tiles(design):
        write_tile(
            directory,
            tile.name,
            chip.model,
            chip.layers[tile.layer],
            tile,
            state.layers[tile.layer],
            state.ageings,
            state.probes[tile.layer],
        )


def write_tile(
    directory: Path,
    name: str,
    model: DeviceModel,
    made: ChipLayer,
    tile: Tile,
    state: LayerState,
    ageings: int,
    probes: int = 0,
) -> None:
    """Write the files of one tile under its name.

    Args:
        made: the layer that the tile lies in; ``state``: of that layer's devices.
        ageings, probes: how often the devices were aged, and samples that belonged to no sequence.

    Raises:
        OSError: the folder cannot be written.
    """
    spares = made.spares[tile.index] if made.spares else ()
    _write(directory / f"{name}.model", _model(model, made, tile, spares))
    _write(directory / f"{name}.chip", _pairs(made, NUMBERS, tile, spares))
    _write(directory / f"{name}.devices", [[ageings, probes], *tile_state(state, tile, spares).tolist()])


def state_file(tile: Tile) -> str:
    """Name of the file that holds the state of a tile's devices."""
    return f"{tile.name}.devices"


def read_state_of(directory: Path, tile: Tile) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What a simulation left: (2,) ageings and probes, and (pairs, 8) `STATE` of g⁺ and of g⁻, as many as there are."""
    path = directory / state_file(tile)
    numbers = np.array(path.read_text(encoding="utf-8").split() if path.is_file() else [], np.int64)
    pairs = numbers[2:]
    return numbers[:2], pairs[: len(pairs) // 8 * 8].reshape(-1, 8)


def tile_state(layer: LayerState, tile: Tile, spares: tuple[int, ...] = ()) -> NDArray[np.int64]:
    """(pairs, 8) of a tile, as `read_state_of` gives them.

    Args:
        spares: what the tile's spare columns stand in for, as `SpareMap` has it.
    """
    return np.array(_pairs(layer, STATE, tile, spares), np.int64)


def _of_bitlines(own: NDArray, parked: NDArray | None, tile: Tile, spares: tuple[int, ...]) -> NDArray:
    """Values of a tile's columns and spares, (…, columns + spares), in the order of its bitlines. Rules Y1 and Y5.

    Args:
        own: (…, columns of the layer). ``parked``: likewise of what serves no column.
    """
    found = own[..., tile.column_slice]
    if parked is None:
        return found
    first = tile.column_tile * tile.spares
    found = np.concatenate([found, parked[..., first : first + tile.spares]], axis=-1)
    return found[..., bitlines_of(tile, spares)]


def _pairs(
    held: ChipLayer | LayerState, names: tuple[str, ...], tile: Tile, spares: tuple[int, ...]
) -> list[list[int]]:
    """A line a pair, row by row: the arrays' values of g⁺, then those of g⁻."""
    rows = (slice(None), tile.row_slice)
    parked = held.parked
    arrays = [
        _of_bitlines(getattr(held, name)[rows], getattr(parked, name)[rows] if parked else None, tile, spares)
        for name in names
    ]
    chosen = np.stack(arrays, axis=-1)
    return chosen.transpose(1, 2, 0, 3).reshape(-1, 2 * len(names)).tolist()


def _model(model: DeviceModel, made: ChipLayer, tile: Tile, spares: tuple[int, ...]) -> Iterable[list[int]]:
    planes = made.planes[tile.row_tile].tolist()
    bitlines = tile.columns + tile.spares
    yield [made.layer, tile.row_tile, tile.first_row, tile.first_column, tile.rows, bitlines, len(planes)]
    yield [tile.columns, made.shape[2] + tile.column_tile * tile.spares]
    yield [model.seed, model.rest, model.full, model.level]
    for name in _TABLES:
        yield list(getattr(model, name))
    yield [*(getattr(model, name) for name in _NUMBERS), model.converter_noise[made.layer]]
    yield planes
    parked, at = made.parked, tile.row_tile
    converters = [
        _of_bitlines(getattr(made, name)[at], getattr(parked, name)[at] if parked else None, tile, spares)
        for name in ("offset", "gain")
    ]
    yield from np.stack(converters, axis=1).tolist()
    for table in (log_table(), power_table(), normal_table()):
        yield list(table)


def _write(path: Path, lines: Iterable[Iterable[int]]) -> None:
    text = "\n".join(" ".join(map(str, map(int, line))) for line in lines)
    write_text(path, f"{text}\n")
