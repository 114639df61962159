"""What a rule of an update answers the lane of a row."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from amaranth.hdl import Module, Signal, Value

from remora.spec.crossbar.design import DesignPoint


class Weight(NamedTuple):
    """What a rule is given of a weight."""

    step: Signal
    """S, signed, in cycle t + 1."""
    accumulator: Value | None
    """The χ of the weight in cycle t + 1; None where the rule has none."""
    random: Value | None
    """A number below ``accumulator_level``, in cycle t; None where the rule draws none."""


class Due(NamedTuple):
    """What a rule drives, in cycle t + `remora.spec.crossbar.update_cycles.ROUNDED`."""

    pulses: Signal
    """How many, at most ``max_pulses``; a register that no reset reaches."""
    raised: Signal
    """They raise the weight; a register likewise."""
    accumulator: Signal | None
    """The new χ; None where the rule has none."""


class UpdateRule(Protocol):
    """A rule of an update; a new weight comes every cycle, and rows are independent."""

    def __init__(self, design: DesignPoint) -> None: ...

    def decide(self, m: Module, weight: Weight, due: Due) -> None:
        """Add to a lane what leads from a weight to its pulses: two registers on every way from the step."""
