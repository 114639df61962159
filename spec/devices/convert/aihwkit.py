"""Devices of aihwkit, by the parameters of its dataclasses: constant, linear and exponential steps, soft bounds.

Its weights ``w_min … w_max`` are the range here, from rest to full. A strobe is so many of its pulses as come nearest
to one level of a design point of `PRESET_LEVELS`, and at least one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, sqrt
from typing import Any

from remora.spec.devices.convert.found import Conversion, Parameters, shortened
from remora.spec.devices.presets import PRESET_LEVELS
from remora.spec.devices.tables import KNOTS

RANGE_LEVELS = PRESET_LEVELS - 1
ROOM = 3.5
"""Deviations of the lower bound for which the conductance at rest leaves room."""
MOST_REST = 1.0
"""Largest conductance at rest that is chosen, as a share of the range."""
MOST_PULSES = 100_000
"""Most pulses of a strobe; the finest device of aihwkit's presets takes some hundreds."""
LIKE_STEP, LIKE_MEAN = 0.7, 0.6
"""Parts of the noise of soft bounds: one proportional to the step of the device, one that of the mean device. So mean
and spread come nearest to aihwkit's, as ``tests/golden/devices/test_aihwkit.py`` measures them."""

Step = Callable[[float], float]
"""Weight → size of a step in that direction, without spread and noise."""

NOT_HERE = {
    "construction_seed": "the chip's seed is devices.seed",
    "diffusion": "conductances diffuse in no rule",
    "diffusion_dtod": "conductances diffuse in no rule",
    "lifetime": "weights decay in no rule",
    "lifetime_dtod": "weights decay in no rule",
    "perfect_bias": "biases are devices like others",
    "reset_dtod": "there is no reset to a weight",
    "reset_std": "there is no reset to a weight",
    "reset": "there is no reset to a weight",
    "slope_up_dtod": "the spread of a slope is that of its bound",
    "slope_down_dtod": "the spread of a slope is that of its bound",
    "gamma_up_dtod": "the spread of a slope is left out",
    "gamma_down_dtod": "the spread of a slope is left out",
    "reference_mean": "a reference is a matter of the pair of devices",
    "reference_std": "a reference is a matter of the pair of devices",
    "subtract_symmetry_point": "a reference is a matter of the pair of devices",
    "allow_increasing": "a step's law is that of the mean device",
    "reverse_up": "steps that grow towards a bound are left out",
    "reverse_down": "steps that grow towards a bound are left out",
    "drift": "state drift, drift_spread and drift_start yourself",
}
"""Parameters without a counterpart → why."""
SILENT = ("count_pulses", "apply_write_noise_on_set", "reverse_offset", "enforce_consistency", "mean_bound_reference")
"""Parameters that change no device: what aihwkit counts or names, and what follows from others."""


def read(content: Mapping[str, Any]) -> Conversion | None:
    """Fields of a device of aihwkit; None where these are no parameters of one.

    Args:
        content: ``dataclasses.asdict`` of a device, or an RPU configuration with one in ``device``.

    Raises:
        ValueError: a parameter is not of its kind, or of a law that has no counterpart.
    """
    if "dw_min" not in content and isinstance(content.get("device"), Mapping):
        inner = read(content["device"])
        others = [name for name in content if name != "device"]
        return inner and Conversion(
            inner.source,
            inner.fields,
            inner.origins,
            (*inner.left, *(f"{name}: of the RPU configuration, no parameter of the device" for name in others)),
        )
    if "dw_min" not in content or "w_max" not in content:
        return None
    given = Parameters(content)
    given.read.update(SILENT)
    dw, low, high = given.number("dw_min"), given.number("w_min"), given.number("w_max")
    if not (dw > 0 and low <= 0 <= high and low < high):
        raise ValueError(f"dw_min = {dw:g} should be above 0, and w_min = {low:g} … w_max = {high:g} hold 0")
    law, up, down = _law(given, content, low, high)
    # aihwkit makes the steps of the direction that up_down speaks against smaller.
    bias = given.number("up_down")
    up, down = _scaled(up, 1 + min(bias, 0)), _scaled(down, 1 - max(bias, 0))
    # aihwkit draws exp(σ z), whose mean is exp(σ²/2); rule D19's law has the mean 1.
    mean = exp(given.number("dw_min_dtod") ** 2 / 2) if given.flag("dw_min_dtod_log_normal") else 1.0
    up, down = _scaled(up, mean), _scaled(down, mean)
    span = high - low
    pulses = max(1, round(span / dw / RANGE_LEVELS))
    if pulses > MOST_PULSES:
        raise ValueError(f"dw_min = {dw:g} is below one of {MOST_PULSES * RANGE_LEVELS:,} parts of w_min … w_max")
    positions = [low + span * position / (KNOTS - 1) for position in range(KNOTS)]
    what = f"{pulses} pulses of dw_min = {dw:g}" if pulses > 1 else f"one pulse of dw_min = {dw:g}"
    if span / dw < RANGE_LEVELS:
        what += f" of {span / dw:.3g} states to a range, fewer than {PRESET_LEVELS} levels, so no pulse is of one level"
    for name, step, sign in (("raise_steps", up, 1), ("lower_steps", down, -1)):
        curve = tuple(_folded(step, position, sign * dw, pulses) / span * RANGE_LEVELS for position in positions)
        given.give(name, shortened(curve), f"levels of {RANGE_LEVELS}; {what}, {law}")
    _spreads(given, span, low, high)
    _noise(given, law, dw, mean * dw / span, pulses, span)
    for name, why in NOT_HERE.items():
        given.leave(name, why)
    given.unknown("unknown here")
    return given.conversion(f"aihwkit, {law}")


def _law(given: Parameters, content: Mapping[str, Any], low: float, high: float) -> tuple[str, Step, Step]:
    """The law's name, and its steps upwards and downwards, both above 0, for dw_min = 1."""
    if "pow_gamma" in content or "piecewise_up" in content or "p_max" in content:
        raise ValueError("a step by powers, by pieces or by p_max is not converted: state raise_steps, lower_steps")
    if "A_up" in content:
        names = ("A_up", "gamma_up", "A_down", "gamma_down", "a", "b")
        a_up, g_up, a_down, g_down, a, b = (given.number(name) for name in names)

        def position(w: float) -> float:
            return 2 * w * a / (high - low) + b

        return (
            "exponential steps",
            lambda w: max(0.0, 1 - a_up * exp(g_up * position(w))),
            lambda w: max(0.0, 1 - a_down * exp(-g_down * position(w))),
        )
    if "gamma_up" in content:
        g_up, g_down = abs(given.number("gamma_up")), abs(given.number("gamma_down"))
        given.leave("mean_bound_reference", "") if content.get("mean_bound_reference", True) is not True else None
        return (
            "linear steps",
            lambda w: 1 - (g_up * w / high if high else 0),
            lambda w: 1 - (g_down * w / low if low else 0),
        )
    if "mult_noise" in content:
        if high and low:
            given.give("step_anchor", -low / (high - low), "weight 0: there a step is dw_min whatever the bounds")
        return (
            "soft bounds",
            lambda w: 1 - (w / high if high else 0),
            lambda w: 1 - (w / low if low else 0),
        )
    return "constant steps", lambda w: 1.0, lambda w: 1.0


def _scaled(step: Step, factor: float) -> Step:
    return step if factor == 1 else lambda w: step(w) * factor


def _folded(step: Step, start: float, size: float, pulses: int) -> float:
    """What so many pulses move a weight by, without bounds."""
    w = start
    for _ in range(pulses):
        w += size * step(w)
    return abs(w - start)


def _spreads(given: Parameters, span: float, low: float, high: float) -> None:
    if given.flag("dw_min_dtod_log_normal"):
        given.give("step_law", "lognormal", "dw_min_dtod_log_normal")
    given.give("step_spread", given.number("dw_min_dtod"), "dw_min_dtod")
    given.give("direction_spread", given.number("up_down_dtod"), "up_down_dtod")
    rest = abs(given.number("w_min_dtod") * low) / span
    given.give("rest_spread", rest, "w_min_dtod of w_min")
    given.give("full_spread", abs(given.number("w_max_dtod") * high) / span, "w_max_dtod of w_max")
    if rest:
        room = min(MOST_REST, ROOM * rest)
        given.give("on_off", 1 + 1 / room, "a choice that leaves room for the spread of the lower bounds")
    given.give("corrupt", given.number("corrupt_devices_prob"), "corrupt_devices_prob; anywhere between the bounds")
    given.leave("corrupt_devices_range", "a corrupt device lies anywhere between its bounds")


def _noise(given: Parameters, law: str, dw: float, share: float, pulses: int, span: float) -> None:
    """Noise of pulses and of what a device shows.

    Args:
        dw: dw_min, in whose units write noise is. ``share``: mean step at weight 0 over the range, which is ``span``.
    """
    deviation = given.number("dw_min_std") * sqrt(pulses)
    relative = given.flag("mult_noise", default=True) if law in ("soft bounds", "linear steps") else True
    if relative:
        given.give("cycle_noise", deviation / pulses, "dw_min_std of a step")
    elif law == "soft bounds":
        # Noise of the device's own size at every weight, which no rule has.
        given.give("cycle_noise", deviation / pulses * LIKE_STEP, f"{LIKE_STEP} of dw_min_std, like the step")
        given.give("cycle_noise_range", deviation * share * LIKE_MEAN, f"{LIKE_MEAN} of it, of the mean device")
    else:
        given.give("cycle_noise_range", deviation * share, "dw_min_std of dw_min")
    if added := given.number("dw_min_std_add"):
        given.give("cycle_noise_range", deviation * added / span, "dw_min_std · dw_min_std_add")
    given.leave("dw_min_std_slope", "noise that grows with the weight is left out")
    given.give("write_noise", given.number("write_noise_std") * dw / span, "write_noise_std of dw_min")
