"""Stored sequences, as their readers see them."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.lib.fixed import unsigned_width


class Arrived(wiring.Signature):
    """The oldest sequence that waits, seen from who has it.

    Ports:
        available: there is one.
        bank: where it is stored.
        length: its number of steps, 1 … ``max_steps``.
        flags: of its packet, as of `remora.spec.lib.packets.Flag`.
        take: it waits no longer; the next one takes its place.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "available": Out(1),
                "bank": Out(unsigned_width(design.banks - 1)),
                "length": Out(range(design.network.max_steps + 1)),
                "flags": Out(8),
                "take": In(1),
            }
        )


class StepReader(wiring.Signature):
    """The features of stored steps, seen from who has them.

    Ports:
        read: fetch the features of ``step``, which are there from the next cycle until the next ``read``.
        bank: of its sequence.
        step: the step that is fetched.
        features: of the step that was fetched last, the first feature in the low byte.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "read": In(1),
                "bank": In(unsigned_width(design.banks - 1)),
                "step": In(unsigned_width(design.network.max_steps - 1)),
                "features": Out(FEATURE_BITS * design.network.features),
            }
        )


class Header(wiring.Signature):
    """The head of a stored sequence, seen from who has it.

    Ports:
        bank: of the sequence.
        length: its number of steps.
        label: of its packet, its class.
        flags: of its packet.
        tag: of its packet; its answer carries it.
        free: it is done with, and its bank free.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "bank": In(unsigned_width(design.banks - 1)),
                "length": Out(range(design.network.max_steps + 1)),
                "label": Out(16),
                "flags": Out(8),
                "tag": Out(8),
                "free": In(1),
            }
        )


class Sequences(wiring.Signature):
    """Stored sequences, seen from who has them.

    Ports:
        arrived: the oldest one that waits.
        reader: the features of any of them.
        header: the head of any of them.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {"arrived": Out(Arrived(design)), "reader": Out(StepReader(design)), "header": Out(Header(design))}
        )
