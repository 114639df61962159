"""What devices ask of the design point around them, and the refusal of pulses that are too short for them."""

from __future__ import annotations

from math import exp

import pytest

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.tiles import MAX_PULSE_CYCLES, TIMEOUT_BITS
from remora.spec.devices.presets import preset_names
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import mean_step, pulse_cycles, suggestion
from remora.spec.lib.errors import ConfigError
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint)


def test_mean_step_by_hand():
    assert mean_step(Devices(), 31) == 1
    assert mean_step(Devices(raise_steps=(2.0, 0.0), lower_steps=(3.0,)), 31) == 2
    assert mean_step(Devices(raise_steps=(0.0, 4.0, 0.0), lower_steps=(0.0,)), 31) == 1
    assert mean_step(Devices(model="hfo2-array"), 31) == pytest.approx(31 * 0.4622 / 2 * exp(0.7125**2 / 2), rel=1e-4)
    assert mean_step(Devices(model="hfo2-array"), 15) == pytest.approx(15 * 0.4622 / 2 * exp(0.7125**2 / 2), rel=1e-4)


def test_cycles_of_a_pulse():
    assert pulse_cycles(Devices(), 20.0) == 1
    assert pulse_cycles(Devices(pulse_ns=200.0), 20.0) == 4  # exactly 4 cycles are no fifth
    assert pulse_cycles(Devices(pulse_ns=200.1), 20.0) == 5
    assert pulse_cycles(Devices(model="ag-asi"), 20.0) == 18_000


@pytest.mark.parametrize("name", preset_names())
def test_a_design_that_follows_takes_every_preset(name):
    devices = Devices(model=name)
    asked = suggestion(MNIST, devices)
    design = MNIST.evolve(devices={"model": name}, **asked.changes)
    assert design.crossbar.timeout >= 3 * design.crossbar.pulse_cycles
    assert design.learning.accumulator_level == round(1024 * mean_step(devices, 31))
    assert asked.mean_step == mean_step(devices, 31)


def test_what_is_not_stated_stays():
    assert suggestion(MNIST.evolve(crossbar={"pulse_cycles": 9}), Devices(model="om-array")).pulse_cycles == 9
    assert suggestion(MNIST).changes == {"learning": {"accumulator_level": 1024}, "crossbar": {"pulse_cycles": 4}}


def test_a_level_that_rounds_with_random_bits_is_a_power_of_two_and_none_is_out_of_reach():
    direct = MNIST.evolve(learning={"update": "direct"})
    assert suggestion(direct, Devices(model="om-array")).accumulator_level == 2048
    assert suggestion(direct, Devices(model="hfo2-array")).accumulator_level == 8192
    narrow = MNIST.evolve(learning={"accumulator_bits": 12})
    assert suggestion(narrow, Devices(model="hfo2-array")).accumulator_level == 2047


def test_pulses_that_are_too_short_are_refused_with_the_remedy():
    with pytest.raises(ConfigError, match="takes 18000 cycles at system.clock_mhz = 20: use crossbar.pulse_cycles = 1"):
        MNIST.evolve(devices={"model": "ag-asi"}, crossbar={"pulse_cycles": 17_999})
    with pytest.raises(ConfigError, match=f"pulse_cycles = {MAX_PULSE_CYCLES} and a system.clock_mhz of at most 24.3"):
        MNIST.evolve(devices={"model": "ag-asi"}, system={"clock_mhz": 100.0})
    assert MNIST.evolve(devices={"model": "ag-asi"}, crossbar={"pulse_cycles": MAX_PULSE_CYCLES})
    assert 3 * MAX_PULSE_CYCLES < 1 << TIMEOUT_BITS


def test_remarks():
    assert MNIST.remarks() == [] and MNIST.evolve(devices={"model": "taox-hfox"}).remarks() == []
    coarse = MNIST.evolve(devices={"model": "hfo2-array"}).remarks()
    assert len(coarse) == 2 and "by 9.23 levels on average and by up to 18.5" in coarse[0]
    assert "learning.accumulator_level = 1024 gives pulses as often as 111 does" in coarse[1]
    learning = {"enabled": True, "verify_reads": 1, "accumulator_level": 2046}
    verified = MNIST.evolve(devices={"model": "om-array"}, learning=learning)
    (counted,) = (each for each in verified.remarks() if "verified" in each)
    assert "with crossbar.levels = 16 a pulse is about one" in counted
    assert mean_step(verified.devices, 16 - 1) == pytest.approx(1, abs=0.04)
    finer = verified.evolve(crossbar={"levels": 16, "level_bits": 3})
    unverified = verified.evolve(learning={"verify_reads": 0})
    assert not any("verified" in each for one in (finer, unverified) for each in one.remarks())
    (long,) = MNIST.evolve(devices={"model": "taox-hfox"}, crossbar={"pulse_cycles": 200}).remarks()
    assert "takes 4 cycles at 20 MHz; crossbar.pulse_cycles = 200 is longer" in long
