"""How the core connects what learns: the learning engine, the reservoir, and a soft reset that waits for both."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.learning_engine import LearningEngine
from remora.hdl.learning.memory_window import MemoryWindow, memory_window_members
from remora.hdl.learning.reservoir import RATIO_BITS, Reservoir
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_RATE_SHIFT
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import Flag

COLUMNS_BITS = 16


def learning_members(design: DesignPoint) -> dict:
    """What a core that learns has besides: see `remora.hdl.crossbar.core.Core`."""
    if not design.capabilities.learns:
        return {}
    members = {
        "seed": In(WORD),
        "hidden_rate_shift": In(MOST_RATE_SHIFT.bit_length()),
        "readout_rate_shift": In(MOST_RATE_SHIFT.bit_length()),
        "load_updates": In(1),
        "updates_value": In(WORD),
        "updates": Out(WORD),
        "columns_done": Out(COLUMNS_BITS),
        "updating": Out(1),
    }
    if design.capabilities.selects:
        members["winners"] = In(unsigned_width(design.network.hidden))
    if memories := host_memories(design):
        members["memory"] = In(
            wiring.Signature({name: member.flip() for name, member in memory_window_members(memories).items()})
        )
    if design.capabilities.replays:
        members |= {
            "replay_ratio": In(RATIO_BITS),
            "freeze": In(1),
            "clear_reservoir": In(1),
            "load_reservoir": In(1),
            "presented_value": In(WORD),
            "filled_value": In(unsigned_width(design.learning.replay_capacity)),
            "presented": Out(WORD),
            "filled": Out(unsigned_width(design.learning.replay_capacity)),
            "pending": Out(1),
        }
    return members


class CoreLearning:
    """The blocks of learning in a core, and their connections.

    Rule Z3.

    Attributes:
        engine: weights change only here.
        reservoir: None where nothing is replayed.
        window: the host's way into their memories; None where there are none.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.engine = design, LearningEngine(design)
        self.reservoir = Reservoir(design) if design.capabilities.replays else None
        memories = host_memories(design)
        self.window = MemoryWindow(memories) if memories else None

    def add_submodules(self, m: Module) -> None:
        """Add the blocks; a soft reset does not reach them: what they hold stays, and what they do they end."""
        add_submodule(m, "learner", self.engine)
        if self.reservoir:
            add_submodule(m, "reservoir", self.reservoir)
        if self.window:
            add_submodule(m, "memory_window", self.window)

    def hold_abort(self, m: Module, abort: Value, sequencer) -> Value:
        """The cycle in which a soft reset takes effect: at once, or when update, draw or insertion have ended."""
        waiting, now = Signal(), Signal()
        asked = abort | waiting
        ended = self.engine.done
        if self.reservoir:
            ended = ended | self.reservoir.drawn | self.reservoir.inserted
        m.d.comb += now.eq(asked & (~sequencer.holding | ended))
        m.d.sync += waiting.eq(asked & ~now)
        self.waiting, self._aborted = waiting, now
        return now

    def connect(self, m: Module, core, buffer, sequencer, streamer, cell, decision) -> None:
        """The engine listens during inference, and has features to itself while it learns."""
        engine = self.engine
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
            # A soft reset in this very cycle finds the sequencer still reading out, and it takes effect at once.
            engine.start.eq(sequencer.learn_start & ~self._aborted),
            engine.length.eq(sequencer.length),
            engine.scores.eq(decision.scores),
            engine.features.eq(streamer.features),
            engine.stop.eq(self.waiting),
            core.columns_done.eq(engine.columns_done),
            core.updates.eq(engine.updates),
        ]
        settings = ["seed", "hidden_rate_shift", "readout_rate_shift", "load_updates", "updates_value"]
        for name in [*settings, *(["winners"] if self.design.capabilities.selects else [])]:
            m.d.comb += getattr(engine, name).eq(getattr(core, name))
        if self.window:
            self._connect_window(m, core)
        with m.If(engine.done | core.load_updates):
            m.d.sync += core.updating.eq(engine.done & engine.stopped)
        with m.If(engine.start):
            m.d.sync += core.updating.eq(1)
        read, step = sequencer.read | engine.read_features, sequencer.read_step
        step = Mux(sequencer.learning, engine.feature_step, step)
        if self.reservoir:
            self._connect_reservoir(m, core, buffer, sequencer, streamer, read, step)
        else:
            m.d.comb += [
                sequencer.length.eq(buffer.length),
                engine.label.eq(buffer.label),
                streamer.features.eq(buffer.features),
                buffer.read.eq(read),
                buffer.step.eq(step),
            ]

    def _connect_reservoir(self, m: Module, core, buffer, sequencer, streamer, read: Value, step: Value) -> None:
        """What is replayed comes from the reservoir, everything else from the sequence buffer."""
        reservoir, replaying = self.reservoir, sequencer.replaying
        m.d.comb += [
            sequencer.length.eq(Mux(replaying, reservoir.length, buffer.length)),
            self.engine.label.eq(Mux(replaying, reservoir.label, buffer.label)),
            streamer.features.eq(Mux(replaying, reservoir.features, buffer.features)),
            reservoir.read.eq(read & replaying),
            reservoir.step.eq(step),
            buffer.read.eq((read & ~replaying) | reservoir.insert_read),
            buffer.step.eq(Mux(sequencer.inserting, reservoir.insert_step, step)),
            sequencer.ratio.eq(core.replay_ratio),
            sequencer.stocked.eq(reservoir.filled != 0),
            reservoir.next_sequence.eq(sequencer.next_sequence & ~self._aborted),
            reservoir.draw.eq(sequencer.draw),
            reservoir.replay_index.eq(sequencer.replay_index),
            sequencer.drawn.eq(reservoir.drawn),
            reservoir.insert.eq(sequencer.insert),
            reservoir.insert_length.eq(buffer.length),
            reservoir.insert_label.eq(buffer.label),
            reservoir.insert_features.eq(buffer.features),
            sequencer.inserted.eq(reservoir.inserted),
            reservoir.seed.eq(core.seed),
            reservoir.freeze.eq(core.freeze),
            reservoir.clear.eq(core.clear_reservoir),
            reservoir.load.eq(core.load_reservoir),
            reservoir.presented_value.eq(core.presented_value),
            reservoir.filled_value.eq(core.filled_value),
            core.presented.eq(reservoir.presented),
            core.filled.eq(reservoir.filled),
        ]
        with m.If(reservoir.next_sequence):
            m.d.sync += core.pending.eq(1)
        with m.If(reservoir.inserted | reservoir.clear | reservoir.load):
            m.d.sync += core.pending.eq(0)

    def _connect_window(self, m: Module, core) -> None:
        """The registers on one side, the memories' host ports on the other."""
        for name, member in memory_window_members(self.window.memories).items():
            outside, inside = getattr(core.memory, name), getattr(self.window, name)
            if member.flow is In:
                m.d.comb += inside.eq(outside)
            elif name != "busy":
                m.d.comb += outside.eq(inside)
        # While all accumulators are being cleared nobody may come between.
        m.d.comb += core.memory.busy.eq(self.window.busy | self.engine.clearing)
        for memory in self.window.memories:
            wiring.connect(m, getattr(self.window, memory.name.lower()), self._host_port(memory))

    def _host_port(self, memory: HostMemory):
        if memory is HostMemory.ACCUMULATORS:
            return self.engine.host
        return self.reservoir.host_steps if memory is HostMemory.RESERVOIR_STEPS else self.reservoir.host_heads
