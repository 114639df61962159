"""The share of codes that each non-ideality changes by itself, and the word about one that changes none."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.device_effects import alone, codes_changed_by
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.golden.crossbar.cell import Coefficients
from remora.spec.devices.section import NON_IDEALITIES
from remora.spec.lib.errors import CheckFailed
from tests.hdl.designs import DESIGNS

PRIMES = DESIGNS["primes"]


def test_each_has_its_own_share():
    design = PRIMES.evolve(devices={"read_noise": 0.05, "converter_offset": 0.0, "plane_error": 0.1, "on_off": 5.0})
    found = codes_changed_by(design, stress_stimulus(design, 8, Coefficients(176, 216), 1))
    assert set(found) == {"on_off", "read_noise", "plane_error"}
    assert found["on_off"] == 0 < min(found["read_noise"], found["plane_error"]) < 1


def test_one_that_changes_nothing_is_named():
    design = PRIMES.evolve(devices={"read_noise": 0.05, "converter_noise": 1e-6})
    with pytest.raises(CheckFailed, match="^converter_noise of the devices changes no code of 3 sequences"):
        codes_changed_by(design, stress_stimulus(design, 3, Coefficients(176, 216), 1))


def test_what_time_and_pulses_do_is_not_asked_of_a_run_without_them():
    design = PRIMES.evolve(devices={"drift": 0.05, "cycle_noise": 0.5, "endurance": 10.0, "raise_steps": [2.0, 0.5]})
    found = codes_changed_by(design, stress_stimulus(design, 3, Coefficients(176, 216), 1))
    assert set(found) == {"drift", "cycle_noise", "endurance", "response"} and not any(found.values())


@pytest.mark.parametrize("name", NON_IDEALITIES)
def test_alone_leaves_the_fields_of_one(name):
    given = {"model": "pcm", "wire_row": 2.0, "full_conductance": 1e-4, "step_law": "lognormal", "seed": 7}
    only = alone(PRIMES.evolve(devices=given, crossbar={"pulse_cycles": 480}), NON_IDEALITIES[name]).devices
    assert only.seed == 7 and set(only.given()) <= set(NON_IDEALITIES[name])
