"""Paths of the command line: no two files that a command reads or writes are one."""

from __future__ import annotations

import pytest

OWN = "own.toml"
TWICE = "the command line names it twice, and one would replace the other; give each a path of its own"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "tiny", "-o", "x.npz", "--json", "x.npz"],
        ["train", "kws", "-o", "x.npz", "--json", "./x.npz"],
        ["train", "tiny", "-o", "x.npz", "--json", "link.npz"],
        ["train", "tiny", "--data", OWN, "-o", OWN, "--fresh"],
        ["train", OWN, "--json", OWN],
        ["simulate", "tiny", "--waves", "x.vcd", "--json", "x.vcd"],
        ["simulate", "kws", "--waves", "x.vcd", "--json", "x.vcd"],
        ["simulate", "tiny", "--toggles", "x.saif", "--json", "x.saif"],
        ["simulate", "kws", "--toggles", "x.vcd", "--waves", "x.vcd"],
        ["simulate", "tiny", "--keep", "x", "--json", "x"],
        ["simulate", "tiny", "--checkpoint", "x.npz", "--json", "x.npz"],
        ["simulate", "kws", "--checkpoint", "x.npz", "--json", "x.npz"],
        ["simulate", "tiny", "--data", OWN, "--json", OWN],
        ["simulate", OWN, "--json", OWN],
        ["experiment", "power-scaling", "-o", "x", "--json", "x"],
        ["faults", OWN, "--json", OWN],
        ["bench", OWN, "--json", OWN],
        ["config", "show", OWN, "--json", OWN],
        ["config", "check", "tiny", OWN, "--json", OWN],
    ],
    ids=" ".join,
)
def test_one_path_for_two_things_is_refused(remora, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.npz").symlink_to("x.npz")
    (tmp_path / OWN).write_text("[network]\nhidden = 64\n")
    answer = remora(*arguments)
    assert answer.code == 2 and TWICE in answer.err and answer.err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"link.npz", OWN}
    assert (tmp_path / OWN).read_text() == "[network]\nhidden = 64\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "tiny", "-o", "x.npz", "--json", "x.npz/result.json"],
        ["train", "tiny", "-o", "x.json/net.npz", "--json", "x.json"],
        ["experiment", "power-scaling", "-o", "x.json/parts", "--json", "x.json"],
    ],
    ids=" ".join,
)
def test_a_result_in_another_result_is_refused(remora, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = remora(*arguments)
    assert answer.code == 2 and "it cannot lie in x." in answer.err and not list(tmp_path.iterdir())


def test_a_device_takes_more_than_one_result(remora, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["tiny", "--data", "synthetic", "--passes", "1", "--limit", "4"]
    assert remora("train", *arguments, "-o", "net.npz", "--json", "/dev/null").code == 0
    assert remora("config", "check", "tiny", "--json", "/dev/null").code == 0


def test_a_result_may_lie_in_a_folder_that_the_command_fills(remora, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("remora.flow.experiments.runner.run_experiment", lambda *_: ({}, []))
    assert remora("experiment", "power-scaling", "-o", "x", "--json", "x/result.json").code == 0
    assert (tmp_path / "x" / "result.json").is_file()
