"""What every experiment gets: units kept and resumed, seeds, settings, the command."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from remora.flow import cli
from remora.flow.experiments import EXPERIMENTS, ExperimentError, continual, convergence, find_experiment
from remora.flow.experiments.runner import Conclusion, Options, run_experiment
from remora.flow.experiments.seeds import mean_and_spread
from remora.flow.experiments.settings import read_settings
from remora.flow.sweep.clusters import Workers
from remora.flow.sweep.units import Unit


class Counted:
    """An experiment of two units that counts how often each is done."""

    def __init__(self, factor: int = 2):
        self.done, self.factor = [], factor

    def plan(self, options):
        def work(context, number):
            self.done.append(number)
            context.advance(1)
            return {"value": self.factor * number + options.seed}

        return [Unit({"number": n, "seed": options.seed}, 1, lambda c, n=n: work(c, n)) for n in (1, 2)]

    def conclude(self, options, results):
        return Conclusion({"values": [one["value"] for one in results]}, {}, ("finished",))


def test_finished_work_is_not_done_again(tmp_path):
    module, options = Counted(), Options(seed=5, directory=tmp_path)
    first, lines = run_experiment("counted", module, options)
    again, _ = run_experiment("counted", module, options)
    assert first == again and module.done == [1, 2] and first["values"] == [7, 9] and lines[0] == "finished"
    assert (
        first.keys() >= {"experiment", "quick", "command", "commit", "version", "seed", "figures"}
        and first["seed"] == 5
    )
    assert json.loads((tmp_path / "counted-seed5.json").read_text()) == first
    run_experiment("counted", module, Options(seed=6, directory=tmp_path))
    assert module.done == [1, 2, 1, 2]
    assert not list(tmp_path.rglob("*.state")) and not list(tmp_path.rglob("*.part"))


def test_a_unit_is_known_again_whatever_json_makes_of_its_parameters(tmp_path):
    class Pairs(Counted):
        def plan(self, options):
            return [
                replace(unit, parameters={**unit.parameters, "pair": (1, (2, 3))}) for unit in super().plan(options)
            ]

    module, options = Pairs(), Options(seed=5, directory=tmp_path)
    run_experiment("counted", module, options)
    run_experiment("counted", module, options)
    assert module.done == [1, 2]


def test_several_jobs_give_the_same_result_and_are_resumed_by_one(tmp_path):
    class Elsewhere(Counted):
        def plan(self, options):
            own = os.getpid()
            return [
                Unit({"number": n}, 1, lambda context, n=n: {"value": n * 0.1, "elsewhere": os.getpid() != own})
                for n in range(5)
            ]

        def conclude(self, options, results):
            return Conclusion({"values": results})

    several, _ = run_experiment("counted", Elsewhere(), Options(directory=tmp_path), Workers(2))
    assert several["values"] == [{"value": n * 0.1, "elsewhere": True} for n in range(5)]
    assert run_experiment("counted", Elsewhere(), Options(directory=tmp_path))[0] == several
    alone, _ = run_experiment("counted", Elsewhere(), Options(directory=tmp_path / "alone"))
    assert [one["value"] for one in alone["values"]] == [one["value"] for one in several["values"]]
    assert not any(one["elsewhere"] for one in alone["values"])


def test_another_version_or_a_damaged_file_is_done_again(tmp_path):
    module, options = Counted(), Options(directory=tmp_path)
    run_experiment("counted", module, options)
    for path, content in zip(sorted((tmp_path / "units").iterdir()), ('{"result": {}}', '{"resu'), strict=True):
        path.write_text(content)
    assert run_experiment("counted", module, options)[0]["values"] == [3, 5] and sorted(module.done) == [1, 1, 2, 2]
    module.VERSION = 2
    run_experiment("counted", module, options)
    assert len(module.done) == 6


def test_what_an_interruption_left_unfinished_is_done(tmp_path):
    module, options = Counted(), Options(directory=tmp_path)
    units = module.plan(options)

    def interrupted(context):
        (context.folder / "half").write_text("state")
        raise KeyboardInterrupt

    module.plan = lambda options: [units[0], Unit(units[1].parameters, 1, interrupted)]
    with pytest.raises(KeyboardInterrupt):
        run_experiment("counted", module, options)
    assert (next(tmp_path.rglob("*.state")) / "half").read_text() == "state" and module.done == [1]
    module.plan = lambda options: units
    assert run_experiment("counted", module, options)[0]["values"] == [3, 5] and module.done == [1, 2]


def test_several_seeds_give_mean_and_spread(tmp_path):
    module, options = Counted(), Options(seed=4, seeds=3, directory=tmp_path)
    result, lines = run_experiment("counted", module, options)
    assert result["values"] == [7, 9] and result["standard_deviation"] == {"values": [1, 1]}
    assert result["seeds"] == [4, 5, 6] and [one["values"] for one in result["per_seed"]] == [[6, 8], [7, 9], [8, 10]]
    assert lines[-2] == "mean ± standard deviation of seeds 4…6" and (tmp_path / "counted-seeds4-6.json").is_file()
    # What one seed has done, several take over, and the other way round.
    run_experiment("counted", module, Options(seed=5, directory=tmp_path))
    assert len(module.done) == 6


def test_mean_and_spread_keep_what_is_common():
    first = {"a": [1, [2, 3]], "b": "x", "c": "p", "d": True, "e": 1, "g": [1]}
    second = {"a": [3, [2, 4]], "b": "x", "c": "q", "d": True, "f": 1, "g": [1, 2]}
    mean, spread = mean_and_spread([first, second])
    assert mean == {"a": [2, [2, 3.5]], "b": "x", "d": True}
    assert spread == {"a": [pytest.approx(2**0.5), [0, pytest.approx(0.5**0.5)]]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ratio=0", "ratio should be a whole number in 1…255"),
        ("ratio=x", "ratio should be a whole number in 1…255"),
        ("modes=direct,digital", "modes should be one or several of accumulate, direct, direct-winners, direct-fine"),
        ("schedule=cosine", "schedule should be one of constant, annealed"),
        ("capacity", "experiment 'continual' takes ratio: sequences replayed"),
        ("rate=1", "experiment 'continual' takes ratio: sequences replayed"),
    ],
)
def test_a_wrong_setting_says_what_is_legal(given, message):
    with pytest.raises(ExperimentError, match=f"--set {given}: {message}"):
        read_settings("continual", continual, [given])
    with pytest.raises(ExperimentError, match="takes no settings"):
        read_settings("convergence", convergence, [given])


def test_settings_are_read():
    given = ["modes=direct-fine,accumulate", "ratio=7"]
    assert read_settings("continual", continual, given) == {"modes": ("accumulate", "direct-fine"), "ratio": 7}


def test_the_command_writes_where_it_is_told(few_bits, tmp_path, capsys):
    target = tmp_path / "result.json"
    arguments = [
        "experiment",
        "bit-streaming",
        "--quick",
        "--sequences",
        "16",
        "--seed",
        "3",
        "-o",
        str(tmp_path / "out"),
    ]
    with pytest.raises(SystemExit) as caught:
        cli.main([*arguments, "--json", str(target)])
    assert not caught.value.code and "result:" in capsys.readouterr().out
    found = json.loads(target.read_text())
    assert found == json.loads((tmp_path / "out" / "bit-streaming-seed3-quick-sequences16.json").read_text())
    assert found["seed"] == 3


def test_an_unknown_experiment_is_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["experiment", "fusion"])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"error: there is no experiment 'fusion'; there are: {', '.join(EXPERIMENTS)}\n"


def test_every_experiment_is_there():
    for name in EXPERIMENTS:
        module = find_experiment(name)
        assert module.SUMMARY and module.plan and module.conclude
