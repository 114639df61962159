"""The frame sequencer on Verilator: one block and three, phases of one cycle and of many."""

from __future__ import annotations

from remora.hdl.bmru.frame_sequencer import FrameSequencer
from tests.golden.bmru.cases import make_bmru
from tests.support import simulate_cases

DESIGNS = {
    "one": make_bmru(1, 1, 1, 1, settling={"phase_cycles": 1}),
    "three": make_bmru(1, 1, 3, settling={"phase_cycles": 5}),
}


def test_frame_sequencer():
    cases = {name: {"design": design} for name, design in DESIGNS.items()}
    assert len(simulate_cases(FrameSequencer, cases, "remora.tb.blocks.bmru.test_frame_sequencer").tests) == 2
