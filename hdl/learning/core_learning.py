"""Learning in a core: the learning engine, the reservoir, the way to their memories, and a soft reset that waits."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.control import LearningControl
from remora.hdl.learning.healing.healing import Healing
from remora.hdl.learning.healing.host import HealingHost
from remora.hdl.learning.host import LearningHost, ReplayHost
from remora.hdl.learning.learning_engine import LearningEngine
from remora.hdl.learning.memory_window import MemoryHost, MemoryWindow
from remora.hdl.learning.reservoir import Reservoir
from remora.hdl.lib.columns import CommittedCodes
from remora.hdl.lib.counters import CounterIncrements
from remora.hdl.lib.fault_marks import MarkedColumn
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.sequence import Sequences
from remora.hdl.macros.program_port import ProgramPort
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib.fixed import unsigned_width

COUNTED_WRITES = {
    "PULSES": "applied",
    "PULSES_DROPPED": "dropped",
    **{f"PULSES_{layer.name}": "applied" for layer in Layer},
    **{f"PULSES_DROPPED_{layer.name}": "dropped" for layer in Layer},
    **{f"DEVICES_{layer.name}": "devices" for layer in Layer},
}
"""Counters of what learning writes, of both layers or one, and what they count of the engine."""


RATES = ("hidden_rate_shift", "readout_rate_shift")
"""Settings of which healing has its own."""


VERIFYING = ("stretch", "crossbars", "wordlines")
"""Ports of the engine by which it reads rows that it pulses."""


class CoreLearning(wiring.Component):
    """Listens while a sequence is inferred, updates the weights after it, and chooses the sequence that is next.

    Stands between the sequence buffer and its readers: ``sequences`` are those of ``stored``. While
    ``control.replaying`` features, length and label are those of a sequence of the reservoir; while
    ``control.learning`` the engine reads the features.

    A soft reset does not reach weights and reservoir: ``reset``, which resets the rest of the core, waits for the end
    of an update, a draw or an insertion under way.

    Rules Z3, M12 and M15.

    Ports:
        abort: asks for a soft reset.
        reset: the cycle in which the soft reset takes effect: at once, or when update, draw or insertion have ended.
        waiting: a soft reset waits.
        give_up: tiles do not answer; an update goes on without pulses.
        clearing: all χ and the fault map are being cleared, or the memory window is at work; no sequence may start.
        control: what the sequencer and learning tell each other.
        stored: the sequences of the buffer.
        sequences: those that are read.
        commit: codes of the cell, of the step whose words are kept.
        words: as streamed; they stay from ``control.keep_words`` until the first fold of the step commits.
        scores: of the readout, stable until ``control.done``.
        decision: of the same, with ``control.start``; of a design that heals.
        program_hidden: programs the hidden layer, while ``control.learning``.
        program_readout: programs the readout, while ``control.learning``.
        host: settings and progress.
        replay: settings and counts of the reservoir, of a design that replays.
        healing: settings and state of healing, of a design that heals.
        memory: the way to the memories, where there are some.
        map: how the weight window reads the fault map, of a design that has one, while nothing is learnt.
        counts: what the counters of learning grow by in this cycle.
        stretch: as of :class:`remora.hdl.learning.learning_engine.LearningEngine`, of a design that verifies.
        crossbars: as there.
        wordlines: as there.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self._engine = design, LearningEngine(design)
        self._memories = host_memories(design)
        formats, network = design.formats, design.network
        bits = dict.fromkeys((Counter.PULSES, *(counter for counter in design.counters() if counter.needs)), 1)
        bits |= {Counter[name]: len(getattr(self._engine, source)) for name, source in COUNTED_WRITES.items()}
        engine = self._engine.signature.members
        super().__init__(
            {
                "abort": In(1),
                "reset": Out(1),
                "waiting": Out(1),
                "give_up": In(1),
                "clearing": Out(1),
                "control": In(LearningControl(design)),
                "stored": In(Sequences(design)),
                "sequences": Out(Sequences(design)),
                "commit": In(CommittedCodes(design)),
                "words": In((formats.stream_bits + 1) * network.hidden),
                "scores": In(formats.adc_bits * network.classes),
                **({"decision": In(unsigned_width(network.classes - 1))} if design.capabilities.heals else {}),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
                "host": In(LearningHost(design)),
                **({"replay": In(ReplayHost(design))} if design.capabilities.replays else {}),
                **({"healing": In(HealingHost())} if design.capabilities.heals else {}),
                **({"memory": In(MemoryHost(self._memories, design.capabilities.parity))} if self._memories else {}),
                **({"map": In(MarkedColumn(design))} if design.capabilities.compensates else {}),
                "counts": Out(CounterIncrements(bits)),
                **{name: engine[name] for name in VERIFYING if name in engine},
            }
        )

    def elaborate(self, platform) -> Module:
        """A reset of ``reset`` does not reach the blocks: what they hold stays, and what they do they end."""
        m = Module()
        engine, control, host = add_submodule(m, "learner", self._engine), self.control, self.host
        reservoir = add_submodule(m, "reservoir", Reservoir(self.design)) if self.design.capabilities.replays else None
        m.d.comb += self.clearing.eq(self._connect_memories(m, reservoir) if self._memories else engine.clearing)
        self._hold_reset(m, reservoir)
        self._connect_engine(m)
        pass_on(m, self.program_hidden, engine.program_hidden)
        pass_on(m, self.program_readout, engine.program_readout)
        if self.design.capabilities.compensates:
            pass_on(m, self.map, engine.map)
        if self.design.capabilities.verifies_learning:
            for name in VERIFYING:
                pass_on(m, getattr(self, name), getattr(engine, name))
            m.d.comb += [engine.verify_feedback.eq(host.verify_feedback), self.counts.given_up.eq(engine.given_up)]
        m.d.comb += [
            host.columns_done.eq(engine.columns_done),
            host.updates.eq(engine.updates),
        ]
        with m.If(engine.done | host.load_updates):
            m.d.sync += host.updating.eq(engine.done & engine.stopped)
        with m.If(engine.start):
            m.d.sync += host.updating.eq(1)
        asked, features = self.sequences.reader, self.stored.reader
        # While a sequence is learnt the context that reads is its own, and so is the bank.
        read = asked.read | engine.read_features
        step = Mux(control.learning, engine.feature_step, asked.step)
        m.d.comb += features.bank.eq(Mux(control.holding, self.stored.header.bank, asked.bank))
        if reservoir:
            self._choose_sequence(m, reservoir, read, step)
            self._connect_reservoir(m, reservoir)
            if self.design.capabilities.heals:
                self._connect_healing(m, reservoir)
        else:
            m.d.comb += [
                asked.features.eq(features.features),
                self.sequences.header.label.eq(self.stored.header.label),
                self.sequences.header.length.eq(self.stored.header.length),
                features.read.eq(read),
                features.step.eq(step),
            ]
        self._pass_sequence(m)
        self._count(m, reservoir)
        return m

    def _hold_reset(self, m: Module, reservoir: Reservoir | None) -> None:
        asked, ended = self.abort | self.waiting, self._engine.done
        if reservoir:
            ended = ended | reservoir.drawn | reservoir.inserted
        m.d.comb += self.reset.eq(asked & (~self.control.holding | ended))
        m.d.sync += self.waiting.eq(asked & ~self.reset)

    def _connect_engine(self, m: Module) -> None:
        """The engine listens during inference, and has features to itself while it learns."""
        engine, control, header = self._engine, self.control, self.sequences.header
        settings = ["seed", *RATES, "load_updates", "updates_value"]
        for name in [*settings, *(["winners"] if self.design.capabilities.selects else [])]:
            setting: Value = getattr(self.host, name)
            if name in RATES and self.design.capabilities.heals:
                setting = Mux(control.healing, getattr(self.healing, name), setting)
            m.d.comb += getattr(engine, name).eq(setting)
        m.d.comb += [
            control.done.eq(engine.done),
            engine.context_index.eq(control.context_index),
            engine.step.eq(control.step),
            engine.keep_words.eq(control.keep_words),
            engine.words.eq(self.words),
            engine.keep_codes.eq(self.commit.valid),
            engine.fold.eq(self.commit.fold),
            engine.codes.eq(self.commit.code),
            # A soft reset in this very cycle finds the sequencer still reading out, and it takes effect at once.
            engine.start.eq(control.start & ~self.reset),
            engine.length.eq(header.length),
            engine.label.eq(header.label),
            engine.scores.eq(self.scores),
            engine.features.eq(self.sequences.reader.features),
            engine.stop.eq(self.waiting),
            engine.give_up.eq(self.give_up),
        ]

    def _pass_sequence(self, m: Module) -> None:
        """What is the packet's own passes unchanged, and so does the end of a sequence."""
        stored, header = self.stored, self.sequences.header
        m.d.comb += [
            *(
                getattr(self.sequences.arrived, n).eq(getattr(stored.arrived, n))
                for n in ("available", "bank", "length", "flags")
            ),
            stored.arrived.take.eq(self.sequences.arrived.take),
            stored.header.bank.eq(header.bank),
            stored.header.free.eq(header.free),
            header.flags.eq(stored.header.flags),
            # A healing replay came in no packet.
            header.tag.eq(
                Mux(self.control.healing, 0, stored.header.tag) if self.design.capabilities.heals else stored.header.tag
            ),
        ]

    def _choose_sequence(self, m: Module, reservoir: Reservoir, read: Value, step: Value) -> None:
        """What is replayed comes from the reservoir, everything else from the sequence buffer."""
        stored, header, replaying = self.stored, self.sequences.header, self.control.replaying
        m.d.comb += [
            header.length.eq(Mux(replaying, reservoir.length, stored.header.length)),
            header.label.eq(Mux(replaying, reservoir.label, stored.header.label)),
            self.sequences.reader.features.eq(Mux(replaying, reservoir.features, stored.reader.features)),
            reservoir.read.eq(read & replaying),
            reservoir.step.eq(step),
            stored.reader.read.eq((read & ~replaying) | reservoir.insert_read),
            stored.reader.step.eq(Mux(self.control.inserting, reservoir.insert_step, step)),
        ]

    def _connect_reservoir(self, m: Module, reservoir: Reservoir) -> None:
        control, replay, stored = self.control, self.replay, self.stored
        for name in ("freeze", "clear", "load", "presented_value", "filled_value"):
            m.d.comb += getattr(reservoir, name).eq(getattr(replay, name))
        m.d.comb += [
            control.ratio.eq(replay.ratio),
            control.stocked.eq(reservoir.filled != 0),
            reservoir.next_sequence.eq(control.next_sequence & ~self.reset),
            reservoir.draw.eq(control.draw),
            reservoir.replay_index.eq(control.replay_index),
            control.drawn.eq(reservoir.drawn),
            reservoir.insert.eq(control.insert),
            reservoir.insert_length.eq(stored.header.length),
            reservoir.insert_label.eq(stored.header.label),
            reservoir.insert_features.eq(stored.reader.features),
            control.inserted.eq(reservoir.inserted),
            reservoir.seed.eq(self.host.seed),
            replay.presented.eq(reservoir.presented),
            replay.filled.eq(reservoir.filled),
        ]
        with m.If(reservoir.next_sequence):
            m.d.sync += replay.pending.eq(1)
        with m.If(reservoir.inserted | reservoir.clear | reservoir.load):
            m.d.sync += replay.pending.eq(0)

    def _connect_healing(self, m: Module, reservoir: Reservoir) -> None:
        """Every replay is weighed as its update begins, like `_connect_engine`; the reservoir draws by the last q."""
        healing, control = add_submodule(m, "healing_unit", Healing()), self.control
        pass_on(m, self.healing, healing.host)
        m.d.comb += [
            healing.replayed.eq(control.start & control.replaying & ~self.reset),
            healing.right.eq(self.decision == self.sequences.header.label),
            healing.healing.eq(control.healing),
            healing.reset.eq(self.reset),
            control.heal.eq(healing.asked & control.stocked),
            reservoir.healing.eq(control.healing),
            reservoir.updates.eq(self._engine.updates),
        ]

    def _connect_memories(self, m: Module, reservoir: Reservoir | None) -> Value:
        """The registers on one side, the memories' host ports on the other; returns that the memories are in use."""
        window = add_submodule(m, "memory_window", MemoryWindow(self._memories, self.design.capabilities.parity))
        for name, member in self.memory.signature.members.items():
            outside, inside = getattr(self.memory, name), getattr(window.host, name)
            if member.flow is In:
                m.d.comb += inside.eq(outside)
            elif name != "busy":
                m.d.comb += outside.eq(inside)
        # While accumulators and fault map are being cleared nobody may come between.
        m.d.comb += self.memory.busy.eq(window.host.busy | self._engine.clearing)
        sources = {
            HostMemory.ACCUMULATORS: (self._engine, "host"),
            HostMemory.RESERVOIR_STEPS: (reservoir, "host_steps"),
            HostMemory.RESERVOIR_HEADS: (reservoir, "host_heads"),
            HostMemory.FAULT_MAP: (self._engine, "host_faults"),
        }
        for memory in self._memories:
            wiring.connect(m, getattr(window, memory.name.lower()), getattr(*sources[memory]))
        return self.memory.busy

    def _count(self, m: Module, reservoir: Reservoir | None) -> None:
        engine, control, counts = self._engine, self.control, self.counts
        replaying = control.replaying if reservoir else Const(0)
        m.d.comb += [
            counts.learned.eq(engine.learned & ~replaying),
            counts.learn_cycles.eq(control.learning & ~replaying),
            counts.feedback_cycles.eq(engine.preparing & ~replaying),
            counts.pulses.eq(engine.applied),
            counts.pulses_dropped.eq(engine.dropped),
        ]
        for layer in Layer:
            with m.If(engine.layer_written == layer):
                for name, source in COUNTED_WRITES.items():
                    if name.endswith(layer.name):
                        m.d.comb += getattr(counts, name.lower()).eq(getattr(engine, source))
        if reservoir:
            replayed, cycles = engine.learned & replaying, (replaying | control.drawing) & ~control.inserting
            if self.design.capabilities.heals:
                m.d.comb += [
                    counts.healed.eq(replayed & control.healing),
                    counts.heal_cycles.eq(cycles & control.healing),
                ]
                replayed, cycles = replayed & ~control.healing, cycles & ~control.healing
            m.d.comb += [
                counts.replayed.eq(replayed),
                counts.replay_cycles.eq(cycles),
                counts.accepted.eq(reservoir.accepted),
                counts.insert_cycles.eq(control.inserting),
            ]
