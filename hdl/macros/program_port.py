"""The program and sense port of a layer's tiles, and how two controllers share it."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class ProgramPort(wiring.Signature):
    """Program and sense port of one layer, seen from the controller. The tiles see selection and pulse a cycle later.

    The sense flags are right while ``sensed``; they are low for rows that the tile does not have. Of a design that
    learns they are registered. Else they come straight from the tile, so that the controller registers those that it
    uses: it may act on them while ``sensed``, which is a cycle late for that reason.

    Ports:
        tile: selects a tile.
        column: selects a column of the tile.
        up: rows that the pulse raises.
        down: rows that the pulse lowers.
        side: of each row, the side of the pair that the pulse is for (0: g⁺, 1: g⁻).
        pulse: launches a pulse on the rows of ``up`` or ``down``.
        busy: high from the cycle after ``pulse`` until the pulse has ended, and in the cycle after a reset.
        sensed: the flags are those of the selected column, after all pulses; low in the cycle in which the selection
            changes, and from the cycle after ``pulse``. A controller that pulses waits for it; the self-test need not.
        pos_rest: rows whose g⁺ is at rest.
        pos_full: rows whose g⁺ is at its upper end.
        neg_rest: rows whose g⁻ is at rest.
        neg_full: rows whose g⁻ is at its upper end.
    """

    def __init__(self, design: DesignPoint) -> None:
        rows = design.crossbar.rows
        super().__init__(
            {
                "tile": Out(8),
                "column": Out(unsigned_width(design.crossbar.columns - 1)),
                "up": Out(rows),
                "down": Out(rows),
                "side": Out(rows),
                "pulse": Out(1),
                "busy": In(1),
                "sensed": In(1),
                "pos_rest": In(rows),
                "pos_full": In(rows),
                "neg_rest": In(rows),
                "neg_full": In(rows),
            }
        )


SENSE = ("pos_rest", "pos_full", "neg_rest", "neg_full")


PULSED = ("up", "down", "side")
"""What a pulse does to each row."""


def share_program(m: Module, target, selected, first, second, rows_selected=None) -> None:
    """Let two controllers share a program port: the outputs of ``first`` reach it while ``selected``, else those of
    ``second``.

    Flags and ``busy`` go to both, so that either sees a pulse that the other, or a reset, has left under way.

    Args:
        rows_selected: in place of ``selected`` for `PULSED`, which mean nothing without a pulse. None: no other.
    """
    for name, member in first.signature.members.items():
        mine, theirs, shared = getattr(first, name), getattr(second, name), getattr(target, name)
        if member.flow is Out:
            by = selected if rows_selected is None or name not in PULSED else rows_selected
            m.d.comb += shared.eq(Mux(by, mine, theirs))
        else:
            m.d.comb += [mine.eq(shared), theirs.eq(shared)]


def share_program_late(m: Module, target, selected, first, second) -> None:
    """`share_program`, where neither controller pulses before its selection has settled: ``selected`` takes effect a
    cycle late, from a flip-flop of its own. The rows, which are many, do not need it.
    """
    late = Signal(name="programs")
    m.d.sync += late.eq(selected)
    share_program(m, target, late, first, second, selected)
