"""Replay quantiser: a sequence's features, rounded stochastically to four bits, step by step."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD, ThreefryPipeline
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import QUANTISER_BYTES, REPLAY_BITS, REPLAY_SHIFT, SIGN_FLIP, reservoir_step_bits
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.rng import ATTEMPT_BITS, Purpose


class ReplayQuantiser(wiring.Component):
    """``v = (15·u + r) >> 8`` of every feature, in the order of steps.

    A step takes `remora.spec.crossbar.cycles.Cycles.quantised_step` cycles: one draw serves four features, and a draw
    begins in every cycle.

    Rule M5.

    Ports:
        start: begins with the first step; high for one cycle.
        seed: stable from ``start`` until ``done``.
        number: n, stable in the same way.
        length: steps of the sequence, stable in the same way.
        read_features: asks for the features of ``step``.
        features: in the cycle after ``read_features``, until the next read.
        write: high for one cycle a step, with ``word``.
        step: the step at hand.
        word: what is to be stored of ``step``.
        done: high for one cycle, with the last ``write``.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network = design.network
        super().__init__(
            {
                "start": In(1),
                "seed": In(WORD),
                "number": In(WORD),
                "length": In(range(network.max_steps + 1)),
                "read_features": Out(1),
                "features": In(FEATURE_BITS * network.features),
                "write": Out(1),
                "step": Out(unsigned_width(network.max_steps - 1)),
                "word": Out(reservoir_step_bits(design)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        groups = -(-self.design.network.features // QUANTISER_BYTES)
        hash_ = add_submodule(m, "hash", ThreefryPipeline(groups))
        # Of the group that is drawn for, and of the one whose numbers arrive.
        drawn, arrived = Signal.like(hash_.lane), Signal.like(hash_.lane)
        drawing = Signal()
        stored = Signal(QUANTISER_BYTES * REPLAY_BITS * groups)
        """Groups enter at the top, so that the first ends at the bottom."""
        padded = Signal(FEATURE_BITS * QUANTISER_BYTES * groups)
        chosen = Signal(FEATURE_BITS * QUANTISER_BYTES)
        quantised = Signal(REPLAY_BITS * QUANTISER_BYTES)
        m.d.comb += [
            hash_.key_0.eq(self.seed),
            hash_.key_1.eq(int(Purpose.REPLAY_QUANTISER) << ATTEMPT_BITS),
            hash_.lane.eq(drawn),
            hash_.counter_0.eq(self.number),
            hash_.counter_1.eq(self.step),
            hash_.start.eq(self.read_features | drawing),
            padded.eq(self.features),
            chosen.eq(padded.word_select(arrived, len(chosen))),
            quantised.eq(Cat(self._quantised(chosen, hash_.word, index) for index in range(QUANTISER_BYTES))),
            self.word.eq(stored[: len(self.word)]),
        ]
        with m.If(hash_.start):
            m.d.sync += [drawn.eq(drawn + 1), drawing.eq(1)]
            with m.If(drawn == groups - 1):
                m.d.sync += [drawn.eq(0), drawing.eq(0)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += self.step.eq(0)
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += self.read_features.eq(1)
                m.next = "HASH"
            with m.State("HASH"):
                with m.If(hash_.done):
                    m.d.sync += [stored.eq(Cat(stored, quantised)[len(quantised) :]), arrived.eq(arrived + 1)]
                    with m.If(arrived == groups - 1):
                        m.d.sync += arrived.eq(0)
                        m.next = "STORE"
            with m.State("STORE"):
                m.d.comb += self.write.eq(1)
                m.d.sync += self.step.eq(self.step + 1)
                m.next = "READ"
                with m.If(self.step + 1 == self.length):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"
        return m

    def _quantised(self, features, random, index: int):
        part = slice(FEATURE_BITS * index, FEATURE_BITS * (index + 1))
        unsigned = features[part] ^ SIGN_FLIP if self.design.network.feature_signed else features[part]
        scaled = (unsigned << REPLAY_BITS) - unsigned + random[part]
        return scaled[REPLAY_SHIFT : REPLAY_SHIFT + REPLAY_BITS]
