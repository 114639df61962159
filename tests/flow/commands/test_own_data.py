"""Data of a person's own at the command line: trained on and tested at its own lengths and split, or refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from remora.flow import cli
from remora.flow.report.configuration import to_toml
from remora.golden.data.load import load, synthetic
from remora.golden.data.tasks import task_stream
from remora.golden.learning.checkpoint import load_checkpoint
from remora.golden.learning.training import accuracy
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

TINY = load_design("tiny", DesignPoint)
DESIGNS = {"miru": TINY, "bistable": TINY.evolve(cell={"kind": "bmru"})}


@pytest.fixture
def own(tmp_path):
    """A file of 60 sequences of every length with a split of its own."""
    data = synthetic(TINY, 60, 4)
    lengths, parts = 1 + np.arange(60) % 9, np.where(np.arange(60) % 3, "train", "test")
    np.savez(tmp_path / "own.npz", x=data.x, y=data.y, lengths=lengths, split=parts)
    return tmp_path / "own.npz"


@pytest.mark.parametrize("name", DESIGNS)
def test_training_heeds_lengths_and_split(name, own, tmp_path, capsys):
    design, config = DESIGNS[name], tmp_path / "own.toml"
    config.write_text(to_toml(design), encoding="utf-8")
    arguments = [
        "train",
        config,
        "--data",
        own,
        "--passes",
        2,
        "-o",
        tmp_path / "net.npz",
        "--json",
        tmp_path / "r.json",
    ]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(each) for each in arguments])
    assert not caught.value.code and "40 training and 20 test sequences" in " ".join(capsys.readouterr().out.split())
    result, (_, test) = json.loads((tmp_path / "r.json").read_text()), load(design, own)
    network = load_checkpoint(tmp_path / "net.npz", design)
    reached = accuracy(design, network.weights, test, network.coefficients)
    assert reached == (result["codes_accuracy"] if name == "bistable" else result["passes"][-1]["test_accuracy"])
    assert len(result["passes"]) == 2 and test.lengths is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "lengths span 1…10; legal is 1…9"),
        (["--tasks", "2"], "lengths span 1…10"),
    ],
)
def test_a_file_that_does_not_fit_ends_in_one_line(options, message, own, tmp_path, capsys):
    content = dict(np.load(own))
    np.savez(own, **content | {"lengths": 1 + np.arange(60) % 10})
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "tiny", "--data", str(own), "-o", str(tmp_path / "net.npz"), *options])
    said = capsys.readouterr().err
    assert caught.value.code == 2 and message in said and "own.npz" in said and said.count("\n") == 1


def test_tasks_need_one_length(own, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "tiny", "--data", str(own), "--tasks", "2", "-o", str(tmp_path / "net.npz")])
    assert caught.value.code == 2 and "tasks permute the features of all steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("steps", "message"), [((9, 5), "for training have 9 steps, those for testing 5"), ((5, 5), "")]
)
def test_tasks_take_sets_whose_sequences_have_one_length(steps, message, own, tmp_path, capsys):
    whole = np.load(own)
    parts = {f"x_{part}": whole["x"][:, :count] for part, count in zip(("train", "test"), steps, strict=True)}
    np.savez(
        own, **parts, **{f"y_{part}": whole["y"] for part in ("train", "test")}, lengths_test=np.full(60, steps[1])
    )
    training, _ = load(TINY, own)
    assert training.lengths is not None and len(task_stream(training, 8, 2, seed=1)) == 8
    arguments = ["train", "tiny", "--data", str(own), "--tasks", "2", "--limit", "8", "-o", str(tmp_path / "net.npz")]
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert (caught.value.code or 0) == (2 if message else 0) and message in capsys.readouterr().err
