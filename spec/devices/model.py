"""The integers of the device rules, made of a design point's section ``[devices]``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from remora.spec.devices.pairs.registry import PAIRS
from remora.spec.devices.section import Devices
from remora.spec.devices.tables import knots
from remora.spec.lib.errors import ConfigError
from remora.spec.lib.fixed import Integer

GAIN_BITS = 12
"""Fraction bits of gains, relative noise and exponents."""
PLANE_BITS = 8
"""Fraction bits of a plane's weight."""
WIRE_BITS = 44
"""Fraction bits of the factors of the wires."""
OFFSET_BITS = 4
"""Fraction bits of a converter's offset, in codes."""
TICK_BITS = 8
"""A tick is ``drift_start / 2^n``."""
NOISE_BITS = 12
"""The variance of a sample counts in 2^n squared grains."""
SHARE_BITS = 32
"""Fraction bits of shares of devices."""

Table = tuple[int, ...]


@dataclass(frozen=True)
class DeviceModel:
    """What rules D1 to D25 name, the same for every device of a chip; integers in the units of the rules.

    Attributes:
        seed: of every draw.
        rest, full: R and R + W · S, in grains. ``limit`` is G.
        level: S, a level in grains.
        raise_steps, lower_steps, write_noise: tables of `KNOTS` entries, in grains.
        drift, drift_spread, slow_noise: likewise, in 2^−12.
        cycle_noise, read_noise: in 2^−12. ``cycle_range``: in grains.
        slow_base: in 2^−8.
        wire_row, wire_column: in 2^−44 a grain.
        converter_noise: of the hidden layer and the readout, in 2^12 squared grains.
        pair: the policy of pairs.
    """

    seed: int
    rest: int
    full: int
    level: int
    raise_steps: Table
    lower_steps: Table
    write_noise: Table
    drift: Table
    drift_spread: Table
    slow_noise: Table
    cycle_noise: int
    cycle_range: int
    read_noise: int
    slow_base: int
    wire_row: int
    wire_column: int
    converter_noise: tuple[int, int]
    pair: str

    @property
    def limit(self) -> int:
        """G, the largest conductance. Rule D1."""
        return 2 * self.full

    @property
    def weight_limit(self) -> int:
        """E, the largest magnitude of a weight in levels. Rule F1."""
        return PAIRS[self.pair].weight_limit(self.top_level)

    @property
    def top_level(self) -> int:
        """W, the highest level of a device."""
        return (self.full - self.rest) // self.level

    @property
    def sensed_full(self) -> int:
        """The conductance of a device that is just full for its sense flag. Rule D12."""
        return self.rest + PAIRS[self.pair].full(self.top_level) * self.level

    @property
    def drifts(self) -> bool:
        """Whether time changes what a device conducts. Rule D9."""
        return any(self.drift) or any(self.drift_spread)

    @property
    def pulses_noisily(self) -> bool:
        """Whether two pulses of a device differ where all else is the same."""
        return bool(self.cycle_noise or self.cycle_range)

    @property
    def writes_noisily(self) -> bool:
        """Whether a device shows something else than what its pulses made of it."""
        return any(self.write_noise)

    @property
    def reads_noisily(self) -> bool:
        """Whether a sample has noise. Rule D16."""
        return bool(self.read_noise) or any(self.converter_noise)

    @property
    def wired(self) -> bool:
        """Whether wires lower what devices conduct. Rule D13."""
        return bool(self.wire_row or self.wire_column)


@dataclass(frozen=True)
class Manufacture:
    """The spreads of rules D19 and D20, in the units of the rules.

    Attributes:
        lognormal: the law of the steps; ``step_sigma`` is their deviation then, in decimals.
        step_anchor: A, in grains above rest; 0 for none.
        stuck_rest, stuck_full, corrupt, dead_columns: in 2^−32.
        endurance: mean number of pulses, 0 for ever. ``endurance_spread``: in decades.
    """

    lognormal: bool
    step_sigma: float
    step_spread: int
    step_anchor: int
    direction_spread: int
    rest_spread: int
    full_spread: int
    stuck_rest: int
    stuck_full: int
    corrupt: int
    dead_columns: int
    endurance: float
    endurance_spread: float
    converter_offset: int
    converter_gain: int
    plane_error: int


@cache
def device_model(
    devices: Devices, top_level: int, fraction_bits: int, adc_shifts: tuple[int, int], pair: str
) -> DeviceModel:
    """The integers of devices; of ideal ones too, which then err in nothing.

    Args:
        top_level: W, the highest level of a device.
        fraction_bits: a level is 2^n grains.
        adc_shifts: of the hidden layer and the readout, in whole levels.
        pair: name of the policy of pairs.
    """
    given, level = devices.resolved(), 1 << fraction_bits
    span = top_level * level
    rest = round(span / (given["on_off"] - 1)) if given["on_off"] > 1 else 0
    full, gain = rest + span, 1 << GAIN_BITS
    siemens = given["full_conductance"] / full
    noise = [given["converter_noise"] * level * 2.0**shift for shift in adc_shifts]
    return DeviceModel(
        seed=devices.seed,
        rest=rest, full=full, level=level,
        raise_steps=knots(devices.steps("raise_steps", top_level), level),
        lower_steps=knots(devices.steps("lower_steps", top_level), level),
        write_noise=knots(given["write_noise"], span),
        drift=knots(given["drift"], gain),
        drift_spread=knots(given["drift_spread"], gain),
        slow_noise=knots(given["slow_noise"], gain),
        cycle_noise=round(given["cycle_noise"] * gain),
        cycle_range=round(given["cycle_noise_range"] * span),
        read_noise=round(given["read_noise"] * gain),
        slow_base=round(given["slow_base"] * (1 << TICK_BITS)),
        wire_row=round(given["wire_row"] * siemens * (1 << WIRE_BITS)),
        wire_column=round(given["wire_column"] * siemens * (1 << WIRE_BITS)),
        converter_noise=(round(noise[0] ** 2 / (1 << NOISE_BITS)), round(noise[1] ** 2 / (1 << NOISE_BITS))),
        pair=pair,
    )  # fmt: skip


@cache
def manufacture(devices: Devices, top_level: int, fraction_bits: int) -> Manufacture:
    """The spreads of devices, converters and planes; arguments as of `device_model`."""
    given, span, gain = devices.resolved(), top_level << fraction_bits, 1 << GAIN_BITS
    return Manufacture(
        lognormal=given["step_law"] == "lognormal",
        step_sigma=given["step_spread"],
        step_spread=round(given["step_spread"] * gain),
        step_anchor=round(given["step_anchor"] * span),
        direction_spread=round(given["direction_spread"] * gain),
        rest_spread=round(given["rest_spread"] * span),
        full_spread=round(given["full_spread"] * span),
        stuck_rest=round(given["stuck_rest"] * 2.0**SHARE_BITS),
        stuck_full=round(given["stuck_full"] * 2.0**SHARE_BITS),
        corrupt=round(given["corrupt"] * 2.0**SHARE_BITS),
        dead_columns=round(given["dead_columns"] * 2.0**SHARE_BITS),
        endurance=given["endurance"],
        endurance_spread=given["endurance_spread"],
        converter_offset=round(given["converter_offset"] * (1 << OFFSET_BITS)),
        converter_gain=round(given["converter_gain"] * gain),
        plane_error=round(given["plane_error"] * (1 << PLANE_BITS)),
    )


def device_number(layer: int, side: Integer, row: Integer, column: Integer) -> Integer:
    """Index of a device's draws; also elementwise on arrays. Rule D2."""
    return layer << 24 | side << 23 | row << 11 | column


def ticks(devices: Devices, seconds: float) -> int:
    """Ageing of so many seconds, in ticks, rounded to the nearest. Rule D5.

    Raises:
        ConfigError: negative, not a number, or more than 2^47 ticks.
    """
    found = seconds / devices.resolved()["drift_start"] * (1 << TICK_BITS)
    if not 0 <= found < 1 << 47:
        raise ConfigError(f"an age of {seconds:g} s is none: it counts from 0, and ends at 2^39 times drift_start")
    return round(found)
