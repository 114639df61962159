"""`remora soak`: what it refuses is one line, and its result counts what came of each run."""

from __future__ import annotations

import json

import pytest

from remora.flow.tools.simulator import SimulatorError
from remora.flow.verify.soak import campaign, engine
from remora.flow.verify.soak.engine import Outcome


@pytest.fixture
def outcomes(monkeypatch):
    """What the runs give in turn, without hardware; the last one again and again."""
    given = [Outcome(1000, 20, 10)]

    class Nothing:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(engine, "soak_build", lambda *arguments: Nothing())
    monkeypatch.setattr(engine, "soak_run", lambda *arguments: given.pop(0) if len(given) > 1 else given[0])
    monkeypatch.setattr(campaign, "shrink", lambda point, *arguments: point)
    return given


def test_what_agrees_is_counted_and_not_run_again(remora, tmp_path, outcomes):
    asked = ["--minutes", "0", "--seed", "3", "--log", tmp_path / "log.jsonl", "--json", tmp_path / "soak.json"]
    done = remora("soak", *asked)
    result = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    assert done.code == 0 and "agrees" in done.out
    assert {name: result[name] for name in ("points", "mismatches", "failures", "saved", "seed")} == {
        "points": 1, "mismatches": 0, "failures": 0, "saved": [], "seed": 3,
    }  # fmt: skip
    # There is no time for more than the first run.
    assert result["runs"] == 1 and result["cycles"] == 1000 and result["values_compared"] == 30
    remora("soak", *asked)
    again = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    assert again["points"] == 1 and again["runs"] == 2 and again["cycles"] == 2000
    other = remora("soak", "--minutes", "1", "--points", "2", *asked[2:])
    result = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    assert other.code == 0 and result["points"] == 2 and result["runs"] == 6


def test_a_failure_is_saved_and_ends_with_1(remora, tmp_path, outcomes):
    outcomes.append(Outcome(1000, 20, 10, 4, "hardware and golden differ", "golden"))
    folder, result = tmp_path / "failures", tmp_path / "soak.json"
    done = remora("soak", "--minutes", "1", "--points", "1", "--failures", folder, "--json", result)
    counted = json.loads(result.read_text(encoding="utf-8"))
    assert done.code == 1 and counted["failures"] == 1 and counted["mismatches"] == 4
    (saved,) = counted["saved"]
    assert saved.startswith(str(folder)) and (folder / saved / campaign.POINT).is_file()
    assert saved in done.err


def test_what_failed_runs_again(remora, tmp_path, outcomes):
    """So that a soak after the repair is green."""
    outcomes[:] = [Outcome(1000, 20, 10, 4, "hardware and golden differ", "golden"), Outcome(1000, 20, 10)]
    asked = ["--minutes", "1", "--points", "1", "--failures", tmp_path / "failures", "--log", tmp_path / "log.jsonl"]
    assert [remora("soak", *asked).code for _ in range(2)] == [1, 0]


def test_a_design_that_cannot_be_built_is_saved(remora, tmp_path, outcomes, monkeypatch):
    def refuses(*arguments):
        raise SimulatorError("it does not build")

    monkeypatch.setattr(engine, "soak_build", refuses)
    result = tmp_path / "soak.json"
    done = remora("soak", "--minutes", "0", "--failures", tmp_path / "failures", "--json", result)
    counted = json.loads(result.read_text(encoding="utf-8"))
    assert done.code == 1 and counted["failures"] == counted["runs"] == 1
    (saved,) = (tmp_path / "failures").iterdir()
    assert "it does not build" in (saved / campaign.REPORT).read_text(encoding="utf-8")


def test_a_model_that_raises_is_a_failure(monkeypatch):
    def fails(*arguments):
        raise IndexError("beyond the last column")

    monkeypatch.setattr(engine, "_run", fails)
    outcome = engine.soak_run(None, None, None)
    assert outcome.kind == "model" and "beyond the last column" in outcome.failure


def test_comparing_nothing_is_a_failure(remora, tmp_path, outcomes):
    outcomes[:] = [Outcome(1000)]
    assert remora("soak", "--minutes", "0", "--failures", tmp_path).code == 1


@pytest.mark.parametrize(("failure", "code"), [("", 0), ("hardware and golden differ", 1)])
def test_a_saved_run_is_repeated(remora, tmp_path, monkeypatch, outcomes, failure, code):
    outcomes.append(Outcome(1000, 20, 10, 4, "hardware and golden differ", "golden"))
    remora("soak", "--minutes", "1", "--points", "1", "--failures", tmp_path)
    (saved,) = tmp_path.iterdir()
    monkeypatch.setattr(engine, "repeat", lambda *arguments: Outcome(500, 7, 3, int(bool(failure)), failure))
    done = remora("soak", "--repeat", saved, "--json", tmp_path / "repeated.json")
    told = json.loads((tmp_path / "repeated.json").read_text(encoding="utf-8"))
    assert done.code == code and told["values_compared"] == 10 and told["failures"] == code
    assert ("10 values compared" in done.out) != ("fails still" in done.err)


def test_what_is_no_saved_run_is_refused_in_one_line(remora, tmp_path):
    done = remora("soak", "--repeat", tmp_path)
    assert done.code == 2 and "name a folder in which remora soak has saved a failure" in done.err
    (tmp_path / "log").write_text("no log\n", encoding="utf-8")
    done = remora("soak", "--minutes", "0", "--log", tmp_path / "log")
    assert done.code == 2 and "no log of a soak" in done.err
