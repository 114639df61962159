"""Checkpoints at the command line: one training, then commands under design points that differ."""

from __future__ import annotations

import pytest

from remora.flow import cli
from remora.flow.report.configuration import to_toml
from remora.flow.systems.crossbar.train import train_network
from remora.golden.data.load import load
from remora.golden.learning.checkpoint import load_checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import load_design
from tests.golden.learning.test_moving import changed

TINY = load_design("tiny", DesignPoint)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint of `tiny`."""
    folder = tmp_path_factory.mktemp("checkpoints")
    train_network(TINY, load(TINY, train=20)[0], None, 1, folder / "net.npz")
    return folder


@pytest.fixture
def remora(capsys, monkeypatch):
    """Runs a command line; returns its exit code, and what it said, on one line."""
    monkeypatch.setenv("COLUMNS", "1000")

    def call(*arguments) -> tuple[int, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(each) for each in arguments])
        captured = capsys.readouterr()
        return caught.value.code or 0, " ".join((captured.out + captured.err).split())

    return call


def written(folder, path: str, value):
    file = folder / f"{path}.toml"
    file.write_text(to_toml(changed(TINY, path, value)), encoding="utf-8")
    return file


def test_a_training_continues_on_other_tiles_and_another_clock(folder, remora):
    for path, value in (("system.clock_mhz", 5.0), ("crossbar.columns", 2), ("cell.lanes", 1)):
        config = written(folder, path, value)
        code, said = remora("train", config, "-o", folder / "net.npz", "--passes", 1, "--limit", 20)
        assert code == 0 and "1 of 1 passes are done" in said


def test_another_learning_rate_does_not_continue_a_training(folder, remora):
    config, before = written(folder, "learning.hidden_shift", 9), (folder / "net.npz").read_bytes()
    code, said = remora("train", config, "-o", folder / "net.npz", "--passes", 2, "--limit", 20)
    assert code == 2 and (folder / "net.npz").read_bytes() == before
    assert "learning.hidden_shift is 10 there, 9 here" in said and "--fresh" in said
    assert len(load_checkpoint(folder / "net.npz", changed(TINY, "learning.hidden_shift", 9)).metadata["passes"]) == 1


def test_other_data_begin_anew_with_a_word(folder, remora, tmp_path):
    copy = tmp_path / "net.npz"
    copy.write_bytes((folder / "net.npz").read_bytes())
    code, said = remora("train", "tiny", "-o", copy, "--passes", 1, "--limit", 21)
    assert (
        code == 0 and "net.npz holds another training, on other data or of other length: this one replaces it" in said
    )


def test_images_are_written_for_other_tiles_and_what_differs_is_said(folder, remora):
    checkpoint = folder / "net.npz"
    for path, value, wanted in (
        ("crossbar.columns", 2, ""),
        ("crossbar.rows", 5, "crossbar.rows is 6 there, 5 here: answers may differ"),
        ("cell.update_coefficient", 9, "write UPDATE_COEFFICIENT = 8 after reset"),
    ):
        config = written(folder, path, value)
        code, said = remora("generate", config, "-o", folder / f"out-{path}", "--checkpoint", checkpoint)
        assert code == 0 and wanted in said and ("net.npz:" in said) == bool(wanted)
    code, said = remora(
        "generate", written(folder, "network.hidden", 8), "-o", folder / "x", "--checkpoint", checkpoint
    )
    assert code == 2 and "network.hidden is 7 there, 8 here" in said and not (folder / "x").exists()


@pytest.mark.parametrize(
    "command", [["simulate", "--limit", 1], ["generate", "-o", "out"]], ids=["simulate", "generate"]
)
def test_what_is_left_behind_is_said(command, folder, remora, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise RemoraError("reached")

    monkeypatch.chdir(tmp_path)
    steps = {
        "simulate": "remora.flow.systems.crossbar.commands.simulate",
        "generate": "remora.flow.systems.system.System.generate",
    }
    monkeypatch.setattr(steps[command[0]], stop)
    checkpoint, (name, *options) = folder / "net.npz", command
    _, said = remora(name, written(folder, "learning.update", "direct"), *options, "--checkpoint", checkpoint)
    wanted = "accumulators are left behind: learning.update is accumulate there, direct here"
    assert f"net.npz: {wanted}" in said and "reached" in said
    _, said = remora(name, "tiny", *options, "--checkpoint", checkpoint)
    assert "net.npz:" not in said and "reached" in said
