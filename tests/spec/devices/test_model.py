"""The integers of the device rules, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.model import device_number, manufacture, ticks
from remora.spec.devices.section import Devices
from remora.spec.devices.tables import KNOTS, knots, log_table, normal_table, power_table
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint)
SPAN = 31 * 2048


def model(**devices):
    return MNIST.evolve(devices=devices).device_model()


def test_ideal_devices():
    ideal = MNIST.device_model()
    assert (ideal.rest, ideal.full, ideal.level, ideal.limit) == (0, SPAN, 2048, 2 * SPAN)
    assert set(ideal.raise_steps) == set(ideal.lower_steps) == {2048}
    assert not (ideal.drifts or ideal.reads_noisily or ideal.wired or any(ideal.write_noise))


def test_units():
    assert model(on_off=11.0).rest == round(SPAN / 10)
    assert model(read_noise=0.01).read_noise == 41
    assert model(cycle_noise=0.5, cycle_noise_range=0.1).cycle_range == round(SPAN / 10)
    assert model(write_noise=[0, 0.1]).write_noise[::8] == (0, round(SPAN / 20), round(SPAN / 10))
    assert model(converter_noise=0.5).converter_noise == ((1 << 7 + 11 - 1) ** 2 >> 12,) * 2
    assert model(wire_row=1.0, full_conductance=1e-5).wire_row == round(1e-5 / SPAN * 2**44)
    assert model(slow_base=17.5).slow_base == 17.5 * 256
    spreads = manufacture(Devices(stuck_rest=0.5, plane_error=0.05, converter_offset=8.0), 31, 11)
    assert (spreads.stuck_rest, spreads.plane_error, spreads.converter_offset) == (1 << 31, 13, 128)


def test_knots_lie_on_the_curve():
    assert knots((2.0,), 10) == (20,) * KNOTS
    assert knots((0.0, 1.0), 16) == tuple(range(KNOTS))
    assert knots((0.0, 4.0, 0.0), 2) == tuple(min(i, 16 - i) for i in range(KNOTS))
    assert knots(tuple(range(33)), 1) == tuple(range(0, 33, 2))


def test_tables():
    shares = np.arange(257) / 256
    assert np.abs(np.array(log_table()) - 65536 * np.log2(1 + shares)).max() <= 0.5
    assert np.abs(np.array(power_table()) - 65536 * 2.0**-shares).max() <= 0.5
    assert (log_table()[0], log_table()[-1], power_table()[0], power_table()[-1]) == (0, 65536, 65536, 32768)
    normal = np.array(normal_table())
    assert len(normal) == 256 and (normal == -normal[::-1]).all() and (np.diff(normal) >= 0).all()
    assert np.sqrt((normal**2).mean()) == pytest.approx(64, rel=1e-3)


def test_no_two_devices_have_one_number():
    rows, columns = np.ogrid[:2049, :1024]
    numbers = [device_number(layer, side, rows, columns) for layer in (0, 1) for side in (0, 1)]
    assert all((np.diff(each.reshape(-1)) > 0).all() for each in numbers)
    assert all(first.max() < second.min() for first, second in zip(numbers, numbers[1:], strict=False))


def test_ticks():
    assert ticks(Devices(), 1.5) == 384 and ticks(Devices(drift_start=20.0), 20.0) == 256 and ticks(Devices(), 0) == 0
    for seconds in (-1.0, 1e13, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="an age of"):
            ticks(Devices(), seconds)
