"""The keyword spotter from clips to decisions: training command, evaluation, the sliding window, experiments."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

import flow.analog_run
from flow import cli, keyword_train
from flow.experiments import keyword_spotting, noise_immunity, power_scaling
from flow.experiments.keyword_rtl import run_hardware
from flow.experiments.keyword_summary import (
    LEAST_CLIPS_ALIKE,
    LEAST_STATE_BITS_ALIKE,
    WITHIN,
    mean_and_interval,
)
from flow.experiments.runner import Conclusion, Options, Unit, run_experiment
from flow.experiments.sliding_window import count_wakes, slide
from flow.keyword_evaluation import Spotter, add_up, balanced, evaluate
from flow.keywords import KeywordError, check_design, load_clips, shipped_network, train_spotter
from golden.analog_codes import AnalogCodes, export_network
from golden.bmru_training import Recipe
from golden.idx import DATA_VARIABLE
from golden.mfcc import FRAMES
from spec.analog import AnalogDesign
from spec.errors import CheckFailed
from spec.presets import load_design

KWS = load_design("kws", AnalogDesign)
SHORT = Recipe(steps=12, batch=16)


@pytest.fixture
def clips(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return load_clips()


@pytest.mark.parametrize(("preset", "least"), [("kws", 0.87), ("kws16", 0.9)])
def test_the_shipped_networks_spot_the_keyword_in_codes_too(clips, preset, least):
    design = load_design(preset, AnalogDesign)
    network = shipped_network(design)
    found = evaluate(Spotter(design, network, clips.of("test")))
    assert found["clips"] == 88 and found["frames"] == 88 * FRAMES
    by_float, by_codes = (balanced(found[name], "yes") for name in ("float", "codes"))
    assert by_float > least and abs(by_float - by_codes) <= WITHIN
    assert found["alike"] / found["clips"] >= LEAST_CLIPS_ALIKE
    assert found["bits_alike"] / found["bits"] >= LEAST_STATE_BITS_ALIKE
    assert network.metadata["recipe"] == asdict(Recipe.of(design, 1)) and not export_network(design, network).saturated
    assert 100 < found["power_nw"] < (1000 if design.network.width == 4 else 2000) and sum(
        found["branches_nw"].values()
    ) == pytest.approx(found["power_nw"])
    assert not set(network.metadata) ^ {"recipe", "origin", "clips", "digest", "normalisation"}


def test_evaluations_add_up(clips):
    parts = [evaluate(Spotter(KWS, shipped_network(KWS), clips.of(split))) for split in ("test", "validation")]
    whole = evaluate(Spotter(KWS, shipped_network(KWS), clips.of("test", "validation")))
    total = add_up(parts)
    assert total["power_nw"] == pytest.approx(whole["power_nw"])
    assert all(total[key] == whole[key] for key in total if key != "power_nw")


def test_balanced_accuracy_weighs_both_classes_alike():
    assert balanced({"yes": [1, 3], "no": [8, 2], "up": [10, 0]}, "yes") == pytest.approx((0.75 + 0.9) / 2)


def test_a_spotter_needs_a_fitting_design(clips):
    with pytest.raises(KeywordError, match="network.features = 12"):
        check_design(AnalogDesign(name="x", network={"features": 12}))
    with pytest.raises(KeywordError, match="only for kws, kws16"):
        shipped_network(AnalogDesign(name="x"))
    with pytest.raises(KeywordError, match="legal are: clip, running"):
        train_spotter(KWS, SHORT, clips, "none")


def test_training_from_the_command_line(clips, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Recipe, "of", lambda design, seed: replace(SHORT, seed=seed))
    arguments = ["train", "kws", "-o", str(tmp_path / "net.npz"), "--normalisation", "running", "--seed", "5"]
    with pytest.raises(SystemExit) as caught:
        cli.main([*arguments, "--json", str(tmp_path / "result.json")])
    assert not caught.value.code and "balanced accuracy" in capsys.readouterr().out
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["seed"] == 5 and found["trained_on"] == 88 and found["test"]["clips"] == 88
    assert (tmp_path / "net.npz").is_file()


@pytest.mark.parametrize(
    ("splits", "keyword", "message"),
    [
        (("test",), False, "no clip of 'yes' in the split test of the shipped excerpt"),
        (("test",), True, "only clips of 'yes' in the split test of"),
        (("train", "validation"), False, "no clip of 'yes' in the splits train, validation of"),
    ],
)
def test_clips_that_cannot_be_learnt_are_told_before_the_training(
    clips, splits, keyword, message, tmp_path, monkeypatch, capsys
):
    kept = clips.where(~np.isin(clips.split, splits) | ((clips.y == 1) == keyword))
    monkeypatch.setattr(keyword_train, "load_clips", lambda versions: kept)
    monkeypatch.setattr(keyword_train, "train_spotter", None)
    path, result = tmp_path / "net.npz", tmp_path / "result.json"
    path.write_text("what was there", encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "kws", "-o", str(path), "--json", str(result)])
    assert caught.value.code == 2 and message in capsys.readouterr().err
    assert message in json.loads(result.read_text())["error"] and path.read_text() == "what was there"


def test_a_training_needs_clips_of_both_kinds(clips):
    with pytest.raises(KeywordError, match="no clip of 'yes' in the splits test, train, validation of"):
        train_spotter(KWS, SHORT, clips.where(clips.y == 0))


# The sliding window ---------------------------------------------------------------------------------------------------
def test_wakes_are_counted_where_they_belong():
    spoken = np.array([[False, True, False, False, False]])
    votes = np.zeros((1, 5 * FRAMES), bool)
    votes[0, 130:200] = True
    found = count_wakes(votes, spoken, window=101)
    hours = (4 * FRAMES - FRAMES // 2) / 360_000
    assert found == {"keywords": 1, "hits": 1, "false_alarms": 0, "hours": pytest.approx(hours)}
    votes[0, 380:440] = True
    assert count_wakes(votes, spoken, window=101)["false_alarms"] == 1
    assert count_wakes(np.zeros_like(votes), spoken, window=101)["hits"] == 0
    # Awake since before the clip, it does not wake within it.
    assert count_wakes(np.ones_like(votes), spoken, window=101)["hits"] == 0
    # Exactly half of the window is no majority of two classes: the tie goes to the lower one.
    assert count_wakes(np.arange(505)[None] < 50, spoken, window=100)["false_alarms"] == 0
    assert count_wakes(np.arange(505)[None] < 51, spoken, window=100)["false_alarms"] == 1


@pytest.mark.parametrize(("count", "used"), [(1, 1), (3, 3), (16, 16), (37, 32)])
def test_few_clips_are_fewer_streams(clips, count, used):
    network = replace(shipped_network(KWS), metadata={"recipe": {"seed": 1}})
    found = slide(Spotter(KWS, network, clips.where(np.flatnonzero(clips.y == 1)[:count])))
    assert found["keywords"] == used and found["hits"] <= used


# The experiments ------------------------------------------------------------------------------------------------------
def test_keyword_spotting_compares_float_and_codes(clips, monkeypatch, tmp_path):
    monkeypatch.setattr(keyword_spotting, "QUICK_STEPS", 4)
    monkeypatch.setattr(keyword_spotting, "FOLDS", 2)
    result, lines = run_experiment("keyword-spotting", keyword_spotting, Options(quick=True, directory=tmp_path))
    assert result["clips"] == len(clips) and result["folds"] == 2 and result["seeds"] == [1] and len(lines) == 5
    assert [one["normalisation"] for one in result["summaries"]] == ["clip", "running"]
    for one in result["summaries"]:
        assert sum(map(sum, one["five_fold"]["confusion_codes"].values())) == len(clips)
        assert 0 <= one["five_fold"]["float"]["mean"] <= 1 and one["five_fold"]["float"]["interval"] is None
        given = one["given_split"]
        assert given["rtl_clips"] == 88 and given["rtl_frames_compared"] == 88 * FRAMES and given["rtl_mismatches"] == 0
        assert given["confusion_rtl"] == given["confusion_codes"] and given["rtl"] == given["codes"]
        assert ("sliding_window" in one) == (one["normalisation"] == "running")
        assert ("free" in given) == (one["normalisation"] == "clip")
        targets = one["targets"]
        assert ("accuracy" in targets) == (one["normalisation"] == "clip") and len(targets) >= 4
        assert targets["clips_alike"]["met"] == (one["five_fold"]["clips_alike"] >= 0.98)
        assert targets["hardware_below_float"]["found"] == given["float"]["mean"] - given["rtl"]["mean"]
    assert (tmp_path / result["figures"][0]).is_file()


@pytest.mark.parametrize(("options", "seeds"), [({}, [4]), ({"seeds": 2}, [4, 5]), ({"quick": False}, [4, 5, 6])])
def test_seeds_are_those_asked_for_each_once(clips, tmp_path, options, seeds):
    units = keyword_spotting.plan(Options(**{"quick": True, "seed": 4, "directory": tmp_path} | options))
    found = [unit.parameters["recipe"]["seed"] for unit in units]
    assert sorted(set(found)) == seeds and len({found.count(seed) for seed in seeds}) == 1


def test_a_fold_without_the_keyword_is_told_before_any_training(clips, monkeypatch, tmp_path):
    monkeypatch.setattr(keyword_spotting, "speaker_folds", lambda clips, count: np.where(clips.y == 1, 1, 0))
    with pytest.raises(KeywordError, match="no clip of 'yes'"):
        keyword_spotting.plan(Options(quick=True, directory=tmp_path))


def test_several_seeds_are_one_run_with_one_interval(clips, monkeypatch, tmp_path):
    monkeypatch.setattr(
        keyword_spotting, "plan",
        lambda options: [Unit({"seed": options.seed + n}, 1, lambda c, n=n: n) for n in range(options.seeds)],
    )  # fmt: skip
    monkeypatch.setattr(keyword_spotting, "conclude", lambda options, results: Conclusion({"sum": sum(results)}))
    result, _ = run_experiment("keyword-spotting", keyword_spotting, Options(seeds=3, directory=tmp_path))
    assert result["sum"] == 3 and "per_seed" not in result


def test_an_experiment_whose_hardware_differs_ends_in_words(clips, monkeypatch, tmp_path):
    # Golden with another code than the hardware was loaded with.
    spotter = Spotter(KWS, shipped_network(KWS), clips.of("test").where(np.arange(2)))
    other = AnalogCodes(KWS, spotter.codes.arrays | {"input.bias": spotter.codes["input.bias"] ^ 1})
    honest = flow.analog_run.run_reference
    monkeypatch.setattr(flow.analog_run, "run_reference", lambda design, codes, *rest: honest(design, other, *rest))
    with pytest.raises(CheckFailed, match="differ on kws: first divergence: frame record 0"):
        run_hardware(spotter, tmp_path)


def test_means_come_with_the_interval_of_student():
    found = mean_and_interval([0.9, 0.92, 0.94])
    half = 4.302653 * 0.02 / np.sqrt(3)
    assert found["mean"] == pytest.approx(0.92) and found["interval"] == pytest.approx([0.92 - half, 0.92 + half])


def test_noise_immunity_tells_flips_from_errors(clips, monkeypatch, tmp_path):
    monkeypatch.setattr(noise_immunity, "QUICK_CLIPS", 6)
    result, _ = run_experiment("noise-immunity", noise_immunity, Options(quick=True, directory=tmp_path))
    points = {(one["kind"], one["amplitude"]): one for one in result["points"]}
    assert points["noise", 200]["flips"] > points["noise", 2]["flips"]
    assert points["noise", 200]["median_candidate_error_pa"] > 20 * points["noise", 2]["median_candidate_error_pa"]
    assert points["bias_error", 20]["median_suppression"] != "infinite"
    # Bias errors move the currents that cells put out, about as far as they move candidates.
    assert 0 < points["bias_error", 20]["median_suppression"] < noise_immunity.TARGET
    assert not points["bias_error", 20]["target_met"]
    # Flips are what noise does to a state, the more the stronger it is.
    assert points["noise", 2]["target_met_with_flips"] and not points["noise", 200]["target_met_with_flips"]
    assert result["points_met"]["target_met"] < len(points)
    assert all(one["cells"] == 8 for one in result["points"])


def test_suppression_is_a_ratio_of_each_cell():
    found = noise_immunity.suppression([10.0, 5.0, 0.0], [2.0, 0.0, 0.0])
    assert found.tolist() == [5.0, np.inf]


def test_where_no_candidate_errs_there_is_no_suppression():
    one = {"preset": "kws", "kind": "noise", "amplitude": 2, "clips_alike": 1.0, "accuracy": 1.0, "ideal_accuracy": 1.0}
    errors = dict.fromkeys(
        ("candidate_error_pa", "state_error_pa", "held_candidate_error_pa", "held_state_error_pa", "flips"), [0.0, 0.0]
    )
    found = noise_immunity.conclude(Options(), [one | errors]).result["points"][0]
    assert found["median_suppression"] is found["least_suppression_with_flips"] is found["target_met"] is None


def test_power_scaling_finds_its_exponents(monkeypatch, tmp_path):
    monkeypatch.setattr(power_scaling, "WIDTHS", (16, 32, 64))
    result, lines = run_experiment("power-scaling", power_scaling, Options(quick=True, directory=tmp_path))
    assert result["widths"] == [16, 32, 64] and abs(result["exponents"]["cells"] - 1) < 0.1
    assert 1.6 < result["exponents"]["square mirrors"] < 2.2 and "cells: d^" in lines[0]
    assert power_scaling.exponent([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
