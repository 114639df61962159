# amaranth: UnusedElaboratable=no
"""The built-in self-test: reads, pulses and checks every device and every converter."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.column_probe import ColumnProbe
from remora.hdl.crossbar.self_test.decider import pair_bits
from remora.hdl.crossbar.self_test.drives import add_deciders, connect_weigher, drive_row, find_ends, pulse_group
from remora.hdl.crossbar.self_test.finding_list import NUMBER_FIELDS, FindingList
from remora.hdl.crossbar.self_test.host import SelfTestHost
from remora.hdl.crossbar.self_test.pulse_masks import PulseMasks
from remora.hdl.crossbar.self_test.weigher import Weigher
from remora.hdl.lib.columns import ConvertedColumns
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.memory import Memory
from remora.hdl.lib.reading import PlaneStretch, ProbePort, Wordlines
from remora.hdl.macros.program_port import ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import (
    BURST_PULSES,
    GROUP_ROWS,
    READ_BITS,
    READS,
    RETURNS,
    Defect,
    SelfTestPlan,
    columns_at_once,
    layer_folds,
)
from remora.spec.lib.fixed import unsigned_width


class SelfTest(wiring.Component):
    """Tests both layers, row tile by row tile: groups of rows, side by side of their pairs, converters, planes.

    The engine and the window must be idle from ``host.start`` until ``host.done``: the test drives the crossbars.
    A reset ends it where it is; devices that were away then stay away.

    Rules S1 to S11.

    Ports:
        host: what the registers set and read.
        stretch: of the planes, and before the sample.
        program_hidden: pulses the hidden layer.
        program_readout: pulses the readout.
        probe: reads the crossbars.
        wordlines: what is driven; all 0 unless a row is read.
        hidden_columns: codes of the hidden layer.
        readout_columns: codes of the readout.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self.plan = design, SelfTestPlan.of(design)
        self.layouts = {layer: layer_layout(design, layer) for layer in Layer}
        self.lanes = max(columns_at_once(design, layer) for layer in Layer)
        self.folds = {layer: layer_folds(design, layer) for layer in Layer}
        super().__init__(
            {
                "host": In(SelfTestHost()),
                "stretch": In(PlaneStretch()),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
                "probe": Out(ProbePort(design)),
                "wordlines": Out(Wordlines(design)),
                **{f"{layer.name.lower()}_columns": Out(ConvertedColumns(design, layer)) for layer in Layer},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        host, most_folds = self.host, max(self.folds.values())
        self._probe = probe = add_submodule(m, "probe", ColumnProbe(self.design, self.plan.finer, weighs=True))
        self.masks = masks = add_submodule(m, "masks", PulseMasks(self.design))
        self.weigher = weigher = add_submodule(m, "weigher", Weigher(self.design))
        self._list = found = add_submodule(m, "findings", FindingList(self.design))
        self.memory = memory = add_submodule(
            m,
            "pairs",
            Memory(
                width=self.lanes * pair_bits(self.design),
                depth=GROUP_ROWS * most_folds,
                small_bits=self.design.system.small_memory_bits,
            ),
        )
        pass_on(m, self.probe, probe.crossbars)
        pass_on(m, self.stretch, probe.stretch)
        for name in found.host.signature.members:
            mine, theirs = getattr(found.host, name), getattr(host, name)
            m.d.comb += mine.eq(theirs) if name == "pointer" else theirs.eq(mine)
        self._declare(m)
        self._connect_program(m)
        self._connect_wordlines(m)
        self.deciding, self.stuck = Signal(), Signal(2 * self.lanes)
        self.codes = Signal.like(weigher.codes)
        add_deciders(m, self)
        self.adding = Signal()
        connect_weigher(m, self, weigher, self.adding & (self.fold != self.fold_count), self.adding & (self.fold != 0))
        m.d.comb += [
            probe.layer.eq(self.layer),
            probe.planes.eq(1),
            probe.weigh.eq(self.weighing),
            probe.weighed.eq(self.plane),
            masks.layer.eq(self.layer),
            masks.row.eq(self.row),
            masks.fold.eq(self.taken),
            masks.column.eq(self.column),
            memory.read_address.eq(self.row * most_folds + self.fold),
            memory.write_address.eq(self.row * most_folds + self.taken),
            found.layer.eq(self.layer),
            found.column.eq(self.column),
            found.row.eq(self.first),
        ]
        self._control(m)
        return m

    def _declare(self, m: Module) -> None:
        """Counters of the walk, and where they end."""
        layouts = self.layouts.values()
        self.layer = Signal()
        groups = max(-(-tile.rows // GROUP_ROWS) for layout in layouts for tile in layout.tiles)
        self.row_tile = Signal(unsigned_width(max(layout.row_tiles for layout in layouts) - 1))
        self.group = Signal(unsigned_width(groups - 1))
        self.first = Signal(NUMBER_FIELDS["row"])  # row of the layer with which the group begins
        self.row = Signal(range(GROUP_ROWS + 1))
        # The fold that is read, and the one whose word is there: read in the cycle before.
        self.fold, self.taken = (Signal(range(max(self.folds.values()) + 1), name=name) for name in ("fold", "taken"))
        self.column = Signal(unsigned_width(max(layout.columns for layout in layouts)))
        self.column_tile = Signal(unsigned_width(max(layout.column_tiles for layout in layouts) - 1))
        self.in_tile = Signal(len(self.program_hidden.column))
        self.sample = Signal(READ_BITS)
        self.side, self.base, self.returning = Signal(), Signal(), Signal()
        self.number = Signal(range(RETURNS))
        self.again, self.repeats = (Signal(range(BURST_PULSES), name=name) for name in ("again", "repeats"))
        self.weighs_alone, self.weighing, self.plane = Signal(), Signal(), Signal(range(self.weigher.planes))
        self.converters = Signal()
        self.total = Signal(signed(self.plan.sum_bits))
        self.device = Signal(range(2 * self.lanes))
        self.busy = Signal()
        # Ends of the walk.
        self.last_row, self.last_group, self.last_tile = Signal(range(GROUP_ROWS)), Signal(), Signal()
        self.columns, self.fold_count = Signal.like(self.column), Signal.like(self.fold)
        self.last_plane, self.last_weighing = Signal(), Signal()
        find_ends(m, self)
        m.d.comb += self.taken.eq(self.fold - 1)

    def _connect_program(self, m: Module) -> None:
        masks, rows = self.masks, self.design.crossbar.rows
        self.pulse, self.pulsing = Signal(), Signal()

        for layer, port in ((Layer.HIDDEN, self.program_hidden), (Layer.READOUT, self.program_readout)):
            m.d.comb += [
                port.tile.eq(self.row_tile * self.layouts[layer].column_tiles + self.column_tile),
                port.column.eq(self.in_tile),
                port.pulse.eq(self.pulse & (self.layer == layer)),
            ]
            pulse_group(m, port, rows, self.group, masks.column_up, masks.column_down, self.side)
        m.d.comb += self.busy.eq(self.program_hidden.busy | self.program_readout.busy)

    def _connect_wordlines(self, m: Module) -> None:
        self.driving, driven = Signal(), Signal(len(self.first))
        m.d.comb += driven.eq(self.first + self.row)
        drive_row(m, self.layouts, self.wordlines, self.driving, self.layer, driven)

    def known(self, lane: int) -> Value:
        """The word of a lane that is taken."""
        return self.memory.read_data.word_select(lane, pair_bits(self.design))

    def _control(self, m: Module) -> None:
        host, probe, masks, found = self.host, self._probe, self.masks, self._list
        with m.FSM() as fsm:
            m.d.comb += [
                host.busy.eq(~fsm.ongoing("IDLE")),
                self.weighing.eq(fsm.ongoing("WEIGH")),
                probe.start.eq((fsm.ongoing("READ") | self.weighing) & ~self.busy),
                self.driving.eq((fsm.ongoing("READ") & ~self.converters) | self.weighing),
                self.weigher.clear.eq(fsm.ongoing("IDLE") & host.start),
            ]
            with m.State("IDLE"):
                with m.If(host.start):
                    m.d.comb += [found.clear.eq(1), masks.clear.eq(1)]
                    m.d.sync += self.weighs_alone.eq(host.weigh)
                    m.d.sync += [self.layer.eq(0), self.row_tile.eq(0), self.group.eq(0), self.first.eq(0)]
                    self._begin_side(m, 0)
            with m.State("ROW"):
                m.d.sync += [self.sample.eq(0), self.fold.eq(0)]
                with m.If(self.row > self.last_row):
                    m.d.sync += self.row.eq(0)
                    m.next = "DECIDE"
                with m.Elif(self.base | masks.rows.bit_select(self.row[: unsigned_width(GROUP_ROWS - 1)], 1)):
                    m.next = "READ"
                with m.Else():
                    m.d.sync += self.row.eq(self.row + 1)
            with m.State("READ"):
                with m.If(probe.done & ~self.converters):
                    m.next = "COLLECT"
                with m.Elif(probe.done):
                    m.d.sync += [self.total.eq(self.total + probe.code), self.sample.eq(self.sample + 1)]
                    with m.If(self.sample == READS - 1):
                        m.next = "COLUMN"
            with m.State("COLLECT"):
                with m.If(self._walk(m, write=True)):
                    m.d.sync += self.sample.eq(self.sample + 1)
                    m.next = "READ"
                    with m.If(self.sample == READS - 1):
                        m.d.sync += self.row.eq(self.row + 1)
                        m.next = "ROW"
            with m.State("DECIDE"):
                m.d.comb += [self.deciding.eq(1), masks.store.eq(self.fold != 0)]
                self._rows(m, self._walk(m, write=True), "BRANCH")
                # The rows are as they came.
                with m.If((self.fold == self.fold_count) & (self.row == self.last_row) & self.base & ~self.side):
                    m.d.sync += [self.plane.eq(0), self.sample.eq(0)]
                    m.next = "WEIGH"
            with m.State("WEIGH"):
                with m.If(probe.done):
                    m.next = "ADD"
            with m.State("ADD"):
                self._add(m)
            with m.State("PLANES"):
                self._check_planes(m)
            with m.State("BRANCH"):
                m.d.sync += [self.column.eq(0), self.column_tile.eq(0), self.in_tile.eq(0), self.again.eq(0)]
                with m.If(masks.rows.any()):
                    m.d.sync += self.again.eq(self.repeats)
                    m.next = "PULSE"
                with m.Elif(self.base | self.returning):
                    self._end_side(m)
                with m.Else():
                    m.d.sync += [self.returning.eq(1), self.number.eq(0)]
                    m.next = "DECIDE"
            with m.State("PULSE"):
                self._pulse(m)
            with m.State("CHECK"):
                m.d.comb += [masks.check.eq(self.fold != 0), masks.anew.eq(self.row == 0)]
                self._rows(m, self._walk(m, write=False), "FETCH")
            with m.State("FETCH"):
                m.d.comb += self.memory.read.eq(1)
                m.d.sync += [self.fold.eq(self.fold + 1), self.device.eq(0)]
                m.d.sync += self.column.eq(self.fold * Mux(self.layer, 1, columns_at_once(self.design, Layer.HIDDEN)))
                m.next = "LOOK"
            with m.State("LOOK"):
                with m.If(self.stuck.any()):
                    m.next = "EMIT"
                with m.Else():
                    self._next_word(m)
            with m.State("EMIT"):
                m.d.comb += [
                    found.add.eq(self.stuck.bit_select(self.device, 1)),
                    found.defect.eq(Defect.STUCK),
                    found.side.eq(self.device[0]),
                    found.row.eq(self.first + self.row),
                ]
                m.d.sync += self.device.eq(self.device + 1)
                with m.If(self.device[0]):
                    m.d.sync += self.column.eq(self.column + 1)
                with m.If(self.device == Mux(self.layer, 1, 2 * self.lanes - 1)):
                    self._next_word(m)
            with m.State("COLUMN"):
                self._check_converter(m)
            with m.State("DONE"):
                m.d.comb += [host.done.eq(1), self.weigher.done.eq(1)]
                m.next = "IDLE"

    def _walk(self, m: Module, *, write: bool) -> Value:
        """Reads the words of a row and takes each a cycle later; high with the last."""
        end = self.fold == self.fold_count
        m.d.comb += self.memory.read.eq(~end)
        if write:
            m.d.comb += self.memory.write.eq(self.fold != 0)
        m.d.sync += self.fold.eq(Mux(end, 0, self.fold + 1))
        return end

    def _rows(self, m: Module, walked: Value, following: str) -> None:
        """The next row of the group, or what follows the last."""
        with m.If(walked):
            m.d.sync += self.row.eq(self.row + 1)
            with m.If(self.row == self.last_row):
                m.d.sync += self.row.eq(0)
                m.next = following

    def _add(self, m: Module) -> None:
        """The codes of a reading of a plane; then the next reading, plane, or row."""
        end = self._walk(m, write=False)
        m.d.comb += self.adding.eq(1)
        with m.If(end):
            m.d.sync += self.sample.eq(self.sample + 1)
            m.next = "WEIGH"
            with m.If(self.last_weighing):
                m.d.sync += [self.sample.eq(0), self.plane.eq(Mux(self.last_plane, 0, self.plane + 1))]
                with m.If(self.last_plane):
                    m.d.sync += self.row.eq(self.row + 1)
                    with m.If(self.row == self.last_row):
                        m.d.sync += self.row.eq(0)
                        m.next = "BRANCH"
                        with m.If(self.weighs_alone):
                            self._next_group(m)

    def _check_planes(self, m: Module) -> None:
        """Two planes a cycle; then the next row tile, or layer."""
        weigher, found = self.weigher, self._list
        m.d.comb += [
            weigher.compare.eq(1),
            found.add.eq(weigher.off),
            found.defect.eq(Defect.PLANE),
            found.column.eq(weigher.compared),
            found.row.eq(self.first - self.group * GROUP_ROWS),
        ]
        with m.If(weigher.last):
            self._end_tile(m)

    def _begin_side(self, m: Module, side: int) -> None:
        """From the first reading on. The last group of a tile may have fewer rows than the one before."""
        m.d.comb += self.masks.empty.eq(1)
        m.d.sync += [
            self.side.eq(side), self.base.eq(1), self.returning.eq(0), self.number.eq(0), self.row.eq(0),
            self.converters.eq(0),
        ]  # fmt: skip
        m.next = "ROW"

    def _end_side(self, m: Module) -> None:
        m.d.sync += [self.row.eq(0), self.fold.eq(0)]
        with m.If(self.side == 0):
            self._begin_side(m, 1)
        with m.Elif(self.group == 0):
            m.next = "CHECK"
        with m.Else():
            m.next = "FETCH"

    def _next_column(self, m: Module) -> None:
        m.d.sync += [self.column.eq(self.column + 1), self.in_tile.eq(self.in_tile + 1)]
        with m.If(self.in_tile == self.design.crossbar.columns - 1):
            m.d.sync += [self.in_tile.eq(0), self.column_tile.eq(self.column_tile + 1)]

    def _pulse(self, m: Module) -> None:
        """A column after the other, as soon as the pulse before has ended, as often as the burst has pulses (S4)."""
        with m.If(self.busy):
            pass
        with m.Elif(self.column != self.columns):
            m.d.comb += self.pulse.eq((self.masks.column_up | self.masks.column_down).any())
            self._next_column(m)
        with m.Else():
            m.d.sync += [self.column.eq(0), self.column_tile.eq(0), self.in_tile.eq(0), self.row.eq(0)]
            with m.If(self.again != 0):
                m.d.sync += self.again.eq(self.again - 1)
            with m.Elif(self.returning & (self.number == RETURNS - 1)):
                self._end_side(m)
            with m.Else():
                m.d.sync += [self.base.eq(0), self.number.eq(Mux(self.base, 0, self.number + 1))]
                m.next = "ROW"

    def _next_word(self, m: Module) -> None:
        """The next word of the report; after the last the next group, or the converters."""
        m.next = "FETCH"
        with m.If(self.fold == self.fold_count):
            m.d.sync += [self.fold.eq(0), self.row.eq(self.row + 1)]
            with m.If(self.row == self.last_row):
                self._next_group(m)

    def _next_group(self, m: Module) -> None:
        """The next group of the row tile, or its converters."""
        with m.If(self.last_group):
            m.d.sync += [
                self.column.eq(0), self.column_tile.eq(0), self.in_tile.eq(0), self.sample.eq(0),
                self.total.eq(0), self.converters.eq(1),
            ]  # fmt: skip
            m.next = "READ"
        with m.Else():
            m.d.sync += [self.group.eq(self.group + 1), self.first.eq(self.first + GROUP_ROWS)]
            self._begin_side(m, 0)

    def _check_converter(self, m: Module) -> None:
        """What a column's codes of no words say; then the next column, or the planes."""
        found, dead, off = self._list, self.masks.column_dead, Signal()
        m.d.comb += [
            off.eq((self.total >= self.plan.offset) | (self.total <= -self.plan.offset)),
            found.add.eq(dead | off),
            found.defect.eq(Mux(dead, Mux(off, Defect.DEAD_CONVERTER, Defect.DEAD_COLUMN), Defect.OFFSET)),
            found.row.eq(self.first - self.group * GROUP_ROWS),
        ]
        m.d.sync += [self.total.eq(0), self.sample.eq(0)]
        self._next_column(m)
        m.next = "READ"
        with m.If(self.column + 1 == self.columns):
            m.next = "PLANES"

    def _end_tile(self, m: Module) -> None:
        m.d.comb += self.masks.clear.eq(1)
        m.d.sync += [self.group.eq(0), self.first.eq(self.first + self.last_row + 1)]
        m.d.sync += self.row_tile.eq(self.row_tile + 1)
        self._begin_side(m, 0)
        with m.If(self.last_tile):
            m.d.sync += [self.row_tile.eq(0), self.first.eq(0), self.layer.eq(1)]
            with m.If(self.layer == Layer.READOUT):
                m.next = "DONE"
