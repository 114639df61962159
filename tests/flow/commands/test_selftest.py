"""``remora selftest``: defects from a file or at random, what it says of them, and clear words for bad input."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from remora.flow.commands import selftest
from remora.flow.systems.crossbar.self_test.run import SelfTestRun
from remora.golden.devices.chip import Chip
from remora.golden.devices.self_test import self_test
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.self_test.plan import threshold_for
from remora.spec.presets import load_design
from remora.tb.lib.scoreboard import Comparison

DEVICES = """
name = "broken"
[network]
features = 3
hidden = 4
classes = 2
max_steps = 2
[cell]
lanes = 2
[devices]
read_noise = 0.01
converter_noise = 0.5
"""
DEFECTS = """
[[defect]]
class = "stuck"
layer = "hidden"
side = "negative"
row = 2
column = 3
value = 7.5
[[defect]]
class = "dead-converter"
layer = "readout"
column = 1
value = -40
[[defect]]
class = "stuck"
layer = "readout"
row = 4
column = 1
"""


@pytest.fixture
def files(tmp_path):
    """A design point with real devices, and defects of it."""
    (tmp_path / "broken.toml").write_text(DEVICES, encoding="utf-8")
    (tmp_path / "map.toml").write_text(DEFECTS, encoding="utf-8")
    return tmp_path


def test_defects_of_a_file(remora, files):
    answer = remora("selftest", files / "broken.toml", "--defects", files / "map.toml", "--json", files / "result.json")
    assert answer.code == 0 and "all 2 defects are found, and nothing else" in answer.out
    result = json.loads((files / "result.json").read_text(encoding="utf-8"))
    assert result["found"] == [
        {"class": "stuck", "layer": "hidden", "side": 1, "row": 2, "column": 3},
        {"class": "dead_converter", "layer": "readout", "side": 0, "row": 0, "column": 1},
    ]
    assert [each["row"] for each in result["untestable"]] == [4] and not result["false_alarms"] + result["missed"]
    assert result["most_pulses"] == 8 and result["cycles"] > 1000 and result["rtl"] is None
    assert len(result["injected"]) == 3 and result["by_class"]["found"]["stuck"] == 1


@pytest.mark.parametrize("kind", ["numbers", "sums", "devices", "findings"])
def test_hardware_that_was_not_compared_fails(remora, files, monkeypatch, kind):
    """Whatever the run did compare, each kind must have been among it."""

    def ran(design, chip, state):
        golden = self_test(design, chip, state, threshold_for(design))
        kinds = {name: 1 for name in ("numbers", "sums", "devices", "findings") if name != kind}
        return SelfTestRun([golden], [[]], [golden.cycles(design)], Comparison(kinds, values=9))

    monkeypatch.setattr(selftest, "_run", ran)
    answer = remora("selftest", files / "broken.toml", "--defects", files / "map.toml", "--rtl")
    assert answer.code == 1 and f"no record of {kind} was compared" in answer.err


def test_a_random_map_on_a_chip_with_defects_of_its_own(remora, files):
    (files / "made.toml").write_text(f"{DEVICES}stuck_full = 0.1\n", encoding="utf-8")
    result = files / "result.json"
    answer = remora("selftest", files / "made.toml", "--random", 3, "--device-seed", 2, "--json", result)
    found = json.loads(result.read_text(encoding="utf-8"))
    assert answer.code == 0 and not found["missed"] + found["false_alarms"]
    assert len(found["found"]) > len(found["injected"]) and found["device_seed"] == 2


def test_noise_of_a_preset_can_hide_what_is_broken(remora, tmp_path):
    """Devices whose every pulse reads otherwise seem to move, also those that are stuck: said, and exit status 1."""
    result = tmp_path / "result.json"
    answer = remora("selftest", "tiny", "--devices", "om-array", "--random", 3, "--share", 0.05, "--json", result)
    assert answer.code == 1 and "defects are missed" in answer.err
    assert json.loads(result.read_text(encoding="utf-8"))["missed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[defect]\n", "is not valid TOML"),
        ("defect = 3\n", "expected tables 'defect'"),
        ("[[defect]]\nclass = 'stuk'\nlayer = 'hidden'\ncolumn = 0", "did you mean 'stuck'"),
        ("[[defect]]\nclass = 'stuck'\nlayer = 'hidden'", "column is missing"),
        ("[[defect]]\nclass = 'stuck'\nlayer = 'hidden'\ncolumn = 0", "row is missing"),
        ("[[defect]]\nclass = 'stuck'\nlayer = 'hidden'\ncolumn = 0\nrow = -1", "row is -1"),
        ("[[defect]]\nclass = 'stuck'\nlayer = 'hidden'\ncolumn = 0\nrow = 0\nvalue = nan", "value is nan"),
        ("[[defect]]\nclass = 'stuck'\nlayer = 'hidden'\ncolumn = 9\nrow = 0", "no side 0, row 0, column 9"),
        ("[[defect]]\nclass = 'offset'\nlayer = 'hidden'\ncolumn = 0", "value is missing"),
        ("[[defect]]\nclass = 'offset'\nlayer = 'hidden'\ncolumn = 0\nvalue = 4\nside = 'negative'", "has no side"),
        (
            "[[defect]]\nclass = 'offset'\nlayer = 'hidden'\ncolumn = 0\nvalue = 2.4",
            "value 2.4 in column 0 reads as code 2",
        ),
        (
            "[[defect]]\nclass = 'dead-converter'\nlayer = 'readout'\ncolumn = 1\nvalue = 0",
            "the self-test sees 3 codes",
        ),
        ("[[defect]]\nclass = 'dead-column'\nlayer = 'hidden'\ncolumn = 0\nrow = 1", "is not the first of a tile"),
        ("[[defect]]\nclass = 'stuck'\nlayer = 'hidden'\ncolumn = 0\nrow = 0\nat = 1", "'at' is unknown"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(text, message, remora, files):
    (files / "map.toml").write_text(text, encoding="utf-8")
    answer = remora("selftest", files / "broken.toml", "--defects", files / "map.toml")
    assert answer.code == 2 and message in answer.err and answer.err.count("\n") <= 2 and "Traceback" not in answer.err


def test_what_cannot_be_tested(remora, files):
    assert "has ideal devices" in remora("selftest", "tiny", "--random", 1).err
    assert "either --defects FILE or --random SEED" in remora("selftest", files / "broken.toml").err
    both = remora("selftest", files / "broken.toml", "--random", 1, "--defects", files / "map.toml")
    assert both.code == 2 and "either" in both.err
    unknown = remora("selftest", "tiny", "--devices", "nope", "--random", 1)
    assert unknown.code == 2 and "--devices" in unknown.err and "nope" in unknown.err
    assert unknown.err.count("\n") <= 2 and "Traceback" not in unknown.err
    assert "is no file" in remora("selftest", files / "broken.toml", "--defects", files / "none.toml").err
    assert remora("selftest", "mnist-bmru", "--devices", "pcm", "--random", 1).code == 2
    assert remora("selftest", "kws", "--random", 1).code == 2


def test_spares_mend_what_is_found(remora, files):
    """The map of the first test hides every dead column from the second. Rule Y7."""
    text = DEVICES.replace("[devices]", "[crossbar]\nspare_columns = 2\n[devices]") + "dead_columns = 0.2\n"
    (files / "spared.toml").write_text(text, encoding="utf-8")
    results = [files / "first.json", files / "second.json"]
    arguments = ("selftest", files / "spared.toml", "--random", 1, "--share", 0.0, "--device-seed", 5)
    first = remora(*arguments, "--json", results[0])
    second = remora(*arguments, "--spares", results[0], "--json", results[1])
    found, again = (json.loads(path.read_text(encoding="utf-8")) for path in results)
    assert first.code == second.code == 0 and "to mend the chip let them stand in for" in first.out
    assert len(found["repairs"]) == found["by_class"]["found"]["dead_column"] > 0
    assert again["by_class"]["found"]["dead_column"] == 0 and again["repairs"] == found["repairs"]
    assert f"spare columns in use: {len(found['repairs'])}" in second.out
    answer = remora(*arguments, "--spares", files / "map.toml")
    assert answer.code == 2 and "is not valid JSON" in answer.err


def test_a_spare_that_is_dead_itself_is_not_named(remora, files):
    """No spare that stands in under the map of a first result is bad, although that test saw none of them. Rule Y7."""
    text = DEVICES.replace("[devices]", "[crossbar]\nspare_columns = 2\n[devices]") + "dead_columns = 0.4\n"
    (files / "spared.toml").write_text(text, encoding="utf-8")
    design, avoided = load_design(files / "spared.toml", DesignPoint), 0
    for seed in range(1, 13):
        result = files / f"{seed}.json"
        arguments = ("selftest", files / "spared.toml", "--random", 1, "--share", 0.0, "--device-seed", seed)
        remora(*arguments, "--json", result)
        found = json.loads(result.read_text(encoding="utf-8"))
        chip = Chip.of(design.evolve(devices={"seed": seed}))
        dead = {
            (layer.layer.name.lower(), int(spare))
            for layer in chip.layers
            for spare in np.flatnonzero((layer.parked.high == 0).all(axis=(0, 1)))
        }
        named = {(each["layer"], each["spare"]) for each in found["repairs"]}
        assert not named & dead
        avoided += found["tests"] > 2
        mends = {layer.layer.name.lower(): 2 for layer in chip.layers}
        for name, _ in dead:
            mends[name] -= 1
        bad = Counter(each["layer"] for each in found["found"] if each["class"] == "dead_column")
        assert Counter(name for name, _ in named) == Counter({name: min(bad[name], mends[name]) for name in mends})
    assert avoided >= 3
