"""Whole sweeps: rows, counts, what is done again and what is not, refused and failed points, and the command."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remora.flow import cli
from remora.flow.sweep import metrics as registry
from remora.flow.sweep.clusters import HERE, Workers
from remora.flow.sweep.metrics import METRICS, Metric, find_metric, metrics, unit_of
from remora.flow.sweep.plan import Plan, PlanError, read_plan
from remora.flow.sweep.run import run_sweep
from remora.flow.systems.api import simulate, train
from remora.golden.data.idx import DATA_VARIABLE
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import load_design
from tests.flow.sweep.dask_processes import cluster

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


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("train", {"passez": 1}, "train: passez: no option of train"),
        ("train", {"passes": 0}, "train: passes = 0: give a whole number, at least 1"),
        ("train", {"limit": "many"}, "train: limit = 'many': give a whole number, at least 1"),
        ("train", {"limit": True}, "train: limit = True: give a whole number, at least 1"),
        ("train", {"output": "x.npz"}, "train: output: a sweep decides this itself; leave it out"),
        ("simulate", {"jobs": 2, "keep": "x"}, "simulate: jobs, keep: a sweep decides this itself; leave it out"),
        ("simulate", {"stall": 1}, "simulate: stall = 1: give a number, at least 0, at most 0.95"),
        ("derived", {"depth": 1}, "derived: depth: this metric has no options"),
    ],
)
def test_what_does_not_fit_is_refused(metric, options, message, tmp_path):
    result, rows = sweep(tmp_path, metrics={metric: options, "synth": {}})
    assert counts(result) == (2, 0, 2, 0, 0) and message in rows[0]["reason"] == result["first_reason"]


def test_what_is_not_there_is_refused(weighed, tmp_path):
    with pytest.raises(PlanError, match=f"there is no metric 'trian'; there are: {', '.join(metrics())}"):
        sweep(tmp_path, metrics={"trian": {}})
    one = {"points": [{"cell.lanes": 1}]}
    with pytest.raises(PlanError, match="metrics.own.columns: no point has 'weigth'; did you mean 'weight'"):
        sweep(tmp_path, metrics={"own": {"columns": ["weigth"]}}, **one)
    with pytest.raises(PlanError, match="metrics.own.columns = 'weight': give a list of names"):
        sweep(tmp_path, metrics={"own": {"columns": "weight"}}, **one)
    assert weighed == [(1, {})]


def test_points_that_are_all_refused_are_rows_also_where_they_should_be_weighed(tmp_path):
    pareto = {"minimise": ["derived.cycles.step", "cell.lanes"]}
    result, rows = sweep(tmp_path, grid={"cell.lanes": [0, -1]}, metrics={"derived": {}}, pareto=pareto)
    assert counts(result) == (2, 0, 2, 0, 0) and [row["status"] for row in rows] == ["refused"] * 2


def test_what_nobody_foresaw_leaves_its_traceback(weighed, monkeypatch, tmp_path):
    def measure(design: DesignPoint, options: dict, folder: Path) -> dict:
        print("printed before")
        return {}["missing"]

    monkeypatch.setattr(registry, "METRICS", {"own": Metric("own", measure)})
    result, [row] = sweep(tmp_path, metrics={"own": {}})
    path = tmp_path / "failures" / "point-1-own.txt"
    assert result["failed"] == 1 and row["reason"] == f"own: KeyError: 'missing' ({path} has more)"
    assert "printed before" in path.read_text() and "in measure" in path.read_text()


def test_alike_points_are_measured_once(weighed, tmp_path):
    result, rows = sweep(tmp_path, grid={"cell.lanes": [2, 2, 1]}, metrics={"own": {}})
    assert counts(result) == (3, 3, 0, 0, 0) and weighed == [(2, {}), (1, {})]
    assert [row["own.weight"] for row in rows] == ["5.0", "5.0", "2.5"]


@pytest.mark.nightly
def test_a_metric_of_standard_cells(tmp_path):
    _, rows = sweep(tmp_path, grid={"cell.lanes": [1, 4]}, metrics={"synth": {}})
    assert 0 < float(rows[0]["synth.area_um2"]) < float(rows[1]["synth.area_um2"])


def test_a_file_counts_by_its_content(monkeypatch, tmp_path):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    data = tmp_path / "own.npz"
    data.write_bytes(b"one")
    first = unit_of("train", TINY, {"data": str(data)}).parameters
    data.write_bytes(b"two")
    second = unit_of("train", TINY, {"data": str(data)}).parameters
    assert first != second and {**first, "files": None} == {**second, "files": None}
    assert unit_of("train", TINY, {}).parameters["data"] == "" == unit_of("derived", TINY, {}).parameters["data"]
    (tmp_path / "sets").mkdir()
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "sets"))
    several = [unit_of("train", TINY, {}).parameters["data"], unit_of("derived", TINY, {}).parameters["data"]]
    assert several[0] and not several[1]
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


def command(tmp_path: Path, text: str, *arguments: str) -> int:
    """The exit code of the command with a plan of this text."""
    (tmp_path / "plan.toml").write_text(f'config = "tiny"\n{text}', encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        cli.main(["sweep", str(tmp_path / "plan.toml"), "-o", str(tmp_path / "out"), *arguments])
    return int(end.value.code or 0)


def test_the_command_says_why_nothing_was_done(tmp_path, capsys):
    assert command(tmp_path, "[metrics.train]\npassez = 1\n", "--jobs", "1") == 1
    assert "0 failed and 1 are refused; the first: train: passez: no option of train" in capsys.readouterr().err


def test_the_command_refuses_what_it_would_ignore_or_replace(tmp_path, capsys):
    plan = "[metrics.derived]\n"
    assert command(tmp_path, plan, "--cluster", "tcp://127.0.0.1:9", "--jobs", "2") == 2
    assert "the cluster has its own workers; leave --jobs out" in capsys.readouterr().err
    assert command(tmp_path, plan, "--json", str(tmp_path / "out" / "results.csv")) == 2
    assert "the command line names it twice" in capsys.readouterr().err
    (tmp_path / "out").write_text("a file")
    assert command(tmp_path, plan) == 2 and "results.csv" in capsys.readouterr().err


def test_the_command_on_a_cluster(tmp_path):
    with cluster(1, tmp_path) as own:
        assert command(tmp_path, "[metrics.derived]\n", "--cluster", own.address) == 0
    assert (tmp_path / "out" / "results.csv").read_text().count("\n") == 2


def test_a_command_that_is_ended_goes_on_where_it_was(tmp_path):
    text = f'config = "tiny"\n[grid]\n"learning.seed" = {list(range(30))}\n[metrics.train]\nlimit = 200\npasses = 3\n'
    (tmp_path / "plan.toml").write_text(text)
    script = [sys.executable, "-m", "remora.flow.cli", "sweep", "plan.toml", "-o", "out", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    running = subprocess.Popen(script, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("out/units/*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 128 + signal.SIGTERM and "terminated" in running.stderr.read()
    kept = len(list(tmp_path.glob("out/units/*.json")))
    result = run_sweep(read_plan(tmp_path / "plan.toml"), TINY, tmp_path / "out", HERE)
    assert 3 <= result["earlier"] == kept < 30 == result["done"]
