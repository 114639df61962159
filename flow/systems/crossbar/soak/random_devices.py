"""Random sections of devices: each non-ideality is off, weak or strong."""

from __future__ import annotations

import numpy as np

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import ConfigError

ATTEMPTS = 1000

CURVES = ("raise_steps", "lower_steps", "write_noise", "slow_noise", "drift", "drift_spread")
STRONGEST = {
    "raise_steps": 3.0, "lower_steps": 3.0, "step_spread": 0.6, "direction_spread": 0.5, "rest_spread": 0.2,
    "full_spread": 0.4, "cycle_noise": 1.0, "cycle_noise_range": 0.1, "write_noise": 0.2, "read_noise": 0.3,
    "slow_noise": 0.1, "slow_base": 20.0, "stuck_rest": 0.3, "stuck_full": 0.3, "corrupt": 0.3, "drift": 0.3,
    "drift_spread": 0.1, "endurance_spread": 1.0, "wire_row": 50.0, "wire_column": 50.0, "converter_offset": 8.0,
    "converter_gain": 0.2, "converter_noise": 3.0, "plane_error": 0.2,
}  # fmt: skip
"""The largest value that is drawn."""
UTMOST = STRONGEST | {
    "raise_steps": 1000.0, "lower_steps": 1000.0, "step_spread": 5.0, "direction_spread": 1.0, "rest_spread": 2.0,
    "full_spread": 2.0, "cycle_noise": 30.0, "cycle_noise_range": 3.0, "write_noise": 5.0, "read_noise": 1.0,
    "slow_noise": 10.0, "slow_base": 1000.0, "drift": 20.0, "drift_spread": 10.0, "endurance_spread": 9.0,
    "wire_row": 1e5, "wire_column": 1e5, "converter_offset": 300.0, "converter_gain": 1.0, "converter_noise": 100.0,
    "plane_error": 1.0,
}  # fmt: skip
"""Likewise, far beyond any device, up to where design points are refused."""


def any_devices(random: np.random.Generator, off: float = 0.4, strongest: dict[str, float] = STRONGEST) -> dict:
    """A section of devices; each field is left out with probability ``off``."""
    section: dict = {"seed": int(random.integers(2**32)), "drift_start": 20.0, "full_conductance": 1e-4}
    for name, most in strongest.items():
        if random.random() < off:
            continue
        size = int(random.integers(1, 6)) if name in CURVES else 1
        values = [round(float(value), 6) for value in random.random(size) * most]
        section[name] = values if name in CURVES else values[0]
    if random.random() > off:
        section["on_off"] = float(random.integers(3, 100))
    if random.random() > off:
        section["endurance"] = float(random.integers(1, 20))
    if random.random() > off:
        section["step_anchor"] = float(random.choice([0.02, 0.3, 0.5, 0.95]))
    if random.random() < 0.3:
        section["step_law"] = "lognormal"
    return section


def with_devices(
    design: DesignPoint, random: np.random.Generator, off: float = 0.4, strongest: dict[str, float] = STRONGEST
) -> DesignPoint:
    """The same design point on some chip.

    Raises:
        AssertionError: none of many was legal.
    """
    for _ in range(ATTEMPTS):
        try:
            return design.evolve(devices=any_devices(random, off, strongest))
        except ConfigError:
            continue
    raise AssertionError(f"none of {ATTEMPTS} chips was legal")


def with_utmost_devices(design: DesignPoint, random: np.random.Generator) -> DesignPoint:
    """The same design point with fine levels, many where it can have them, on a chip that errs as far as is legal."""
    for levels in (int(random.choice([64, 128])), design.crossbar.levels):
        try:
            design = design.evolve(crossbar={"levels": levels, "fraction_bits": int(random.integers(12, 17))})
            break
        except ConfigError:
            continue
    return with_devices(design, random, 0.5, UTMOST)
