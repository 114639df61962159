"""A layer of real devices as exact matrix products: what `remora.golden.devices.reading` says of one tile, for whole
layers, and for all steps at once where it can be.

Everything is float64, in which sums are exact: the design point refuses larger ones. A sum is in code units where that
is exact, and else in grains until the converter's gain is on it.

Rules D13 to D18.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF, TiledLayer
from remora.golden.devices.chip import Chip, ChipLayer
from remora.golden.devices.reading import Key, sample_normals, weights_and_variances, word_table
from remora.golden.devices.state import SEQUENCE_MASK, LayerState, conducted
from remora.golden.devices.wires import behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift
from remora.spec.devices.model import GAIN_BITS, OFFSET_BITS, PLANE_BITS, DeviceModel

AHEAD = 32
"""Sequences whose noise is drawn together where they come one at a time: a hash of many is not much slower."""


@dataclass(frozen=True)
class _Converters:
    """How a layer's sums become codes.

    Attributes:
        lsb: a grain in codes. ``unit``: a grain in sums.
        constant: (row tiles, 1, columns), offset and rounding half, in codes.
        gain: (row tiles, 1, columns), or None where all are 1.
        planes: whether a row tile's planes err.
    """

    lsb: float
    unit: float
    constant: NDArray[np.floating]
    gain: NDArray[np.floating] | None
    planes: bool

    @classmethod
    def of(cls, design: DesignPoint, made: ChipLayer) -> _Converters:
        shift = adc_shift(design, made.layer) + design.crossbar.fraction_bits
        lsb = 2.0**-shift
        planes, erring = bool((made.planes != 1 << PLANE_BITS).any()), bool(made.gain.any())
        # Half a code is a whole number of grains unless a code is one grain, which floating point does not mind.
        constant = (made.offset << shift >> OFFSET_BITS) * lsb + HALF
        gain = 1 + made.gain[:, None] / (1 << GAIN_BITS) if erring else None
        return cls(lsb, 1.0 if planes or erring else lsb, constant[:, None], gain, planes)


class DeviceLayer(TiledLayer):
    """One layer of a chip.

    Attributes:
        matrix: (rows, columns) weights of rule D14, scaled.
        conductance: (2, rows, columns) int64, what devices conduct, before wires; changed with `refresh`.
        state: of its devices; changed in place by pulses.
        entries: (row tiles, n, columns), the noise of the next `read`; None where there is none.
    """

    def __init__(self, design: DesignPoint, layer: Layer, chip: Chip, state: LayerState):
        self.model, self.made, self.state = chip.model, chip.layers[layer], state
        super().__init__(design, layer, np.zeros(self.made.shape[1:], np.int64), np.float64)
        self._converters = _Converters.of(design, self.made)
        self._variance = np.zeros_like(self.matrix)
        inputs = len(self.matrix) - 1 - design.network.hidden
        self._variances = [
            (self._variance[tile.inputs], self._variance[inputs + tile.states.start : inputs + tile.states.stop])
            for tile in self.row_tiles
        ]
        self._words = [word_table(planes) for planes in self.made.planes]
        self._scale = self._converters.unit * (2.0**-PLANE_BITS if self._converters.planes else 1.0)
        self._noise = _Noise(self.model, self.made, len(self.row_tiles), self._converters.unit)
        self._converter_noise = float(self.model.converter_noise[layer])
        self.entries: NDArray[np.floating] | None = None
        self.renew()

    @property
    def levels(self) -> NDArray[np.int16]:
        """Nearest whole level of every weight, before wires: (rows, columns)."""
        weight = self.conductance[0] - self.conductance[1]
        whole = (weight + (self.model.level >> 1)) // self.model.level
        most = (self.model.full - self.model.rest) // self.model.level
        return np.clip(whole, -most, most).astype(np.int16)

    def renew(self) -> None:
        """Take everything from the state, after it was set or aged."""
        self.conductance = conducted(self.model, self.made, self.state)
        self.refresh(None)

    def refresh(self, devices: NDArray[np.intp] | None) -> None:
        """Take weights and variances from `conductance`; where only these devices changed, or all where None.

        Args:
            devices: flat indices into (2, rows, columns).
        """
        if devices is None or self.model.wired:
            for tile in self.made.tiles:
                part = (slice(None), tile.row_slice, tile.column_slice)
                weight, variance = weights_and_variances(self.model, behind_wires(self.model, self.conductance[part]))
                self.matrix[part[1:]] = weight * self._scale
                self._variance[part[1:]] = variance
            return
        pairs = devices % self.matrix.size
        weight, variance = weights_and_variances(self.model, self.conductance.reshape(2, -1)[:, pairs])
        self.matrix.reshape(-1)[pairs] = weight * self._scale
        self._variance.reshape(-1)[pairs] = variance

    # Samples ----------------------------------------------------------------------------------------------------------
    def begin(
        self, inputs: NDArray[np.floating] | None, sums: NDArray[np.floating], entries: NDArray | None
    ) -> NDArray:
        """Set sums to all that does not depend on states, of several samples; the variance of each so far.

        Args:
            inputs: (n, inputs) words; None where the layer has none.
            sums: (row tiles, n, columns), filled.
            entries: (row tiles, n, columns), noise entries of rule D16; None where nothing is noisy.

        Returns:
            the variances, of the shape of ``sums``; of no rows where devices are not noisy.
        """
        noisy = bool(self.model.read_noise)
        power = np.empty(sums.shape if noisy else (len(sums), 0, 0))
        whole = self._converters.unit == 1
        for number, (tile, of_tile) in enumerate(zip(self.row_tiles, sums, strict=True)):
            mu, square = self._bias(number) if tile.bias else (0.0, 0.0)
            start = mu * self.matrix[-1] + (HALF if self._converters.planes else 0.0)
            if not whole:
                start = start + self._converters.constant[number]
            counted = None
            if inputs is not None and tile.inputs.stop > tile.inputs.start:
                counted, squares = self._counted(number, inputs[:, tile.inputs])
                np.matmul(counted, tile.input_rows, out=of_tile)
                of_tile += start
            else:
                of_tile[...] = start
            if noisy:
                power[number] = square * self._variance[-1] + self._converter_noise
                if counted is not None:
                    power[number] += squares @ self._variances[number][0]
        if entries is not None and not noisy and not self._converters.planes:
            # The same deviation at every sample, and no rounding before it.
            sums += np.floor(np.sqrt(self._converter_noise)) * entries
        return power

    def sample(
        self, number: int, words: NDArray, sums: NDArray, power: NDArray, entries: NDArray | None, work: NDArray
    ) -> None:
        """Complete sums of a row tile that `begin` started, up to the converter's rounding, which `convert` does.

        Args:
            number: of the row tile.
            words: (n, states) state words; ``sums``: (n, columns), changed in place.
            power: (n, columns) variances of `begin`, overwritten; ``entries``: (n, columns), or None.
            work: of the shape of ``sums``, overwritten.
        """
        tile, made = self.row_tiles[number], self._converters
        noisy = bool(self.model.read_noise)
        if tile.states.stop > tile.states.start:
            counted, squares = self._counted(number, words[:, tile.states])
            np.dot(counted, tile.state_rows, out=work)
            sums += work
            if noisy:
                np.dot(squares, self._variances[number][1], out=work)
                power += work
        if made.planes:
            np.floor(sums, out=sums)
        if noisy:
            np.sqrt(power, out=power)
            np.floor(power, out=power)
            power *= entries
            sums += power
        elif made.planes and entries is not None:
            sums += np.floor(np.sqrt(self._converter_noise)) * entries
        if made.unit == 1:
            if made.gain is not None:
                sums *= made.gain[number]
                np.floor(sums, out=sums)
            sums *= made.lsb
            sums += made.constant[number]

    def read(
        self, words: NDArray[np.floating], codes: NDArray[np.floating], total: NDArray[np.floating], work: NDArray
    ) -> None:
        """As of `remora.golden.crossbar.array.TiledLayer.read`, with the noise of `entries`."""
        entries = self.entries
        power = self.begin(None, codes, entries)
        for number, of_tile in enumerate(codes):
            of_noise = None if entries is None else entries[number]
            self.sample(number, words, of_tile, power[number], of_noise, work)
        self.convert(codes)
        np.sum(codes, axis=0, out=total)
        self.saturate(total)

    def entries_of(self, numbers: NDArray[np.integer], steps: int) -> NDArray[np.floating] | None:
        """Noise entries of all steps of sequences, scaled, (row tiles, steps, n, columns); None without noise.

        Rules D16 and D17.

        Args:
            numbers: (n,) of the sequences in the stream.
        """
        return self._noise.of_steps(numbers, 0, steps) if self.model.reads_noisily else None

    def entries_at(self, numbers: NDArray[np.integer], steps: NDArray[np.integer]) -> NDArray[np.floating] | None:
        """Those of one sample of each sequence, (row tiles, n, columns), at its step, (n,)."""
        return self._noise.at_steps(numbers, steps) if self.model.reads_noisily else None

    def _bias(self, number: int) -> tuple[float, float]:
        """What the bias word counts as, and its square."""
        mu, square = self._words[number]
        word = self._bias_word + len(mu) // 2
        return float(mu[word] if self._converters.planes else self._bias_word), float(square[word])

    def _counted(self, number: int, words: NDArray[np.floating]) -> tuple[NDArray, NDArray]:
        """What words count as, and their squares. Rules D15 and D16."""
        if self._converters.planes:
            mu, square = self._words[number]
            index = (words + len(mu) // 2).astype(np.intp)
            return mu.take(index).astype(np.float64), square.take(index).astype(np.float64)
        if not self.model.read_noise:
            return words, words
        squares = words * words
        squares *= 1 / 64
        squares += HALF
        np.floor(squares, out=squares)
        return words, squares


class _Noise:
    """Noise entries of one layer's samples, drawn ahead where sequences come one after the other."""

    def __init__(self, model: DeviceModel, made: ChipLayer, row_tiles: int, unit: float):
        self._model, self._made, self._row_tiles, self._unit = model, made, row_tiles, unit
        self._first, self._asked = 0, (-1, -1, -1)
        self._kept: NDArray[np.floating] = np.zeros((row_tiles, 0, 0, 0))

    def of_steps(self, numbers: NDArray[np.integer], first: int, steps: int) -> NDArray[np.floating]:
        """Of some steps of sequences, (row tiles, steps, n, columns)."""
        if len(numbers) != 1:
            return self._drawn(numbers, first, steps)
        number, (last, *before) = int(numbers[0]), self._asked
        offset = (number - self._first) & SEQUENCE_MASK
        if before != [first, steps] or offset >= self._kept.shape[2]:
            follow = before == [first, steps] and number == (last + 1) & SEQUENCE_MASK
            together = (number + np.arange(AHEAD if follow else 1)) & SEQUENCE_MASK
            self._first, self._kept, offset = number, self._drawn(together, first, steps), 0
        self._asked = number, first, steps
        return self._kept[:, :, offset : offset + 1]

    def at_steps(self, numbers: NDArray[np.integer], steps: NDArray[np.integer]) -> NDArray[np.floating]:
        """Of one sample of each sequence, (row tiles, n, columns); ``steps``: (n,)."""
        if len(numbers) == 1:
            return self.of_steps(numbers, int(steps[0]), 1)[:, 0]
        return self._entries(Key(numbers, steps), numbers.shape)

    def _drawn(self, numbers: NDArray[np.integer], first: int, steps: int) -> NDArray[np.floating]:
        return self._entries(Key(numbers, first + np.arange(steps)[:, None]), (steps, len(numbers)))

    def _entries(self, key: Key, samples: tuple[int, ...]) -> NDArray[np.floating]:
        layer, columns = self._made.layer, self._made.shape[2]
        entries = [
            sample_normals(self._model, layer, tile, 0, columns, key, samples) for tile in range(self._row_tiles)
        ]
        return np.stack(entries) * self._unit
