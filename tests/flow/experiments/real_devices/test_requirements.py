"""Requirements as an experiment: ladders of severities, and what is tolerated."""

from __future__ import annotations

import pytest

from remora.flow.experiments.real_devices import requirements
from remora.flow.experiments.real_devices.requirements import LADDERS, tolerated
from remora.flow.experiments.runner import Options, run_experiment
from tests.flow.experiments.test_continual import tiny_stream
from tests.flow.report.charts import cells, check_charts, series


@pytest.mark.parametrize(
    ("lost", "points", "expected"),
    [
        ([0, 2, 6], 1, 0.5),
        ([0, 2, 6], 3, 1.25),
        ([0, 2, 6], 7, None),
        ([0, -1, 3], 1, 1.5),
        ([0, 4, 0], 3, 0.75),
        ([2, 3, 4], 1, 0),
    ],
)
def test_a_tolerance_is_where_the_loss_first_passes(lost, points, expected):
    assert tolerated((0.0, 1.0, 2.0), lost, points) == expected


def test_ladders_say_what_is_tolerated(small_stream, charts, tmp_path, monkeypatch):
    for kind, severities in (("stuck", (0.1, 0.3)), ("drift", (0.05, 0.5))):
        ladder = requirements.Ladder(LADDERS[kind].quantity, severities, LADDERS[kind].section, LADDERS[kind].seconds)
        monkeypatch.setitem(LADDERS, kind, ladder)
    settings = {"kinds": ("drift", "stuck"), "heal": 20}
    options = Options(quick=True, directory=tmp_path, sequences=60, settings=settings, seeds=2)
    result, lines = run_experiment("requirements", requirements, options)
    assert set(result["tolerated"]) == {"drift", "stuck"}
    # What ages does not learn.
    assert set(result["tolerated"]["drift"]) == {"moved", "healed"} and len(result["tolerated"]["stuck"]) == 3
    assert "ideal" in result["chips"] and "stuck-0.3" in result["chips"]
    lost = [100 * result["chips"][name]["lost_moved"] for name in ("ideal", "drift-0.05", "drift-0.5")]
    # Of several seeds the mean loss counts.
    for points in requirements.POINTS:
        expected = tolerated((0.0, 0.05, 0.5), lost, points)
        assert result["tolerated"]["drift"]["moved"][str(points)] == expected
    assert lost[0] == 0 and len({one["moved"] for one in result["chips"].values()}) > 1
    assert sum(line.startswith("drift (exponent") for line in lines) == 2
    rows = check_charts(charts, tmp_path, result)
    assert series(rows, "drift", "moved") == pytest.approx(lost)
    assert len(cells(rows, "tolerated when moved")) == 6 and len(cells(rows, "tolerated when learnt")) == 3


@pytest.mark.parametrize("kind", LADDERS)
def test_every_rung_is_legal_and_real(kind):
    ladder = LADDERS[kind]
    assert list(ladder.severities) == sorted(set(ladder.severities)) and ladder.severities[0] > 0
    sections = [tiny_stream(1).design.evolve(devices=ladder.section(each)).devices for each in ladder.severities]
    assert not any(section.ideal for section in sections) and len(set(sections)) == len(sections)
