"""What a rule of an update answers the lane of a row."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from amaranth.hdl import Module, Signal, Value

from remora.spec.crossbar.design import DesignPoint


class Weight(NamedTuple):
    """What a rule is given of a weight.

    Attributes:
        step: S, signed, in cycle t + 1.
        accumulator: χ in cycle t + 1; None where the rule has none.
        random: a number below ``accumulator_level``, in cycle t; None where the rule draws none.
    """

    step: Signal
    accumulator: Value | None
    random: Value | None


class Due(NamedTuple):
    """What a rule drives, in cycle t + `remora.spec.crossbar.update_cycles.ROUNDED`.

    Attributes:
        pulses: how many, at most ``max_pulses``; a register that no reset reaches.
        raised: they raise the weight; a register likewise.
        accumulator: the new χ; None where the rule has none.
    """

    pulses: Signal
    raised: Signal
    accumulator: Signal | None


class UpdateRule(Protocol):
    """A rule of an update; a new weight comes every cycle, and rows are independent."""

    def __init__(self, design: DesignPoint) -> None: ...

    def decide(self, m: Module, weight: Weight, due: Due) -> None:
        """Add to a lane what leads from a weight to its pulses: two registers on every way from the step."""
