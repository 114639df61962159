"""What a design point does well to change for its devices: the accumulator's level and the length of a pulse."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

from remora.spec.devices.section import Devices

STEPS = ("raise_steps", "lower_steps")
COARSE = 1.25
"""Levels of a mean step from which on pulses are clearly coarser than levels."""
NEAR = 1.05
"""A mean step so near to a level counts as one."""
MOST_LEVEL = 14
"""Bits of the largest accumulator level."""


class Around(Protocol):
    """The design point around the devices: its sections, as `remora.spec.crossbar` has them."""

    @property
    def devices(self) -> Devices: ...
    @property
    def crossbar(self) -> Any: ...
    @property
    def learning(self) -> Any: ...
    @property
    def system(self) -> Any: ...


@dataclass(frozen=True)
class Suggestion:
    """What devices ask of the design point around them.

    Attributes:
        mean_step: of a pulse, in levels: the mean over the range and both directions, before any spread.
        accumulator_level: counts for which one such step stands.
        pulse_cycles: cycles of ``system.clock_mhz`` that a pulse of the devices takes, 1 or more; those of the design
            point where the devices state no length.
    """

    mean_step: float
    accumulator_level: int
    pulse_cycles: int

    @property
    def changes(self) -> dict[str, dict[str, Any]]:
        """Arguments of a design point's `evolve` that follow the suggestion."""
        return {
            "learning": {"accumulator_level": self.accumulator_level},
            "crossbar": {"pulse_cycles": self.pulse_cycles},
        }


def suggestion(design: Around, devices: Devices | None = None) -> Suggestion:
    """What devices ask of a design point that suits ideal ones.

    Args:
        devices: the design point's own where None.
    """
    devices = design.devices if devices is None else devices
    step = mean_step(devices, design.crossbar.top_level)
    wanted = design.learning.accumulator_level * step
    most = min((1 << design.learning.accumulator_bits - 1) - 1, 1 << MOST_LEVEL)
    found = design.learning.legal_level(wanted, most)
    timed = devices.resolved()["pulse_ns"] > 0
    cycles = pulse_cycles(devices, design.system.clock_mhz) if timed else design.crossbar.pulse_cycles
    return Suggestion(step, found, cycles)


def mean_step(devices: Devices, top_level: int) -> float:
    """Mean step of a pulse in levels, over the range of conductance and both directions, before any spread.

    Args:
        top_level: W, the levels of the range.
    """
    return sum(_mean(devices.steps(name, top_level)) for name in STEPS) / 2


def pulse_cycles(devices: Devices, clock_mhz: float) -> int:
    """Cycles that a programming pulse of devices takes at a clock, 1 or more."""
    # A pulse that takes a whole number of cycles takes no more of them for a rounding of its length.
    return max(1, ceil(round(devices.resolved()["pulse_ns"] * clock_mhz / 1000, 6)))


def device_remarks(design: Around) -> list[str]:
    """What is worth knowing of a design point's devices, a sentence each; none of ideal ones."""
    devices = design.devices
    if devices.ideal:
        return []
    step, level = mean_step(devices, design.crossbar.top_level), design.learning.accumulator_level
    found, cycles = [], pulse_cycles(devices, design.system.clock_mhz)
    given, length = design.crossbar.pulse_cycles, devices.resolved()["pulse_ns"]
    if step >= COARSE:
        largest = max(max(devices.steps(name, design.crossbar.top_level)) for name in STEPS)
        found.append(
            f"devices: a pulse moves a device by {step:.3g} levels on average and by up to {largest:.3g} before any "
            f"spread, so few pulses are of one of the crossbar.levels = {design.crossbar.levels}"
        )
    if step >= COARSE and design.learning.verify_reads:
        levels = max(2, 1 + int(design.crossbar.top_level / step))
        found.append(
            "devices: verified learning counts a pulse as a level (rule J3): "
            f"with crossbar.levels = {levels} a pulse is about one"
        )
    if not 1 / NEAR < step < NEAR:
        found.append(
            f"devices: at {step:.3g} levels a pulse, learning.accumulator_level = {level} gives pulses as often as "
            f"{round(level / step)} does with ideal devices: multiply that of ideal ones by {step:.3g}"
        )
    if length and given > cycles:
        found.append(
            f"devices: a pulse of {devices.resolved()['pulse_ns']:g} ns takes {cycles} cycles at "
            f"{design.system.clock_mhz:g} MHz; crossbar.pulse_cycles = {given} is longer"
        )
    return found


def _mean(curve: tuple[float, ...]) -> float:
    """Mean of a curve of straight pieces between evenly spaced values."""
    if len(curve) == 1:
        return curve[0]
    return (sum(curve) - (curve[0] + curve[-1]) / 2) / (len(curve) - 1)
