"""Presets of devices: every one says what it is and where its numbers are from, and NeuroSim's follow from its law."""

from __future__ import annotations

import re
from math import exp

import numpy as np
import pytest

from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.presets import PRESET_LEVELS, preset_content, preset_description, preset_names, preset_text
from remora.spec.devices.section import Devices
from remora.spec.devices.tables import KNOTS
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint)
NEUROSIM = {
    # name: states, pulses a strobe, k upwards, k downwards, on/off, noise of a pulse, ohm, nanoseconds a pulse
    "taox-hfox": (128, 4, 1 / 31.5668, 0.5007, 10.0, 0.037, 100e3, 50.0),
    "epiram": (64, 2, 0.3968, 0.3968, 50.2, 0.02, 81e3, 5e3),
    "ag-asi": (97, 3, 1 / 0.4992, 4.9924, 12.5, 0.035, 26e6, 300e3),
}
"""The benchmark table's rows, and the k that their labels stand for."""


def test_presets_that_are_there():
    assert set(preset_names()) >= {*NEUROSIM, "hfo2-array", "om-array", "ecram", "pcm"}


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_is_and_where_each_number_is_from(name):
    text = preset_text(name)
    assert text.startswith("# ") and len(preset_description(name)) > 30 and "Source: " in text
    lines, said = text.splitlines(), 0
    for number, line in enumerate(lines):
        if field := re.match(r"(\w+) = ", line):
            # Beside it, or in the comment above it or above its neighbours.
            above = next(other for other in reversed(lines[:number]) if not re.match(r"\w+ = (?!.*#)", other))
            assert "#" in line or above.startswith("#") or "#" in above, f"{name}: {field[1]} has no source"
            said += 1
    assert said == len(preset_content(name)) >= 5


@pytest.mark.parametrize("name", NEUROSIM)
def test_steps_of_neurosim_follow_its_exponential(name):
    states, pulses, k_up, k_down, on_off, noise, ohm, length = NEUROSIM[name]
    given = Devices(model=name).resolved()
    for field, k, mirrored in (("raise_steps", k_up, False), ("lower_steps", k_down, True)):
        # The law itself, from a state of a sweep to the one a strobe later.
        pulse = np.linspace(0, states - pulses, 50)
        before, after = ((1 - np.exp(-k * p / states)) / (1 - exp(-k)) for p in (pulse, pulse + pulses))
        x = 1 - before if mirrored else before
        stated = np.interp(x, [0, 1], given[field])
        assert stated == pytest.approx(31 * (after - before), abs=2e-3)
    assert given["on_off"] == on_off and given["full_conductance"] == pytest.approx(1 / ohm, rel=1e-3)
    assert given["cycle_noise_range"] == pytest.approx(noise * pulses**0.5, rel=1e-2)
    assert given["pulse_ns"] == length * pulses and abs(states / (PRESET_LEVELS - 1) - pulses) < 0.5


def test_curves_of_pcm_are_the_published_ones():
    given, x = Devices(model="pcm").resolved(), np.arange(1, KNOTS) / (KNOTS - 1)
    laws = {
        "write_noise": (0.26348 + 1.9650 * x - 1.1731 * x**2) / 25 * 100 / 99,
        "drift": np.clip(-0.0155 * np.log(x) + 0.0244, 0.049, 0.1),
        "drift_spread": np.clip(-0.0125 * np.log(x) - 0.0059, 0.008, 0.045),
        "slow_noise": np.minimum(0.2, 0.0088 / x**0.65),
    }
    for field, law in laws.items():
        assert given[field][1:] == pytest.approx(law, rel=1e-3), field
    # Below 1/16 a straight piece stands for each law; at the levels that lie there it is near in conductance.
    levels = np.array([1 / 100, 1 / 100 + 99 / 100 / 31])
    for field, law, most in (
        ("drift", np.clip(-0.0155 * np.log(levels) + 0.0244, 0.049, 0.1), 0.01),
        ("drift_spread", np.clip(-0.0125 * np.log(levels) - 0.0059, 0.008, 0.045), 0.005),
        ("slow_noise", np.minimum(0.2, 0.0088 / levels**0.65), 0.08),
    ):
        stated = np.interp(levels, np.linspace(0, 1, KNOTS), given[field])
        assert np.abs(stated - law).max() < most, field


@pytest.mark.parametrize("levels", [16, 32, 64])
def test_a_presets_step_is_one_share_of_the_range_whatever_the_levels(levels):
    design = MNIST.evolve(crossbar={"levels": levels}, devices={"model": "om-array"})
    model = design.device_model()
    assert model.raise_steps[0] / (model.full - model.rest) == pytest.approx(0.0949 * exp(0.7829**2 / 2), rel=1e-3)
    own = design.evolve(devices={"raise_steps": 1.5}).device_model()
    assert set(own.raise_steps) == {3072} and own.lower_steps == model.lower_steps
