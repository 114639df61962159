"""The core: everything between the streams and the registers, with both layers' crossbars."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.bistable_cells import CELL_HOST_MEMBERS, CellThresholds
from remora.hdl.cells.miru_cell import MiruCell
from remora.hdl.crossbar.bit_streamer import BitStreamer
from remora.hdl.crossbar.crossbar_array import CrossbarArray, share_of
from remora.hdl.crossbar.decision import Decision
from remora.hdl.crossbar.sequence_buffer import SequenceBuffer
from remora.hdl.crossbar.sequencer import Sequencer
from remora.hdl.crossbar.weight_window import HOST_MEMBERS, WeightWindow
from remora.hdl.learning.core_learning import CoreLearning, learning_members
from remora.hdl.lib.answer import Answer
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.macros.program_port import share_program
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.packets import BEAT_BYTES, Drop

WRITE_COUNTERS = {"PULSES": "applied", "PULSES_DROPPED": "dropped", "DEVICES": "devices"}
"""Counters of what learning writes, one a layer, and what they count of the engine."""


class Core(wiring.Component):
    """Packets in, answers out; weights through the window.

    ``run``: sequences may start, once the window and the last pulse are done. ``halted``: not ``run``, and nothing is
    in flight, the answer sent. The coefficients must be changed and the window be used only while ``halted``.
    ``abort``: what is in flight is forgotten and the core is idle again; packets stay whole: an answer on offer is sent
    to its end, the rest of a packet being received is swallowed. ``sequence_done``: an answer was handed over.
    ``dropped``: one bit a cause.
    With bistable cells there are no coefficients but ``cells``, the thresholds, under the same rule.

    A core that learns keeps weights and reservoir: there ``abort`` waits, ``busy`` meanwhile, for the end of an
    update, a draw or an insertion that it finds under way. Settings, to be changed only while ``halted``: ``seed``,
    ``hidden_rate_shift``, ``readout_rate_shift``, ``winners`` where it selects, ``replay_ratio`` and ``freeze`` where
    it replays. Counts q, n and what is held, ``updates``, ``presented`` and ``filled``, are loaded and cleared while
    ``halted`` too. ``updating``: the last update was cut short, after ``columns_done`` columns; ``pending``: sequence n
    was begun and not inserted. ``memory``: of :class:`remora.hdl.learning.memory_window.MemoryWindow`; busy while χ are
    cleared as well. ``<counter>_increment``: what each counter of :class:`remora.hdl.lib.counters.Counters` grows by in
    this cycle, ``cycles`` excepted.

    Rules L16 and Z2.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self._decision, self._window = Decision(design), WeightWindow(design)
        self._hidden, self._readout = (CrossbarArray(design, layer) for layer in Layer)
        self._cell = CellThresholds(design) if design.capabilities.bistable else MiruCell(design)
        self._learning = CoreLearning(design) if design.capabilities.learns else None
        self.increment_bits = {
            Counter.ADC_SATURATIONS: len(self._decision.saturations),
            Counter.PULSES: len(self._window.pulses),
        }
        parameters = {"cells": In(_flipped(CELL_HOST_MEMBERS))}
        if not design.capabilities.bistable:
            conversions = max(len(self._hidden.saturations), len(self._decision.saturations))
            self.increment_bits[Counter.ADC_SATURATIONS] = conversions
            self.increment_bits[Counter.WORD_SATURATIONS] = len(self._cell.word_saturations)
            coefficient = In(COEFFICIENT_BITS + 1)
            parameters = {"reset_coefficient": coefficient, "update_coefficient": coefficient}
        if self._learning:
            engine = self._learning.engine
            self.increment_bits[Counter.PULSES] = max(len(self._window.pulses), len(engine.applied))
            self.increment_bits[Counter.PULSES_DROPPED] = len(engine.dropped)
            for layer in Layer:
                for kind, source in WRITE_COUNTERS.items():
                    self.increment_bits[Counter[f"{kind}_{layer.name}"]] = len(getattr(engine, source))
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
                **learning_members(design),
                **{
                    f"{counter.name.lower()}_increment": Out(self.increment_bits.get(counter, 1))
                    for counter in design.counters()
                    if counter is not Counter.CYCLES
                },
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design = self.design
        sequencer = Sequencer(design)
        abort = self._learning.hold_abort(m, self.abort, sequencer) if self._learning else self.abort
        buffer = add_submodule(m, "buffer", SequenceBuffer(design))
        add_submodule(m, "sequencer", sequencer, reset=abort)
        streamer = add_submodule(m, "streamer", BitStreamer(design))
        hidden = add_submodule(m, "hidden", self._hidden, reset=abort)
        readout = add_submodule(m, "readout", self._readout, reset=abort)
        cell = add_submodule(
            m, "thresholds" if design.capabilities.bistable else "hidden_cell", self._cell, reset=abort
        )
        decision = add_submodule(m, "classifier", self._decision, reset=abort)
        answer = add_submodule(m, "answer", Answer(design))
        window = add_submodule(m, "window", self._window, reset=abort)

        wiring.connect(m, wiring.flipped(self.input), buffer.stream)
        wiring.connect(m, answer.stream, wiring.flipped(self.output))
        self._connect_programming(m, sequencer, hidden, readout, window)
        _connect_host(m, self.window, window, HOST_MEMBERS)
        self._connect_sequence(m, buffer, sequencer, streamer, answer)
        if self._learning:
            self._learning.add_submodules(m)
            self._learning.connect(m, self, buffer, sequencer, streamer, cell, decision)
        # Nothing is read while something is programmed: by the window, or by a pulse that a reset has left under way.
        ready = self.run & ~window.busy & ~hidden.program.busy & ~readout.program.busy
        busy = sequencer.busy
        if self._learning:
            ready, busy = ready & ~self._learning.engine.clearing, busy | self._learning.waiting
        self._connect_crossbars(m, sequencer, streamer, window, hidden, readout)
        if design.capabilities.bistable:
            self._connect_bistable(m, sequencer, hidden, cell, streamer)
        else:
            self._connect_cell(m, sequencer, hidden, cell, streamer)
        self._connect_readout(m, sequencer, readout, decision, answer)
        self._count(m, buffer, sequencer, hidden, cell, decision, window)
        m.d.comb += [
            sequencer.run.eq(ready),
            buffer.abort.eq(abort),
            self.busy.eq(busy),
            self.halted.eq(~self.run & ~busy & answer.ready),
            self.sequence_done.eq(sequencer.push),
            self.dropped.eq(buffer.dropped),
        ]
        return m

    def _connect_programming(self, m: Module, sequencer, hidden, readout, window) -> None:
        """The program ports are the window's; where the core learns, the engine's while it does."""
        for name, array in (("hidden", hidden), ("readout", readout)):
            of_window = getattr(window, f"program_{name}")
            if self._learning:
                of_engine = getattr(self._learning.engine, f"program_{name}")
                share_program(m, array.program, sequencer.learning, of_engine, of_window)
            else:
                wiring.connect(m, of_window, array.program)

    def _connect_sequence(self, m: Module, buffer, sequencer, streamer, answer) -> None:
        m.d.comb += [
            sequencer.available.eq(buffer.available),
            buffer.free.eq(sequencer.free),
            streamer.first.eq(sequencer.first),
            streamer.plane.eq(sequencer.plane),
            streamer.enable.eq(sequencer.enable),
            answer.flags.eq(buffer.flags),
            answer.tag.eq(buffer.tag),
        ]
        if not self._learning:
            m.d.comb += [
                sequencer.length.eq(buffer.length),
                buffer.read.eq(sequencer.read),
                buffer.step.eq(sequencer.read_step),
                streamer.features.eq(buffer.features),
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
                getattr(probe, f"{name}_code").eq(array.selected_code),
                getattr(probe, f"{name}_valid").eq(array.valid),
            ]
            for action in ("integrate", "sample", "convert"):
                member = f"{action}_{name}"
                # Bistable cells take no conversion: there only the window converts.
                strobe = getattr(sequencer, member, None)
                wanted = getattr(probe, member) if strobe is None else strobe | getattr(probe, member)
                m.d.comb += getattr(array, action).eq(wanted)

    def _connect_cell(self, m: Module, sequencer, hidden, cell, streamer) -> None:
        m.d.comb += [
            sequencer.hidden_valid.eq(hidden.valid),
            hidden.fold.eq(sequencer.fold),
            cell.issue.eq(sequencer.issue),
            cell.context_index.eq(sequencer.context_index),
            cell.fold.eq(sequencer.fold),
            cell.code.eq(hidden.code),
            cell.first.eq(sequencer.first),
            cell.last.eq(sequencer.last),
            cell.reset_coefficient.eq(self.reset_coefficient),
            cell.update_coefficient.eq(self.update_coefficient),
            streamer.words.eq(cell.words),
        ]

    def _connect_bistable(self, m: Module, sequencer, hidden, thresholds, streamer) -> None:
        """The cells stand at the bitlines; a state's word is its one bit, on the lowest plane."""
        _connect_host(m, self.cells, thresholds, CELL_HOST_MEMBERS)
        wiring.connect(m, thresholds.cells, hidden.thresholds)
        padding = Const(0, self.design.formats.stream_bits)
        m.d.comb += [
            hidden.clear.eq(sequencer.clear_cells),
            hidden.settle.eq(sequencer.step_done),
            streamer.words.eq(Cat(*(Cat(bit, padding) for bit in hidden.state))),
        ]

    def _connect_readout(self, m: Module, sequencer, readout, decision, answer) -> None:
        m.d.comb += [
            sequencer.readout_valid.eq(readout.valid),
            readout.fold.eq(decision.index),
            decision.code.eq(readout.code),
            decision.counted.eq(readout.saturations),
            decision.start.eq(sequencer.decide),
            sequencer.decided.eq(decision.done),
            sequencer.answer_ready.eq(answer.ready),
            answer.push.eq(sequencer.push),
            answer.decision.eq(decision.decision),
            answer.scores.eq(decision.scores),
        ]

    def _count(self, m: Module, buffer, sequencer, hidden, cell, decision, window) -> None:
        def new(strobe: Value) -> Value:
            """Only of sequences that came as packets: a replay's cycles are counted together and apart."""
            return strobe & ~sequencer.replaying if self.design.capabilities.replays else strobe

        pulses = window.pulses + self._learning.engine.applied if self._learning else window.pulses
        m.d.comb += [
            self.steps_increment.eq(new(sequencer.step_done)),
            self.sequences_increment.eq(sequencer.push),
            self.step_cycles_increment.eq(new(sequencer.stepping)),
            self.readout_cycles_increment.eq(new(sequencer.reading_out)),
            self.idle_cycles_increment.eq(~sequencer.busy),
            self.pulses_increment.eq(pulses),
            self.adc_saturations_increment.eq(decision.saturations),
        ]
        if not self.design.capabilities.bistable:
            with m.If(sequencer.issue):
                m.d.comb += self.adc_saturations_increment.eq(hidden.saturations)
            with m.If(cell.commit):
                m.d.comb += self.word_saturations_increment.eq(cell.word_saturations)
        if self._learning:
            engine = self._learning.engine
            m.d.comb += [
                self.learned_increment.eq(new(engine.learned)),
                self.learn_cycles_increment.eq(new(sequencer.learning)),
                self.feedback_cycles_increment.eq(new(engine.preparing)),
                self.pulses_dropped_increment.eq(engine.dropped),
            ]
            for layer in Layer:
                with m.If(engine.layer_written == layer):
                    for kind, source in WRITE_COUNTERS.items():
                        increment = getattr(self, f"{kind}_{layer.name}_increment".lower())
                        m.d.comb += increment.eq(getattr(engine, source))
        if self.design.capabilities.replays:
            m.d.comb += [
                self.replayed_increment.eq(self._learning.engine.learned & sequencer.replaying),
                self.replay_cycles_increment.eq((sequencer.replaying | sequencer.drawing) & ~sequencer.inserting),
                self.accepted_increment.eq(self._learning.reservoir.accepted),
                self.insert_cycles_increment.eq(sequencer.inserting),
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
