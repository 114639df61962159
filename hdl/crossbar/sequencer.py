"""Sequencer: the controller that walks a sequence through streaming, conversion, cell, readout and decision."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.reservoir import RATIO_BITS
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class Sequencer(wiring.Component):
    """One sequence at a time, in context 0.

    A step, from the first plane to the last state: ``stream_bits`` cycles of ``integrate_hidden``, one of
    ``sample_hidden``, one of ``convert_hidden``; ``folds`` cycles of ``issue``, the first in the cycle in which the
    converter is valid, ``adc_cycles`` after the strobe; and one in which the last fold commits, marked by
    ``step_done``. Every step costs the same, ``step`` of `remora.spec.crossbar.cycles.Cycles`. The next step's features
    are fetched with the last issue. The readout does the same on the readout's tiles; ``decide`` starts the decision
    when its converter is valid, and ``push`` hands the result to the answer as soon as that is ready; ``free`` frees
    the sequence's bank in the same cycle.

    A design that learns has more: a sequence is answered if ``infer``, and ``concluded`` marks the end of its readout
    either way; if ``learn``, ``learn_start`` is high in that same cycle, then the sequencer waits, ``learning``, for
    ``learn_done``, and frees the bank with it.

    Bistable cells take no conversion and no folds: in the cycle after ``sample_hidden`` they settle, marked by
    ``step_done``, and the next step's features are fetched; the readout streams ``readout_planes``. ``clear_cells`` is
    high in the cycle in which a sequence starts.

    A design that replays has yet more: with ``learn_start`` of a new sequence comes ``next_sequence``. After its
    learning, ``ratio`` times while the reservoir is ``stocked``, ``draw`` asks for replay number ``replay_index``; with
    ``drawn`` the same way through steps, readout and learning begins, ``replaying``, without an answer; ``length`` and
    features are then the reservoir's. After the last one ``insert`` hands the new sequence to the reservoir, and its
    bank is freed with ``inserted``.

    ``stepping``, ``reading_out``, ``drawing``, ``inserting``: phase, for the counters, beside ``replaying``.
    ``busy``: a sequence is in flight. ``holding``: a reset now would damage weights or reservoir. A sequence starts
    only while ``run``; one that has started always finishes.

    Rules M2 and O1.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        steps = design.network.max_steps
        learning = {
            "infer": In(1),
            "learn": In(1),
            "concluded": Out(1),
            "learn_start": Out(1),
            "learn_done": In(1),
            "learning": Out(1),
            "holding": Out(1),
        }
        replay = {
            "ratio": In(RATIO_BITS),
            "stocked": In(1),
            "next_sequence": Out(1),
            "replaying": Out(1),
            "draw": Out(1),
            "replay_index": Out(RATIO_BITS),
            "drawn": In(1),
            "drawing": Out(1),
            "insert": Out(1),
            "inserted": In(1),
            "inserting": Out(1),
        }
        conversion = {"convert_hidden": Out(1), "hidden_valid": In(1)}
        cell = {"issue": Out(1), "fold": Out(unsigned_width(design.folds - 1)), "step_done": Out(1)}
        if design.capabilities.bistable:
            conversion, cell = {}, {"clear_cells": Out(1), "step_done": Out(1)}
        super().__init__(
            {
                "run": In(1),
                "busy": Out(1),
                "stepping": Out(1),
                "reading_out": Out(1),
                "context_index": Out(unsigned_width(design.system.contexts - 1)),
                # Sequence buffer
                "available": In(1),
                "length": In(range(steps + 1)),
                "read": Out(1),
                "read_step": Out(unsigned_width(steps - 1)),
                "free": Out(1),
                # Bit streamer and crossbars
                "step": Out(unsigned_width(steps - 1)),
                "enable": Out(1),
                "plane": Out(range(design.formats.stream_bits)),
                "first": Out(1),
                "last": Out(1),
                "integrate_hidden": Out(1),
                "sample_hidden": Out(1),
                **conversion,
                "integrate_readout": Out(1),
                "sample_readout": Out(1),
                "convert_readout": Out(1),
                "readout_valid": In(1),
                # Cell
                **cell,
                # Decision and answer
                "decide": Out(1),
                "decided": In(1),
                "answer_ready": In(1),
                "push": Out(1),
                **(learning if design.capabilities.learns else {}),
                **(replay if design.capabilities.replays else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        step, plane, fold = Signal.like(self.step), Signal.like(self.plane), Signal(unsigned_width(design.folds - 1))
        m.d.comb += [
            self.busy.eq(self._phases()),
            self.step.eq(step),
            self.plane.eq(plane),
            *([] if design.capabilities.bistable else [self.fold.eq(fold)]),
            self.first.eq((step == 0) & self.stepping),
            self.last.eq(step + 1 == self.length),
            self.enable.eq(self.integrate_hidden | self.integrate_readout),
        ]

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += step.eq(0)
                with m.If(self.run & self.available):
                    m.d.comb += self.read.eq(1)
                    if design.capabilities.bistable:
                        m.d.comb += self.clear_cells.eq(1)
                    m.next = "STREAM"

            with m.State("STREAM"):
                m.d.comb += [self.stepping.eq(1), self.integrate_hidden.eq(1)]
                self._next_plane(m, plane, design.formats.stream_bits, "SAMPLE")
            with m.State("SAMPLE"):
                m.d.comb += [self.stepping.eq(1), self.sample_hidden.eq(1)]
                m.next = "COMMIT" if design.capabilities.bistable else "CONVERT"
            if not design.capabilities.bistable:
                self._converter_and_folds(m, step, fold)
            with m.State("COMMIT"):
                m.d.comb += [self.stepping.eq(1), self.step_done.eq(1)]
                if design.capabilities.bistable:
                    m.d.comb += [self.read.eq(~self.last), self.read_step.eq(step + 1)]
                with m.If(self.last):
                    m.next = "READOUT_STREAM"
                with m.Else():
                    m.d.sync += step.eq(step + 1)
                    m.next = "STREAM"

            with m.State("READOUT_STREAM"):
                m.d.comb += [self.reading_out.eq(1), self.integrate_readout.eq(1)]
                self._next_plane(m, plane, design.readout_planes, "READOUT_SAMPLE")
            with m.State("READOUT_SAMPLE"):
                m.d.comb += [self.reading_out.eq(1), self.sample_readout.eq(1)]
                m.next = "READOUT_CONVERT"
            with m.State("READOUT_CONVERT"):
                m.d.comb += [self.reading_out.eq(1), self.convert_readout.eq(1)]
                m.next = "READOUT_WAIT"
            with m.State("READOUT_WAIT"):
                m.d.comb += self.reading_out.eq(1)
                with m.If(self.readout_valid):
                    m.d.comb += self.decide.eq(1)
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += self.reading_out.eq(1)
                if design.capabilities.learns:
                    self._conclude(m)
                else:
                    with m.If(self.decided & self.answer_ready):
                        m.d.comb += [self.push.eq(1), self.free.eq(1)]
                        m.next = "IDLE"
            if design.capabilities.learns:
                with m.State("LEARN"):
                    m.d.comb += self.learning.eq(1)
                    with m.If(self.learn_done):
                        if design.capabilities.replays:
                            self._replay_or_insert(m)
                        else:
                            m.d.comb += self.free.eq(1)
                            m.next = "IDLE"
            if design.capabilities.replays:
                self._replay(m, step)
        if design.capabilities.learns:
            m.d.comb += self.holding.eq(self._critical())
        return m

    def _converter_and_folds(self, m: Module, step: Signal, fold: Signal) -> None:
        """Convert the hidden layer's columns and hand them to the cell, fold by fold."""
        with m.State("CONVERT"):
            m.d.comb += [self.stepping.eq(1), self.convert_hidden.eq(1)]
            m.next = "CELL"
        with m.State("CELL"):
            m.d.comb += [self.stepping.eq(1), self.issue.eq(self.hidden_valid)]
            with m.If(self.hidden_valid):
                m.d.sync += fold.eq(fold + 1)
                with m.If(fold == self.design.folds - 1):
                    m.d.sync += fold.eq(0)
                    # The features of this step are no longer needed: fetch the next.
                    m.d.comb += [self.read.eq(~self.last), self.read_step.eq(step + 1)]
                    m.next = "COMMIT"

    def _critical(self) -> Value:
        return self.learning | self.drawing | self.inserting if self.design.capabilities.replays else self.learning

    def _phases(self) -> Value:
        phases = self.stepping | self.reading_out
        return phases | self._critical() if self.design.capabilities.learns else phases

    def _replay_or_insert(self, m: Module) -> None:
        """After an update: the next replay, where there is one, else the insertion."""
        done = Signal(RATIO_BITS + 1)
        """Replays so far."""
        m.d.comb += done.eq(Mux(self.replaying, self.replay_index + 1, 0))
        m.next = "INSERT"
        with m.If(self.stocked & (done < self.ratio)):
            m.d.sync += self.replay_index.eq(done)
            m.next = "DRAW"

    def _replay(self, m: Module, step: Signal) -> None:
        with m.State("DRAW"):
            m.d.comb += [self.draw.eq(1), self.drawing.eq(1)]
            m.d.sync += [self.replaying.eq(1), step.eq(0)]
            m.next = "DRAWN"
        with m.State("DRAWN"):
            m.d.comb += [self.drawing.eq(1), self.read.eq(self.drawn)]
            with m.If(self.drawn):
                m.next = "STREAM"
        with m.State("INSERT"):
            m.d.comb += [self.insert.eq(1), self.inserting.eq(1)]
            # From here on features are the new sequence's again.
            m.d.sync += self.replaying.eq(0)
            m.next = "INSERTED"
        with m.State("INSERTED"):
            m.d.comb += [self.inserting.eq(1), self.free.eq(self.inserted)]
            with m.If(self.inserted):
                m.next = "IDLE"

    def _conclude(self, m: Module) -> None:
        """Answer if asked to, then learn if asked to; a replay is learnt and never answered."""
        infer, learn = self.infer, self.learn
        if self.design.capabilities.replays:
            infer, learn = infer & ~self.replaying, learn | self.replaying
        with m.If(self.decided & (self.answer_ready | ~infer)):
            m.d.comb += [self.concluded.eq(1), self.push.eq(infer)]
            with m.If(learn):
                m.d.comb += self.learn_start.eq(1)
                if self.design.capabilities.replays:
                    m.d.comb += self.next_sequence.eq(~self.replaying)
                m.next = "LEARN"
            with m.Else():
                m.d.comb += self.free.eq(1)
                m.next = "IDLE"

    def _next_plane(self, m: Module, plane: Signal, planes: int, following: str) -> None:
        m.d.sync += plane.eq(plane + 1)
        with m.If(plane == planes - 1):
            m.d.sync += plane.eq(0)
            m.next = following
