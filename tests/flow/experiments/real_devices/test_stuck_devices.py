"""Yield as an experiment: the share of stuck devices against accuracy."""

from __future__ import annotations

import pytest

from remora.flow.experiments.real_devices import stuck_devices
from remora.flow.experiments.runner import Options, run_experiment
from tests.flow.report.charts import check_charts, series

CHOSEN = {"stuck": ("2", "10"), "heal": 40}


def test_every_share_stands_beside_none(small_stream, charts, tmp_path):
    options = Options(quick=True, directory=tmp_path, sequences=100, settings=CHOSEN)
    result, lines = run_experiment("yield", stuck_devices, options)
    chips = result["chips"]
    assert list(chips) == ["ideal", "stuck-2", "stuck-10"] and len(lines) == 5
    rows = check_charts(charts, tmp_path, result)
    for column in ("learnt", "moved", "healed"):
        assert series(rows, "stuck devices", column, "x") == [0, 2, 10]
        assert series(rows, "stuck devices", column) == pytest.approx([one[column] for one in chips.values()])
    assert chips["ideal"]["lost_moved"] == 0 != chips["stuck-10"]["lost_moved"]


def test_shares_are_of_all_devices():
    units = stuck_devices.plan(Options(quick=True, settings={"stuck": ("5",)}))
    designs = {unit.parameters["chip"]: unit.parameters["design"]["devices"] for unit in units}
    assert designs["stuck-5"]["stuck_rest"] + designs["stuck-5"]["stuck_full"] == pytest.approx(0.05)
    assert set(designs) == {"ideal", "stuck-5"}
