# amaranth: UnusedElaboratable=no
"""Rounding unit: the random numbers that round a column's update to whole pulses in mode `direct`."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD, Threefry
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.design_rules import ROUNDING_SLICES
from remora.spec.crossbar.learning import ROUNDING_LAYER_BIT, ROUNDING_SLICE_BITS, pulse_shift
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.rng import ATTEMPT_BITS, LANE_BITS, Purpose


class RoundingUnit(wiring.Component):
    """One Threefry for every four lanes, all started together and ready before a column of ten steps has been walked.

    ``random`` is as rule L15 says for row ``fold_index·lanes + lane``.

    Rule L15.

    Ports:
        seed: stable from ``start`` until the next start.
        update_number: q, stable in the same way.
        start: draws the numbers of a fold, in cycle t.
        readout: the column is the readout's, stable in the same way.
        column: of its layer, stable in the same way.
        fold_index: of the column, stable in the same way.
        done: low from t + 1 and high from t + `remora.spec.lib.rng.HASH_CYCLES`.
        random: with ``done``; log2(accumulator_level) bits a lane, lane 0 in the low bits.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.bits = design, pulse_shift(design)
        network = design.network
        super().__init__(
            {
                "seed": In(WORD),
                "update_number": In(WORD),
                "start": In(1),
                "readout": In(1),
                "column": In(unsigned_width(max(network.hidden, network.classes) - 1)),
                "fold_index": In(unsigned_width(design.learning_folds - 1)),
                "done": Out(1),
                "random": Out(self.bits * design.learning_lanes),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        lanes = self.design.learning_lanes
        groups = -(-lanes // ROUNDING_SLICES)
        purpose = int(Purpose.STOCHASTIC_ROUNDING) << (LANE_BITS + ATTEMPT_BITS)
        slices = []
        # Equal hashes share one Verilog module, so all but the first are never elaborated: see the first line.
        for group in range(groups):
            hash_ = add_submodule(m, f"hash_{group}", Threefry())
            drawn_lane = Signal(LANE_BITS, name=f"lane_{group}")
            m.d.comb += [
                drawn_lane.eq(self.fold_index * (lanes // ROUNDING_SLICES) + group),
                hash_.start.eq(self.start),
                hash_.key_0.eq(self.seed),
                hash_.key_1.eq(purpose | drawn_lane),
                hash_.counter_0.eq(self.update_number),
                hash_.counter_1.eq(self.readout << ROUNDING_LAYER_BIT | self.column),
            ]
            if group == 0:
                m.d.comb += self.done.eq(hash_.done)
            words = Cat(hash_.word, hash_.second_word)
            slices += [words.word_select(index, ROUNDING_SLICE_BITS)[: self.bits] for index in range(ROUNDING_SLICES)]
        m.d.comb += self.random.eq(Cat(*slices[:lanes]))
        return m
