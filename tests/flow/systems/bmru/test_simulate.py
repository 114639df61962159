"""``remora simulate`` of a BMRU accelerator, end to end: the bundled network on the hardware, and what others script
against."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from remora.flow import cli
from remora.flow.systems.bmru.generate import bmru_parts
from remora.flow.systems.bmru.networks import bundled_network, load_clips, train_spotter
from remora.flow.systems.bmru.recording import keyword_recording, last_votes
from remora.flow.systems.bmru.run import KINDS, PACE, WAKE, BmruCase, wakes
from remora.flow.systems.bmru.simulate import simulate_bmru
from remora.flow.systems.bmru.stimulus import stress_stimulus
from remora.flow.verify import simulation
from remora.flow.verify.simulation import check, generate_for
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.wake_ups import rises
from remora.golden.data.mfcc import FRAMES
from remora.golden.lib import bmru
from remora.golden.lib.bmru_network import Linear, save_network
from remora.golden.offline.bmru_training import Recipe
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import ReportFlag
from remora.spec.lib.errors import CheckFailed, RemoraError
from remora.spec.lib.packets import Answer
from remora.spec.presets import load_design
from remora.tb.lib.scoreboard import Comparison, compare

KWS = load_design("kws", BmruDesign)

PROMISED = {
    "design", "design_hash", "frames_compared", "mismatches", "clips", "accuracy", "golden_accuracy", "float_accuracy",
    "core_power_nw", "most_awake_cycles", "frames_per_second", "seed", "commit", "command", "version",
}  # fmt: skip


def simulate(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(["simulate", *arguments])
    return caught.value.code or 0


def test_the_bundled_spotter(excerpt, tmp_path, capsys):
    path = tmp_path / "kws.json"
    assert simulate("kws", "--limit", "6", "--json", str(path)) == 0
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result.keys() >= PROMISED
    assert (result["clips"], result["frames_compared"], result["mismatches"]) == (6, 606, 0)
    assert result["accuracy"] == result["golden_accuracy"] and 0 <= result["float_accuracy"] <= 1
    assert result["most_awake_cycles"] <= 64 and 10 < result["core_power_nw"] < 1000
    # The same design with other data needs no second build.
    assert simulate("kws", "--data", "synthetic", "--limit", "3", "--stall", "0.2", "--json", str(path)) == 0
    result = json.loads(path.read_text(encoding="utf-8"))
    assert (result["mismatches"], result["accuracy"]) == (0, None) and result["frames_compared"] == 60
    assert "hardware and golden agree exactly" in capsys.readouterr().out


def test_a_run_that_cannot_start_leaves_no_result(tmp_path, capsys):
    path = tmp_path / "kws.json"
    assert simulate("kws", "--checkpoint", str(tmp_path / "none.npz"), "--json", str(path)) == 2
    assert "does not exist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_at_the_pace_of_frames_nothing_may_stall(tmp_path, capsys):
    assert simulate("kws", "--data", "synthetic", "--paced", "--stall", "0.5") == 2
    assert "leave one out" in capsys.readouterr().err


def test_a_paced_run_must_have_compared_its_pace():
    design = KWS.evolve(network={"width": 1}, name="short")
    compared = Comparison(compared=dict.fromkeys(KINDS, 1), values=1)
    back_to_back, paced = (BmruCase(design, stress_stimulus(design, 1, 1, period=period)) for period in (0, 9))
    check(compared, back_to_back.required(stalled=False))
    check(compared, paced.required(stalled=True))
    assert paced.required(stalled=False) == (*KINDS, PACE)
    assert BmruCase(design, stress_stimulus(design, 1, 1), streams=1).required(stalled=True) == (*KINDS, WAKE)
    with pytest.raises(CheckFailed, match="no record of pace was compared, so"):
        check(compared, paced.required(stalled=False))
    nothing = Comparison(compared=dict.fromkeys(KINDS, 0), values=1)
    assert nothing.failure(KINDS) == f"no record of {', '.join(KINDS)} was compared, so the run fails"


def test_parameters_beyond_the_codes_are_told(excerpt, tmp_path, capsys):
    network = bundled_network(load_design("kws", BmruDesign))
    weight = network.output.weight.copy()
    weight[1, 2] = -100
    path = tmp_path / "loud.npz"
    save_network(path, replace(network, output=Linear(weight, network.output.bias)))
    result = tmp_path / "loud.json"
    assert simulate("kws", "--checkpoint", str(path), "--limit", "2", "--json", str(result)) == 0
    assert json.loads(result.read_text(encoding="utf-8"))["parameters_saturated"] == {"output.weight": 1}
    assert "1 of output.weight saturated" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["generate", "kws", "--checkpoint", str(path), "-o", str(tmp_path / "out")])
    assert "1 parameters of output.weight lie beyond" in capsys.readouterr().out


# Streams and votes that slide -----------------------------------------------------------------------------------------
def test_a_stream_of_words_wakes_the_hardware_where_the_sliding_window_says(excerpt, tmp_path, capsys):
    network = train_spotter(KWS, Recipe(steps=12, batch=16), load_clips().of("train", "validation"), "running")
    path, json_path = tmp_path / "running.npz", tmp_path / "stream.json"
    save_network(path, network)
    assert simulate("kws", "--stream", "--checkpoint", str(path), "--limit", "8", "--json", str(json_path)) == 0
    result = json.loads(json_path.read_text(encoding="utf-8"))
    assert (result["frames_compared"], result["mismatches"], result["clips"]) == (8 * FRAMES, 0, 8)
    assert result["compared"][WAKE] == result["compared"]["answer"] == 8 * FRAMES
    assert result["counters"]["clips"] == 0 and result["stream"] and result["sliding"]
    assert 0 < result["wake_ups"] >= result["false_alarms"] and 0 < result["keywords"] < 8
    assert result["accuracy"] == result["golden_accuracy"] and 0 <= result["float_accuracy"] <= 1
    assert f"{result['hits']} of {result['keywords']} keywords found" in capsys.readouterr().out


def test_a_stream_has_one_start_and_no_end_and_its_normalisation_runs_on(excerpt, tmp_path):
    network = train_spotter(KWS, Recipe(steps=2, batch=16), load_clips().of("train", "validation"), "running")
    save_network(tmp_path / "net.npz", network)
    stream, apart = (keyword_recording(KWS, 3, tmp_path / "net.npz", one) for one in (True, False))
    flags = [packet.data[2] for packet in stream.packets]
    assert len(flags) == 3 * FRAMES and flags[0] == 1 and not any(flags[1:])
    # The first clip of the stream is one of those apart, and there as there; later ones go on with what was before.
    found = [(stream.features[0] == one).all() for one in apart.features]
    assert sum(found) == 1 and not any((stream.features[1] == one).all() for one in apart.features)
    assert sorted(stream.labels) == sorted(apart.labels) and stream.settings(KWS).sliding
    assert not apart.settings(KWS).sliding


def test_a_stream_needs_a_normalisation_that_runs(excerpt, capsys):
    assert simulate("kws", "--stream") == 2
    assert "train one with `remora train kws --normalisation running -o FILE`" in capsys.readouterr().err


def test_a_design_point_whose_vote_slides_is_run_so(excerpt, monkeypatch):
    """On the build of `kws`: what differs are values after reset, which the host sets."""
    design = KWS.evolve(vote={"sliding": True, "frames": 40})
    recording = keyword_recording(design, 6, None)
    sound = bmru_parts(KWS, recording.codes)
    monkeypatch.setattr(simulation, "generate_for", lambda parts: generate_for(sound))
    result = simulate_bmru(design, recording).result
    assert result["sliding"] and not result["stream"] and result["hits"] is None
    assert (result["mismatches"], result["compared"][WAKE], result["counters"]["clips"]) == (0, 6 * FRAMES, 6)
    decided = BmruCore(design, recording.codes).run(recording.features).decision
    assert result["accuracy"] == np.mean(bmru.vote(decided[:, -40:], 2) == recording.labels)
    assert result["wake_ups"] == rises(decided == 1, 40).sum() > 0


def test_clips_longer_than_a_vote_are_refused_before_the_build(excerpt, monkeypatch):
    monkeypatch.setattr(simulation, "generate_for", None)
    recording = keyword_recording(KWS, 2, None)
    with pytest.raises(RemoraError, match="clips have 101 frames, but vote.frames of 'kws' is 100: use at least 101"):
        simulate_bmru(KWS.evolve(vote={"frames": 100}), recording)
    assert recording.settings(KWS.evolve(vote={"frames": 100, "sliding": True})).sliding


def test_a_wake_up_at_another_frame_is_noticed():
    settings = VoteSettings.of(KWS, sliding=True, frames=5)
    votes = np.array([[0, 1, 1, 1, 0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]], bool)
    where = [3, 9, 12]

    def answers(positions: list[int]) -> list[Answer]:
        return [Answer(0, 0, ReportFlag.VOTE | (ReportFlag.WAKE if n in positions else 0), (0, 0)) for n in range(20)]

    def compared(found: list[Answer]) -> Comparison:
        one = wakes(settings, votes, found)
        return compare({one.kind: one.expected}, {one.kind: one.actual})

    assert compared(answers(where)).passed and compared(answers(where)).compared == {WAKE: 20}
    for wrong in ([3, 9, 13], [3, 9], [3, 4, 9, 12]):
        assert not compared(answers(wrong)).passed
    assert not compared(answers(where)[:19]).passed
    unseen = Comparison(compared=dict.fromkeys(KINDS, 1), values=1)
    assert unseen.failure((*KINDS, WAKE)) == f"no record of {WAKE} was compared, so the run fails"


def test_the_last_vote_of_a_clip_hears_what_was_before():
    classes = np.array([[1, 1, 1, 1, 0, 0, 0, 0, 1]])
    for window, wanted in ((1, [1, 0, 1]), (3, [1, 0, 0]), (9, [1, 1, 1])):
        assert last_votes(classes, 3, window, 2).tolist() == wanted
    assert last_votes(classes.reshape(3, 3), 3, 9, 2).tolist() == [1, 0, 0]
