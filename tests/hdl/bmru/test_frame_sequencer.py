"""The frame sequencer on Verilator: one block and three, phases of one cycle and of many."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.frame_sequencer import FrameSequencer
from remora.hdl.bmru.pace_timer import PaceTimer
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.registers import WORD_BITS
from tests.golden.bmru.cases import make_bmru
from tests.support import simulate_cases

DESIGNS = {
    "one": make_bmru(1, 1, 1, 1, settling={"phase_cycles": 1}),
    "three": make_bmru(1, 1, 3, settling={"phase_cycles": 5}),
}
CASES = {name: {"design": design} for name, design in DESIGNS.items()}


class PacedSequencer(wiring.Component):
    """A sequencer whose frames a timer makes due."""

    INPUTS = ("run", "available", "first", "reports_taken", "reports_stalled")

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        super().__init__({name: In(1) for name in self.INPUTS} | {"period": In(WORD_BITS), "prepare": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        sequencer, pace = (
            add_submodule(m, "sequencer", FrameSequencer(self.design)),
            add_submodule(m, "pace", PaceTimer()),
        )
        m.d.comb += [getattr(sequencer, name).eq(getattr(self, name)) for name in self.INPUTS]
        m.d.comb += [
            pace.run.eq(self.run),
            pace.period.eq(self.period),
            pace.start.eq(sequencer.start),
            sequencer.due.eq(pace.due),
            self.prepare.eq(sequencer.prepare),
        ]
        return m


def test_frame_strobes():
    assert len(simulate_cases(FrameSequencer, CASES, "remora.tb.blocks.bmru.test_frame_strobes").tests) == 2


def test_frame_sequencer():
    assert len(simulate_cases(PacedSequencer, CASES, "remora.tb.blocks.bmru.test_frame_sequencer").tests) == 2
