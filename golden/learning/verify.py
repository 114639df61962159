"""Verified learning: rows that an update pulses are read before and after, and what the pulses missed returns to χ.

Rules J1 to J3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.device_layer import DeviceLayer
from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers
from remora.golden.devices.pulses import pulse_weights
from remora.golden.devices.reading import SQUARE_SHIFT, Key, driven_codes
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState
from remora.golden.devices.wires import tile_behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift
from remora.spec.crossbar.verify.verification import Verification
from remora.spec.crossbar.verify.verified_cycles import Round, VerifiedTile
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose


@dataclass(frozen=True)
class Pulses:
    """What pulses of some rows of a column did.

    Attributes:
        applied, dropped: as of `remora.golden.learning.pulses.Writes`.
        devices: those that were pulsed, each once.
        blocked: of each weight, (n,), whether a pulse of it was dropped.
        strobes: most pulses of a weight that were applied.
    """

    applied: int
    dropped: int
    devices: frozenset[int]
    blocked: NDArray[np.bool_]
    strobes: int


class Pairs(Protocol):
    """The pairs of a layer, as a verifier sees them."""

    def pulse(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Pulses:
        """Pulse the weights at flat indices into (rows, columns), up where positive. Rules P1 to P5 and D22."""

    def read(self, rows: NDArray[np.intp], column: int) -> tuple[Integers, NDArray[np.bool_]]:
        """The sums of k codes of rows of one row tile, (rows,), read one after the other; which of the rows read full
        scale, (rows,). Rule J1."""


class RealPairs:
    """Pairs of real devices.

    Args:
        devices: of the chip, which count the probes of every layer.
    """

    def __init__(self, design: DesignPoint, which: Layer, layer: DeviceLayer, devices: DeviceState):
        self._design, self._which, self._layer, self._devices = design, which, layer, devices
        self._verification, self._shift = Verification.of(design), adc_shift(design, which)
        self._words = read_words(design, layer.made)

    def pulse(self, positions: NDArray[np.intp], pulses: NDArray[np.int64]) -> Pulses:
        """As `Pairs.pulse` says."""
        layer = self._layer
        model, made, state, conductance = layer.model, layer.made, layer.state, layer.conductance
        each_alone = np.split(np.arange(len(positions)), len(positions))
        done = [pulse_weights(model, made, state, conductance, positions[k], pulses[k]) for k in each_alone]
        devices = np.concatenate([each.devices for each in done])
        if len(devices):
            layer.refresh(np.sort(devices))
        dropped = np.array([each.dropped for each in done], np.int64)
        applied = [each.applied for each in done]
        return Pulses(sum(applied), int(dropped.sum()), frozenset(devices.tolist()), dropped > 0, max(applied))

    def read(self, rows: NDArray[np.intp], column: int) -> tuple[Integers, NDArray[np.bool_]]:
        """As `Pairs.read` says; each read is a probe of all tiles of the layer. Rules W3 and D17."""
        layer, reads = self._layer, self._verification.reads
        tile = self._tile(int(rows[0]), column)
        word = self._words[tile.row_tile]
        counted = np.repeat(np.eye(len(rows), dtype=np.int64) * word, reads, axis=0)
        first = self._devices.probes[self._which]
        key = Key((first + np.arange(len(counted))) & SEQUENCE_MASK, purpose=Purpose.PROBE)
        self._devices.count_probes(self._which, len(counted))
        codes = driven_codes(
            layer.model, layer.made, replace(tile, first_column=column, columns=1), self._bitlines(tile, rows, column),
            counted, round_shift(counted * counted, SQUARE_SHIFT), key, self._shift, self._design.formats.adc_limit,
        )  # fmt: skip
        codes = codes[:, 0].reshape(len(rows), reads)
        return codes.sum(axis=1), np.abs(codes).max(axis=1) >= self._design.formats.adc_limit

    def _tile(self, row: int, column: int) -> Tile:
        crossbar, tiles = self._design.crossbar, self._layer.made.tiles
        for tile in tiles:
            if tile.row_tile == row // crossbar.rows and tile.first_column <= column < tile.first_column + tile.columns:
                return tile
        raise ValueError(f"there is no tile of row {row} and column {column}")

    def _bitlines(self, tile: Tile, rows: NDArray[np.intp], column: int) -> Integers:
        """What the devices of rows of a column count as, (2, rows, 1). Rule D13."""
        layer = self._layer
        if not layer.model.wired:
            return layer.conductance[:, rows, column][:, :, None]
        left = tile_behind_wires(layer.model, layer.made, tile, layer.conductance, layer.parked)
        return left[:, rows - tile.first_row, column - tile.first_column][:, :, None]


def read_words(design: DesignPoint, made: ChipLayer) -> list[int]:
    """What the row that a read drives counts as, a row tile each. Rules J1 and W3."""
    top = adc_shift(design, made.layer) + design.fine_bits
    return [int(planes[min(len(planes) - 1, top)]) << top for planes in made.planes]


class ColumnVerifier:
    """Gives the pulses that an update is due, and reads what they did.

    Args:
        which: the layer.
        columns: of the layer.

    Attributes:
        feedback: eighths of what pulses missed that χ gets back.
        tiles: what the last `write` pulsed and read.
    """

    def __init__(self, design: DesignPoint, which: Layer, pairs: Pairs, columns: int):
        self._pairs, self._columns, self._tile_rows = pairs, columns, design.crossbar.rows
        self._first_column = design.network.hidden if which is Layer.READOUT else 0
        self.tiles: tuple[VerifiedTile, ...] = ()
        self._verification, self._level = Verification.of(design), design.learning.accumulator_level
        self._limit = (1 << (design.learning.accumulator_bits - 1)) - 1
        self.feedback = design.learning.verify_feedback

    def write(
        self, positions: NDArray[np.intp], pulses: NDArray[np.int64]
    ) -> tuple[tuple[int, int, int, int], Integers]:
        """Pulse weights in the order of the columns, each column's row tiles in theirs. Rules J1 to J3.

        Args:
            positions: (n,) flat indices into (rows, columns), different ones.
            pulses: (n,) that are due, up where positive.

        Returns:
            pulses applied, pulses dropped, devices, and weights given up; and what χ of each weight gets, (n,).
        """
        corrections = np.zeros(len(positions), np.int64)
        applied = dropped = devices = given_up = 0
        tiles = []
        for chosen in self._parts(positions):
            done, rounds, wrong, failed = self._verify(positions[chosen], pulses[chosen])
            row, column = divmod(int(positions[chosen[0]]), self._columns)
            tiles.append(VerifiedTile(self._first_column + column, row // self._tile_rows, rounds))
            corrections[chosen] = wrong
            applied += sum(each.applied for each in done)
            dropped += sum(each.dropped for each in done)
            devices += len(frozenset[int]().union(*(each.devices for each in done)))
            given_up += failed
        self.tiles = tuple(tiles)
        return (applied, dropped, devices, given_up), corrections

    def corrected(self, values: NDArray, corrections: Integers) -> Integers:
        """χ with what its pulses missed. Rule J3."""
        return saturate(values.astype(np.int64) + corrections, self._limit)

    def _parts(self, positions: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """Indices of what lies in one column of a row tile, rows rising, in the order in which they are pulsed."""
        row, column = np.divmod(positions, self._columns)
        order = np.lexsort((row, column))
        tile = row // self._tile_rows
        apart = (np.diff(column[order]) != 0) | (np.diff(tile[order]) != 0)
        yield from np.split(order, np.flatnonzero(apart) + 1)

    def _verify(
        self, positions: NDArray[np.intp], pulses: NDArray[np.int64]
    ) -> tuple[list[Pulses], tuple[Round, ...], Integers, int]:
        rows, column = positions // self._columns, int(positions[0] % self._columns)
        way, given = np.sign(pulses), np.abs(pulses)
        before, full = self._pairs.read(rows, column)
        after, done, rounds = before.copy(), [self._pairs.pulse(positions, pulses)], list[Round]()
        launches, again, blocked = int(given.max()), np.arange(len(positions)), done[0].blocked.copy()
        while True:
            after[again], clipped = self._pairs.read(rows[again], column)
            full[again] |= clipped
            still = ~full & ~self._verification.moved(after - before)
            rounds.append(Round(launches, done[-1].strobes, tuple((~full & ~still)[again].tolist())))
            again = np.flatnonzero(still & ~blocked & (given < self._verification.give_up))
            if not len(again):
                break
            done.append(self._pairs.pulse(positions[again], way[again]))
            blocked[again] = done[-1].blocked
            given[again] += 1
            launches = 1
        wanted = pulses * self._verification.codes_of_level
        missed = np.where(still | full, 0, wanted - (after - before)) * (self._level * self.feedback)
        corrections = round_shift(missed, self._verification.shift)
        return done, tuple(rounds), corrections, int(np.count_nonzero(still & ~blocked))
