"""Power over width as an experiment."""

from __future__ import annotations

import pytest

from remora.flow.experiments import power_scaling
from remora.flow.experiments.runner import Options, run_experiment
from tests.flow.report.charts import check_charts, series


def test_power_scaling_finds_its_exponents(monkeypatch, charts, tmp_path):
    monkeypatch.setattr(power_scaling, "WIDTHS", (16, 32, 64))
    result, lines = run_experiment("power-scaling", power_scaling, Options(quick=True, directory=tmp_path))
    assert result["widths"] == [16, 32, 64] and abs(result["exponents"]["cells"] - 1) < 0.1
    assert 1.6 < result["exponents"]["square mirrors"] < 2.2 and "cells: d^" in lines[0]
    rows = check_charts(charts, tmp_path, result)
    for part, powers in result["power_nw"].items():
        label = f"{part}: d^{result['exponents'][part]:.2f}"
        assert series(rows, "power", label) == powers and series(rows, "power", label, "x") == [16, 32, 64]
    assert power_scaling.exponent([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
