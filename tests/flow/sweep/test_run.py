"""Whole sweeps: rows, counts, what is done again and what is not, refused and failed points, and the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from remora.flow import cli
from remora.flow.sweep import metrics as registry
from remora.flow.sweep.metrics import METRICS, Metric, find_metric, metrics, unit_of
from remora.flow.sweep.plan import Plan, PlanError
from remora.flow.sweep.run import run_sweep
from remora.flow.sweep.workers import HERE, Workers
from remora.flow.systems.api import simulate, train
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import load_design

TINY = load_design("tiny", DesignPoint)
TRAIN = {"passes": 1, "limit": 20, "data": "synthetic"}
CYCLES = {"columns": ["cycles.step", "cycles.readout"]}


def sweep(directory: Path, workers: Workers = HERE, **content) -> tuple[dict, list[dict[str, str]]]:
    """The result, and the rows of the CSV."""
    result = run_sweep(Plan(config="tiny", **content), TINY, directory, workers)
    assert json.loads((directory / "sweep.json").read_text()) == result
    with (directory / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result["points"] and [row["point"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    assert result["units"] == result["done"] + result["refused"] + result["failed"]
    return result, rows


def counts(result: dict) -> tuple[int, ...]:
    return tuple(result[name] for name in ("units", "done", "refused", "failed", "earlier"))


@pytest.fixture
def weighed(monkeypatch) -> list[tuple[int, dict]]:
    """A metric that fails at three lanes; what it was asked for."""
    asked: list[tuple[int, dict]] = []

    def measure(design: DesignPoint, options: dict, folder: Path) -> dict:
        asked.append((design.cell.lanes, dict(options)))
        print("never seen")
        (folder / "state").write_text("left")
        if design.cell.lanes == 3:
            raise RemoraError("three is too many")
        return {"weight": 2.5 * design.cell.lanes, "heavy": design.cell.lanes > 1, "word": "no figure", "seed": 7}

    monkeypatch.setattr(registry, "METRICS", {**METRICS, "own": Metric("own", measure)})
    return asked


def test_rows_are_what_the_commands_say(tmp_path):
    grid = {"formats.adc_bits": [6, 8, 99], "learning.hidden_shift": [4, 5]}
    result, rows = sweep(tmp_path / "sweep", grid=grid, metrics={"train": TRAIN, "derived": CYCLES})
    assert counts(result) == (12, 8, 4, 0, 0)
    for row, (bits, shift) in zip(rows, [(b, s) for b in grid["formats.adc_bits"] for s in (4, 5)], strict=True):
        assert (row["formats.adc_bits"], row["learning.hidden_shift"]) == (str(bits), str(shift))
        if bits == 99:
            assert row["status"] == "refused" and row["reason"].startswith("formats.adc_bits = 99: ")
            assert row["train.accuracy"] == row["derived.cycles.step"] == ""
            continue
        design = TINY.evolve(formats={"adc_bits": bits}, learning={"hidden_shift": shift})
        found = train(design, **TRAIN, output=tmp_path / f"{bits}-{shift}.npz")
        assert row["status"] == "done" and float(row["train.accuracy"]) == found["accuracy"] > 0
        assert int(row["derived.cycles.step"]) == design.cycles.step
        assert int(row["derived.cycles.readout"]) == design.cycles.readout
    assert {name for row in rows for name in row if name.startswith("derived.")} == {
        "derived.cycles.step", "derived.cycles.readout",
    }  # fmt: skip


def test_a_metric_of_the_hardware(tmp_path):
    result, [row] = sweep(tmp_path, metrics={"simulate": {"limit": 2}})
    expected = simulate(TINY, limit=2).result
    assert counts(result) == (1, 1, 0, 0, 0)
    for name in ("values_compared", "mismatches", "cycles_per_step"):
        assert float(row[f"simulate.{name}"]) == expected[name]
    assert int(row["simulate.values_compared"]) > 100 and row["simulate.mismatches"] == "0"


def test_only_what_is_new_is_done(weighed, tmp_path):
    grid = {"cell.lanes": [1, 2]}
    assert counts(sweep(tmp_path, grid=grid, metrics={"own": {}})[0]) == (2, 2, 0, 0, 0)
    more = {"cell.lanes": [2, 1, 4]}
    result, rows = sweep(tmp_path, grid=more, metrics={"derived": CYCLES, "own": {"columns": ["weight"]}})
    assert counts(result) == (6, 6, 0, 0, 2)
    assert [row["own.weight"] for row in rows] == ["5.0", "2.5", "10.0"] and "own.heavy" not in rows[0]
    # Other options are another unit.
    sweep(tmp_path, grid={"metrics.own.depth": [1, 2]}, points=[{"cell.lanes": 1}], metrics={"own": {}})
    assert weighed == [(1, {}), (2, {}), (4, {}), (1, {"depth": 1}), (1, {"depth": 2})]


def test_a_point_that_fails_is_a_row_and_is_tried_again(weighed, tmp_path, capsys):
    grid = {"cell.lanes": [2, 3, 4]}
    for _ in range(2):
        result, rows = sweep(tmp_path, grid=grid, metrics={"own": {}, "derived": CYCLES})
        assert counts(result)[:4] == (6, 5, 0, 1)
        assert [row["status"] for row in rows] == ["done", "failed", "done"]
        assert rows[1]["reason"] == "own: three is too many" and int(rows[1]["derived.cycles.step"]) > 0
    assert weighed == [(2, {}), (3, {}), (4, {}), (3, {})]
    assert list(rows[0])[4:] == ["own.weight", "own.heavy", "derived.cycles.step", "derived.cycles.readout"]
    assert rows[0]["own.heavy"] == "True" and "never seen" not in capsys.readouterr().out


def test_processes_give_the_same_rows(tmp_path):
    content = {"grid": {"learning.seed": [1, 2, 3]}, "metrics": {"train": TRAIN, "derived": CYCLES}}
    alone, several = (sweep(tmp_path / str(w.jobs), w, **content) for w in (HERE, Workers(2)))
    assert alone[1] == several[1] and counts(alone[0]) == counts(several[0]) == (6, 6, 0, 0, 0)


def test_the_front_is_marked_and_drawn(weighed, tmp_path):
    pareto = {"minimise": ["own.weight"], "maximise": ["cell.lanes"]}
    result, rows = sweep(tmp_path, grid={"cell.lanes": [1, 2, 3]}, metrics={"own": {}}, pareto=pareto)
    assert [row["pareto"] for row in rows] == ["True", "True", "False"]
    assert all((tmp_path / name).stat().st_size > 0 for name in result["files"]) and len(result["files"]) == 5
    with pytest.raises(PlanError, match="no point has a column 'own.weigh'; did you mean 'own.weight'"):
        misspelt = {"minimise": ["own.weigh", "own.heavy"]}
        sweep(tmp_path / "x", points=[{"cell.lanes": 1}], metrics={"own": {}}, pareto=misspelt)
    assert (tmp_path / "x" / "results.csv").is_file()


def test_what_does_not_fit_is_refused(tmp_path):
    result, rows = sweep(tmp_path, metrics={"train": {"passez": 1}, "derived": {}})
    assert counts(result) == (2, 0, 2, 0, 0) and "train: passez: no option of train" in rows[0]["reason"]
    _, rows = sweep(tmp_path, metrics={"derived": {"depth": 1}})
    assert rows[0]["reason"] == "derived: depth: this metric has no options"
    with pytest.raises(PlanError, match=f"there is no metric 'trian'; there are: {', '.join(metrics())}"):
        sweep(tmp_path, metrics={"trian": {}})


def test_a_file_counts_by_its_content(tmp_path):
    data = tmp_path / "own.npz"
    data.write_bytes(b"one")
    first = unit_of("train", TINY, {"data": str(data)}).parameters
    data.write_bytes(b"two")
    second = unit_of("train", TINY, {"data": str(data)}).parameters
    assert first != second and {**first, "files": None} == {**second, "files": None}
    assert unit_of("train", TINY.evolve(name="other"), {}).parameters == unit_of("train", TINY, {}).parameters
    assert all(find_metric(name).about for name in metrics())


@pytest.mark.parametrize(("lanes", "code"), [((1, 2), 0), ((1, 3), 1), ((0,), 1)])
def test_the_command(lanes, code, weighed, tmp_path, capsys):
    (tmp_path / "plan.toml").write_text(
        f'config = "tiny"\n[grid]\n"cell.lanes" = {list(lanes)}\n[metrics.own]\n', encoding="utf-8"
    )
    out = ["-o", str(tmp_path / "out"), "--jobs", "1", "--json", str(tmp_path / "result.json")]
    with pytest.raises(SystemExit) as end:
        cli.main(["sweep", str(tmp_path / "plan.toml"), *out])
    assert (end.value.code or 0) == code
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["units"] == result["points"] == len(lanes) and (result["failed"] > 0) == (3 in lanes)
    assert result.keys() >= {"command", "commit", "version", "seed", "files", "plan"}
    assert "results.csv" in capsys.readouterr().out
