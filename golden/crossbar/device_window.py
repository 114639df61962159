"""What the weight window does with the devices of a real chip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.curves import Integers
from remora.golden.devices.pairs.policy import Sense
from remora.golden.devices.pairs.registry import PAIRS
from remora.golden.devices.pulses import pulse_devices
from remora.golden.devices.reading import SQUARE_SHIFT, Key, driven_codes
from remora.golden.devices.state import (
    SEQUENCE_MASK,
    DeviceState,
    LayerState,
    at_rest,
    conducted,
    is_full,
    parked_conductance,
)
from remora.golden.devices.wires import tile_behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, adc_shift, all_tiles, layer_layout
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Committed:
    """How a commit of a slice ended.

    Attributes:
        rows: how many it programmed.
        mismatches: rows that do not hold their weight.
        unverified: which rows these are, a bit a row, the first in bit 0; 0 of a window that does not verify.
        pulses: that devices took, ``corrections`` of them after a read.
    """

    rows: int
    mismatches: int
    unverified: int
    pulses: int
    corrections: int


class DeviceWindow:
    """The weight window of a chip of real devices. Rules W1 to W5.

    Args:
        state: of its devices, changed in place; the window counts its probes there.
    """

    def __init__(self, design: DesignPoint, state: DeviceState):
        self.design, self.chip, self.state = design, Chip.of(design, state.spares), state

    # Reading ----------------------------------------------------------------------------------------------------------
    def read_slice(self, tile: Tile, column: int, part: int) -> NDArray[np.int64]:
        """Codes of the rows of a slice of the tile's column, (rows,); the window keeps their low eight bits.

        Rule W1.
        """
        rows = tile.window_slices[part]
        return self._read(tile, column, np.arange(rows.start, rows.stop), self._bitlines(tile, column))

    def read_weights(self) -> Weights:
        """What the window's bytes are after it has read every column of every tile in order, int16.

        Values may lie beyond those of a weight. Rule W1.
        """
        found = []
        for layer in Layer:
            layout = layer_layout(self.design, layer)
            levels = np.zeros((layout.rows, layout.columns), np.int16)
            for tile in layout.tiles:
                bitlines = self._bitlines(tile)
                for column in range(tile.columns):
                    # Rows in order, whatever slices they lie in.
                    codes = self._read(tile, column, np.arange(tile.rows), bitlines[:, :, column : column + 1])
                    levels[tile.row_slice, tile.first_column + column] = window_bytes(codes)
            found.append(levels)
        return Weights(found[0], found[1])

    def _bitlines(self, tile: Tile, column: int | None = None) -> Integers:
        """What devices of a tile count as, (2, rows, columns), or those of one column alone. Rule D13."""
        model, made, layer = self.chip.model, self.chip.layers[tile.layer], self.state.layers[tile.layer]
        if column is not None and not model.wired:
            # Nothing but the column itself matters.
            at = (slice(None), tile.row_slice, slice(tile.first_column + column, tile.first_column + column + 1))
            part = replace(made, index=made.index[at], numbers=made.numbers[(slice(None), *at)])
            return conducted(model, part, _part(layer, at))
        parked = parked_conductance(model, made, layer)
        left = tile_behind_wires(model, made, tile, conducted(model, made, layer), parked)
        return left if column is None else left[:, :, column : column + 1]

    def _read(
        self, tile: Tile, column: int, rows: NDArray[np.intp], of_column: Integers, finer: int = 0
    ) -> NDArray[np.int64]:
        """Codes of reads of these rows of a tile, one after the other, (reads,)."""
        made, shift = self.chip.layers[tile.layer], adc_shift(self.design, tile.layer)
        planes = made.planes[tile.row_tile]
        plane = min(len(planes) - 1, shift + finer)
        counted = np.zeros((len(rows), tile.rows), np.int64)
        counted[np.arange(len(rows)), rows] = int(planes[plane]) << shift + finer
        first = self.state.probes[tile.layer]
        key = Key((first + np.arange(len(counted))) & SEQUENCE_MASK, purpose=Purpose.PROBE)
        self.state.count_probes(tile.layer, len(counted))
        alone = replace(tile, first_column=tile.first_column + column, columns=1)
        codes = driven_codes(
            self.chip.model, made, alone, of_column, counted, round_shift(counted * counted, SQUARE_SHIFT), key, shift,
            self.design.formats.adc_limit,
        )  # fmt: skip
        found, biases = codes[:, 0], self.state.layers[tile.layer].biases
        if biases is not None and tile.first_row + tile.rows == made.shape[1]:
            # What stands for the last row is read exactly. Rule K7.
            found = np.where(rows == tile.rows - 1, biases[tile.first_column + column], found)
        return found

    # Programming ------------------------------------------------------------------------------------------------------
    def program(self, weights: Weights) -> list[Committed]:
        """Commit every slice of every column of every tile, in order; how each ended."""
        done = []
        for tile in all_tiles(self.design):
            of_layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
            levels = np.asarray(of_layer)[tile.row_slice, tile.column_slice].astype(np.int64)
            for column in range(tile.columns):
                for part, rows in enumerate(tile.window_slices):
                    done.append(self.commit(tile, column, part, levels[rows, column]))
        return done

    def commit(self, tile: Tile, column: int, part: int, levels: NDArray[np.integer]) -> Committed:
        """Program a slice of a column with a byte a row. Rules W2 and W4."""
        rows = tile.window_slices[part]
        programmed = _Slice(self, tile, column, rows)
        wanted = levels.astype(np.int64)
        pulses = programmed.erase() + programmed.raise_to(wanted)
        count = rows.stop - rows.start
        if not self.design.capabilities.verifies:
            codes = self.read_slice(tile, column, part)
            return Committed(count, int(np.count_nonzero(codes != wanted)), 0, pulses, 0)
        corrections, pending = self._verify(programmed, wanted)
        mask = sum(1 << int(row) for row in np.flatnonzero(pending))
        return Committed(count, int(np.count_nonzero(pending)), mask, pulses + corrections, corrections)

    def _verify(self, programmed: _Slice, levels: NDArray[np.int64]) -> tuple[int, Flags]:
        """Corrective pulses, and rows that stay outside. Rules W3 and W4."""
        crossbar, fine = self.design.crossbar, self.design.fine_bits
        pending, below, corrections = np.ones(len(levels), bool), np.zeros(len(levels), bool), 0
        for tries in range(crossbar.verify_pulses + 1):
            left = np.flatnonzero(pending)
            of_column = self._bitlines(programmed.tile, programmed.column)
            reads = np.repeat(left + programmed.rows.start, crossbar.verify_reads)
            codes = self._read(programmed.tile, programmed.column, reads, of_column, fine)
            sums = codes.reshape(len(left), crossbar.verify_reads).sum(axis=1)
            error = round_shift(sums, crossbar.verify_reads.bit_length() - 1) - (levels[left] << fine)
            pending[left], below[left] = np.abs(error) > crossbar.verify_tolerance, error < 0
            choice = PAIRS[self.chip.model.pair].choose(below, programmed.sense())
            up, down = pending & ~choice.lowers & ~choice.blocked, pending & choice.lowers
            if tries == crossbar.verify_pulses or not (up | down).any():
                break
            corrections += programmed.pulse(up, down, np.asarray(choice.side))
        return corrections, pending


class _Slice:
    """Devices of a slice of a column under the pulses of the window."""

    def __init__(self, window: DeviceWindow, tile: Tile, column: int, rows: slice):
        self.tile, self.column, self.rows = tile, column, rows
        self._model, self._made = window.chip.model, window.chip.layers[tile.layer]
        self._state, self._crossbar = window.state.layers[tile.layer], window.design.crossbar
        self._policy = PAIRS[self._crossbar.pair]
        first = tile.first_row + rows.start
        here = slice(first, first + rows.stop - rows.start), tile.first_column + column
        flat = np.arange(self._made.index.size).reshape(self._made.shape)[:, here[0], here[1]]
        self._devices = flat
        index = self._made.index[:, here[0], here[1]]
        made = replace(self._made, index=index, numbers=self._made.numbers[:, :, here[0], here[1]])
        part = _part(self._state, (slice(None), *here))
        self._conductance = conducted(self._model, made, part)
        marked = self._state.marked
        self._marked = np.zeros(flat.shape, bool) if marked is None else marked[:, here[0], here[1]]

    def sense(self) -> Sense:
        """Flags of the rows. Rules D12 and W5."""
        rest, full = (
            [flag(self._model, each) | marks for each, marks in zip(self._conductance, self._marked, strict=True)]
            for flag in (at_rest, is_full)
        )
        return Sense(rest[0], full[0], rest[1], full[1])

    def pulse(self, up: Flags, down: Flags, side: NDArray) -> int:
        """One pulse of some rows' devices of these sides; returns how many."""
        rows = np.flatnonzero(up | down)
        sides = side[rows].astype(np.intp)
        self._conductance[sides, rows] = pulse_devices(
            self._model, self._made, self._state, self._devices[sides, rows], up[rows]
        )
        return len(rows)

    def erase(self) -> int:
        """Pulses until every pair is erased, as far as its devices come. Rule W2."""
        pulses = 0
        for _ in range(self._crossbar.erase_pulses):
            down, side = (np.asarray(each) for each in self._policy.erase(self.sense()))
            if not down.any():
                break
            pulses += self.pulse(np.zeros_like(down), down, side)
        return pulses

    def raise_to(self, levels: NDArray[np.int64]) -> int:
        """A pulse a level from erased pairs on. Rules W2 and W5."""
        pulses, (steps, side) = 0, self._policy.raised(levels, self._crossbar.reference_level)
        reached = ~np.where(side, self._marked[1], self._marked[0])
        for round_ in range(self._crossbar.raise_pulses):
            up = (steps > round_) & reached
            if not up.any():
                break
            pulses += self.pulse(up, np.zeros_like(up), side)
        return pulses


def _part(layer: LayerState, at: tuple[slice | int, ...]) -> LayerState:
    """Some devices of a layer, as they are."""
    p, n, t, s = (array[at] for array in layer.arrays())
    return LayerState(p, n, t, s)


def window_bytes(codes: NDArray[np.int64]) -> NDArray[np.int8]:
    """What the window keeps of codes. Rule W1."""
    return codes.astype(np.int8)
