"""The way to the weights, as the registers see it."""

from __future__ import annotations

from amaranth.hdl import signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import WINDOW_ROWS
from remora.spec.crossbar.tiles import MAX_TILE
from remora.spec.lib.fixed import unsigned_width

SLICE_BITS = unsigned_width(MAX_TILE // WINDOW_ROWS - 1)
COLUMN_BITS = unsigned_width(MAX_TILE - 1)
POINTER_BITS = unsigned_width(WINDOW_ROWS - 1)
MISMATCH_BITS = unsigned_width(WINDOW_ROWS)


class WindowHost(wiring.Signature):
    """The way to the weights, seen from the registers.

    Ports:
        layer: selects 0 the hidden layer, 1 the readout.
        tile: selects a tile of the layer.
        column: selects a column of the tile.
        slice: selects ``WINDOW_ROWS`` rows of the column; the last slice of a tile may have fewer.
        selection_valid: there is such a tile, column and slice.
        pointer: the first of four rows of the slice; its low two bits are ignored.
        data_write: stores bytes of ``data_value`` at rows ``pointer … pointer + 3`` of the slice; those beyond the
            tile are kept but not used, and there are none beyond ``WINDOW_ROWS``.
        data_value: four weights, a signed byte each.
        data_strobes: the bytes that are stored.
        data_read_value: the four rows as they are.
        commit: programs the selected slice, which must be valid, and verifies it.
        read: reads the selected slice, which must be valid, into the window.
        drive: drives the rows of the selected slice, which must be valid, on ``planes`` planes; nothing is converted.
        convert: converts what the drives of the layer have gathered.
        planes: of ``drive``, at least 1; it must stay until the end.
        integrator: of two, the one that every command uses; it must stay until the end.
        code: of the selected column, from the layer's last conversion; valid while no tile converts.
        charged: an integrator holds what a drive has gathered.
        busy: high from the cycle after a command until the end.
        done: high for one cycle at the end.
        failed: with ``done``, a device does not hold its weight.
        mismatches: how many rows do not.
        unverified: which rows do not, of the last commit; of a window that verifies.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "layer": Out(1),
                "tile": Out(8),
                "column": Out(COLUMN_BITS),
                "slice": Out(SLICE_BITS),
                "selection_valid": In(1),
                "pointer": Out(POINTER_BITS),
                "data_write": Out(1),
                "data_value": Out(32),
                "data_strobes": Out(4),
                "data_read_value": In(32),
                "commit": Out(1),
                "read": Out(1),
                "drive": Out(1),
                "convert": Out(1),
                "planes": Out(range(design.formats.stream_bits + 1)),
                "integrator": Out(1),
                "code": In(signed(design.formats.adc_bits)),
                "charged": In(1),
                "busy": In(1),
                "done": In(1),
                "failed": In(1),
                "mismatches": In(MISMATCH_BITS),
                **({"unverified": In(WINDOW_ROWS)} if design.capabilities.verifies else {}),
            }
        )
