"""The core: everything between the streams and the registers, with both layers' crossbars."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.cells.registry import cell_class
from remora.hdl.crossbar.bit_streamer import BitStreamer
from remora.hdl.crossbar.bring_up.macro_watch import MacroWatch, WatchHost
from remora.hdl.crossbar.bring_up.stretch import Recovery, Stretch
from remora.hdl.crossbar.correction.connection import connect_correction, share_strobes, through_bias_row
from remora.hdl.crossbar.correction.correction import Correction
from remora.hdl.crossbar.correction.host import CorrectionHost
from remora.hdl.crossbar.crossbar_array import CrossbarArray, share_of
from remora.hdl.crossbar.decision import Decision
from remora.hdl.crossbar.every_step.step_answer import StepAnswer
from remora.hdl.crossbar.every_step.step_slots import StepSlots
from remora.hdl.crossbar.gain.code_gain import GainHost
from remora.hdl.crossbar.result_slots import ResultSlots
from remora.hdl.crossbar.self_test.host import SelfTestHost
from remora.hdl.crossbar.self_test.self_test import SelfTest
from remora.hdl.crossbar.sequence_buffer import SequenceBuffer
from remora.hdl.crossbar.sequencer import Sequencer
from remora.hdl.crossbar.spares.spare_map import SpareMap, SpareMapHost
from remora.hdl.crossbar.verify.connection import share_row_reads
from remora.hdl.crossbar.weight_window import WeightWindow
from remora.hdl.crossbar.window.host import WindowHost
from remora.hdl.learning.core_learning import CoreLearning
from remora.hdl.lib.answer import Answer
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.counters import CounterIncrements
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import drive, pass_on
from remora.hdl.lib.reading import POLARITIES, STROBES
from remora.hdl.macros.program_port import ProgramPort, share_program, share_program_late
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import UNITY
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import BEAT_BYTES, Drop

LEARNING_HOSTS = ("host", "replay", "healing", "memory")
"""Ports of learning that the registers reach, where the design has them; the core's have ``learning_`` before."""


class Core(wiring.Component):
    """Packets in, answers out; weights through the window.

    ``abort`` leaves packets whole: an answer under way is sent to its end, or to the end of the part that the output
    has taken over where every step has one, the rest of a packet being received is swallowed. A core that learns keeps
    weights and reservoir: there ``abort`` waits, ``busy`` meanwhile, for the end of an update, a draw or an insertion
    that it finds under way.

    A tile that does not answer in time acts like ``abort``; besides, nothing starts until the next ``abort``. An update
    that such a tile holds up ends without the pulses that are left, and then ``abort`` takes effect.

    Rules L16, X9 and Z2.

    Ports:
        input: packets.
        output: answers.
        run: sequences may start, once the window and the last pulse are done; never raised while ``window.charged``.
        abort: forgets what is in flight; the core is idle again.
        halted: not ``run``, and nothing is in flight, the answer sent.
        busy: a sequence is in flight, or ``abort`` waits.
        sequence_done: an answer was handed over.
        dropped: one bit a cause, high for one cycle when a packet is dropped.
        cell: the parameters of the cell, to be changed only while ``halted``.
        window: the way to the weights, to be used only while ``halted``.
        gain: of the codes of each layer, where the design has gains; to be changed only while ``halted``.
        self_test: the self-test, where the design has it; likewise, and not while the window is busy.
        correction: what is added to codes, and its calibration, where the design has it; used like the self-test.
        watch: how long the core waits for a tile, and for which it has waited too long.
        stretch: how much more time than by the design point what the tiles do takes.
        spares: what the spare columns stand in for, where the design has some; to be changed only while ``halted``.
        counts: what the counters grow by in this cycle.
        learning_host: of :class:`remora.hdl.learning.core_learning.CoreLearning`, where the design learns.
        learning_replay: of the same, where the design replays.
        learning_healing: of the same, where the design heals.
        learning_memory: of the same, where learning has memories.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self._decision, self._window = Decision(design), WeightWindow(design)
        self._cell = cell_class(design)(design)
        self._learning = CoreLearning(design) if design.capabilities.learns else None
        self._self_test = SelfTest(design) if design.capabilities.tests_itself else None
        self._correction = Correction(design) if design.capabilities.corrects else None
        hosts = self._learning.signature.members if self._learning else {}
        super().__init__(
            {
                "input": In(AxiStream(BEAT_BYTES)),
                "output": Out(AxiStream(BEAT_BYTES)),
                "run": In(1),
                "abort": In(1),
                "halted": Out(1),
                "busy": Out(1),
                "sequence_done": Out(1),
                "dropped": Out(len(Drop)),
                "cell": In(self._cell.host_port(design)),
                "window": In(WindowHost(design)),
                "watch": In(WatchHost()),
                "stretch": In(Stretch()),
                **({"gain": In(GainHost())} if design.capabilities.gains else {}),
                **({"self_test": In(SelfTestHost())} if self._self_test else {}),
                **({"spares": In(SpareMapHost())} if design.capabilities.spares else {}),
                **({"correction": In(CorrectionHost(design))} if self._correction else {}),
                **{f"learning_{name}": hosts[name] for name in LEARNING_HOSTS if name in hosts},
                "counts": Out(CounterIncrements(self._increment_bits())),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, learning = self.design, self._learning
        every = design.capabilities.reads_every_step
        watch = add_submodule(m, "watch", MacroWatch())
        abort = self._abort(m, watch)
        buffer = add_submodule(m, "buffer", SequenceBuffer(design))
        sequencer = add_submodule(m, "sequencer", Sequencer(design), reset=abort)
        streamer = add_submodule(m, "streamer", BitStreamer(design))
        # Of the readout's words; it has no features.
        readout_streamer = add_submodule(m, "readout_streamer", BitStreamer(design))
        arrays = {
            layer: add_submodule(m, layer.name.lower(), CrossbarArray(design, layer), reset=abort) for layer in Layer
        }
        cell = add_submodule(m, "hidden_cell", self._cell, reset=abort)
        decision = add_submodule(m, "classifier", self._decision, reset=abort)
        slots = add_submodule(m, "slots", StepSlots(design) if every else ResultSlots(design), reset=abort)
        answer = add_submodule(m, "answer", StepAnswer(design) if every else Answer(design))
        window = add_submodule(m, "window", self._window, reset=abort)
        test = add_submodule(m, "self_test", self._self_test, reset=abort) if self._self_test else None

        if design.capabilities.spares:
            # No reset of the core forgets what stands in for what.
            spares = add_submodule(m, "spares", SpareMap(design))
            pass_on(m, self.spares, spares.host)
            for layer, array in arrays.items():
                wiring.connect(m, getattr(spares, layer.name.lower()), array.spares)
        if self._correction:
            correction = add_submodule(m, "correction", self._correction)
            pass_on(m, self.correction, correction.host)
            self._bias_rows = connect_correction(m, design, correction, arrays, abort, self._self_test)
        pass_on(m, self.input, buffer.stream)
        wiring.connect(m, answer.stream, wiring.flipped(self.output))
        pass_on(m, self.cell, cell.host)
        pass_on(m, self.window, window.host)
        pass_on(m, self.watch, watch.host)
        if learning:
            self._connect_learning(m, buffer, sequencer)
        sequences = learning.sequences if learning else buffer.sequences
        wiring.connect(m, sequences, sequencer.sequences)
        wiring.connect(m, sequencer.streaming, streamer.control)
        wiring.connect(m, sequencer.readout_streaming, readout_streamer.control)
        wiring.connect(m, sequencer.cell, cell.control)
        self._connect_columns(m, cell.columns, arrays[Layer.HIDDEN])
        wiring.connect(m, sequencer.decision, decision.control)
        self._connect_columns(m, decision.columns, arrays[Layer.READOUT])
        if not cell.at_bitlines:
            wiring.connect(m, cell.ended, sequencer.ended)
        streamers = {Layer.HIDDEN: streamer, Layer.READOUT: readout_streamer}
        self._connect_crossbars(m, sequencer, streamers, arrays)
        self._stretch(m, sequencer, window, arrays)
        self._connect_results(m, sequencer, slots, answer, sequences)
        # Nothing is read while something is programmed: by the window, or by a pulse that a reset has left under way.
        ready = self.run & ~window.host.busy & ~watch.stopped
        if test:
            pass_on(m, self.self_test, test.host)
            ready = ready & ~test.host.busy
        if self._correction:
            ready = ready & ~self._correction.host.busy
        for layer, array in arrays.items():
            ready = ready & ~array.program.busy
            wiring.connect(m, array.waits, getattr(watch, layer.name.lower()))
            if design.capabilities.gains:
                # Self-test and calibration measure what the converters give.
                gain = getattr(self.gain, layer.name.lower())
                for measurer in (self._self_test, self._correction):
                    gain = Mux(measurer.host.busy, UNITY, gain) if measurer else gain
                m.d.comb += array.gain.eq(gain)
        m.d.comb += [
            streamer.features.eq(sequences.reader.features),
            streamer.words.eq(cell.words),
            cell.streamed.eq(sequencer.at_hand.context_index),
            readout_streamer.words.eq(cell.readout_words),
            cell.read_out.eq(sequencer.read_out if every else sequencer.context_index),
            sequencer.run.eq(ready & ~learning.clearing if learning else ready),
            buffer.abort.eq(abort),
            *([answer.close.eq(abort)] if every else []),
            self.busy.eq(sequencer.busy | learning.waiting if learning else sequencer.busy),
            self.halted.eq(~self.run & ~self.busy & slots.empty & (answer.empty if every else answer.ready)),
            self.sequence_done.eq(self._answered(sequencer)),
            self.dropped.eq(buffer.dropped),
        ]
        self._count(m, buffer, sequencer)
        return m

    def _abort(self, m: Module, watch: MacroWatch) -> Value:
        """The reset of what is in flight: asked for, or because a tile does not answer.

        A core that learns ends what it must end before. A reset that was asked for forgets the causes as well.
        """
        learning, asked = self._learning, self.abort | watch.host.expired
        if not learning:
            m.d.comb += watch.clear.eq(self.abort)
            return asked
        add_submodule(m, "learning", learning)
        waiting = Signal()
        m.d.comb += [
            learning.abort.eq(asked),
            learning.give_up.eq(watch.stopped),
            watch.clear.eq(learning.reset & (self.abort | waiting)),
        ]
        m.d.sync += waiting.eq((self.abort | waiting) & ~learning.reset)
        return learning.reset

    def _stretch(self, m: Module, sequencer: Sequencer, window: WeightWindow, arrays) -> None:
        """Whoever reads or programs the crossbars gives them the same time."""
        recovery = add_submodule(m, "recovery", Recovery())
        m.d.comb += [
            *(
                getattr(part.stretch, name).eq(getattr(self.stretch, name))
                for part in (sequencer, window, self._self_test, self._correction)
                if hasattr(part, "stretch")
                for name in part.stretch.signature.members
            ),
            recovery.cycles.eq(self.stretch.pulse),
            recovery.pulse.eq(Cat(array.waits.pulse for array in arrays.values()).any()),
        ]
        for array in arrays.values():
            m.d.comb += [
                array.convert_stretch.eq(self.stretch.convert),
                array.recovering.eq(recovery.recovering),
            ]

    def _answered(self, sequencer: Sequencer) -> Value:
        """The answer of a sequence is handed over, or the last part of it."""
        push = sequencer.answer.push
        return push & sequencer.last if self.design.capabilities.reads_every_step else push

    def _connect_results(
        self, m: Module, sequencer: Sequencer, slots: ResultSlots | StepSlots, answer: Answer | StepAnswer, sequences
    ) -> None:
        """From the decision through the slots to the answer."""
        wiring.connect(m, sequencer.answer, slots.control)
        drive(
            m, slots.result, decision=self._decision.decision, scores=self._decision.scores,
            flags=sequences.header.flags, tag=sequences.header.tag,
            **({"last": sequencer.last} if self.design.capabilities.reads_every_step else {}),
        )  # fmt: skip
        m.d.comb += [
            slots.number.eq(sequencer.number),
            sequencer.oldest.eq(slots.oldest),
            answer.push.eq(slots.answer.push),
            slots.answer.ready.eq(answer.ready),
            *(getattr(answer, name).eq(getattr(slots.next, name)) for name in slots.next.signature.members),
        ]

    def _connect_learning(self, m: Module, buffer: SequenceBuffer, sequencer: Sequencer) -> None:
        learning = self._learning
        wiring.connect(m, buffer.sequences, learning.stored)
        wiring.connect(m, sequencer.learning, learning.control)
        wiring.connect(m, self._cell.commit, learning.commit)
        words = self._cell.words
        if self.design.capabilities.reads_every_step:
            words = Mux(sequencer.learning.learning, self._cell.readout_words, words)
        m.d.comb += [learning.words.eq(words), learning.scores.eq(self._decision.scores)]
        if self.design.capabilities.heals:
            m.d.comb += learning.decision.eq(self._decision.decision)
        if self.design.capabilities.compensates:
            wiring.connect(m, self._window.map, learning.map)
        for name in LEARNING_HOSTS:
            if name in learning.signature.members:
                pass_on(m, getattr(self, f"learning_{name}"), getattr(learning, name))

    def _connect_columns(self, m: Module, taker: wiring.PureInterface, array: CrossbarArray) -> None:
        """Whoever takes a layer's columns asks for them, or the self-test or the calibration does."""
        others = [other for other in (self._self_test, self._correction) if hasattr(other, "hidden_columns")]
        if not others:
            wiring.connect(m, taker, array.columns)
            return
        takers, fold = [taker], taker.fold
        for other in others:
            takers.append(getattr(other, f"{array.layout.layer.name.lower()}_columns"))
            fold = Mux(other.host.busy, takers[-1].fold, fold)
        m.d.comb += array.columns.fold.eq(fold)
        for name in ("code", "saturations"):
            m.d.comb += [getattr(each, name).eq(getattr(array.columns, name)) for each in takers]

    def _share_with_self_test(self, m: Module, layer: Layer, array: CrossbarArray, program, read: dict[str, Value]):
        """The program port that is left to the others, and the strobes with those of the self-test among them."""
        test, name = self._self_test, layer.name.lower()
        if not test:
            return program, read
        others, busy = ProgramPort(self.design).create(), test.host.busy
        share_program(m, program, busy, getattr(test, f"program_{name}"), others)
        strobes = getattr(test.probe, name)
        m.d.comb += [strobes.valid.eq(array.strobes.valid), getattr(test.probe, f"{name}_code").eq(array.selected_code)]
        read["plane"] = Mux(busy, test.probe.plane, read["plane"])
        read["integrator"] = Mux(busy, strobes.integrator, read["integrator"])
        for strobe in ("drive", *STROBES):
            if strobe != "integrator":
                read[strobe] = read[strobe] | getattr(strobes, strobe)
        for polarity in POLARITIES:
            read[polarity] = read[polarity] | getattr(test.wordlines, f"{name}_{polarity}")
        return others, read

    def _connect_crossbars(self, m: Module, sequencer: Sequencer, streamers, arrays) -> None:
        """A streamer drives each layer's wordlines, or the window does while the engine is halted; the other's are 0.

        The program ports are the window's; where the core learns, the engine's while it does.
        """
        window, learning, probe = self._window, self._learning, self._window.probe
        for layer, array in arrays.items():
            name, streamer = layer.name.lower(), streamers[layer]
            of_steps, of_probe, program = getattr(sequencer, name), getattr(probe, name), f"program_{name}"
            # Which integrator is next is left over from the steps.
            integrator = Mux(window.host.busy, of_probe.integrator, of_steps.integrator)
            read = {
                **{
                    polarity: share_of(self.design, layer, getattr(streamer, f"wl_{polarity}"))
                    | getattr(window.wordlines, f"{name}_{polarity}")
                    for polarity in POLARITIES
                },
                "plane": Mux(window.host.busy, probe.plane, streamer.control.plane),
                **{s: getattr(of_steps, s) | getattr(of_probe, s) for s in ("drive", *STROBES) if s != "integrator"},
                "integrator": integrator,
            }
            share_row_reads(m, learning, self.stretch, array, read)
            port, code = array.program, array.selected_code
            if self.design.capabilities.digital_bias:
                port, code = through_bias_row(self._bias_rows[layer], code, read)
            target, read = self._share_with_self_test(m, layer, array, port, read)
            if self._correction and self.design.capabilities.calibrates:
                share_strobes(m, self._correction, array, read)
            m.d.comb += [
                *(getattr(array, f"wl_{polarity}").eq(read[polarity]) for polarity in POLARITIES),
                array.plane.eq(read["plane"]),
                *(getattr(array.strobes, s).eq(read[s]) for s in ("drive", *STROBES) if s != "integrator"),
                array.strobes.integrator.eq(read["integrator"]),
                of_steps.valid.eq(array.strobes.valid),
                of_probe.valid.eq(array.strobes.valid),
                getattr(probe, f"{name}_code").eq(code),
            ]
            of_window = getattr(window, program)
            if learning:
                share_program_late(m, target, sequencer.learning.learning, getattr(learning, program), of_window)
            else:
                wiring.connect(m, of_window, target if self._self_test is None else wiring.flipped(target))

    def _increment_bits(self) -> dict[Counter, int]:
        """Widths of what the counters grow by; a sum of what two blocks count."""
        bits: dict[Counter, int] = dict.fromkeys(self.design.counters(), 1)
        own = {Counter.ADC_SATURATIONS: len(self._decision.saturations), Counter.PULSES: len(self._window.pulses)}
        if self.design.capabilities.counts_codes:
            own[Counter.CODES] = unsigned_width(self.design.codes_per_step + self.design.codes_per_readout)
        parts = [own, self._cell.counts.signature.bits]
        parts += [self._window.counts.signature.bits] if self.design.capabilities.verifies else []
        parts += [self._learning.counts.signature.bits] if self._learning else []
        counted: set[Counter] = set()
        for part in parts:
            bits |= {counter: max(bits[counter], width) + (counter in counted) for counter, width in part.items()}
            counted |= part.keys()
        return bits

    def _waits(self, sequencer: Sequencer) -> dict[str, Value]:
        if not self.design.capabilities.interleaves:
            return {}
        return {f"{name}_wait_cycles": getattr(sequencer.waits, name) for name in ("input", "output", "converter")}

    def _count(self, m: Module, buffer: SequenceBuffer, sequencer: Sequencer) -> None:
        def new(strobe: Value) -> Value:
            """Only of sequences that came as packets: a replay's cycles are counted together and apart."""
            return strobe & ~sequencer.learning.replaying if self.design.capabilities.replays else strobe

        counts: dict[str, Value] = {
            "cycles": Const(1),
            "steps": new(sequencer.step_done.valid),
            "sequences": self._answered(sequencer),
            "step_cycles": new(sequencer.stepping),
            "readout_cycles": new(sequencer.reading_out),
            "idle_cycles": sequencer.idle,
            "pulses": self._window.pulses,
            "adc_saturations": self._decision.saturations,
            **self._waits(sequencer),
            **{f"dropped_{drop.name.lower()}": buffer.dropped[drop] for drop in Drop},
        }
        if self.design.capabilities.counts_codes:
            counts["codes"] = Mux(sequencer.step_done.valid, self.design.codes_per_step, 0) + Mux(
                sequencer.decision.start, self.design.codes_per_readout, 0
            )
        for part in (self._cell, self._learning, self._window if self.design.capabilities.verifies else None):
            for name in part.counts.signature.members if part else ():
                count = getattr(part.counts, name)
                counts[name] = counts[name] + count if name in counts else count
        m.d.comb += [getattr(self.counts, name).eq(count) for name, count in counts.items()]
