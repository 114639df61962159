"""``remora simulate`` of an analog core, end to end: what ships, on the hardware, and what others script against."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flow import cli
from flow.analog_run import KINDS
from flow.analog_simulate import missing_kinds
from flow.keywords import shipped_network
from golden.bmru_network import Linear, save_network
from golden.idx import DATA_VARIABLE
from spec.analog import AnalogDesign
from spec.presets import load_design
from tb.scoreboard import Comparison

PROMISED = {
    "design", "design_hash", "frames_compared", "mismatches", "clips", "accuracy", "golden_accuracy", "float_accuracy",
    "core_power_nw", "most_awake_cycles", "frames_per_second", "seed", "commit", "command", "version",
}  # fmt: skip


def simulate(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(["simulate", *arguments])
    return caught.value.code or 0


def test_the_spotter_that_ships(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    path = tmp_path / "kws.json"
    assert simulate("kws", "--limit", "6", "--json", str(path)) == 0
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result.keys() >= PROMISED
    assert (result["clips"], result["frames_compared"], result["mismatches"]) == (6, 606, 0)
    assert result["accuracy"] == result["golden_accuracy"] and 0 <= result["float_accuracy"] <= 1
    assert result["most_awake_cycles"] <= 64 and 10 < result["core_power_nw"] < 1000
    # The same design with other data needs no second build.
    assert simulate("kws", "--data", "synthetic", "--limit", "3", "--stall", "0.2", "--json", str(path)) == 0
    result = json.loads(path.read_text(encoding="utf-8"))
    assert (result["mismatches"], result["accuracy"]) == (0, None) and result["frames_compared"] == 60
    assert "hardware and golden agree exactly" in capsys.readouterr().out


def test_a_run_that_cannot_start_leaves_its_word(tmp_path, capsys):
    path = tmp_path / "kws.json"
    assert simulate("kws", "--checkpoint", str(tmp_path / "none.npz"), "--json", str(path)) == 2
    assert "does not exist" in capsys.readouterr().err
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["frames_compared"] == 0 and "does not exist" in result["error"]


def test_at_the_pace_of_frames_nothing_may_stall(tmp_path, capsys):
    assert simulate("kws", "--data", "synthetic", "--paced", "--stall", "0.5") == 2
    assert "leave one out" in capsys.readouterr().err


def test_a_paced_run_must_have_compared_its_pace():
    compared = Comparison(compared=dict.fromkeys(KINDS, 1))
    assert missing_kinds(compared) == [] and missing_kinds(compared, paced=True) == ["pace"]
    assert missing_kinds(Comparison(compared=dict.fromkeys(KINDS, 0))) == list(KINDS)


def test_parameters_beyond_the_codes_are_told(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    network = shipped_network(load_design("kws", AnalogDesign))
    weight = network.output.weight.copy()
    weight[1, 2] = -100
    path = tmp_path / "loud.npz"
    save_network(path, replace(network, output=Linear(weight, network.output.bias)))
    result = tmp_path / "loud.json"
    assert simulate("kws", "--checkpoint", str(path), "--limit", "2", "--json", str(result)) == 0
    assert json.loads(result.read_text(encoding="utf-8"))["parameters_saturated"] == {"output.weight": 1}
    assert "1 of output.weight saturated" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["generate", "kws", "--checkpoint", str(path), "-o", str(tmp_path / "out")])
    assert "1 parameters of output.weight lie beyond" in capsys.readouterr().out
