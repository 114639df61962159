"""A layer of crossbar tiles as exact matrix products: words in, saturated codes out.

Integers are held in floating point, where products and sums are exact as long as every intermediate value fits the
significand; that makes BLAS usable. The bounds come from `spec` and are asserted.

Rule N1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import FRACTION_BITS, MOST
from remora.spec.crossbar.layout import Layer, adc_shift, bias_word, bitline_bound, layer_layout

HALF = 0.5
"""What ``rs`` adds before it shifts, in units of the shifted value."""


def constant(value: float, dtype: type[np.floating] = np.float32) -> NDArray[np.floating]:
    """A constant for the loops over steps, where numpy's conversion of a Python number costs as much as the arithmetic.

    It must be exact in float32, which does not widen either of the types that are used; those of its own type it does
    not convert either.
    """
    held = np.array(value, dtype)
    assert held == value
    return held


def exact_dtype(bound: int) -> type[np.floating]:
    """Narrowest floating type in which every integer of magnitude ``bound`` or less is exact.

    Raises:
        ValueError: not even float64 is wide enough.
    """
    if bound < 1 << 24:
        return np.float32
    if bound < 1 << 53:
        return np.float64
    raise ValueError(f"integers up to {bound} are not exact in float64")


def layer_dtype(design: DesignPoint) -> type[np.floating]:
    """Type of all arithmetic of inference.

    The bound is that of a bitline sum with the rounding half and the candidate table's offset, a full code, added, or
    that of a sum of codes and corrections times a gain; the cell needs 24 bits: ``(c - h)·u + 128`` is largest for
    u = 256 and 15 state bits, and still below 2²⁴ because ``|c - h| <= 2·(2^15 - 1)``.
    """
    shift = max(adc_shift(design, layer) for layer in Layer)
    half, offset = (1 << shift) >> 1, design.formats.adc_limit << shift
    assert 2 * design.formats.state_limit * 256 + 128 < 1 << 24
    bound = max(bitline_bound(design, layer) for layer in Layer) + half + offset
    if design.capabilities.gains:
        tiles = max(layer_layout(design, layer).row_tiles for layer in Layer)
        codes = tiles + max(1, design.capabilities.calibrates + design.capabilities.digital_bias)
        bound = max(bound, codes * design.formats.adc_limit * MOST + (1 << FRACTION_BITS - 1))
    return exact_dtype(bound)


@dataclass(frozen=True)
class RowTile:
    """The rows of one row tile: views into the layer's matrix, with the slices of the words that drive them."""

    inputs: slice
    input_rows: NDArray[np.floating]
    states: slice
    state_rows: NDArray[np.floating]
    bias: bool


class TiledLayer:
    """One layer: its weights, already scaled by the converter's ``2^-adc_shift``, and the conversion of its sums.

    Rules X1 and X2.

    Column tiles need no mention: a column's sum does not depend on which tile holds it.

    Attributes:
        matrix: (rows, columns) scaled weights; writing to it changes the layer at once.
        row_tiles: the row tiles in order.
        corrections: (columns,) codes that are added to the sum of the row tiles; None where there are none. Rules K1
            and K5.
        digital: biases are digital words, and nothing drives the last row. Rule K5.
        gain: of its codes, over 2^12, as an exact constant; None where codes have none. Rule G2.
    """

    corrections: NDArray[np.floating] | None = None
    digital: bool

    def __init__(self, design: DesignPoint, layer: Layer, levels: NDArray[np.integer], dtype: type[np.floating]):
        self.scale = 2.0 ** -adc_shift(design, layer)
        self._lay_out(design, layer, levels.astype(dtype) * dtype(self.scale))
        if self.digital:
            self.correct(None, levels[-1])

    def _lay_out(self, design: DesignPoint, layer: Layer, matrix: NDArray[np.floating]) -> None:
        layout = layer_layout(design, layer)
        inputs = design.network.features if layer is Layer.HIDDEN else 0
        self.matrix = matrix
        self.gain: NDArray[np.floating] | None = None
        self._highest, self._lowest = constant(design.formats.adc_limit), constant(-design.formats.adc_limit)
        self._bias_word = bias_word(design, layer)
        self.digital, self.scale = design.capabilities.digital_bias, 2.0 ** -adc_shift(design, layer)
        self.row_tiles = []
        for tile in layout.tiles[:: layout.column_tiles]:
            first, last = tile.first_row, tile.first_row + tile.rows
            input_rows = slice(min(first, inputs), min(last, inputs))
            state_rows = slice(max(first, inputs), max(min(last, layout.rows - 1), inputs))
            self.row_tiles.append(
                RowTile(
                    inputs=input_rows,
                    input_rows=self.matrix[input_rows],
                    states=slice(state_rows.start - inputs, state_rows.stop - inputs),
                    state_rows=self.matrix[state_rows],
                    bias=last == layout.rows and not self.digital,
                )
            )

    def start(self, tile: RowTile, inputs: NDArray[np.floating] | None, out: NDArray[np.floating]) -> None:
        """Set sums to what inputs, bias line and rounding contribute, all that does not depend on the state.

        Rules X3, F5 and F6.

        Args:
            inputs: (n, inputs) input words; None where the layer has none.
            out: (n, columns), in code units.
        """
        offset = self._bias_word * self.matrix[-1] + HALF if tile.bias else HALF
        if inputs is not None and tile.inputs.stop > tile.inputs.start:
            np.matmul(inputs[:, tile.inputs], tile.input_rows, out=out)
            out += offset
        else:
            out[...] = offset

    def add(
        self, tile: RowTile, states: NDArray[np.floating], sums: NDArray[np.floating], work: NDArray[np.floating]
    ) -> None:
        """Add the contribution of the state words to ``sums`` (n, columns) in place; ``work`` is overwritten."""
        if tile.states.stop > tile.states.start:
            # `dot` and not `matmul`, which takes half as long again for a single sequence.
            np.dot(states[:, tile.states], tile.state_rows, out=work)
            sums += work

    def convert(self, sums: NDArray[np.floating]) -> None:
        """Round and saturate: complete sums of a tile, of any shape, become codes in place. Rule X4."""
        np.floor(sums, out=sums)
        self.saturate(sums)

    def read(
        self, words: NDArray[np.floating], codes: NDArray[np.floating], total: NDArray[np.floating], work: NDArray
    ) -> None:
        """Convert a layer without inputs, and add its row tiles.

        Rule O2.

        Args:
            words: (n, states) state words.
            codes: (row tiles, n, columns), filled.
            total: (n, columns), filled; ``work``, of the same shape, is overwritten.
        """
        for tile, of_tile in zip(self.row_tiles, codes, strict=True):
            self.start(tile, None, of_tile)
            self.add(tile, words, of_tile, work)
        self.convert(codes)
        self.total(codes, total)

    def total(self, codes: NDArray[np.floating], out: NDArray[np.floating]) -> None:
        """The code of each column out of those of its row tiles, (row tiles, …, columns). Rules X5, K1 and G2."""
        np.sum(codes, axis=0, out=out)
        if self.corrections is not None:
            out += self.corrections
        if self.gain is not None:
            out *= self.gain
            out += HALF
            np.floor(out, out=out)
        self.saturate(out)

    def correct(self, offsets: NDArray[np.integer] | None, biases: NDArray[np.integer] | None) -> None:
        """Set what is added to the codes of the columns: their offsets, and what their digital biases are worth.

        Rules K1 and K5.

        Args:
            offsets: (columns,) in codes; none where None.
            biases: (columns,) in levels; none where None.
        """
        added = np.zeros(self.matrix.shape[1])
        if offsets is not None:
            added += offsets
        if biases is not None:
            added += np.floor(biases * (self._bias_word * self.scale) + HALF)
        self.corrections = None if offsets is None and biases is None else added.astype(self.matrix.dtype)

    @property
    def hands_on(self) -> bool:
        """The codes of the only row tile are those of the columns, unchanged."""
        return len(self.row_tiles) == 1 and self.corrections is None and self.gain is None

    def set_gain(self, gain: int | None) -> None:
        """Give codes a gain, in 2^−12. Rule G1."""
        scale = 2.0**-FRACTION_BITS
        self.gain = None if gain is None else constant(gain * scale, self.matrix.dtype.type)

    def saturate(self, codes: NDArray[np.floating]) -> None:
        """Clip codes, or a sum of codes, to the converter's full scale, in place. Rule N3."""
        np.minimum(codes, self._highest, out=codes)
        np.maximum(codes, self._lowest, out=codes)
