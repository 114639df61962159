"""Convergence as an experiment: rules side by side, and the alignment of the feedback."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.experiments import convergence
from remora.flow.experiments.runner import Options, run_experiment
from remora.flow.experiments.streams import (
    aligned_weights,
)
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.idx import DATA_VARIABLE
from remora.golden.data.load import synthetic
from remora.golden.learning.kernel.rules import feedback_matrix
from remora.golden.offline.float_model import FloatModel
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.flow.report.charts import check_charts, series

TINY = load_design("tiny", DesignPoint)


def test_an_aligned_start_makes_the_feedback_true():
    design = load_design("mnist", DesignPoint)
    weights = aligned_weights(design)
    assert set(np.abs(weights.readout[:-1]).ravel()) == {2} and not weights.readout[-1].any()
    np.testing.assert_array_equal(weights.hidden, initial_weights(design).hidden)
    aligned = convergence.alignment(design, FloatModel.of(design, weights, np.float64), synthetic(design, 50, 1))
    assert aligned["feedback_angle"] < 1e-3


def test_convergence_reads_every_rule_at_the_same_places(monkeypatch, charts, tmp_path):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    result, lines = run_experiment("convergence", convergence, Options(quick=True, directory=tmp_path, sequences=40))
    positions = {rule: [reading["sequences"] for reading in one["readings"]] for rule, one in result["rules"].items()}
    assert set(positions) == {"accumulate", "direct", "software"}
    assert all(found == list(range(0, 41, 2)) for found in positions.values())
    assert 0 < result["final"]["accumulate"]["feedback_angle"] < 180 and "pulses_applied" in result["rules"]["direct"]
    assert len(lines) == 5
    rows = check_charts(charts, tmp_path, result)
    for rule, one in result["rules"].items():
        assert series(rows, "accuracy", rule) == [reading["accuracy"] for reading in one["readings"]]
        assert series(rows, "accuracy", rule, "x") == positions[rule]
        for kind in ("feedback", "gradient") if rule != "software" else ():
            angles = [reading[f"{kind}_angle"] for reading in one["readings"]]
            assert series(rows, "alignment", f"{rule}, {kind}") == angles


def test_convergence_of_several_seeds_has_a_spread(monkeypatch, charts, tmp_path):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    result, lines = run_experiment("convergence", convergence, Options(2, True, tmp_path, sequences=20, seeds=2))
    each = [one["final"]["direct"]["accuracy"] for one in result["per_seed"]]
    assert result["final"]["direct"]["accuracy"] == pytest.approx(np.mean(each))
    assert result["final"]["direct"]["sequences"] == 20 and len(lines) == 6 and lines[1].startswith("direct: ")
    assert all("±" in line for line in lines[:3])
    rows, spread = check_charts(charts, tmp_path, result), result["standard_deviation"]["rules"]["direct"]["readings"]
    assert series(rows, "accuracy", "direct", "standard deviation") == [one["accuracy"] for one in spread]
    assert series(rows, "accuracy", "direct") == [one["accuracy"] for one in result["rules"]["direct"]["readings"]]


def test_alignment_is_perfect_where_the_readout_is_the_feedback():
    weights = initial_weights(TINY)
    model = FloatModel.of(TINY, weights, np.float64)
    model.readout[:-1] = feedback_matrix(TINY).T
    angles = convergence.alignment(TINY, model, synthetic(TINY, 50, 1))
    assert angles["feedback_angle"] < 1e-3 and angles["gradient_angle"] < 90
    model.readout[:-1] *= -1
    assert convergence.alignment(TINY, model, synthetic(TINY, 50, 1))["feedback_angle"] > 179.99
