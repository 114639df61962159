"""When the gated clock runs, the reset pin while it stands, and frames that come behind their tick."""

from __future__ import annotations

from dataclasses import asdict

from remora.flow.tools.simulator import run
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_features
from tests.support import COUNTERS
from tests.top.bmru.test_bmru import DESIGNS

DESIGN = DESIGNS["odd"]
FREE, PACED = 6, 40


def test_the_clock_runs_exactly_while_something_is_asked_for(harness, tmp_path):
    _, build = harness(DESIGN, COUNTERS)
    config = {"design": DESIGN.model_dump(mode="json"), "resets": 8, "phases": 4, "cycles": 150}
    run(build, "remora.tb.bmru.top_wake", config=config, run_dir=tmp_path)


def test_a_frame_behind_its_tick_starts_at_once(harness, tmp_path):
    _, build = harness(DESIGN, COUNTERS)
    frames = FREE + 1 + PACED
    packets = clip_packets(random_features(DESIGN, 1, frames, 51), ends=False)
    config = {
        "design": DESIGN.model_dump(mode="json"),
        "chain": "".join("1" if bit else "0" for bit in lively_codes(DESIGN, 5).chain()),
        "settings": asdict(VoteSettings.of(DESIGN, sliding=True, report_votes=False, report_frames=True)),
        "packets": [packet.data.hex() for packet in packets],
        "period": 300, "free": FREE, "paced": PACED,
    }  # fmt: skip
    run(build, "remora.tb.bmru.top_late", config=config, run_dir=tmp_path)
