"""Which build a simulation asks for: a short run does not wait for one that is made for long ones."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.simulate import SHORT_CYCLES, optimisation
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import random_weights
from remora.golden.data.load import synthetic
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import Flag
from remora.spec.presets import load_design


@pytest.mark.parametrize(
    ("preset", "learning", "sequences", "expected"),
    [
        ("tiny", {}, 100, "build"),
        ("mnist", {}, 500, "run"),
        ("mnist", {}, 10, "build"),
        ("mnist-bmru", {}, 100, "build"),
        ("mnist", {"enabled": True}, 10, "build"),
        ("mnist", {"enabled": True}, 20, "run"),
        ("mnist", {"enabled": True, "replay_capacity": 10}, 10, "run"),
    ],
)
def test_a_short_run_is_compiled_quickly(preset, learning, sequences, expected):
    design = load_design(preset, DesignPoint).evolve(learning=learning)
    asked = Flag.INFER | Flag.LEARN if learning else Flag.INFER
    stimulus = Stimulus.of(synthetic(design, sequences, 1), random_weights(design, 1), Coefficients.of(design), asked)
    assert optimisation(design, stimulus) == expected
    assert SHORT_CYCLES < 500 * design.cycles.sequence(design.network.max_steps)
