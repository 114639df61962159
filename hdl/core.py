"""The core: everything between the streams and the registers, with both layers' crossbars."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.adc_interface import AdcInterface
from hdl.answer import Answer
from hdl.axi import AxiStream
from hdl.bistable_cells import CELL_HOST_MEMBERS, BistableCells
from hdl.bit_streamer import BitStreamer
from hdl.crossbar_array import CrossbarArray, share_of, share_program
from hdl.decision import Decision
from hdl.hierarchy import place
from hdl.learning_engine import LearningEngine
from hdl.miru_cell import MiruCell
from hdl.sequence_buffer import SequenceBuffer
from hdl.sequencer import Sequencer
from hdl.weight_window import HOST_MEMBERS, WeightWindow
from spec.design import COEFFICIENT_BITS, DesignPoint
from spec.layout import Layer
from spec.packets import BEAT_BYTES, Drop, Flag
from spec.registers import Counter, counters_of


class Core(wiring.Component):
    """Packets in, answers out; weights through the window.

    ``run``: sequences may start, once the window and the last pulse are done. ``halted``: not ``run``, and nothing is
    in flight, the answer sent. The coefficients must be changed and the window be used only while ``halted``.
    ``abort``: what is in flight is forgotten and the core is idle again; packets stay whole: an answer on offer is sent
    to its end, the rest of a packet being received is swallowed. ``sequence_done``: an answer was handed over.
    ``dropped``: one bit a cause.
    With bistable cells there are no coefficients but ``cells``, the thresholds, under the same rule.
    ``<counter>_increment``: what each counter of :class:`hdl.counters.Counters` grows by in this cycle, ``cycles``
    excepted.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self._decision, self._window = Decision(design), WeightWindow(design)
        if design.bistable:
            self._adc, self._cell = None, BistableCells(design)
        else:
            self._adc, self._cell = AdcInterface(design, Layer.HIDDEN, design.cell.lanes), MiruCell(design)
        self._learning = LearningEngine(design) if design.learning.enabled else None
        self.increment_bits = {
            Counter.ADC_SATURATIONS: len(self._decision.saturations),
            Counter.PULSES: len(self._window.pulses),
        }
        parameters = {"cells": In(_flipped(CELL_HOST_MEMBERS))}
        if not design.bistable:
            conversions = max(len(self._adc.saturations), len(self._decision.saturations))
            self.increment_bits[Counter.ADC_SATURATIONS] = conversions
            self.increment_bits[Counter.WORD_SATURATIONS] = len(self._cell.word_saturations)
            coefficient = In(COEFFICIENT_BITS + 1)
            parameters = {"reset_coefficient": coefficient, "update_coefficient": coefficient}
        if self._learning:
            self.increment_bits[Counter.PULSES] = max(len(self._window.pulses), len(self._learning.applied))
            self.increment_bits[Counter.PULSES_DROPPED] = len(self._learning.dropped)
        super().__init__(
            {
                "input": In(AxiStream(BEAT_BYTES)),
                "output": Out(AxiStream(BEAT_BYTES)),
                "run": In(1),
                "abort": In(1),
                "halted": Out(1),
                "busy": Out(1),
                **parameters,
                "sequence_done": Out(1),
                "dropped": Out(len(Drop)),
                "window": In(_flipped(HOST_MEMBERS)),
                **{
                    f"{counter.name.lower()}_increment": Out(self.increment_bits.get(counter, 1))
                    for counter in counters_of(design)
                    if counter is not Counter.CYCLES
                },
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        buffer = place(m, "buffer", SequenceBuffer(design))
        sequencer = place(m, "sequencer", Sequencer(design), reset=self.abort)
        streamer = place(m, "streamer", BitStreamer(design))
        hidden = place(m, "hidden", CrossbarArray(design, Layer.HIDDEN), reset=self.abort)
        readout = place(m, "readout", CrossbarArray(design, Layer.READOUT), reset=self.abort)
        adc = None if design.bistable else place(m, "adc", self._adc)
        cell = place(m, "hidden_cell", self._cell, reset=self.abort)
        decision = place(m, "classifier", self._decision, reset=self.abort)
        answer = place(m, "answer", Answer(design))
        window = place(m, "window", self._window, reset=self.abort)

        wiring.connect(m, wiring.flipped(self.input), buffer.stream)
        wiring.connect(m, answer.stream, wiring.flipped(self.output))
        if self._learning:
            self._connect_learning(m, buffer, sequencer, streamer, hidden, readout, cell, decision, window)
        else:
            wiring.connect(m, window.program_hidden, hidden.program)
            wiring.connect(m, window.program_readout, readout.program)
        _connect_host(m, self.window, window, HOST_MEMBERS)
        self._connect_sequence(m, buffer, sequencer, streamer, answer)
        # Nothing is read while something is programmed: by the window, or by a pulse that a reset has left under way.
        ready = self.run & ~window.busy & ~hidden.program.busy & ~readout.program.busy
        m.d.comb += sequencer.run.eq(ready & ~self._learning.clearing if self._learning else ready)
        self._connect_crossbars(m, sequencer, streamer, window, hidden, readout)
        if design.bistable:
            self._connect_bistable(m, sequencer, hidden, cell, streamer)
        else:
            self._connect_cell(m, sequencer, hidden, adc, cell, streamer)
        self._connect_readout(m, sequencer, readout, decision, answer)
        self._count(m, buffer, sequencer, adc, cell, decision, window)
        m.d.comb += [
            buffer.abort.eq(self.abort),
            self.busy.eq(sequencer.busy),
            self.halted.eq(~self.run & ~sequencer.busy & answer.ready),
            self.sequence_done.eq(sequencer.push),
            self.dropped.eq(buffer.dropped),
        ]
        return m

    def _feature_step(self, sequencer):
        """The step whose features are read: learning reads while the sequencer does not."""
        if not self._learning:
            return sequencer.read_step
        return Mux(sequencer.learning, self._learning.feature_step, sequencer.read_step)

    def _connect_learning(
        self, m: Module, buffer, sequencer, streamer, hidden, readout, cell, decision, window
    ) -> None:
        """The engine listens during inference, and has features and program ports to itself while it learns."""
        engine = place(m, "learner", self._learning, reset=self.abort)
        m.d.comb += [
            sequencer.infer.eq(buffer.flags.bit_select(Flag.INFER.bit_length() - 1, 1)),
            sequencer.learn.eq(buffer.flags.bit_select(Flag.LEARN.bit_length() - 1, 1)),
            sequencer.learn_done.eq(engine.done),
            engine.context_index.eq(sequencer.context_index),
            engine.step.eq(sequencer.step),
            # The words of a step stay on the streamer until its first fold commits.
            engine.keep_words.eq(sequencer.sample_hidden),
            engine.words.eq(streamer.words),
            engine.keep_codes.eq(cell.commit),
            engine.fold.eq(cell.commit_fold),
            engine.codes.eq(cell.commit_code),
            engine.start.eq(sequencer.learn_start),
            engine.length.eq(buffer.length),
            engine.label.eq(buffer.label),
            engine.scores.eq(decision.scores),
            engine.features.eq(buffer.features),
        ]
        for name, array in (("hidden", hidden), ("readout", readout)):
            mine, other = (getattr(each, f"program_{name}") for each in (engine, window))
            share_program(m, array.program, sequencer.learning, mine, other)

    def _connect_sequence(self, m: Module, buffer, sequencer, streamer, answer) -> None:
        m.d.comb += [
            sequencer.available.eq(buffer.available),
            sequencer.length.eq(buffer.length),
            buffer.read.eq(sequencer.read | self._learning.read_features if self._learning else sequencer.read),
            buffer.step.eq(self._feature_step(sequencer)),
            buffer.free.eq(sequencer.free),
            streamer.features.eq(buffer.features),
            streamer.first.eq(sequencer.first),
            streamer.plane.eq(sequencer.plane),
            streamer.enable.eq(sequencer.enable),
            answer.flags.eq(buffer.flags),
            answer.tag.eq(buffer.tag),
        ]

    def _connect_crossbars(self, m: Module, sequencer, streamer, window, hidden, readout) -> None:
        """The streamer drives the wordlines, or the window does, one at a time, while the engine is halted."""
        probe = window.probe
        wl_pos, plane = Signal(self.design.wordlines), Signal.like(streamer.plane)
        m.d.comb += [wl_pos.eq(streamer.wl_pos), plane.eq(sequencer.plane)]
        with m.If(window.busy):
            m.d.comb += [wl_pos.eq(0), wl_pos.bit_select(probe.row, 1).eq(1), plane.eq(probe.plane)]
        for name, array in (("hidden", hidden), ("readout", readout)):
            layer = array.layout.layer
            m.d.comb += [
                array.wl_pos.eq(share_of(self.design, layer, wl_pos)),
                array.wl_neg.eq(share_of(self.design, layer, streamer.wl_neg)),
                array.plane.eq(plane),
                getattr(probe, f"{name}_codes").eq(array.codes),
                getattr(probe, f"{name}_valid").eq(array.valid),
            ]
            for action in ("integrate", "sample", "convert"):
                member = f"{action}_{name}"
                # Bistable cells take no conversion: there only the window converts.
                strobe = getattr(sequencer, member, None)
                wanted = getattr(probe, member) if strobe is None else strobe | getattr(probe, member)
                m.d.comb += getattr(array, action).eq(wanted)

    def _connect_cell(self, m: Module, sequencer, hidden, adc, cell, streamer) -> None:
        m.d.comb += [
            sequencer.hidden_valid.eq(hidden.valid),
            adc.codes.eq(hidden.codes),
            adc.fold.eq(sequencer.fold),
            cell.issue.eq(sequencer.issue),
            cell.context_index.eq(sequencer.context_index),
            cell.fold.eq(sequencer.fold),
            cell.code.eq(adc.code),
            cell.first.eq(sequencer.first),
            cell.last.eq(sequencer.last),
            cell.reset_coefficient.eq(self.reset_coefficient),
            cell.update_coefficient.eq(self.update_coefficient),
            streamer.words.eq(cell.words),
        ]

    def _connect_bistable(self, m: Module, sequencer, hidden, cell, streamer) -> None:
        """The cells stand at the bitlines; a state's word is its one bit, on the lowest plane."""
        _connect_host(m, self.cells, cell, CELL_HOST_MEMBERS)
        padding = Const(0, self.design.formats.stream_bits)
        m.d.comb += [
            cell.current.eq(hidden.current),
            cell.clear.eq(sequencer.clear_cells),
            cell.settle.eq(sequencer.step_done),
            streamer.words.eq(Cat(*(Cat(bit, padding) for bit in cell.state))),
        ]

    def _connect_readout(self, m: Module, sequencer, readout, decision, answer) -> None:
        m.d.comb += [
            sequencer.readout_valid.eq(readout.valid),
            decision.codes.eq(readout.codes),
            decision.start.eq(sequencer.decide),
            sequencer.decided.eq(decision.done),
            sequencer.answer_ready.eq(answer.ready),
            answer.push.eq(sequencer.push),
            answer.decision.eq(decision.decision),
            answer.scores.eq(decision.scores),
        ]

    def _count(self, m: Module, buffer, sequencer, adc, cell, decision, window) -> None:
        m.d.comb += [
            self.steps_increment.eq(sequencer.step_done),
            self.sequences_increment.eq(sequencer.push),
            self.step_cycles_increment.eq(sequencer.stepping),
            self.readout_cycles_increment.eq(sequencer.reading_out),
            self.idle_cycles_increment.eq(~sequencer.busy),
            self.pulses_increment.eq(window.pulses + self._learning.applied if self._learning else window.pulses),
            self.adc_saturations_increment.eq(decision.saturations),
        ]
        if not self.design.bistable:
            with m.If(sequencer.issue):
                m.d.comb += self.adc_saturations_increment.eq(adc.saturations)
            with m.If(cell.commit):
                m.d.comb += self.word_saturations_increment.eq(cell.word_saturations)
        if self._learning:
            m.d.comb += [
                self.learned_increment.eq(self._learning.done),
                self.learn_cycles_increment.eq(sequencer.learning),
                self.pulses_dropped_increment.eq(self._learning.dropped),
            ]
        for drop in Drop:
            m.d.comb += getattr(self, f"dropped_{drop.name.lower()}_increment").eq(buffer.dropped[drop])


def _flipped(members: dict[str, wiring.Member]) -> wiring.Signature:
    """A block's host members as the core passes them on."""
    return wiring.Signature({name: member.flip() for name, member in members.items()})


def _connect_host(m: Module, outside, inside, members: dict[str, wiring.Member]) -> None:
    for name, member in members.items():
        outer, inner = getattr(outside, name), getattr(inside, name)
        m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
