"""The gated clock truly stands, and nothing is lost: accesses and frames while asleep, frames at their pace."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from remora.flow.systems.bmru.reference import run_reference
from remora.flow.tools.simulator import run
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_features
from remora.spec.bmru.records import FRAME
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.scoreboard import compare
from tests.top.bmru.test_bmru import DESIGNS
from tests.top.bmru.test_resets import words

DESIGN = DESIGNS["odd"]
CLIPS, FRAMES = 12, 4
SETTINGS = VoteSettings.of(DESIGN, report_frames=True, threshold=2)


@pytest.mark.parametrize("period", [0, 3 * DESIGN.cycles.awake])
def test_nothing_is_lost_while_the_clock_stands(period, harness, tmp_path):
    _, build = harness(DESIGN)
    codes, packets = lively_codes(DESIGN, 5), clip_packets(random_features(DESIGN, CLIPS, FRAMES, 50))
    write_header(tmp_path, DESIGN)
    config = {
        "design": DESIGN.model_dump(mode="json"),
        "chain": "".join("1" if bit else "0" for bit in codes.chain()),
        "settings": asdict(SETTINGS),
        "packets": [packet.data.hex() for packet in packets],
        "period": period,
        "output": str(tmp_path / "outcome.json"),
    }
    run(build, "remora.tb.bmru.top_sleep", config=config, plusargs=[f"+remora_trace={tmp_path}"], run_dir=tmp_path)
    outcome = json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8"))
    reference = run_reference(DESIGN, codes, packets, SETTINGS)
    compare({FRAME: reference.records}, {FRAME: read_trace(tmp_path, DESIGN)[FRAME]}).require(FRAME)
    assert outcome["answers"] == [words(answer) for answer in reference.answers]
    assert outcome["frames"] == len(packets) == CLIPS * FRAMES
    assert outcome["rounds"] > 2 * len(packets) and outcome["slept"] > 20 * len(packets)
