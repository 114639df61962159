"""Feedback as an experiment: gains of verified learning against points lost and pulses."""

from __future__ import annotations

import pytest

from remora.flow.experiments.real_devices import feedback
from remora.flow.experiments.runner import Options, run_experiment
from tests.flow.report.charts import check_charts, series


def test_every_gain_stands_beside_none(small_stream, charts, tmp_path):
    options = Options(quick=True, directory=tmp_path, sequences=60, settings={"chips": ("taox-hfox",), "reads": 1})
    result, lines = run_experiment("feedback", feedback, options)
    chips = result["chips"]
    assert list(chips) == ["ideal", "taox-hfox"] and len(lines) == 5
    assert all(list(each) == ["0", "8"] for each in chips.values())
    rows = check_charts(charts, tmp_path, result)
    lost = [100 * one["lost"] for one in chips["taox-hfox"].values()]
    assert series(rows, "verified learning", "taox-hfox") == pytest.approx(lost)
    # Ideal devices miss nothing but what full pairs drop.
    assert abs(chips["ideal"]["8"]["pulses_of_ideal"] - 1) < 0.1
    assert chips["taox-hfox"]["8"]["pulses"] > chips["taox-hfox"]["0"]["pulses"] > 0
    assert all(("more_cycles" in each["8"]) and "more_cycles" not in each["0"] for each in chips.values())
    assert chips["taox-hfox"]["8"]["more_cycles"] > 0
    assert chips["taox-hfox"]["8"]["rows_read"] > 0 == chips["taox-hfox"]["0"]["rows_read"]


def test_gains_are_eighths():
    units = feedback.plan(Options(settings={"chips": ("om-reference",)}))
    learning = [unit.parameters["design"]["learning"] for unit in units if unit.parameters["chip"] == "om-reference"]
    assert [one["verify_feedback"] for one in learning[1:]] == [1, 2, 4, 6, 8] and len(feedback.GAINS) >= 6
    assert [one["verify_reads"] for one in learning] == [0, 4, 4, 4, 4, 4]
    assert units[-1].parameters["design"]["crossbar"]["pair"] == "reference"


def test_no_gain_is_no_read():
    """A chip of `devices` that verifies by itself learns without reads where nothing returns."""
    units = feedback.plan(Options(settings={"chips": ("om-reference-verified",), "gains": ("0", "4")}))
    learning = [unit.parameters["design"]["learning"] for unit in units[2:]]
    assert [one["verify_reads"] for one in learning] == [0, 4] and learning[1]["verify_feedback"] == 4
    assert learning[0]["accumulator_level"] == learning[1]["accumulator_level"]


def test_some_gains():
    units = feedback.plan(Options(settings={"chips": ("spread-10",), "gains": ("0", "3")}))
    assert [(unit.parameters["chip"], unit.parameters["gain"]) for unit in units] == [
        ("ideal", 0), ("ideal", 3), ("spread-10", 0), ("spread-10", 3)
    ]  # fmt: skip
