"""Devices of aihwkit and CrossSim as fields of ``[devices]``: laws by hand, presets again, nothing dropped silently."""

from __future__ import annotations

import re

import numpy as np
import pytest

from remora.spec.devices.convert import convert
from remora.spec.devices.presets import preset_content
from remora.spec.devices.section import Devices
from remora.spec.lib.errors import ConfigError

SOFT = {
    "dw_min": 0.1, "dw_min_dtod": 0.2, "dw_min_std": 0.4, "up_down": 0.0, "up_down_dtod": 0.01,
    "w_max": 0.5, "w_min": -1.5, "w_max_dtod": 0.1, "w_min_dtod": 0.2, "mult_noise": False, "write_noise_std": 2.0,
}  # fmt: skip
LINEAR = {"dw_min": 0.002, "w_max": 1.0, "w_min": -1.0, "gamma_up": 0.5, "gamma_down": 0.25, "mult_noise": True}
PRESETS = {
    "om-array": {
        "dw_min": 0.0949, "dw_min_dtod_log_normal": True, "dw_min_dtod": 0.7829, "up_down_dtod": 0.01,
        "w_max": 1.0, "w_min": -1.0, "w_max_dtod": 0.3499, "w_min_dtod": 0.5695, "mult_noise": False,
        "dw_min_std": 0.4158, "write_noise_std": 1.4113,
    },
    "hfo2-array": {
        "dw_min": 0.4622, "dw_min_dtod_log_normal": True, "dw_min_dtod": 0.7125, "up_down_dtod": 0.01,
        "w_max": 1.0, "w_min": -1.0, "w_max_dtod": 0.4295, "w_min_dtod": 0.5990, "mult_noise": False,
        "dw_min_std": 0.2174, "write_noise_std": 0.5841,
    },
    "ecram": {
        "dw_min": 0.002, "w_max": 1.1724, "w_min": -0.8276, "mult_noise": True, "gamma_up": 0.1153,
        "gamma_down": 0.5085, "dw_min_dtod": 0.1, "up_down_dtod": 0.01, "w_max_dtod": 0.05, "w_min_dtod": 0.05,
        "dw_min_std": 0.3,
    },
}  # fmt: skip
"""Parameters of aihwkit 1.1.0's presets that differ from those of its classes."""
CROSSSIM = {
    "core": {"style": 1},
    "xbar": {
        "device": {
            "cell_bits": 4, "Rmin": 1e4, "Rmax": 1e5, "infinite_on_off_ratio": False,
            "read_noise": {"enable": True, "model": "NormalProportionalDevice", "magnitude": 0.01, "lumped": False},
            "programming_error": {"enable": True, "model": "NormalIndependentDevice", "magnitude": 0.09},
            "drift_error": {"enable": True, "model": "SONOS", "magnitude": 0},
            "shape": "round",
        },
        "array": {"Icol_max": 0, "parasitics": {"enable": True, "Rp_row": 1.0, "Rp_col": 2.5, "Rp_col_terminal": 9.0}},
        "adc": {"_match": True},
    },
}  # fmt: skip


def fields(content) -> dict:
    """Fields of a conversion, which a design point takes."""
    found = convert(content, "a test").fields
    Devices(**found)
    return dict(found)


def test_soft_bounds_by_hand():
    found = fields(SOFT)
    # 2 of weight are 31 levels. At rest, weight −1.5, a step upwards is 0.1 (1 + 1.5 / 0.5).
    assert found["raise_steps"] == pytest.approx((0.4 / 2 * 31, 0)) and found["step_anchor"] == 0.75
    assert found["lower_steps"] == pytest.approx((0, 0.1 * (1 + 0.5 / 1.5) / 2 * 31), rel=1e-4)
    assert found["rest_spread"] == pytest.approx(0.15) and found["full_spread"] == pytest.approx(0.025)
    assert found["write_noise"] == pytest.approx(0.1) and found["step_spread"] == 0.2 and "step_law" not in found
    # 0.4 of dw_min, in two parts.
    assert found["cycle_noise"] == pytest.approx(0.7 * 0.4)
    assert found["cycle_noise_range"] == pytest.approx(0.6 * 0.4 * 0.1 / 2)


def test_many_small_pulses_become_one_strobe():
    found = fields({**LINEAR, "dw_min_std": 0.5, "dw_min_dtod": 0.1})
    # 1,000 states over 31 levels: 32 pulses. Without the slope they move 0.064.
    steps = []
    for start, sign, slope in ((-1.0, 1, 0.5), (1.0, 1, 0.5), (-1.0, -1, -0.25), (1.0, -1, -0.25)):
        w = start
        for _ in range(32):
            w += sign * 0.002 * (1 - slope * w)
        steps.append(abs(w - start) / 2 * 31)
    assert (*found["raise_steps"], *found["lower_steps"]) == pytest.approx(steps, rel=1e-3)
    assert found["cycle_noise"] == pytest.approx(0.5 / 32**0.5, rel=1e-3) and "on_off" not in found


def test_exponential_steps_and_their_directions():
    given = {"dw_min": 0.1, "w_max": 1.0, "w_min": 0.0, "a": 1.0, "b": 0.5, "up_down": 0.2}
    given |= {"A_up": 0.1, "A_down": 0.2, "gamma_up": 1.0, "gamma_down": 2.0, "dw_min_std": 0.3, "dw_min_std_add": 0.05}
    found, w = fields(given), np.arange(17) / 16
    z = 2 * w + 0.5
    assert found["raise_steps"] == pytest.approx(31 * 0.1 * np.maximum(0, 1 - 0.1 * np.exp(z)), rel=1e-4)
    assert found["lower_steps"] == pytest.approx(31 * 0.1 * (1 - 0.2) * (1 - 0.2 * np.exp(-2 * z)), rel=1e-4)
    assert found["cycle_noise_range"] == pytest.approx(0.3 * 0.05)


def test_constant_steps_are_one_number():
    assert fields({"dw_min": 0.1, "w_max": 1.0, "w_min": -1.0})["raise_steps"] == pytest.approx((1.55,))


@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_are_what_a_conversion_makes(name):
    found, stated = fields(PRESETS[name]), preset_content(name)
    compared = 0
    for field, value in found.items():
        if field != "on_off":
            given = tuple(stated[field]) if isinstance(value, tuple) else stated[field]
            assert given == (value if isinstance(value, str) else pytest.approx(value, rel=1e-3)), field
            compared += 1
    assert compared >= 7


def test_crosssim():
    made = convert(CROSSSIM, "a test")
    assert dict(made.fields) == {
        "on_off": 10.0,
        "full_conductance": 1e-4,
        "write_noise": (0.1,),
        "read_noise": 0.01,
        "wire_row": 1.0,
        "wire_column": 2.5,
    }
    said = " ".join(made.left)
    for name in ("cell_bits", "drift_error", "shape", "Rp_col_terminal", "xbar.adc", "core"):
        assert name in said, name
    alone = convert(CROSSSIM["xbar"]["device"], "a test").fields
    assert alone["on_off"] == 10.0 and "wire_row" not in alone


def test_crosssims_fitted_errors():
    device = {"Rmin": 4e4, "Rmax": 4e6, "programming_error": {"enable": True, "model": "PCMJoshi", "magnitude": 0}}
    curve, g = fields(device)["write_noise"], 25 * np.arange(17) / 16
    assert curve == pytest.approx((0.28638599 + 0.07585724 * g - 0.00178767 * g**2) / 25 * 100 / 99, rel=1e-4)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"frobnication": 0}, "frobnication = 0: unknown here"),
        ({"lifetime": 1e6}, "lifetime = 1000000.0: weights decay in no rule"),
        ({"reference_std": 0.05}, "reference_std = 0.05: a reference is a matter of the pair"),
        ({"drift": {"nu": 0.1}}, "drift = {'nu': 0.1}: state drift"),
    ],
)
def test_nothing_is_dropped_silently(more, said):
    assert not convert(SOFT, "a test").left
    assert any(line.startswith(said) for line in convert(SOFT | more, "a test").left)


def test_a_device_within_its_configuration():
    inner = convert({"device": SOFT, "forward": {"out_noise": 0.06}}, "a test")
    assert inner.fields == convert(SOFT, "a test").fields and any("forward" in line for line in inner.left)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "a test should hold one object of parameters"),
        ({"a": 1}, "a test holds no device of aihwkit .* and none of CrossSim"),
        (SOFT | {"dw_min": "0.1"}, "dw_min = '0.1' should be a number"),
        (SOFT | {"dw_min": 0.0}, "dw_min = 0 should be above 0"),
        (SOFT | {"dw_min": 1e-300}, "dw_min = 1e-300 is below one of 3,100,000 parts"),
        (SOFT | {"w_max": 1e308, "w_min": -1e308}, "a parameter is too large to compute with"),
        (SOFT | {"dw_min_dtod": 1e3, "dw_min_dtod_log_normal": True}, "a parameter is too large to compute with"),
        (SOFT | {"mult_noise": 1}, "mult_noise = 1 should be true or false"),
        (SOFT | {"pow_gamma": 1.0}, "a step by powers, by pieces or by p_max is not converted"),
        ({"Rmin": 10.0, "Rmax": 5.0}, "should be 0 < Rmin < Rmax"),
        ({"Rmin": 10.0, "Rmax": 50.0, "read_noise": 3}, "read_noise should be an object"),
    ],
)
def test_what_cannot_be_read_is_refused(content, message):
    with pytest.raises(ConfigError, match=message) as caught:
        convert(content, "a test")
    assert "\n" not in str(caught.value) and re.match("a test", str(caught.value))
