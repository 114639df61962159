"""``remora simulate`` of an analog core, end to end: what ships, on the hardware, and what others script against."""

from __future__ import annotations

import json

import pytest

from flow import cli
from golden.idx import DATA_VARIABLE

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
