"""Which step of which context a strobe belongs to, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class StepTag(wiring.Signature):
    """A step of a context, seen from who names it.

    Ports:
        context_index: the context.
        step: counts the steps of its sequence.
        first: the first step of the sequence, whose states are 0.
        last: the last step of the sequence.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "context_index": Out(unsigned_width(design.system.contexts - 1)),
                "step": Out(unsigned_width(design.network.max_steps - 1)),
                "first": Out(1),
                "last": Out(1),
            }
        )


class StepEnd(wiring.Signature):
    """The end of a step, seen from who brings it about.

    Ports:
        valid: a step ends.
        context_index: its context.
        last: it is the last one of its sequence.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {"valid": Out(1), "context_index": Out(unsigned_width(design.system.contexts - 1)), "last": Out(1)}
        )


def tag_register(design: DesignPoint, name: str) -> wiring.PureInterface:
    """A tag to keep."""
    return StepTag(design).create(path=(name,))


def copy(target: wiring.PureInterface, source: wiring.PureInterface) -> list:
    """Assignments of all members of a tag, or of an end."""
    return [getattr(target, name).eq(getattr(source, name)) for name in target.signature.members]


def first_in_turn(m: Module, requests: Value, turn: Value, name: str) -> Signal:
    """The first context that requests, counted upwards from ``turn`` and round; any where none does."""
    count = len(requests)
    chosen = Signal(unsigned_width(count - 1), name=name)
    with m.Switch(turn):
        for start in range(count):
            with m.Case(start):
                _lowest(m, chosen, requests, [(start + offset) % count for offset in range(count)])
    return chosen


def lowest(m: Module, requests: Value, name: str) -> Signal:
    """The lowest context that requests; any where none does."""
    chosen = Signal(unsigned_width(len(requests) - 1), name=name)
    _lowest(m, chosen, requests, range(len(requests)))
    return chosen


def _lowest(m: Module, chosen: Signal, requests: Value, order: Sequence[int]) -> None:
    for index in reversed(order):
        with m.If(requests[index]):
            m.d.comb += chosen.eq(index)
