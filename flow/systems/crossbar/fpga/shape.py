"""How the digital crossbar keeps a tile's devices in block memory: shape, and content for synthesis.

``hdl/macros/fpga/remora_crossbar.sv`` reckons the same from its parameters. A netlist that holds the weights of one
shape in the words of another answers wrongly at once, which the tests see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.devices import of_macro, of_tile
from remora.golden.crossbar.weights import Weights, in_devices
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Tile, all_tiles
from remora.spec.lib.errors import RemoraError

LATENCY = 7
"""Cycles of a conversion beyond those in which a word is read."""
LEAST_PULSE_CYCLES = 3
"""Shortest pulse: it reads, moves and stores a word, and the flags are sensed after it."""


@dataclass(frozen=True)
class Shape:
    """Shape of a tile's memory.

    Attributes:
        column_lanes: columns whose pairs lie in one word. ``groups``: how many times so many columns there are.
        row_lanes: rows whose pairs lie in one word. ``blocks``: words of a column.
    """

    column_lanes: int
    groups: int
    row_lanes: int
    blocks: int

    @property
    def words(self) -> int:
        """Depth of the memory."""
        return self.groups * (1 << (self.blocks - 1).bit_length())


def tile_shape(design: DesignPoint, tile: Tile) -> Shape:
    """Shape of a tile.

    Raises:
        RemoraError: the design point leaves a conversion or a pulse too few cycles, or has what an FPGA lacks.
    """
    crossbar = design.crossbar
    if design.capabilities.bistable:
        raise RemoraError(
            'cell.kind = "bmru": no digital crossbar has currents at its bitlines; use cell.kind = "miru"'
        )
    if crossbar.adc_cycles <= LATENCY:
        raise RemoraError(
            f"crossbar.adc_cycles = {crossbar.adc_cycles}: a digital crossbar takes {LATENCY + 1} at least"
        )
    if crossbar.pulse_cycles < LEAST_PULSE_CYCLES:
        raise RemoraError(
            f"crossbar.pulse_cycles = {crossbar.pulse_cycles}: a digital crossbar takes {LEAST_PULSE_CYCLES} at least"
        )
    reads = crossbar.adc_cycles - LATENCY
    column_lanes = 1 << (-(-tile.macro_columns // reads) - 1).bit_length()
    groups = -(-tile.macro_columns // column_lanes)
    afforded = max(1, min(reads // groups, max(1, crossbar.sense_cycles - 1), max(1, (crossbar.pulse_cycles - 2) // 2)))
    row_lanes = -(-tile.macro_rows // afforded)
    return Shape(column_lanes, groups, row_lanes, -(-tile.macro_rows // row_lanes))


def words_texts(design: DesignPoint, weights: Weights) -> dict[str, str]:
    """Content of the memory of each tile by its name, in the form of ``$readmemh``: pairs that make the weights.

    Raises:
        RemoraError: as of `tile_shape`.
    """
    held = in_devices(design, weights)
    return {
        tile.name: _text(design, tile_shape(design, tile), of_macro(tile, of_tile(held, tile)))
        for tile in all_tiles(design)
    }


def _text(design: DesignPoint, shape: Shape, weights: NDArray) -> str:
    """The words of one tile; ``weights`` int64[rows, columns] of its macro, in levels."""
    bits = design.crossbar.top_level.bit_length()
    rows, columns = weights.shape
    words = np.zeros(shape.words, object)
    depth = shape.words // shape.groups
    for row in range(rows):
        block, down = divmod(row, shape.row_lanes)
        for column in range(columns):
            group, across = divmod(column, shape.column_lanes)
            positive, negative = (int(each) for each in design.crossbar.pair_levels(int(weights[row, column])))
            pair = negative << bits | positive
            words[group * depth + block] |= pair << 2 * bits * (across * shape.row_lanes + down)
    return "".join(f"{word:x}\n" for word in words)
