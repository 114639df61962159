"""Fold issue: hands the codes of a conversion to the cell, a fold a cycle, and has the old states read before."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.columns import FoldControl
from remora.hdl.lib.steps import StepTag, copy, tag_register
from remora.spec.crossbar.design import DesignPoint


class FoldIssue(wiring.Component):
    """Issues fold k in cycle t + k where the codes become valid in cycle t, and reads each fold's states before it.

    The first fold's states are read when its conversion begins or, where folds of the step before are still being
    issued, with the last of them: no conversion ends before that (`remora.spec.crossbar.cycles.Cycles.pace`).

    Ports:
        valid: codes become valid; those of a conversion that did not begin here are somebody else's.
        converted: the step that they are of.
        begun: a conversion begins.
        awaited: the step whose codes come next.
        cell: strobes of the cell.
        issued: with ``cell.issue``, the step that the fold is of.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "valid": In(1),
                "converted": In(StepTag(design)),
                "begun": In(1),
                "awaited": In(StepTag(design)),
                "cell": Out(FoldControl(design)),
                "issued": Out(StepTag(design)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        cell, issued, folds = self.cell, self.issued, self.design.folds
        at_hand = tag_register(self.design, "at_hand")
        converting, valid, last_fold = Signal(), Signal(), Signal()
        m.d.comb += valid.eq(self.valid & converting)
        with m.If(valid):
            m.d.sync += copy(at_hand, self.converted)
        for name in issued.signature.members:
            m.d.comb += getattr(issued, name).eq(Mux(valid, getattr(self.converted, name), getattr(at_hand, name)))
        m.d.sync += converting.eq(self.begun | (converting & ~valid))
        m.d.comb += [
            cell.issue.eq(valid | (cell.fold != 0)),
            last_fold.eq(cell.issue & (cell.fold == folds - 1)),
            cell.context_index.eq(issued.context_index),
            cell.first.eq(issued.first),
            cell.last.eq(issued.last),
        ]
        with m.If(cell.issue):
            m.d.sync += cell.fold.eq(Mux(last_fold, 0, cell.fold + 1))
        with m.If(cell.issue & ~last_fold):
            m.d.comb += [cell.read.eq(1), cell.read_fold.eq(cell.fold + 1), cell.read_context.eq(issued.context_index)]
        with m.Else():
            first_read = self.begun | (last_fold & converting & ~valid)
            m.d.comb += [cell.read.eq(first_read), cell.read_context.eq(self.awaited.context_index)]
        return m
