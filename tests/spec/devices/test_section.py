"""The section ``[devices]``: presets and what replaces them, what is ideal, what is refused and why."""

from __future__ import annotations

import pytest

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.tiles import MAX_PULSE_CYCLES
from remora.spec.devices.presets import IDEAL, preset_names
from remora.spec.devices.section import IDEAL_VALUES, NON_IDEALITIES, Devices
from remora.spec.lib.errors import ConfigError
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint)


def test_no_section_is_the_same_as_ideal_devices():
    same = MNIST.evolve(devices={"model": IDEAL})
    assert same.hash == MNIST.hash and same.devices.ideal and MNIST.devices.resolved() == IDEAL_VALUES
    assert MNIST.identity().get("devices") is None


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_errs_and_is_the_same_hardware(name):
    real = MNIST.evolve(devices={"model": name}, crossbar={"pulse_cycles": MAX_PULSE_CYCLES})
    assert not real.devices.ideal
    assert real.hash == MNIST.evolve(crossbar={"pulse_cycles": MAX_PULSE_CYCLES}).hash


def test_a_field_replaces_the_presets_and_zero_turns_it_off():
    preset = Devices(model="taox-hfox").resolved()
    replaced = Devices(model="taox-hfox", read_noise=0.02, cycle_noise_range=0.0).resolved()
    assert preset["cycle_noise_range"] > 0 == replaced["cycle_noise_range"]
    assert replaced["read_noise"] == 0.02 and replaced["on_off"] == preset["on_off"]


def test_a_change_of_the_model_keeps_what_was_given():
    design = MNIST.evolve(devices={"model": "taox-hfox", "read_noise": 0.02})
    other = design.evolve(devices={"model": IDEAL})
    assert other.devices.given() == {"read_noise": 0.02}


def test_every_field_makes_a_non_ideality_or_is_about_pulses():
    made = {field for fields in NON_IDEALITIES.values() for field in fields}
    assert made | {"model", "seed", "pulse_ns"} == set(Devices.model_fields)


def test_whole_numbers_and_lists_are_taken_as_they_stand_in_a_file():
    devices = Devices(**{"on_off": 10, "raise_steps": [1, 2.5], "drift": 0})
    assert (devices.on_off, devices.raise_steps, devices.drift) == (10.0, (1.0, 2.5), (0.0,))


CURVE = "should be a number from 0 to 1000000, or a list of 1 to 33 of them"


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        ({"model": "taox"}, "devices.model = 'taox': should be one of 'ideal', .*; did you mean 'taox-hfox'"),
        ({"step_law": "cauchy"}, "devices.step_law = 'cauchy': should be 'normal' or 'lognormal'"),
        ({"read_noise": -0.1}, "devices.read_noise = -0.1: "),
        ({"read_nois": 0.1}, "devices.read_nois is not a field; .*; did you mean 'read_noise'"),
        ({"read_noise": True}, "devices.read_noise = True: "),
        ({"raise_steps": []}, f"devices.raise_steps = .*: {CURVE}$"),
        ({"raise_steps": [1.0] * 34}, f"devices.raise_steps = .*: {CURVE}$"),
        ({"drift": [float("nan")]}, f"devices.drift = .*nan.*: {CURVE}$"),
        ({"drift": [0.1, -0.1]}, f"devices.drift = .*-0.1.*: {CURVE}$"),
        ({"drift": [0.1, "0.2"]}, f"devices.drift = .*'0.2'.*: {CURVE}$"),
        ({"slow_noise": [[0.1]]}, f"devices.slow_noise = .*: {CURVE}$"),
        ({"write_noise": 2e6}, f"devices.write_noise = 2000000.0: {CURVE}$"),
        ({"write_noise": True}, f"devices.write_noise = True: {CURVE}$"),
        ({"write_noise": "none"}, f"devices.write_noise = 'none': {CURVE}$"),
        ({"on_off": 0.5}, "devices.on_off is 0.5: use a ratio above 1"),
        ({"stuck_rest": 0.7, "corrupt": 0.4}, "stuck_rest, stuck_full and corrupt come to 1.1 of all devices"),
        ({"wire_row": 3, "full_conductance": 0}, "wire_row and wire_column lower no device by a count"),
        ({"raise_steps": 1e-9}, "moves no device by a grain of conductance"),
        ({"read_noise": 1.0, "on_off": 1.001}, "the variance of a sample reaches"),
        ({"wire_row": 1e9, "full_conductance": 1.0}, "the drop along the wires reaches"),
        ({"converter_noise": 1e9}, "the variance of a sample reaches"),
        ({"write_noise": 1e6}, "a curve over the conductance reaches"),
        ({"cycle_noise": 1e10}, "the noise of a pulse reaches"),
        ({"cycle_noise_range": 1e12}, "the noise of a pulse reaches"),
        ({"cycle_noise": 1e5, "raise_steps": 1e5}, "the noise of a step reaches"),
        ({"slow_noise": 1e3, "slow_base": 1e3}, "devices: slow noise reaches"),
        ({"slow_base": 1e15}, "the base of slow noise reaches"),
        ({"full_spread": 1e15}, "the spread of devices reaches"),
        ({"step_spread": 1e10}, "the spread of devices reaches"),
        ({"converter_offset": 1e10}, "a converter's offset reaches"),
    ],
)
def test_what_is_illegal_is_refused_in_words(devices, message):
    with pytest.raises(ConfigError, match=message) as caught:
        MNIST.evolve(devices=devices)
    assert "\n" not in str(caught.value)


def test_the_variance_of_a_pair_is_bounded_where_rows_are_few():
    """Rule D14's product stays in 63 bits, and what it yields in the 31 of the model of the macro."""
    few = MNIST.evolve(
        network={"features": 1, "hidden": 2}, crossbar={"levels": 128, "fraction_bits": 16}, cell={"lanes": 1}
    )
    with pytest.raises(ConfigError, match="the variance of a pair reaches"):
        few.evolve(devices={"read_noise": 0.05})
    model = few.evolve(devices={"read_noise": 0.015}).device_model()
    assert 2**59 < 2 * model.read_noise**2 * model.limit**2 < 2**62


def test_the_variance_of_a_read_of_one_row_is_bounded():
    """Where a level is far from a code, a read of the weight window drives more than any word: rules W1 and D16."""
    formats = {"adc_bits": 4, "adc_range_log2": 4}
    few = MNIST.evolve(
        network={"features": 2, "hidden": 2}, crossbar={"levels": 2, "level_bits": 8, "fraction_bits": 16, "rows": 2},
        formats=formats, cell={"lanes": 1},
    )  # fmt: skip
    assert 1 << few.adc_shift > 2**6 * few.formats.stream_limit
    with pytest.raises(ConfigError, match="the variance of a sample reaches"):
        few.evolve(devices={"read_noise": 0.03})
    assert few.evolve(devices={"read_noise": 0.01}).device_model().reads_noisily


def test_bistable_cells_take_ideal_devices_alone():
    with pytest.raises(ConfigError, match="no model of real devices"):
        load_design("mnist-bmru", DesignPoint).evolve(devices={"read_noise": 0.01})
