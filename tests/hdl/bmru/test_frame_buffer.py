"""The frame buffer on Verilator: random packets, of which something is wrong with many."""

from __future__ import annotations

from remora.flow.systems.bmru.stimulus import stress_stimulus
from remora.golden.bmru.clips import Intake
from remora.hdl.bmru.frame_buffer import FrameBuffer
from remora.spec.bmru.frames import FrameDrop
from tests.golden.bmru.cases import make_bmru
from tests.support import simulate_cases

FORMATS = {"feature_bits": 4, "feature_step_pa": 100, "node_bits": 10, "bias_step_pa": 1}
DESIGNS = {
    "one": make_bmru(1, 1, 1, 1, vote={"frames": 1, "wake_class": 0}),
    "two": make_bmru(2, 1, vote={"frames": 5}),
    "odd": make_bmru(5, 3, vote={"frames": 7}, formats=FORMATS),
    "spotter": make_bmru(13, 4, vote={"frames": 4}),
}


def test_frame_buffer():
    packets, seen, saturated, cut = {}, set(), 0, 0
    for name, design in DESIGNS.items():
        stimulus = stress_stimulus(design, 30, seed=5)
        packets[name] = [(packet.data.hex(), packet.keep) for packet in stimulus.packets]
        intake = Intake(design)
        for packet in stimulus.packets:
            intake.take(packet, stimulus.settings)
        seen |= set(intake.dropped)
        saturated, cut = saturated + intake.saturated, cut + intake.cut
    assert seen == set(FrameDrop) - {FrameDrop.UNPROGRAMMED}, "packets that are never dropped for a cause test little"
    assert saturated and cut
    cases = {name: {"design": design} for name, design in DESIGNS.items()}
    result = simulate_cases(FrameBuffer, cases, "remora.tb.blocks.bmru.test_frame_buffer", config={"packets": packets})
    assert len(result.tests) == 5
