"""What the self-test makes of readings of single planes: sums of planes and columns, and which planes are off."""

from __future__ import annotations

from functools import reduce
from operator import add

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import (
    LEAST_BITS,
    PLANE_SHARE,
    SUM_BITS,
    column_sum_bits,
    columns_at_once,
    layer_folds,
    plane_sum_bits,
    weighed_planes,
)


class Weigher(wiring.Component):
    """Takes the codes of a fold a cycle, and compares two planes a cycle.

    Rules S10 to S12.

    Ports:
        clear: a test begins.
        done: it ends.
        layer: whose codes come.
        fold: that is read, so that its sums can be added to in the next cycle.
        read: it is read.
        taken: the fold whose codes are there.
        take: they are added to the sums of their columns and of the plane.
        first: nothing has been added to the sums of the fold's columns yet.
        plane: that the codes are of.
        codes: of each lane.
        negative: by lane, the code is subtracted.
        zero: by lane, the code does not count.
        compare: two planes of the row tile are compared.
        least: a sum from which on other planes are compared with a plane.
        last: of the comparisons of a row tile, this is the last.
        compared: the plane that is compared with the others.
        off: with the last of its comparisons, it is off.
        group: of columns, whose sums the host reads while no test is under way.
        lane: of the group.
        sum: of that column, two cycles later; 0 unless a test has ended and none has begun since.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self.lanes = max(columns_at_once(design, layer) for layer in Layer)
        folds = max(layer_folds(design, layer) for layer in Layer)
        self.planes = max(weighed_planes(design, layer) for layer in Layer)
        self.groups = sum(layer_folds(design, layer) * layer_layout(design, layer).row_tiles for layer in Layer)
        super().__init__(
            {
                "clear": In(1),
                "done": In(1),
                "layer": In(1),
                "fold": In(range(folds + 1)),
                "read": In(1),
                "taken": In(range(folds + 1)),
                "take": In(1),
                "first": In(1),
                "plane": In(range(self.planes)),
                "codes": In(design.formats.adc_bits * self.lanes),
                "negative": In(self.lanes),
                "zero": In(self.lanes),
                "compare": In(1),
                "least": In(LEAST_BITS),
                "last": Out(1),
                "compared": Out(range(self.planes)),
                "off": Out(1),
                "group": In(16),
                "lane": In(16),
                "sum": Out(signed(SUM_BITS)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, bits = self.design, column_sum_bits(self.design)
        memory = add_submodule(
            m, "columns",
            Memory(width=self.lanes * bits, depth=self.groups, small_bits=design.system.small_memory_bits),
        )  # fmt: skip
        base = Signal(range(self.groups + 1))
        signs: list[Value] = []
        sums = []
        for lane in range(self.lanes):
            code = self.codes.word_select(lane, design.formats.adc_bits).as_signed()
            added = Signal(signed(design.formats.adc_bits), name=f"added_{lane}")
            m.d.comb += added.eq(Mux(self.zero[lane], 0, Mux(self.negative[lane], -code, code)))
            before = memory.read_data.word_select(lane, bits).as_signed()
            sums.append((Mux(self.first, 0, before) + added)[:bits])
            signs.append(added)
        chosen, held = Signal(range(max(2, self.lanes))), Signal()
        m.d.sync += [chosen.eq(self.lane), held.eq(~self.clear & (held | self.done))]
        m.d.comb += [
            memory.read.eq(self.read | ~(self.take | self.compare)),
            memory.read_address.eq(Mux(self.read, base + self.fold, Mux(self.group < self.groups, self.group, 0))),
            memory.write.eq(self.take),
            memory.write_address.eq(base + self.taken),
            memory.write_data.eq(Cat(*sums)),
            self.sum.eq(
                Mux(held & (self.lane < self.lanes), memory.read_data.word_select(chosen, bits).as_signed(), 0)
            ),
        ]
        self._compare(m, self._add(m, reduce(add, signs)), base)
        return m

    def _add(self, m: Module, added) -> list[Signal]:
        """The sums of the planes of a row tile."""
        bits = plane_sum_bits(self.design)
        planes = [Signal(signed(bits), name=f"plane_{plane}") for plane in range(self.planes)]
        for plane, total in enumerate(planes):
            with m.If(self.clear | (self.compare & self.last)):
                m.d.sync += total.eq(0)
            with m.Elif(self.take & (self.plane == plane)):
                m.d.sync += total.eq(total + added)
        return planes

    def _compare(self, m: Module, planes: list[Signal], base: Signal) -> None:
        """Every plane with every plane, itself too."""
        counts = {layer: weighed_planes(self.design, layer) for layer in Layer}
        other, differing = Signal.like(self.compared), Signal(range(self.planes + 1))
        mine, theirs = (Signal.like(planes[0], name=name) for name in ("mine", "theirs"))
        for plane, total in enumerate(planes):
            with m.If(self.compared == plane):
                m.d.comb += mine.eq(total)
            with m.If(other == plane):
                m.d.comb += theirs.eq(total)
        distance, far, end = Signal(len(mine) + 1), Signal(), Signal()
        count, folds = Signal(range(self.planes + 1)), Signal.like(self.fold)
        for layer in Layer:
            with m.If(self.layer == layer):
                m.d.comb += [count.eq(counts[layer]), folds.eq(layer_folds(self.design, layer))]
        m.d.comb += [
            distance.eq(Mux(mine < theirs, theirs - mine, mine - theirs)),
            far.eq((theirs >= self.least) & (distance * PLANE_SHARE >= theirs)),
            end.eq(other == count - 1),
            self.last.eq(end & (self.compared == count - 1)),
            self.off.eq(end & ((differing + far) << 1 > count - 1)),
        ]
        with m.If(self.compare):
            m.d.sync += [differing.eq(Mux(end, 0, differing + far)), other.eq(Mux(end, 0, other + 1))]
            with m.If(end):
                m.d.sync += self.compared.eq(Mux(self.last, 0, self.compared + 1))
            with m.If(self.last):
                m.d.sync += base.eq(base + folds)
        with m.If(self.clear):
            m.d.sync += [base.eq(0), other.eq(0), self.compared.eq(0), differing.eq(0)]
