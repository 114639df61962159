"""What the wires of a tile leave of its devices' conductances.

With the lines that are not driven held at 0 V a tile is linear, so its wires are an effective conductance of every
device. This is the saturating form of the first-order voltage drops along its wordline and its bitline.
"""

from __future__ import annotations

import numpy as np

from remora.golden.devices.chip import ChipLayer
from remora.golden.devices.curves import Integers
from remora.spec.crossbar.layout import Tile
from remora.spec.crossbar.spares.spare_map import bitlines_of
from remora.spec.devices.model import WIRE_BITS, DeviceModel
from remora.spec.lib.fixed import round_shift

DROP_BITS = 16
"""A voltage drop counts in 2^−n of the voltage."""


def tile_behind_wires(
    model: DeviceModel, made: ChipLayer, tile: Tile, conductance: Integers, parked: Integers | None
) -> Integers:
    """What the devices of a tile's columns count as, (2, rows, columns of the tile), where its spares are in their
    places among the bitlines. Rules D13, Y1 and Y2.

    Args:
        conductance: (2, rows, columns) of the layer.
        parked: (2, rows, spares of its column tiles) of what serves no column; None where there are no spares.
    """
    own = conductance[:, tile.row_slice, tile.column_slice]
    if parked is None or not model.wired:
        return behind_wires(model, own)
    first = tile.column_tile * tile.spares
    every = np.concatenate([own, parked[:, tile.row_slice, first : first + tile.spares]], axis=2)
    # What stands in for each other changes places, so the same order leads there and back.
    order = bitlines_of(tile, made.spares[tile.index])
    return behind_wires(model, every[:, :, order])[:, :, order][:, :, : tile.columns]


def behind_wires(model: DeviceModel, conductance: Integers) -> Integers:
    """What devices of one tile count as. Rule D13.

    Args:
        conductance: (2, rows, columns) of the tile; side 0 is g⁺.

    Returns:
        The same shape; the same array where wires have no resistance.
    """
    if not model.wired:
        return conductance
    sides, rows, columns = conductance.shape
    bitlines = conductance.transpose(1, 2, 0).reshape(rows, sides * columns)
    # Σ_c' min(c + 1, c' + 1) g = Σ_{k ≤ c} Σ_{c' ≥ k} g, and likewise from the last row up.
    along_row = np.cumsum(np.cumsum(bitlines[:, ::-1], axis=1)[:, ::-1], axis=1)
    along_column = np.cumsum(np.cumsum(bitlines, axis=0)[::-1], axis=0)[::-1]
    drop = round_shift(model.wire_row * along_row + model.wire_column * along_column, WIRE_BITS - DROP_BITS)
    left = (bitlines << DROP_BITS) // ((1 << DROP_BITS) + drop)
    return np.ascontiguousarray(left.reshape(rows, columns, sides).transpose(2, 0, 1))
