"""Resets of the BMRU design at any cycle: what was in flight is forgotten, what comes after is exact."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from remora.flow.systems.bmru.reference import run_reference
from remora.flow.tools.simulator import run
from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_features
from remora.spec.bmru.records import FRAME
from remora.spec.lib.packets import Answer
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.scoreboard import Comparison, compare
from tests.top.bmru.test_bmru import DESIGNS

DESIGN = DESIGNS["odd"]
PHASES, CLIPS, FRAMES = 40, 3, 4
SETTINGS = VoteSettings.of(DESIGN, report_frames=True, threshold=2)


def phase_packets(number: int) -> list[FramePacket]:
    """Clips of a phase, tagged with its number, unlike those of any other."""
    packets = clip_packets(random_features(DESIGN, CLIPS, FRAMES, 100 + number))
    return [FramePacket(packet.data[:3] + bytes([number]) + packet.data[4:]) for packet in packets]


def words(answer: Answer) -> list[int]:
    """An answer as it goes over the stream."""
    return [answer.decision | int(answer.flags) << 16 | answer.tag << 24, *answer.scores]


def test_resets_of_frames_in_flight(harness, tmp_path):
    _, build = harness(DESIGN)
    codes, phases = lively_codes(DESIGN, 9), [phase_packets(number) for number in range(PHASES)]
    write_header(tmp_path, DESIGN)
    config = {
        "design": DESIGN.model_dump(mode="json"),
        "chain": "".join("1" if bit else "0" for bit in codes.chain()),
        "settings": asdict(SETTINGS),
        "phases": [[packet.data.hex() for packet in packets] for packets in phases],
        "done": DESIGN.cycles.awake * CLIPS * FRAMES // 2,
        "longest_wait": DESIGN.cycles.awake * CLIPS * FRAMES,
        "polls": 2 * CLIPS * FRAMES,
        "output": str(tmp_path / "outcome.json"),
    }
    run(build, "remora.tb.bmru.top_resets", config=config, plusargs=[f"+remora_trace={tmp_path}"], run_dir=tmp_path)
    outcome = json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8"))
    compare_phases(codes, phases, read_trace(tmp_path, DESIGN)[FRAME], outcome["answers"]).require(FRAME)


def compare_phases(codes, phases, frames, answers) -> Comparison:
    """Frames and answers of every phase are a prefix of golden's, those of the last are all of it."""
    starts = [*np.flatnonzero(frames["frame"] == 0).tolist(), len(frames)]
    segments = [frames[a:b] for a, b in zip(starts, starts[1:], strict=False)]
    comparison, cut, answered = Comparison(), 0, 0
    for number, packets in enumerate(phases):
        reference = run_reference(DESIGN, codes, packets, SETTINGS)
        # Features are random, so that a segment tells whose it is; a phase that was cut early has none.
        mine = segments and (segments[0]["feature"][0] == reference.records["feature"][0]).all()
        found = segments.pop(0) if mine else frames[:0]
        told = [answer for answer in answers if answer[0] >> 24 == number]
        wanted = [words(answer) for answer in reference.answers]
        if number < PHASES - 1:
            cut += 0 < len(found) < len(packets)
            comparison.merge(compare({FRAME: reference.records[: len(found)]}, {FRAME: found}))
            assert told == wanted[: len(told)]
        else:
            comparison.merge(compare({FRAME: reference.records}, {FRAME: found}))
            assert told == wanted
        answered += len(told)
    assert not segments, "frames of no phase"
    assert cut >= PHASES // 4 and answered == len(answers) > PHASES
    return comparison
