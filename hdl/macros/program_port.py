"""The program and sense port of a layer's tiles, and how two controllers share it."""

from __future__ import annotations

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


def program_port(design: DesignPoint) -> wiring.Signature:
    """Program and sense port of one layer, seen from the controller.

    ``tile`` and ``column`` select; the sense flags answer in the same cycle, low for rows that the tile does not have.
    ``pulse`` launches a pulse on the rows of ``up`` or ``down``, on the side of the pair that ``side`` names (0: g⁺,
    1: g⁻); ``busy`` is high from the next cycle until the pulse has ended.
    """
    rows = design.crossbar.rows
    return wiring.Signature(
        {
            "tile": Out(8),
            "column": Out(unsigned_width(design.crossbar.columns - 1)),
            "up": Out(rows),
            "down": Out(rows),
            "side": Out(rows),
            "pulse": Out(1),
            "busy": In(1),
            "pos_rest": In(rows),
            "pos_full": In(rows),
            "neg_rest": In(rows),
            "neg_full": In(rows),
        }
    )


SENSE = ("pos_rest", "pos_full", "neg_rest", "neg_full")


def share_program(m: Module, target, selected, first, second) -> None:
    """Let two controllers share a program port: the outputs of ``first`` reach it while ``selected``, else those of
    ``second``.

    Flags and ``busy`` go to both, so that either sees a pulse that the other, or a reset, has left under way.
    """
    for name, member in first.signature.members.items():
        mine, theirs, shared = getattr(first, name), getattr(second, name), getattr(target, name)
        if member.flow is Out:
            m.d.comb += shared.eq(Mux(selected, mine, theirs))
        else:
            m.d.comb += [mine.eq(shared), theirs.eq(shared)]
