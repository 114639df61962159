"""The offsets that a chip takes off its columns, in a checkpoint: they go where the devices go. Rules K1 and K4."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from remora.golden.learning.dfa import DfaTrainer
from remora.spec.crossbar.design import DesignPoint
from tests.golden.designs import DESIGNS

IDEAL = DESIGNS["tiny"].evolve(learning={"enabled": True}, crossbar={"calibrate_offsets": True})
REAL = IDEAL.evolve(devices={"on_off": 20.0, "converter_offset": 8.0, "converter_noise": 0.7})
OTHER = REAL.evolve(devices={"seed": 2})


def saved(directory, design: DesignPoint = REAL):
    """A file of a chip, and the offsets that it has."""
    checkpoint = DfaTrainer(design, random_weights(design, 1)).checkpoint()
    save_checkpoint(directory / "chip.npz", design, checkpoint)
    return directory / "chip.npz", checkpoint.offsets


def assert_equal(found, wanted) -> None:
    assert all(map(np.any, wanted))
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_they_go_with_their_chip(tmp_path):
    path, offsets = saved(tmp_path)
    found = load_checkpoint(path, REAL)
    assert found.remarks == found.left_behind == ()
    for held in (found.offsets, found.devices.offsets, DfaTrainer.from_checkpoint(REAL, found).devices.offsets):
        assert_equal(held, offsets)


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (OTHER, "they are those of another chip; the fresh devices are calibrated"),
        (IDEAL, "they are those of real devices, and these are ideal"),
        (REAL.evolve(crossbar={"calibrate_offsets": False}), "crossbar.calibrate_offsets is false here"),
    ],
    ids=["another chip", "ideal", "uncalibrated"],
)
def test_elsewhere_they_stay_behind(design, words, tmp_path):
    """Said in words; training goes on, from the offsets that the chip at hand has of its own."""
    path, offsets = saved(tmp_path)
    found = load_checkpoint(path, design)
    assert found.offsets is None and f"the offsets are left behind: {words}" in found.left_behind
    trainer = DfaTrainer.from_checkpoint(design, found)
    if design is OTHER:
        own = DeviceState.of(OTHER, (found.weights.hidden, found.weights.readout)).offsets
        assert_equal(trainer.devices.offsets, own)
        assert any((mine != theirs).any() for mine, theirs in zip(own, offsets, strict=True))
    else:
        assert trainer.checkpoint().offsets is None


def test_those_of_ideal_devices_move_to_ideal_ones_alone(tmp_path):
    """As a host may have read them from hardware; golden's ideal converters have none."""
    path, offsets = saved(tmp_path)
    save_checkpoint(path, IDEAL, replace(Checkpoint.of(IDEAL, random_weights(IDEAL, 1)), offsets=offsets))
    found = load_checkpoint(path, IDEAL)
    assert_equal(found.offsets, offsets)
    with pytest.raises(ValueError, match="ideal converters have none"):
        DfaTrainer.from_checkpoint(IDEAL, found)
    assert any("the offsets are left behind" in each for each in load_checkpoint(path, REAL).left_behind)
    none = replace(
        Checkpoint.of(IDEAL, random_weights(IDEAL, 1)), offsets=tuple(np.zeros_like(each) for each in offsets)
    )
    save_checkpoint(path, IDEAL, none)
    assert load_checkpoint(path, REAL).left_behind == ()
