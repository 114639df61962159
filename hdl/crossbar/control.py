"""Strobes between those who read a layer's crossbars and the crossbars."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint


class ReadStrobes(wiring.Signature):
    """How a layer's tiles are read, seen from who reads them. The tiles see strobes and wordlines a cycle later.

    Ports:
        drive: wordlines and bit plane reach the tiles, as they do with ``integrate``.
        integrate: the tiles integrate the wordlines' bit plane.
        integrator: the integrator that gathers; of two, `sample` takes the other one.
        sample: the sum is sampled.
        convert: the sample is converted.
        valid: high for one cycle when the codes are there; they stay until the next conversion ends.
    """

    def __init__(self) -> None:
        super().__init__({**{name: Out(1) for name in ("drive", *STROBES)}, "valid": In(1)})


STROBES = ("integrate", "integrator", "sample", "convert")
"""Those that are pins of the tiles."""


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
