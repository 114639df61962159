"""What `remora simulate` of a crossbar design says of the checkpoint that it starts from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.systems.crossbar import commands
from remora.flow.systems.crossbar.devices import fresh_devices
from remora.flow.systems.crossbar.options import CrossbarSimulateOptions
from remora.golden.crossbar.weights import random_weights
from remora.golden.learning.checkpoint import Checkpoint, save_checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

DESIGN = load_design("tiny", DesignPoint).evolve(devices={"read_noise": 0.01})


@pytest.mark.parametrize("held", [True, False])
def test_a_state_of_devices_that_is_not_simulated_is_named(tmp_path, capsys, held):
    weights, path = random_weights(DESIGN, 1), tmp_path / "chip.npz"
    state = fresh_devices(DESIGN, weights) if held else None
    save_checkpoint(path, DESIGN, replace(Checkpoint.of(DESIGN, weights), devices=state))
    options = CrossbarSimulateOptions(checkpoint=path)
    network = commands._network(DESIGN, lambda: pytest.fail("nothing is trained"), options)
    said = capsys.readouterr()
    assert (commands.FRESH_DEVICES in said.out + said.err) == held and (network.devices is not None) == held
