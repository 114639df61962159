"""Strobes between those who read a layer's crossbars and the crossbars."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint


class Streaming(wiring.Signature):
    """What the streamer puts on the wordlines, seen from the sequencer.

    Ports:
        enable: words are streamed.
        plane: their bit plane.
        first: the first step of a sequence, whose states are 0.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__({"enable": Out(1), "plane": Out(range(design.formats.stream_bits)), "first": Out(1)})


class DecisionControl(wiring.Signature):
    """When the decision is made, seen from the sequencer.

    Ports:
        start: the readout's codes are valid.
        done: scores and decision are there.
    """

    def __init__(self) -> None:
        super().__init__({"start": Out(1), "done": In(1)})


class AnswerControl(wiring.Signature):
    """When a result is answered, seen from the sequencer.

    Ports:
        push: the result is handed over.
        ready: a result is taken.
    """

    def __init__(self) -> None:
        super().__init__({"push": Out(1), "ready": In(1)})
