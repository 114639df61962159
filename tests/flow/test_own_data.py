"""Data of a person's own at the command line: trained on and judged at its own lengths and split, or refused in a line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from flow import cli
from flow.configuration import to_toml
from golden.checkpoint import load_checkpoint
from golden.data import load, synthetic
from golden.training import accuracy
from spec.presets import load_design
from tests.hdl.designs import with_bistable_cells

TINY = load_design("tiny")
DESIGNS = {"miru": TINY, "bistable": with_bistable_cells(TINY)}


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
