"""Readout: reads sequences out one by one, from their last words to the decision."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.control import DecisionControl, Streaming
from remora.hdl.crossbar.integration import Integration
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import drive, pass_on
from remora.hdl.lib.reading import PlaneStretch, ReadStrobes
from remora.hdl.lib.steps import StepEnd, first_in_turn
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width


class Readout(wiring.Component):
    """Contexts whose last words are stored are read out in turn, each once its answer has a place.

    ``decision.start`` comes when the converter is valid, ``decided`` from the cycle in which the decision is there
    until ``concluded``.

    Rule O1.

    Ports:
        due: the end of a context's last step, once its words may be streamed.
        open: by context, the answer of its sequence has a place.
        held_up: a context waits for a place.
        stretch: further cycles of the planes and before the sample.
        streaming: what the streamer puts on the readout's wordlines.
        strobes: how the readout's crossbars are read.
        context_index: the context at hand; it stays until the next readout begins.
        decision: when the decision is made.
        decided: the decision is there.
        concluded: the result is taken, and the next readout may begin.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        contexts = design.system.contexts
        super().__init__(
            {
                "due": In(StepEnd(design)),
                "open": In(contexts),
                "held_up": Out(1),
                "stretch": In(PlaneStretch()),
                "streaming": Out(Streaming(design)),
                "strobes": Out(ReadStrobes()),
                "context_index": Out(unsigned_width(contexts - 1)),
                "decision": Out(DecisionControl()),
                "decided": Out(1),
                "concluded": In(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        contexts, strobes = self.design.system.contexts, self.strobes
        integration = add_submodule(m, "integration", Integration(self.design, Layer.READOUT))
        pass_on(m, self.stretch, integration.stretch)
        waiting, requests, turn = Signal(contexts), Signal(contexts), Signal.like(self.context_index)
        m.d.comb += requests.eq(waiting)
        with m.If(self.due.valid & self.due.last):
            m.d.comb += requests.bit_select(self.due.context_index, 1).eq(1)
            m.d.sync += waiting.bit_select(self.due.context_index, 1).eq(1)
        may = Signal(contexts)
        m.d.comb += [may.eq(requests & self.open), self.held_up.eq((waiting & ~self.open).any())]
        chosen = first_in_turn(m, may, turn, "chosen")
        start, converting = Signal(), Signal()
        step = {"step": Const(0, len(integration.next.step)), "first": Const(0, 1), "last": Const(1, 1)}
        drive(m, integration.next, context_index=chosen, **step)
        m.d.comb += [
            integration.start.eq(start),
            strobes.drive.eq(integration.drive),
            strobes.integrate.eq(integration.integrate),
            strobes.integrator.eq(integration.integrator),
            strobes.sample.eq(integration.sample),
            self.streaming.enable.eq(integration.drive),
            self.streaming.plane.eq(integration.plane),
            self.context_index.eq(integration.at_hand.context_index),
            self.decision.start.eq(converting & strobes.valid),
        ]
        m.d.sync += strobes.convert.eq(strobes.sample)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += start.eq(may.any())
                with m.If(start):
                    m.d.sync += [
                        waiting.bit_select(chosen, 1).eq(0),
                        turn.eq(Mux(chosen == contexts - 1, Const(0), chosen + 1)),
                    ]
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += converting.eq(1)
                with m.If(strobes.valid):
                    m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += self.decided.eq(self.decision.done)
                with m.If(self.concluded):
                    m.next = "IDLE"
        return m
