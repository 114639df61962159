"""What the devices of every tile hold, those included that the layer leaves over where macros are larger than tiles."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.chip_files import STATE, read_state_of, tile_state
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.verify.records import COUNTERS, Check, check_values
from remora.golden.crossbar.device_window import Committed, DeviceWindow
from remora.golden.crossbar.weights import Weights, in_devices
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.counters import PROGRAMMING_COUNTERS
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.crossbar.spares.spare_map import SpareMap, bitlines_of

DEVICES = "devices"
"""Kind of the records that compare them at the end of a run."""
PATTERN = "*.devices"
"""Files that the models of the tiles leave, with ``+remora_devices=DIR``."""
_STATE_RECORD = [
    *((name, "<i4") for name in ("tile", "row", "column", "ageings")),
    ("probes", "<i8"), ("state", "<i8", (2 * len(STATE),)),
]  # fmt: skip
PROGRAMMED = "programmed"
"""Kind of the records of slices that a run programs through the weight window."""
PROGRAMMED_RECORD = [(name, "<i4") for name in ("mismatches", "unverified")]
_RECORD = [(name, "<i4") for name in ("tile", "row", "column", "weight", "unused")]


def of_tile(weights: Weights, tile: Tile) -> NDArray:
    """Weights of the rows and columns that a tile holds, (rows, columns)."""
    layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
    return np.asarray(layer)[tile.row_slice, tile.column_slice]


def of_macro(tile: Tile, used: NDArray, spares: tuple[int, ...] = ()) -> NDArray:
    """Values of what a tile uses, (rows, columns), as its macro has them, (macro rows, macro columns): 0 where it
    leaves pairs of devices over.

    Args:
        spares: of each spare column of the tile the column that it stands in for, as `SpareMap` has them; none stands
            in for any where there are none.
    """
    found = np.pad(used, [(0, tile.macro_rows - tile.rows), (0, tile.macro_columns - tile.columns)])
    served = bitlines_of(tile, spares)
    found[:, served] = found[:, : len(served)].copy()
    return found


def leaves_devices_over(design: DesignPoint) -> bool:
    """Whether a macro has pairs of devices that no row and column of its layer uses."""
    return any(tile.unused_devices for tile in all_tiles(design))


def devices_asked(directory: Path) -> str:
    """Argument of a simulation that lets every tile write its file into the folder at the end."""
    return f"+remora_devices={directory}"


def check_devices(design: DesignPoint, weights: Weights, directory: Path, spares: SpareMap) -> Check:
    """Every pair of devices as a run left it in ``directory``, with what it must be: golden's weight where the layer
    uses it, else both devices as weight 0 has them.

    A record a pair, tile by tile and row by row. ``weight`` is g⁺ − g⁻ and ``unused`` g⁺ + g⁻ of a pair that is left
    over, less that of weight 0, else 0, both in 2^−``crossbar.fraction_bits`` of a level. A pair that a file lacks has
    no record.
    """
    expected, actual, crossbar, weights = [], [], design.crossbar, in_devices(design, weights)
    at_weight_0 = sum(crossbar.pair_levels(0)) << crossbar.fraction_bits
    for number, tile in enumerate(all_tiles(design)):
        used = np.zeros((tile.macro_rows, tile.macro_columns), bool)
        used[: tile.rows, bitlines_of(tile, spares.columns[number])[: tile.columns]] = True
        wanted = np.zeros(used.size, _RECORD)
        rows, columns = np.indices(used.shape).reshape(2, -1)
        wanted["tile"], wanted["row"], wanted["column"] = number, rows, columns
        pairs = _pairs(directory, tile)[: used.size]
        found = wanted[: len(pairs)].copy()
        levels = of_macro(tile, of_tile(weights, tile), spares.columns[number]).astype(np.int64)
        wanted["weight"] = levels.reshape(-1) << design.crossbar.fraction_bits
        found["weight"] = pairs[:, 0] - pairs[:, 1]
        found["unused"] = np.where(used.reshape(-1)[: len(pairs)], 0, pairs.sum(axis=1) - at_weight_0)
        expected.append(wanted)
        actual.append(found)
    return Check(DEVICES, np.concatenate(expected), np.concatenate(actual))


def fresh_devices(design: DesignPoint, weights: Weights, spares: SpareMap | None = None) -> DeviceState:
    """The devices of the chip that a design point describes, programmed to these weights, its spare columns standing in
    for others as a map says. Rules D21, D23 and Y5."""
    return DeviceState.of(design, (weights.hidden, weights.readout), spares=spares)


def programs_devices(design: DesignPoint, stimulus: Stimulus) -> bool:
    """Whether a run programs real devices through the weight window: one that verifies, and devices without a past."""
    verifies = design.capabilities.verifies and not design.devices.ideal
    return verifies and stimulus.devices is None and not stimulus.age


def program_devices(
    design: DesignPoint, weights: Weights, spares: SpareMap | None = None
) -> tuple[DeviceState, tuple[Committed, ...]]:
    """The devices of a chip at rest after the weight window has programmed these weights, and how each slice ended.

    Rules W2 and W4.
    """
    window = DeviceWindow(design, erased_devices(design, weights, spares))
    return window.state, tuple(window.program(weights))


def check_programmed(ended: tuple[Committed, ...], path: Path) -> Iterator[Check]:
    """How each slice ended, a record each, and what the counters say of all; with what a run left in a file."""
    wanted = np.array([(each.mismatches, each.unverified) for each in ended], PROGRAMMED_RECORD)
    sums = {counter.name: 0 for counter in PROGRAMMING_COUNTERS}
    for each in ended:
        for counter, value in zip(
            PROGRAMMING_COUNTERS, (each.rows, each.mismatches, each.corrections, each.pulses), strict=True
        ):
            sums[counter.name] += value
    read, counted = wanted[:0], dict.fromkeys(sums, -1)
    if path.is_file():
        with np.load(path) as content:
            read, counted = content["ended"], dict(zip(sums, content["counters"].tolist(), strict=True))
    yield Check(PROGRAMMED, wanted, read)
    yield check_values(f"{PROGRAMMED} {COUNTERS}", sums, counted)


def erased_devices(design: DesignPoint, weights: Weights, spares: SpareMap | None = None) -> DeviceState:
    """The devices of a chip at rest. Rule D21, with weights of 0."""
    return fresh_devices(design, Weights(np.zeros_like(weights.hidden), np.zeros_like(weights.readout)), spares)


def check_states(design: DesignPoint, state: DeviceState, directory: Path) -> Check:
    """Every real device as a run left it in ``directory``, with golden's: conductance, pulses, age and slow noise of
    both devices of each pair.

    A record a pair, tile by tile and row by row; ``ageings`` and ``probes`` are those of the tile. A pair that a file
    lacks has no record.
    """
    expected, actual = [], []
    for number, tile in enumerate(all_tiles(design)):
        bitlines = tile.columns + tile.spares
        wanted = np.zeros(tile.rows * bitlines, _STATE_RECORD)
        rows, columns = np.indices((tile.rows, bitlines)).reshape(2, -1)
        wanted["tile"], wanted["row"], wanted["column"] = number, rows, columns
        heading, pairs = read_state_of(directory, tile)
        found = wanted[: len(pairs)].copy()
        wanted["ageings"], wanted["probes"] = state.ageings, state.probes[tile.layer]
        spares = state.spares.columns[number] if state.spares else ()
        wanted["state"] = tile_state(state.layers[tile.layer], tile, spares)
        found["ageings"], found["probes"] = heading if len(heading) == 2 else (-1, -1)
        found["state"] = pairs[: len(found)]
        expected.append(wanted)
        actual.append(found)
    return Check(DEVICES, np.concatenate(expected), np.concatenate(actual))


def _pairs(directory: Path, tile: Tile) -> NDArray[np.int64]:
    """g⁺ and g⁻ of every pair that the file of a tile holds, (pairs, 2); none where there is no file."""
    path = directory / f"{tile.name}{PATTERN.removeprefix('*')}"
    if not path.is_file():
        return np.zeros((0, 2), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an empty file
        return np.loadtxt(path, np.int64, ndmin=2).reshape(-1, 2)
