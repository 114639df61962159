"""Power over width as an experiment."""

from __future__ import annotations

import pytest

from flow.experiments import power_scaling
from flow.experiments.runner import Options, run_experiment


def test_power_scaling_finds_its_exponents(monkeypatch, tmp_path):
    monkeypatch.setattr(power_scaling, "WIDTHS", (16, 32, 64))
    result, lines = run_experiment("power-scaling", power_scaling, Options(quick=True, directory=tmp_path))
    assert result["widths"] == [16, 32, 64] and abs(result["exponents"]["cells"] - 1) < 0.1
    assert 1.6 < result["exponents"]["square mirrors"] < 2.2 and "cells: d^" in lines[0]
    assert power_scaling.exponent([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
