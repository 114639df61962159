"""A layer of real devices as exact matrix products: what `remora.golden.devices.reading` says of one tile, for whole
layers, and for all steps at once where it can be.

Everything is float64, in which sums are exact: the design point refuses larger ones. A sum is in code units, the gain
of its converter included. That is exact too: rounding once at the end, after a whole number of grains is added, is
rounding twice. Only where planes and gains both err, a sum is rounded to grains before its noise.

Rules D13 to D18.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF, TiledLayer, exact_dtype
from remora.golden.devices.chip import Chip, ChipLayer
from remora.golden.devices.reading import Key, column_normals, weights_and_variances, word_table
from remora.golden.devices.state import SEQUENCE_MASK, LayerState, conducted, parked_conductance
from remora.golden.devices.wires import tile_behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift
from remora.spec.devices.model import GAIN_BITS, OFFSET_BITS, PLANE_BITS, DeviceModel

AHEAD = 16
"""Sequences whose noise is drawn together where they come one at a time: a hash of many is not much slower."""


class DeviceLayer(TiledLayer):
    """One layer of a chip.

    A stack is what a sample gathers at once: its sum, and its variance where devices are noisy.

    Attributes:
        matrix: (rows, columns) weights of rule D14, scaled.
        conductance: (2, rows, columns) int64, what devices conduct, before wires; changed with `refresh`.
        parked: likewise of devices that serve no column; None where there are no spares.
        state: of its devices; changed in place by pulses.
        entries: (row tiles, n, columns), the noise of the next `read`; None where there is none.
        depth: of a stack, 1 or 2.
    """

    def __init__(self, design: DesignPoint, layer: Layer, chip: Chip, state: LayerState):
        self.model, self.made, self.state = chip.model, chip.layers[layer], state
        rows, columns = self.made.shape[1:]
        self.depth = 2 if self.model.read_noise else 1
        self._stack = np.zeros((self.depth, rows, columns))
        flat = self._stack.reshape(self.depth, -1)
        self._weights, self._variances = flat[0], flat[-1]
        self._lay_out(design, layer, self._stack[0])
        inputs = rows - 1 - design.network.hidden
        self._state_rows = [
            (self._stack[:, inputs + tile.states.start : inputs + tile.states.stop], tile.states)
            for tile in self.row_tiles
        ]
        self._planes = bool((self.made.planes != 1 << PLANE_BITS).any())
        self._words = [word_table(planes) for planes in self.made.planes]
        self._squares = [square.astype(float) for _, square in self._words]
        self._convert_gains(design, layer)
        self._noise = _Noise(self.model, self.made, self._unit)
        self._converter_noise = float(self.model.converter_noise[layer])
        mu, square = self._words[-1]
        word = len(mu) // 2 + self._bias_word
        self._bias_words = np.array([mu[word] if self._planes else self._bias_word, square[word]], float)
        self._bias_words = self._bias_words[: self.depth, None, None] * (not self.digital)
        self._fixed = self._fixed_starts()
        self._starts = list(self._fixed)
        self.entries: NDArray[np.floating] | None = None
        self.renew()

    def _convert_gains(self, design: DesignPoint, layer: Layer) -> None:
        """What sums, noise and offsets are scaled by, a row tile and column each. Rule D18."""
        made, shift = self.made, adc_shift(design, layer) + design.crossbar.fraction_bits
        lsb = 2.0**-shift
        gain = ((1 << GAIN_BITS) + made.gain) * (lsb / (1 << GAIN_BITS))
        # Planes round to grains before a gain that is not 1.
        self._staged = self._planes and bool(made.gain.any())
        unit = np.ones_like(gain) if self._staged else gain
        of_words = 2.0**-PLANE_BITS if self._planes else 1.0
        self._rounding = HALF if self._planes else 0.0
        self._gain, self._unit = gain, unit
        # A code of one grain is not rounded.
        self._constant = (made.offset << shift >> OFFSET_BITS) * lsb + (HALF if shift else 0.0)
        tile_of_row = np.arange(made.shape[1]) // design.crossbar.rows
        self._scale = (unit * of_words)[tile_of_row]
        self._evenly = bool((self._scale == self._scale[0, 0]).all())
        charge = min(design.crossbar.rows, made.shape[1]) * max(int(mu[-1]) for mu, _ in self._words) * self.model.limit
        # In grains of 2^−8 where planes err, of 2^−12 where gains do.
        largest = int(np.abs((1 << GAIN_BITS) + made.gain).max())
        exact_dtype(max(charge if self._planes else 0, (charge >> PLANE_BITS) * largest))

    @property
    def levels(self) -> NDArray[np.int16]:
        """Nearest whole level of every weight, before wires, and digital biases: (rows, columns)."""
        weight = self.conductance[0] - self.conductance[1]
        whole = (weight + (self.model.level >> 1)) // self.model.level
        if self.digital:
            whole[-1] = 0 if self.state.biases is None else self.state.biases
        return np.clip(whole, -self.model.weight_limit, self.model.weight_limit).astype(np.int16)

    def renew(self) -> None:
        """Take everything from the state, after it was set or aged."""
        self.conductance = conducted(self.model, self.made, self.state)
        self.parked = parked_conductance(self.model, self.made, self.state)
        self.correct(self.state.offsets, self.state.biases if self.digital else None)
        self.refresh(None)

    def refresh(self, devices: NDArray[np.intp] | None) -> None:
        """Take weights and variances from `conductance`; where only these devices changed, or all where None.

        Args:
            devices: flat indices into (2, rows, columns).
        """
        if devices is None or self.model.wired:
            for tile in self.made.tiles:
                part = (slice(None), tile.row_slice, tile.column_slice)
                found = weights_and_variances(
                    self.model, tile_behind_wires(self.model, self.made, tile, self.conductance, self.parked)
                )
                self.matrix[part[1:]] = found[0] * self._scale[part[1:]]
                self._stack[part][1:] = found[1]
            self._add_bias()
            return
        pairs = devices % self.matrix.size
        weight, variance = weights_and_variances(self.model, self.conductance.reshape(2, -1).take(pairs, axis=1))
        self._weights[pairs] = weight * (self._scale.item(0) if self._evenly else self._scale.reshape(-1).take(pairs))
        if self.depth == 2:
            self._variances[pairs] = variance
        if np.maximum.reduce(pairs) >= self.matrix.size - self.matrix.shape[1]:
            self._add_bias()

    def _fixed_starts(self) -> NDArray[np.floating]:
        """What converters and rounding contribute to stacks: (row tiles, depth, 1, columns)."""
        starts = np.zeros((len(self.row_tiles), self.depth, 1, self._stack.shape[-1]))
        starts[:, 1:] = self._converter_noise
        starts[:, 0, 0] = self._rounding * self._unit + (0.0 if self._staged else self._constant)
        return starts

    def _add_bias(self) -> None:
        """What the bias line contributes to the stacks of its row tile, the last."""
        self._starts[-1] = self._fixed[-1] + self._bias_words * self._stack[:, -1:]

    # For compiled code -----------------------------------------------------------------------------------------------
    @property
    def variance(self) -> NDArray[np.floating]:
        """(rows, columns) variances of rule D14, where devices are noisy."""
        return self._stack[1]

    @property
    def scale_of_weights(self) -> NDArray[np.floating]:
        """(rows, columns), what a grain of a weight is in `matrix`."""
        return self._scale

    @property
    def staged(self) -> bool:
        """Whether sums are rounded to grains before their noise."""
        return self._staged

    def converters(self) -> dict[str, NDArray[np.floating]]:
        """Gains and constants of rule D18, what sums start with, and a grain of noise in them; (row tiles, columns)."""
        start = self._rounding * self._unit + (0.0 if self._staged else self._constant)
        return {"gain": self._gain, "constant": self._constant, "start": start, "unit": self._unit}

    def word_tables(self) -> dict[str, NDArray[np.floating]]:
        """What words count as, and their squares; (row tiles, words) each, from the lowest word."""
        mu, squares = (np.array([pair[which] for pair in self._words], float) for which in (0, 1))
        return {"counted": mu if self._planes else mu * 2.0**-PLANE_BITS, "squares": squares}

    # Samples ----------------------------------------------------------------------------------------------------------
    def begin(self, inputs: NDArray[np.floating] | None, stack: NDArray[np.floating], entries: NDArray | None) -> None:
        """Set stacks to all that does not depend on states, of several samples.

        Args:
            inputs: (n, inputs) words; None where the layer has none.
            stack: (depth, row tiles, n, columns), filled.
            entries: (row tiles, n, columns), noise entries of rule D16; None where nothing is noisy.
        """
        for number, (tile, start) in enumerate(zip(self.row_tiles, self._starts, strict=True)):
            if inputs is not None and tile.inputs.stop > tile.inputs.start:
                words = inputs[None, :, tile.inputs]
                if self._planes or self.depth == 2:
                    counted = np.empty((self.depth, *words.shape[1:]))
                    self.count(number, words[0], counted)
                    words = counted
                np.matmul(words, self._stack[:, tile.inputs], out=stack[:, number])
                stack[:, number] += start
            else:
                stack[:, number] = start
        if entries is not None and self.depth == 1 and not self._staged:
            stack[0] += self._even_noise(entries)  # the same deviation at every sample

    def count(self, number: int, words: NDArray[np.floating], out: NDArray[np.floating]) -> None:
        """What words (n, …) count as in a row tile, and their squares: (depth, n, …). Rules D15 and D16."""
        if not self._planes:
            out[0] = words
        if self._planes or self.depth == 2:
            mu, squares = self._words[number][0], self._squares[number]
            index = words.astype(np.intp)
            index += len(mu) // 2
            if self._planes:
                out[0] = mu.take(index)
            if self.depth == 2:
                squares.take(index, out=out[1], mode="clip")

    def count_states(self, number: int, words: NDArray[np.floating], counted: NDArray) -> NDArray[np.floating]:
        """As `count`, of words that are the first of ``counted``, (depth, n, states); there or elsewhere."""
        if self._planes:
            counted = np.empty_like(counted)
        if self._planes or self.depth == 2 and number == 0:
            self.count(number, words, counted)
        return counted

    def counted_by_word(self) -> NDArray[np.floating]:
        """Words, what they count as in the first row tile where planes err, and their squares where devices are noisy:
        (1 to 3, words), from the lowest word."""
        (mu, _), squares = self._words[0], self._squares[0]
        middle = len(mu) // 2
        rows = [np.arange(-middle, middle + 1), *([mu] if self._planes else []), squares]
        return np.array(rows[: self.depth + self._planes], float)

    def sample(
        self,
        number: int,
        words: NDArray[np.floating],
        stack: NDArray[np.floating],
        entries: NDArray[np.floating] | None,
        work: NDArray[np.floating],
    ) -> None:
        """Complete what `begin` started, up to the converter's rounding, which `convert` does.

        Args:
            number: of the row tile.
            words: (depth, n, states), what state words count as.
            stack: (depth, n, columns), whose sums become codes that are not rounded yet.
            entries: (n, columns), or None.
            work: of the shape of ``stack``, overwritten.
        """
        rows, states = self._state_rows[number]
        if states.stop > states.start:
            np.matmul(words[:, :, states], rows, out=work)
            stack += work
        self.finish(number, stack, entries)

    def finish(self, number: int, stack: NDArray[np.floating], entries: NDArray[np.floating] | None) -> None:
        """Noise and converter of complete stacks; arguments as of `sample`. Rules D16 and D18."""
        sums = stack[0]
        if self._staged:
            np.floor(sums, out=sums)
        if self.depth == 2:
            sigma = stack[1]
            np.sqrt(sigma, out=sigma)
            np.floor(sigma, out=sigma)
            sigma *= entries
            sums += sigma
        elif self._staged and entries is not None:
            sums += self._even_noise(entries)
        if self._staged:
            sums *= self._gain[number]
            sums += self._constant[number]

    def step_of_one(self, words: NDArray[np.floating], work: NDArray[np.floating]) -> Callable[..., None] | None:
        """The sample of one step of a layer of one row tile, without the views that `sample` makes anew; the datapath
        calls it in a loop where these cost as much as the arithmetic.

        Args:
            words: (depth, n, states), what state words count as. ``work``: (depth, n, columns), overwritten.

        Returns:
            None where there are more row tiles; else what takes (stack, its sums, its variances, entries).
        """
        if len(self.row_tiles) != 1:
            return None
        noisy, staged, gain, constant = self.depth == 2, self._staged, self._gain, self._constant
        rows, product = self._state_rows[0][0], cast(Callable[..., Any], np.matmul)
        if not noisy:
            words, rows, work, product = words[0], rows[0], work[0], np.dot  # sooner of two dimensions
        add, sqrt, floor, multiply, even_noise = np.add, np.sqrt, np.floor, np.multiply, self._even_noise

        def sample(stack: NDArray, sums: NDArray, sigma: NDArray, entries: Any) -> None:
            product(words, rows, work)
            add(stack, work, stack)
            if staged:
                floor(sums, sums)
            if noisy:
                sqrt(sigma, sigma)
                floor(sigma, sigma)
                multiply(sigma, entries, sigma)
                add(sums, sigma, sums)
            elif staged and entries is not None:
                add(sums, even_noise(entries), sums)
            if staged:
                multiply(sums, gain, sums)
                add(sums, constant, sums)

        return sample

    def _even_noise(self, entries: NDArray[np.floating]) -> NDArray[np.floating]:
        """Noise where converters alone are noisy."""
        return np.floor(np.sqrt(self._converter_noise)) * entries

    def read(
        self, words: NDArray[np.floating], codes: NDArray[np.floating], total: NDArray[np.floating], work: NDArray
    ) -> None:
        """As of `remora.golden.crossbar.array.TiledLayer.read`, with the noise of `entries`."""
        stack = np.empty((self.depth, *codes.shape))
        self.begin(None, stack, self.entries)
        counted, space = np.empty((self.depth, *words.shape)), np.empty((self.depth, *total.shape))
        for number in range(len(codes)):
            self.count(number, words, counted)
            self.sample(
                number, counted, stack[:, number], None if self.entries is None else self.entries[number], space
            )
        codes[...] = stack[0]
        self.convert(codes)
        self.total(codes, total)

    def entries_of(self, numbers: NDArray[np.integer], steps: int) -> NDArray[np.floating]:
        """Noise entries of all steps of sequences, scaled, (row tiles, steps, n, columns); of layers that are noisy.

        Rules D16 and D17.

        Args:
            numbers: (n,) of the sequences in the stream.
        """
        return self._noise.of_steps(numbers, 0, steps)

    def entries_at(self, numbers: NDArray[np.integer], steps: NDArray[np.integer]) -> NDArray[np.floating]:
        """Those of one sample of each sequence, (row tiles, n, columns), at its step, (n,)."""
        return self._noise.at_steps(numbers, steps)


class _Noise:
    """Noise entries of one layer's samples, scaled, drawn ahead where sequences come one after the other.

    What is handed out is good until the next of as many samples is asked for.
    """

    def __init__(self, model: DeviceModel, made: ChipLayer, unit: NDArray[np.floating]):
        self._model, self._made, self._unit = model, made, unit
        self._first, self._asked = 0, (-1, -1, -1)
        self._kept: NDArray[np.floating] = np.zeros((len(unit), 0, 0, 0))
        self._buffers = {1: self._kept, 2: self._kept}

    def of_steps(self, numbers: NDArray[np.integer], first: int, steps: int) -> NDArray[np.floating]:
        """Of some steps of sequences, (row tiles, steps, n, columns)."""
        if len(numbers) != 1:
            # It may take the memory of what was drawn ahead.
            self._asked = (-1, -1, -1)
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
        columns = self._made.shape[2]
        # New memory of this size would cost several times what it takes to fill it.
        entries = self._buffers[len(samples)]
        if entries.shape != (len(self._unit), *samples, columns):
            entries = self._buffers[len(samples)] = np.empty((len(self._unit), *samples, columns))
        for tile, (of_tile, unit) in enumerate(zip(entries, self._unit, strict=True)):
            normals = column_normals(self._model, self._made, tile, 0, columns, key, samples)
            np.multiply(normals, unit, out=of_tile)
        return entries
