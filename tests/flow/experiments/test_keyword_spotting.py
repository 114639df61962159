"""Keyword spotting as an experiment: its plan, its hardware, its summary; the sliding window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import remora.flow.systems.bmru.run
from remora.flow.experiments import keyword_spotting
from remora.flow.experiments.keyword_rtl import run_hardware
from remora.flow.experiments.keyword_summary import (
    mean_and_interval,
)
from remora.flow.experiments.runner import Conclusion, Options, run_experiment
from remora.flow.experiments.sliding_window import slide
from remora.flow.sweep.units import Unit
from remora.flow.systems.bmru.evaluation import Spotter
from remora.flow.systems.bmru.networks import KeywordError, bundled_network
from remora.golden.bmru.codes import BmruCodes
from remora.golden.data.mfcc import FRAMES
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.errors import CheckFailed
from remora.spec.presets import load_design
from tests.flow.report.charts import cells, check_charts

KWS = load_design("kws", BmruDesign)


@pytest.mark.parametrize(("count", "used"), [(1, 1), (3, 3), (16, 16), (37, 32)])
def test_few_clips_are_fewer_streams(clips, count, used):
    network = replace(bundled_network(KWS), metadata={"recipe": {"seed": 1}})
    found = slide(Spotter(KWS, network, clips.where(np.flatnonzero(clips.y == 1)[:count])))
    assert found["keywords"] == used and found["hits"] <= used


def test_keyword_spotting_compares_float_and_codes(clips, charts, monkeypatch, tmp_path):
    monkeypatch.setitem(keyword_spotting.QUICK_RECIPE, "steps", 4)
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
    rows = check_charts(charts, tmp_path, result)
    for one in result["summaries"]:
        counts = np.array(list(one["five_fold"]["confusion_codes"].values()))
        panel = f"normalisation {one['normalisation']}"
        assert cells(rows, panel, "text") == counts.ravel().tolist()
        assert cells(rows, panel) == (counts / counts.sum(axis=1, keepdims=True)).ravel().tolist()


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
    spotter = Spotter(KWS, bundled_network(KWS), clips.of("test").where(np.arange(2)))
    other = BmruCodes(KWS, spotter.codes.arrays | {"input.bias": spotter.codes["input.bias"] ^ 1})
    honest = remora.flow.systems.bmru.run.run_reference
    monkeypatch.setattr(
        remora.flow.systems.bmru.run, "run_reference", lambda design, codes, *rest: honest(design, other, *rest)
    )
    with pytest.raises(
        CheckFailed, match=r"kws: hardware and golden differ in [\d,]+ records: first divergence: frame record 0"
    ):
        run_hardware(spotter, tmp_path)


def test_means_come_with_the_interval_of_student():
    found = mean_and_interval([0.9, 0.92, 0.94])
    half = 4.302653 * 0.02 / np.sqrt(3)
    assert found["mean"] == pytest.approx(0.92) and found["interval"] == pytest.approx([0.92 - half, 0.92 + half])
