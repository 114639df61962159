"""Readout after every step: one step is integrated while the one before is converted or decided."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.control import DecisionControl, Streaming
from remora.hdl.crossbar.integration import Integration
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import drive, pass_on
from remora.hdl.lib.reading import PlaneStretch, ReadStrobes
from remora.hdl.lib.steps import StepEnd, copy, first_in_turn
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width


class StepReadout(wiring.Component):
    """Contexts whose words of a step are stored are read out in turn, each while its answer has a place.

    Three steps are under way at most: one is integrated, one is converted, and one is decided or waits to be taken. Who
    computes the steps keeps the words of a context until ``begun`` tells that they are streamed, and for the planes
    that follow.

    Codes stay until those of the next conversion come. So a sample waits until the codes before have been taken, but
    for as many as the decision takes before the next ones are there.

    ``decision.start`` comes when the codes are valid and the decision before is taken, ``decided`` from the cycle in
    which the decision is there until ``concluded``.

    Rules O1 and O4.

    Ports:
        due: the end of a step, once its words may be streamed.
        open: by context, the answer of its sequence has a place.
        held_up: a context waits for a place.
        stretch: further cycles of the planes and before the sample.
        streaming: what the streamer puts on the readout's wordlines.
        streamed: the context whose words are streamed; it stays until the next readout begins.
        begun: a readout begins, whose step this is; its planes follow.
        gathered: all planes of a readout have been integrated.
        strobes: how the readout's crossbars are read.
        context_index: the context whose decision is made.
        last: it is of the last step of its sequence.
        decision: when the decision is made.
        decided: the decision is there.
        concluded: the result is taken, and the next decision may begin.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        context = unsigned_width(design.system.contexts - 1)
        super().__init__(
            {
                "due": In(StepEnd(design)),
                "open": In(design.system.contexts),
                "held_up": Out(1),
                "stretch": In(PlaneStretch()),
                "streaming": Out(Streaming(design)),
                "streamed": Out(context),
                "begun": Out(StepEnd(design)),
                "gathered": Out(1),
                "strobes": Out(ReadStrobes()),
                "context_index": Out(context),
                "last": Out(1),
                "decision": Out(DecisionControl()),
                "decided": Out(1),
                "concluded": In(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        strobes = self.strobes
        integration = add_submodule(m, "integration", Integration(self.design, Layer.READOUT))
        pass_on(m, self.stretch, integration.stretch)
        self._begin(m, integration)
        m.d.comb += [
            strobes.drive.eq(integration.drive),
            strobes.integrate.eq(integration.integrate),
            strobes.integrator.eq(integration.integrator),
            strobes.sample.eq(integration.sample),
            self.streaming.enable.eq(integration.drive),
            self.streaming.plane.eq(integration.plane),
            self.streamed.eq(integration.at_hand.context_index),
            self.gathered.eq(integration.integrate & (integration.plane == self.design.readout_planes - 1)),
        ]
        m.d.sync += strobes.convert.eq(strobes.sample)
        m.d.comb += integration.blocked.eq(self._decide(m, integration))
        return m

    def _begin(self, m: Module, integration: Integration) -> None:
        """Begin the readout of the first context, in turn, whose words are stored."""
        contexts, due, begun = self.design.system.contexts, self.due, self.begun
        waiting, requests, may, lasts = (
            Signal(contexts, name=name) for name in ("waiting", "requests", "may", "last_steps")
        )
        turn, chosen_last = Signal.like(self.context_index, name="turn"), Signal()
        m.d.comb += requests.eq(waiting)
        with m.If(due.valid):
            m.d.comb += requests.bit_select(due.context_index, 1).eq(1)
            m.d.sync += [
                waiting.bit_select(due.context_index, 1).eq(1),
                lasts.bit_select(due.context_index, 1).eq(due.last),
            ]
        m.d.comb += [may.eq(requests & self.open), self.held_up.eq((waiting & ~self.open).any())]
        chosen = first_in_turn(m, may, turn, "chosen")
        new = due.valid & (due.context_index == chosen)
        m.d.comb += [
            chosen_last.eq(Mux(new, due.last, lasts.bit_select(chosen, 1))),
            begun.valid.eq(integration.ready & may.any()),
            begun.context_index.eq(chosen),
            begun.last.eq(chosen_last),
            integration.start.eq(begun.valid),
        ]
        drive(m, integration.next, context_index=chosen, last=chosen_last, step=0, first=0)
        with m.If(begun.valid):
            m.d.sync += [
                waiting.bit_select(chosen, 1).eq(0),
                turn.eq(Mux(chosen == contexts - 1, 0, chosen + 1)),
            ]

    def _decide(self, m: Module, integration: Integration) -> Value:
        """Decide what is converted; returns when no sample may come."""
        design, strobes, decision = self.design, self.strobes, self.decision
        converted, deciding = (StepEnd(design).create(path=(name,)) for name in ("converted", "deciding"))
        # Valid means that such a step is there: sampled and not yet decided, and decided but not yet taken.
        codes, done = Signal(name="codes_there"), Signal(name="decision_there")
        # Cycles until a sample gives codes that come after the last one of these has been taken.
        early = max(0, design.network.classes - 3 - design.crossbar.adc_cycles)
        left = Signal(unsigned_width(early), name="left")
        m.d.comb += [
            done.eq(deciding.valid & decision.done),
            decision.start.eq(converted.valid & (strobes.valid | codes) & (~deciding.valid | self.concluded)),
            self.decided.eq(done),
            self.context_index.eq(deciding.context_index),
            self.last.eq(deciding.last),
        ]
        m.d.sync += codes.eq(converted.valid & (codes | strobes.valid) & ~decision.start)
        with m.If(decision.start):
            m.d.sync += [*copy(deciding, converted), converted.valid.eq(0), left.eq(early)]
        with m.Else():
            m.d.sync += left.eq(Mux(left == 0, 0, left - 1))
            with m.If(self.concluded):
                m.d.sync += deciding.valid.eq(0)
        with m.If(strobes.sample):
            m.d.sync += [
                converted.valid.eq(1),
                converted.context_index.eq(integration.sampled.context_index),
                converted.last.eq(integration.sampled.last),
            ]
        return converted.valid | (left != 0)
