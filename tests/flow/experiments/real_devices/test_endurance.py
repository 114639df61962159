"""Endurance as an experiment: pulses by rule and row, and two accelerated wear-outs."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.experiments.learners import ChipLearner
from remora.flow.experiments.real_devices import endurance
from remora.flow.experiments.real_devices.course import Course
from remora.flow.experiments.runner import Options, run_experiment
from remora.flow.sweep.units import Context
from tests.flow.report.charts import cells, check_charts, series


def test_wear_by_rule_and_row_and_two_lives(small_stream, charts, tmp_path):
    options = Options(quick=True, directory=tmp_path, sequences=100)
    result, lines = run_experiment("endurance", endurance, options)
    assert set(result["wear"]) == {"accumulate", "direct"} and len(lines) == 5
    course = Course.of(options)
    devices = 2 * (course.chip({}).hidden_rows * 7 + course.chip({}).readout_rows * 3)
    for one in result["wear"].values():
        rows = one["rows"]
        # Every pulse is some device's.
        assert rows["all"]["mean"] * devices * course.count == pytest.approx(one["pulses"])
        assert rows["all"]["worst"] == max(each["worst"] for name, each in rows.items() if name != "all") > 0
        assert all(each["mean"] <= each["worst"] for each in rows.values())
    assert result["wear"]["direct"]["mean_of_reference"] > 1
    found = result["accelerated"]
    assert found["endurances"] == [4, 16] and set(found["lives"]) == set(endurance.WORN)
    for life in found["lives"].values():
        short, long = life["sequences"]
        assert 0 < short < long
        assert life["disagreement"] == pytest.approx(abs(1 - (short / 4) / (long / 16)))
        assert life["years"]["1e+06"] == pytest.approx(long / 16 * 1e6 / endurance.YEAR)
    rows = check_charts(charts, tmp_path, result)
    every = result["wear"]["accumulate"]["rows"]["all"]
    assert cells(rows, "all devices")[:3] == [every[key] for key in ("mean", "percentile_99", "worst")]
    assert series(rows, "accelerated", "first worn out") == found["lives"]["first"]["sequences"]


def test_counted_devices_are_ideal(small_stream):
    """They learn the very network of ideal ones, so the count tells of these."""
    course = Course.of(Options(quick=True, sequences=60))
    learners = [course.learnt(course.chip(section), lambda count: None) for section in ({}, endurance.COUNTED)]
    ideal, counted = (learner.checkpoint() for learner in learners)
    np.testing.assert_array_equal(ideal.weights.hidden, counted.weights.hidden)
    np.testing.assert_array_equal(ideal.hidden_accumulators, counted.hidden_accumulators)
    assert ideal.devices is None and sum(int(layer.n.sum()) for layer in counted.devices.layers) > 0
    assert isinstance(learners[0], ChipLearner) and learners[0].counts == learners[1].counts


def test_no_worn_device_is_said(small_stream, charts, tmp_path, monkeypatch):
    monkeypatch.setattr(endurance, "LONGEST", 0)
    options = Options(quick=True, directory=tmp_path, sequences=20, settings={"rules": ("accumulate",)})
    result, lines = run_experiment("endurance", endurance, options)
    assert (
        result["accelerated"]["lives"] == {}
        and lines[-2] == "0.1 %: not every accelerated run wore them out in 0 courses"
    )
    check_charts(charts, tmp_path, result)


def test_rules_under_study_reach_the_kernel(small_stream, tmp_path):
    """A rule that pulses late wears its rows less, and `plan` tells its unit from others."""
    options = Options(quick=True, directory=tmp_path, sequences=60, settings={"rules": ("slow-biases", "late")})
    units = [unit for unit in endurance.plan(options) if unit.parameters["kind"] == "wear"]
    assert [unit.parameters["rule"] for unit in units] == ["accumulate", "slow-biases", "late"]
    assert len({str(unit.parameters["rows"]) for unit in units}) == 3
    context = Context(lambda count: None, tmp_path, tmp_path)
    plain, slow, late = (unit.work(context)["rows"] for unit in units)
    assert late["all"]["mean"] < plain["all"]["mean"] and slow["bias"]["mean"] < plain["bias"]["mean"]
