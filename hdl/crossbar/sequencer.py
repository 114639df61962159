"""Sequencer: the controller that walks a sequence through streaming, conversion, cell, readout and decision."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.crossbar.control import AnswerControl, DecisionControl, ReadStrobes, Streaming
from remora.hdl.learning.control import LearningControl
from remora.hdl.learning.reservoir import RATIO_BITS
from remora.hdl.lib.sequence import SequenceSteps
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class Sequencer(wiring.Component):
    """One sequence at a time, in context 0.

    A step, from the first plane to the last state: ``stream_bits`` cycles of ``hidden.integrate``, one of
    ``hidden.sample``, one of ``hidden.convert``; ``folds`` cycles of ``cell.issue``, the first in the cycle in which
    the converter is valid, ``adc_cycles`` after the strobe; one in which the last fold's states are stored, and one for
    its words, marked by ``step_done``. Every step costs the same, ``step`` of `remora.spec.crossbar.cycles.Cycles`. The
    next step's features are fetched with the last issue. The readout does the same on the readout's tiles;
    ``decision.start`` comes when its converter is valid, and ``answer.push`` hands the result over as soon as the
    answer is ready; ``sequence.free`` frees the sequence's bank in the same cycle.

    A design that learns has more: a sequence is answered if ``learning.infer``, and ``concluded`` marks the end of its
    readout either way; if ``learning.learn``, ``learning.start`` is high in that same cycle, then the sequencer waits,
    ``learning.learning``, for ``learning.done``, and frees the bank with it.

    Bistable cells take no conversion and no folds: in the cycle after ``hidden.sample`` they settle, marked by
    ``step_done``, and the next step's features are fetched; the readout streams ``readout_planes``. ``cell.clear`` is
    high in the cycle in which a sequence starts.

    A design that replays has yet more: with ``learning.start`` of a new sequence comes ``next_sequence``. After its
    learning, ``ratio`` times while the reservoir is ``stocked``, ``draw`` asks for replay number ``replay_index``; with
    ``drawn`` the same way through steps, readout and learning begins, ``replaying``, without an answer; ``sequence`` is
    then the reservoir's. After the last one ``insert`` hands the new sequence to the reservoir, and its bank is freed
    with ``inserted``.

    Rules M2 and O1.

    Ports:
        run: a sequence may start; one that has started always finishes.
        busy: a sequence is in flight.
        stepping: phase of the steps, for the counters.
        reading_out: phase of the readout, for the counters.
        step: the step at hand.
        context_index: whose states the steps update.
        step_done: the last cycle of a step.
        concluded: the last cycle of a readout, of a design that learns.
        sequence: the steps of the sequence that is next or at hand.
        streaming: what the streamer puts on the wordlines.
        hidden: how the hidden layer's crossbars are read.
        readout: how the readout's crossbars are read.
        cell: strobes of the cell.
        decision: when the decision is made.
        answer: when the result is answered.
        learning: of a design that learns.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        learning = {"concluded": Out(1), "learning": Out(LearningControl(design))}
        super().__init__(
            {
                "run": In(1),
                "busy": Out(1),
                "stepping": Out(1),
                "reading_out": Out(1),
                "step": Out(unsigned_width(design.network.max_steps - 1)),
                "context_index": Out(unsigned_width(design.system.contexts - 1)),
                "step_done": Out(1),
                "sequence": In(SequenceSteps(design)),
                "streaming": Out(Streaming(design)),
                "hidden": Out(ReadStrobes()),
                "readout": Out(ReadStrobes()),
                "cell": Out(cell_class(design).control_port(design)),
                "decision": Out(DecisionControl()),
                "answer": Out(AnswerControl()),
                **(learning if design.capabilities.learns else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        sequence, streaming, hidden, readout = self.sequence, self.streaming, self.hidden, self.readout
        step, plane, fold = (
            Signal.like(self.step),
            Signal.like(streaming.plane),
            Signal(unsigned_width(design.folds - 1)),
        )
        last = Signal()
        m.d.comb += [
            self.busy.eq(self._phases()),
            self.step.eq(step),
            streaming.plane.eq(plane),
            streaming.first.eq((step == 0) & self.stepping),
            streaming.enable.eq(hidden.integrate | readout.integrate),
            last.eq(step + 1 == sequence.length),
        ]
        if design.capabilities.bistable:
            m.d.comb += self.cell.settle.eq(self.step_done)
        else:
            m.d.comb += [
                self.cell.context_index.eq(self.context_index),
                self.cell.fold.eq(fold),
                self.cell.first.eq(streaming.first),
                self.cell.last.eq(last),
            ]

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += step.eq(0)
                with m.If(self.run & sequence.available):
                    m.d.comb += sequence.read.eq(1)
                    if design.capabilities.bistable:
                        m.d.comb += self.cell.clear.eq(1)
                    m.next = "STREAM"

            with m.State("STREAM"):
                m.d.comb += [self.stepping.eq(1), hidden.integrate.eq(1)]
                self._next_plane(m, plane, design.formats.stream_bits, "SAMPLE")
            with m.State("SAMPLE"):
                m.d.comb += [self.stepping.eq(1), hidden.sample.eq(1)]
                m.next = "COMMIT" if design.capabilities.bistable else "CONVERT"
            if not design.capabilities.bistable:
                self._converter_and_folds(m, step, fold, last)
            with m.State("COMMIT"):
                m.d.comb += [self.stepping.eq(1), self.step_done.eq(1)]
                if design.capabilities.bistable:
                    m.d.comb += [sequence.read.eq(~last), sequence.step.eq(step + 1)]
                with m.If(last):
                    # What the readout streams are states, which settle a cycle later.
                    m.next = "SETTLED" if design.capabilities.bistable else "READOUT_STREAM"
                with m.Else():
                    m.d.sync += step.eq(step + 1)
                    m.next = "STREAM"

            if design.capabilities.bistable:
                with m.State("SETTLED"):
                    m.d.comb += self.reading_out.eq(1)
                    m.next = "READOUT_STREAM"
            with m.State("READOUT_STREAM"):
                m.d.comb += [self.reading_out.eq(1), readout.integrate.eq(1)]
                self._next_plane(m, plane, design.readout_planes, "READOUT_SAMPLE")
            with m.State("READOUT_SAMPLE"):
                m.d.comb += [self.reading_out.eq(1), readout.sample.eq(1)]
                m.next = "READOUT_CONVERT"
            with m.State("READOUT_CONVERT"):
                m.d.comb += [self.reading_out.eq(1), readout.convert.eq(1)]
                m.next = "READOUT_WAIT"
            with m.State("READOUT_WAIT"):
                m.d.comb += self.reading_out.eq(1)
                with m.If(readout.valid):
                    m.d.comb += self.decision.start.eq(1)
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += self.reading_out.eq(1)
                if design.capabilities.learns:
                    self._conclude(m)
                else:
                    with m.If(self.decision.done & self.answer.ready):
                        m.d.comb += [self.answer.push.eq(1), sequence.free.eq(1)]
                        m.next = "IDLE"
            if design.capabilities.learns:
                with m.State("LEARN"):
                    m.d.comb += self.learning.learning.eq(1)
                    with m.If(self.learning.done):
                        if design.capabilities.replays:
                            self._replay_or_insert(m)
                        else:
                            m.d.comb += self.sequence.free.eq(1)
                            m.next = "IDLE"
            if design.capabilities.replays:
                self._replay(m, step)
        if design.capabilities.learns:
            m.d.comb += [
                self.learning.holding.eq(self._critical()),
                self.learning.context_index.eq(self.context_index),
                self.learning.step.eq(step),
                self.learning.keep_words.eq(hidden.sample),
            ]
        return m

    def _converter_and_folds(self, m: Module, step: Signal, fold: Signal, last: Signal) -> None:
        """Convert the hidden layer's columns and hand them to the cell, fold by fold."""
        sequence, hidden = self.sequence, self.hidden
        with m.State("CONVERT"):
            m.d.comb += [self.stepping.eq(1), hidden.convert.eq(1), self.cell.read.eq(1)]
            m.next = "CELL"
        with m.State("CELL"):
            # Valid is an event, and the codes hold.
            m.d.comb += [self.stepping.eq(1), self.cell.issue.eq(hidden.valid | (fold != 0))]
            with m.If(self.cell.issue):
                m.d.sync += fold.eq(fold + 1)
                with m.If(fold != self.design.folds - 1):
                    m.d.comb += [self.cell.read.eq(1), self.cell.read_fold.eq(fold + 1)]
                with m.Else():
                    m.d.sync += fold.eq(0)
                    # The features of this step are no longer needed: fetch the next.
                    m.d.comb += [sequence.read.eq(~last), sequence.step.eq(step + 1)]
                    m.next = "STATE"
        with m.State("STATE"):
            m.d.comb += self.stepping.eq(1)
            m.next = "COMMIT"

    def _critical(self) -> Value:
        learning = self.learning
        critical = learning.learning
        return critical | learning.drawing | learning.inserting if self.design.capabilities.replays else critical

    def _phases(self) -> Value:
        phases = self.stepping | self.reading_out
        return phases | self._critical() if self.design.capabilities.learns else phases

    def _replay_or_insert(self, m: Module) -> None:
        """After an update: the next replay, where there is one, else the insertion."""
        done = Signal(RATIO_BITS + 1)
        """Replays so far."""
        m.d.comb += done.eq(Mux(self.learning.replaying, self.learning.replay_index + 1, 0))
        m.next = "INSERT"
        with m.If(self.learning.stocked & (done < self.learning.ratio)):
            m.d.sync += self.learning.replay_index.eq(done)
            m.next = "DRAW"

    def _replay(self, m: Module, step: Signal) -> None:
        with m.State("DRAW"):
            m.d.comb += [self.learning.draw.eq(1), self.learning.drawing.eq(1)]
            m.d.sync += [self.learning.replaying.eq(1), step.eq(0)]
            m.next = "DRAWN"
        with m.State("DRAWN"):
            m.d.comb += [self.learning.drawing.eq(1), self.sequence.read.eq(self.learning.drawn)]
            with m.If(self.learning.drawn):
                m.next = "STREAM"
        with m.State("INSERT"):
            m.d.comb += [self.learning.insert.eq(1), self.learning.inserting.eq(1)]
            # From here on features are the new sequence's again.
            m.d.sync += self.learning.replaying.eq(0)
            m.next = "INSERTED"
        with m.State("INSERTED"):
            m.d.comb += [self.learning.inserting.eq(1), self.sequence.free.eq(self.learning.inserted)]
            with m.If(self.learning.inserted):
                m.next = "IDLE"

    def _conclude(self, m: Module) -> None:
        """Answer if asked to, then learn if asked to; a replay is learnt and never answered."""
        infer, learn = self.learning.infer, self.learning.learn
        if self.design.capabilities.replays:
            infer, learn = infer & ~self.learning.replaying, learn | self.learning.replaying
        with m.If(self.decision.done & (self.answer.ready | ~infer)):
            m.d.comb += [self.concluded.eq(1), self.answer.push.eq(infer)]
            with m.If(learn):
                m.d.comb += self.learning.start.eq(1)
                if self.design.capabilities.replays:
                    m.d.comb += self.learning.next_sequence.eq(~self.learning.replaying)
                m.next = "LEARN"
            with m.Else():
                m.d.comb += self.sequence.free.eq(1)
                m.next = "IDLE"

    def _next_plane(self, m: Module, plane: Signal, planes: int, following: str) -> None:
        m.d.sync += plane.eq(plane + 1)
        with m.If(plane == planes - 1):
            m.d.sync += plane.eq(0)
            m.next = following
