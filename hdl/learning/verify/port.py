"""How a write controller and a verifier speak of the tile at hand."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class VerifyPort(wiring.Signature):
    """What a write controller and a verifier tell each other of a tile, seen from the controller.

    Ports:
        in_tile: a tile is at hand.
        layer: its layer.
        column: the column at hand, those of the readout counted after the hidden ones.
        row_tile: its row tile.
        due: its rows that have pulses left.
        counts: how many each has.
        raised: of each row, 1: raise the weight, 0: lower it.
        ended: no row has pulses left, and the last one has ended.
        blocked: of each row, a pulse has been dropped since the tile is at hand.
        may_pulse: pulses may be launched.
        may_leave: the tile may be left once its pulses have ended.
        again: rows that take one more pulse, in the cycle in which it is not 0; only while ``ended``.
    """

    def __init__(self, design: DesignPoint) -> None:
        rows = min(design.crossbar.rows, design.hidden_rows)
        super().__init__(
            {
                "in_tile": Out(1),
                "layer": Out(1),
                "column": Out(range(design.network.hidden + design.network.classes)),
                "row_tile": Out(unsigned_width(-(-design.hidden_rows // rows) - 1)),
                "due": Out(rows),
                "counts": Out(unsigned_width(design.learning.max_pulses) * rows),
                "raised": Out(rows),
                "ended": Out(1),
                "blocked": Out(rows),
                "may_pulse": In(1),
                "may_leave": In(1),
                "again": In(rows),
            }
        )
