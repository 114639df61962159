"""How the core connects what learns: the learning engine, the reservoir, and a soft reset that waits for both."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.hierarchy import place
from hdl.learning_engine import LearningEngine
from hdl.reservoir import RATIO_BITS, Reservoir
from hdl.threefry import WORD
from spec.design import DesignPoint
from spec.fixed import unsigned_width
from spec.packets import Flag

COLUMNS_BITS = 16


def learning_members(design: DesignPoint, reservoir: Reservoir | None) -> dict:
    """What a core that learns has besides: see `hdl.core.Core`."""
    if not design.learning.enabled:
        return {}
    members = {"columns_done": Out(COLUMNS_BITS), "updating": Out(1)}
    if reservoir:
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
            "host_steps": In(reservoir.steps_port),
            "host_heads": In(reservoir.heads_port),
        }
    return members


class CoreLearning:
    """The blocks of learning in a core, and their connections.

    Attributes:
        engine: weights change only here.
        reservoir: None where nothing is replayed.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.engine = design, LearningEngine(design)
        self.reservoir = Reservoir(design) if design.replays else None

    def place(self, m: Module) -> None:
        """Add the blocks; a soft reset does not reach them: what they hold stays, and what they do they end."""
        place(m, "learner", self.engine)
        if self.reservoir:
            place(m, "reservoir", self.reservoir)

    def hold_abort(self, m: Module, abort: Value, sequencer) -> Value:
        """The cycle in which a soft reset takes effect: at once, or when update, draw or offer have ended."""
        waiting, now = Signal(), Signal()
        asked = abort | waiting
        ended = self.engine.done
        if self.reservoir:
            ended = ended | self.reservoir.drawn | self.reservoir.offered
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
            engine.seed.eq(self.design.learning.seed),
            engine.stop.eq(self.waiting),
            core.columns_done.eq(engine.columns_done),
        ]
        if self.design.selects:
            m.d.comb += engine.winners.eq(self.design.winners)
        with m.If(engine.done):
            m.d.sync += core.updating.eq(engine.stopped)
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
            buffer.read.eq((read & ~replaying) | reservoir.read_offer),
            buffer.step.eq(Mux(sequencer.offering, reservoir.offer_step, step)),
            sequencer.ratio.eq(core.replay_ratio),
            sequencer.stocked.eq(reservoir.filled != 0),
            reservoir.next_sequence.eq(sequencer.next_sequence & ~self._aborted),
            reservoir.draw.eq(sequencer.draw),
            reservoir.place.eq(sequencer.place),
            sequencer.drawn.eq(reservoir.drawn),
            reservoir.offer.eq(sequencer.offer),
            reservoir.offer_length.eq(buffer.length),
            reservoir.offer_label.eq(buffer.label),
            reservoir.offer_features.eq(buffer.features),
            sequencer.offered.eq(reservoir.offered),
            reservoir.seed.eq(self.design.learning.seed),
            reservoir.freeze.eq(core.freeze),
            reservoir.clear.eq(core.clear_reservoir),
            reservoir.load.eq(core.load_reservoir),
            reservoir.presented_value.eq(core.presented_value),
            reservoir.filled_value.eq(core.filled_value),
            core.presented.eq(reservoir.presented),
            core.filled.eq(reservoir.filled),
        ]
        for name in ("host_steps", "host_heads"):
            inside, outside = getattr(reservoir, name), getattr(core, name)
            m.d.comb += [
                inside.address.eq(outside.address),
                inside.read.eq(outside.read),
                inside.write.eq(outside.write),
                inside.write_data.eq(outside.write_data),
                outside.read_data.eq(inside.read_data),
            ]
        with m.If(reservoir.next_sequence):
            m.d.sync += core.pending.eq(1)
        with m.If(reservoir.offered | reservoir.clear | reservoir.load):
            m.d.sync += core.pending.eq(0)
