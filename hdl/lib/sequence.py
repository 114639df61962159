"""A stored sequence, as its readers see it."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.lib.fixed import unsigned_width


class SequenceSteps(wiring.Signature):
    """The steps of a sequence, seen from who has them.

    Ports:
        available: a sequence is there.
        length: its number of steps, 1 … ``max_steps``.
        read: fetch the features of ``step``, which are there from the next cycle until the next ``read``.
        step: the step that is fetched.
        free: the sequence is done with; what comes next takes its place.
    """

    def __init__(self, design: DesignPoint) -> None:
        steps = design.network.max_steps
        super().__init__(
            {
                "available": Out(1),
                "length": Out(range(steps + 1)),
                "read": In(1),
                "step": In(unsigned_width(steps - 1)),
                "free": In(1),
            }
        )


class Sequence(wiring.Signature):
    """A sequence and its packet's header, seen from who has them.

    Ports:
        steps: of the sequence, to walk through them.
        features: of the step that was fetched last, the first feature in the low byte.
        label: of the packet, its class.
        flags: of the packet, as of `remora.spec.lib.packets.Flag`.
        tag: of the packet; its answer carries it.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                "steps": Out(SequenceSteps(design)),
                "features": Out(FEATURE_BITS * design.network.features),
                "label": Out(16),
                "flags": Out(8),
                "tag": Out(8),
            }
        )
