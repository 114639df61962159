"""Noise immunity as an experiment."""

from __future__ import annotations

import numpy as np

from remora.flow.experiments import noise_immunity
from remora.flow.experiments.runner import Options, run_experiment
from tests.flow.report.charts import check_charts, check_layout, series


def test_noise_immunity_tells_flips_from_errors(clips, charts, monkeypatch, tmp_path):
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
    rows = check_charts(charts, tmp_path, result)
    for kind in noise_immunity.LEVELS:
        chosen, label = [one for one in result["cells"] if one["kind"] == kind], kind.replace("_", " ")
        errors = [pair for one in chosen for pair in zip(one["candidate_error_pa"], one["state_error_pa"], strict=True)]
        drawn = [(entered, max(left, noise_immunity._FLOOR_PA)) for entered, left in errors if entered > 0]
        found = (series(rows, "errors of each cell", label, column) for column in "xy")
        assert list(zip(*found, strict=True)) == drawn
        flips = [one["flips"] for one in result["points"] if one["kind"] == kind]
        assert series(rows, "stands differently", f"kws, {label}") == flips


def test_suppression_is_a_ratio_of_each_cell():
    found = noise_immunity.suppression([10.0, 5.0, 0.0], [2.0, 0.0, 0.0])
    assert found.tolist() == [5.0, np.inf]


def test_where_no_candidate_errs_there_is_no_suppression():
    one = {"preset": "kws", "kind": "noise", "amplitude": 2, "clips_alike": 1.0, "accuracy": 1.0, "ideal_accuracy": 1.0}
    errors = dict.fromkeys(
        ("candidate_error_pa", "state_error_pa", "held_candidate_error_pa", "held_state_error_pa", "flips"), [0.0, 0.0]
    )
    concluded = noise_immunity.conclude(Options(), [one | errors])
    found = concluded.result["points"][0]
    assert check_layout(concluded.charts["suppression"].figure()) > 0
    assert found["median_suppression"] is found["least_suppression_with_flips"] is found["target_met"] is None
