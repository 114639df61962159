"""Devices held against aihwkit 1.1.0: what pulses make of them, how far they spread, and what time does to them.

`make_aihwkit.py` beside this file measured the figures in ``data/aihwkit.json``, which name its versions and seed.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from remora.golden.devices.chip import Chip, device_numbers
from remora.golden.devices.pulses import moved
from remora.golden.devices.state import DeviceState, conducted, shown
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.tiles import MAX_PULSE_CYCLES
from remora.spec.devices.convert import convert
from remora.spec.devices.model import manufacture, ticks
from remora.spec.devices.presets import preset_content
from remora.spec.presets import load_design

MEASURED = json.loads((Path(__file__).parent / "data" / "aihwkit.json").read_text(encoding="utf-8"))
DEVICES = 20_000
MEAN_ERROR = 0.02
"""Of the mean after any number of pulses, as a share of the range."""
SPREAD_ERROR = 0.05
"""Of a spread, as a share of it."""
SMALL_SPREAD = {"ecram": 0.005, "pcm": 0.001}
"""Error of a spread that passes whatever its share, as a share of the range. aihwkit's ECRAM steps by the nominal
range, rule D6 by the device's own. Of phase-change memory straight pieces stand for laws that are steep near zero."""


def design_of(name: str, **devices: object) -> DesignPoint:
    return load_design("mnist", DesignPoint).evolve(
        devices={"model": name, **devices}, crossbar={"pulse_cycles": MAX_PULSE_CYCLES}
    )


def traces(name: str, **devices: object) -> np.ndarray:
    """(2 · strobes + 1, `DEVICES`), what pulses up and then down make of devices from their own lower bounds, as shares
    of the nominal range."""
    design, strobes = design_of(name, **devices), MEASURED["responses"][name]["strobes"]
    model, index = design.device_model(), np.arange(DEVICES, dtype=np.uint32)
    spreads = manufacture(design.devices, design.crossbar.top_level, design.crossbar.fraction_bits)
    numbers = device_numbers(model, spreads, index)
    p, n = numbers[0], np.zeros(DEVICES, np.int64)
    found = [p]
    for upwards in (True, False):
        for _ in range(strobes):
            p, n = moved(model, index, numbers, p, n, np.full(DEVICES, upwards)), n + 1
            found.append(p)
    return (np.array(found) - model.rest) / (model.full - model.rest)


@cache
def measured(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of aihwkit's devices after every strobe, as shares of the range."""
    given = MEASURED["responses"][name]
    low, high = given["parameters"]["w_min"], given["parameters"]["w_max"]
    return (np.array(given["mean"]) - low) / (high - low), np.array(given["deviation"]) / (high - low)


def errors(found: np.ndarray, name: str) -> tuple[float, float]:
    """Largest error of a mean, in `MEAN_ERROR`, and of a spread, in what passes; above 1 is too much."""
    mean, deviation = measured(name)
    assert found.shape == (len(mean), DEVICES) and len(mean) == 2 * MEASURED["responses"][name]["strobes"] + 1
    passes = np.maximum(SPREAD_ERROR * deviation, SMALL_SPREAD.get(name, 0))
    return np.abs(found.mean(1) - mean).max() / MEAN_ERROR, (np.abs(found.std(1) - deviation) / passes).max()


def test_the_figures_are_of_the_pinned_version_and_of_enough_devices():
    assert MEASURED["versions"]["aihwkit"] == "1.1.0" and MEASURED["devices"] >= 10_000
    assert set(MEASURED["responses"]) == {"om-array", "hfo2-array", "ecram"}


@pytest.mark.parametrize("name", MEASURED["responses"])
def test_mean_and_spread_after_every_number_of_pulses(name):
    mean, spread = errors(traces(name), name)
    assert mean < 1 and spread < 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("om-array", {"step_anchor": 0.0}),
        ("hfo2-array", {"step_anchor": 0.0}),
        ("om-array", {"step_spread": 0.6}),
        ("hfo2-array", {"full_spread": 0.25}),
        ("ecram", {"step_spread": 0.15}),
        ("ecram", {"raise_steps": (1.0, 0.95), "rest_spread": 0.04}),
    ],
)
def test_other_devices_are_noticed(name, change):
    assert max(errors(traces(name, **change), name)) > 1


@pytest.mark.parametrize("name", ["om-array", "hfo2-array"])
def test_what_a_device_shows_beside_what_it_is(name):
    design, given = design_of(name), MEASURED["responses"][name]
    model, index = design.device_model(), np.arange(DEVICES, dtype=np.uint32)
    p = np.full(DEVICES, model.rest + (model.full - model.rest) // 2)
    noise = (shown(model, index, p, np.ones(DEVICES, np.int64)) - p).std() / (model.full - model.rest)
    range_ = given["parameters"]["w_max"] - given["parameters"]["w_min"]
    assert noise == pytest.approx(given["write_noise"] / range_, rel=SPREAD_ERROR) and noise > 0.05


@pytest.mark.parametrize("name", MEASURED["responses"])
def test_the_converter_makes_the_preset_of_the_parameters(name):
    found, stated = convert(MEASURED["responses"][name]["parameters"], name).fields, preset_content(name)
    compared = 0
    for field, value in found.items():
        if isinstance(value, str):
            assert stated[field] == value
        elif field != "on_off":
            given = tuple(stated[field]) if isinstance(value, tuple) else stated[field]
            assert given == pytest.approx(value, rel=1e-3), field
            compared += 1
    assert compared >= 7


def test_phase_change_memory_at_every_level_and_time():
    """Programming noise, drift and slow noise of the mean and the spread of 12,900 devices a level."""
    chip, measured_ = Chip.of(design := design_of("pcm")), MEASURED["phase_change"]
    model, made = chip.model, chip.layers[0]
    _, rows, columns = made.shape
    compared = 0
    for level, target in enumerate(measured_["targets"]):
        assert (model.rest + level * model.level) / model.full == pytest.approx(target, abs=1e-5)
        readout = np.zeros(chip.layers[1].shape[1:], int)
        fresh = DeviceState.fresh(chip, (np.full((rows, columns), level), readout))
        for number, time in enumerate(measured_["times"]):
            state = fresh.copy()
            if time:
                state.age(chip, ticks(design.devices, time))
            found = conducted(model, made, state.layers[0])[0] / model.full
            mean, deviation = measured_["mean"][number][level], measured_["deviation"][number][level]
            assert abs(found.mean() - mean) < MEAN_ERROR, (level, time)
            passes = max(SPREAD_ERROR * deviation, SMALL_SPREAD["pcm"])
            assert abs(found.std() - deviation) < passes, (level, time, found.std(), deviation)
            compared += found.size
    assert compared == 32 * len(measured_["times"]) * rows * columns
