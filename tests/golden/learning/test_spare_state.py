"""The map of spare columns, and the devices that stand by, in a checkpoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import (
    Checkpoint,
    CheckpointError,
    continue_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.lib.npz import read_npz, write_npz
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from tests.golden.designs import make_design
from tests.golden.learning.test_device_state import assert_same
from tests.golden.learning.test_dfa import random_sequence

IDEAL = make_design(
    network={"features": 3, "hidden": 7, "classes": 4, "max_steps": 3},
    cell={"lanes": 1},
    crossbar={"rows": 6, "columns": 4, "spare_columns": 2},
    learning={"enabled": True, "hidden_shift": 4, "readout_shift": 3},
)
REAL = IDEAL.evolve(devices={"on_off": 20.0, "step_spread": 0.2, "read_noise": 0.02, "slow_noise": 0.05, "drift": 0.05})
MAP = SpareMap.of(IDEAL, [Replacement(Layer.HIDDEN, 1, 0, 2), Replacement(Layer.READOUT, 0, 1, 3)])


def trained(design, spares: SpareMap) -> ReplayTrainer:
    """A network that has learnt a few sequences, and aged."""
    random, weights = np.random.default_rng(2), random_weights(design, 1)
    checkpoint = Checkpoint.of(design, weights)
    trainer = ReplayTrainer.from_checkpoint(design, replace(checkpoint, spares=spares))
    for _ in range(4):
        trainer.train_sequence(*random_sequence(design, random))
    trainer.dfa.age(10**7)
    return trainer


@pytest.mark.parametrize("load", [load_checkpoint, continue_checkpoint])
def test_a_chip_goes_on_from_a_file(load, tmp_path):
    """Rules D5 and Y5: devices of columns and spares, and the map; learning from there is the same."""
    whole, random = trained(REAL, MAP), np.random.default_rng(3)
    save_checkpoint(tmp_path / "chip.npz", REAL, whole.checkpoint())
    found = load(tmp_path / "chip.npz", REAL)
    assert found.spares == found.devices.spares == MAP and found.remarks == found.left_behind == ()
    for mine, held in zip(found.devices.layers, whole.dfa.devices.layers, strict=True):
        np.testing.assert_array_equal(np.stack(mine.parked.arrays()), np.stack(held.parked.arrays()))
        assert mine.parked.s.any()
    again = ReplayTrainer.from_checkpoint(REAL, found)
    for _ in range(3):
        x, label = random_sequence(REAL, random)
        assert again.train_sequence(x, label).decision == whole.train_sequence(x, label).decision
    assert_same(again.dfa.devices, whole.dfa.devices)


def test_ideal_devices_keep_the_map_alone(tmp_path):
    save_checkpoint(tmp_path / "net.npz", IDEAL, trained(IDEAL, MAP).checkpoint())
    found = load_checkpoint(tmp_path / "net.npz", IDEAL)
    assert found.spares == MAP and found.devices is None
    # Freshly programmed under the map.
    moved = load_checkpoint(tmp_path / "net.npz", REAL)
    assert moved.spares == MAP and ReplayTrainer.from_checkpoint(REAL, moved).dfa.devices.spares == MAP


OTHERS = {
    "other tiles": {"columns": 3}, "other rows": {"rows": 5}, "fewer spares": {"spare_columns": 1},
    "none": {"spare_columns": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_a_map_in_use_stays_behind_with_its_devices(name, tmp_path):
    other = REAL.evolve(crossbar=OTHERS[name])
    save_checkpoint(tmp_path / "chip.npz", REAL, trained(REAL, MAP).checkpoint())
    found = load_checkpoint(tmp_path / "chip.npz", other)
    assert found.devices is None and not (found.spares and found.spares.used)
    assert any("the map of the spare columns is left behind" in each for each in found.left_behind)
    assert any("some of which are those of spares" in each for each in found.left_behind)


def test_the_map_of_another_chip_stays_behind(tmp_path):
    save_checkpoint(tmp_path / "chip.npz", REAL, trained(REAL, MAP).checkpoint())
    other = load_checkpoint(tmp_path / "chip.npz", REAL.evolve(devices={"seed": 99}))
    assert other.devices is None and not other.spares.used
    assert "the map of the spare columns is left behind: it is that of another chip" in other.left_behind
    ideal = load_checkpoint(tmp_path / "chip.npz", IDEAL)
    assert ideal.spares == MAP and not any("spare" in each for each in ideal.left_behind)


@pytest.mark.parametrize("name", OTHERS)
def test_devices_move_where_no_spare_is_in_use(name, tmp_path):
    other, idle = REAL.evolve(crossbar=OTHERS[name]), SpareMap.idle(REAL)
    whole = trained(REAL, idle)
    save_checkpoint(tmp_path / "chip.npz", REAL, whole.checkpoint())
    found = load_checkpoint(tmp_path / "chip.npz", other)
    assert_same(found.devices, whole.dfa.devices)
    assert found.devices.check(Chip.of(other)) is found.devices and not found.left_behind
    assert (found.spares is None) == (name == "none")


def test_a_file_of_before_has_no_spares_in_use(tmp_path):
    plain = REAL.evolve(crossbar={"spare_columns": 0})
    weights = random_weights(plain, 1)
    state = DeviceState.of(plain, (weights.hidden, weights.readout))
    checkpoint = Checkpoint.of(plain, weights)
    save_checkpoint(tmp_path / "old.npz", plain, replace(checkpoint, devices=state))
    assert "spares" not in read_npz(tmp_path / "old.npz")
    found = load_checkpoint(tmp_path / "old.npz", REAL)
    assert found.spares == SpareMap.idle(REAL) and found.devices.layers[0].parked is not None
    assert_same(found.devices, state)


DAMAGES = {
    "shape": (
        "spares",
        np.zeros(3, np.int16),
        r"spares is int16 of shape \(3,\); expected integers, \(tiles, spares\)",
    ),
    "tiles": ("spares", np.zeros((2, 2), np.int16), "has other tiles or spares than the design point"),
    "column": ("spares", np.full((6, 2), 9, np.int16), "cannot stand in for column 9"),
    "missing": ("hidden_parked_devices", None, "of the state of its devices it lacks hidden_parked_devices"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told_in_words(name, tmp_path):
    path = tmp_path / "chip.npz"
    save_checkpoint(path, REAL, trained(REAL, MAP).checkpoint())
    content = read_npz(path)
    field, value, message = DAMAGES[name]
    content = {key: each for key, each in content.items() if key != field} | ({} if value is None else {field: value})
    write_npz(path, content)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path, REAL)
