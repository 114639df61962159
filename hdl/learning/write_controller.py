"""Write controller: turns the pulses that fall due in a column into programming pulses of its pairs."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from remora.hdl.learning.verify.port import VerifyPort
from remora.hdl.lib.fixed import count_ones
from remora.hdl.macros.pairs.registry import pair_policy
from remora.hdl.macros.program_port import ProgramPort
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import DEVICES_OF_PAIR, fault_word_bits, fault_words
from remora.spec.lib.fixed import unsigned_width


class WriteController(wiring.Component):
    """Launches the pulses of one column after the other.

    Row tile after row tile, each pulse of a tile at once for all its rows and on a fresh sense. Which device of a pair
    a pulse raises or lowers, and whether it is dropped, says the policy of ``crossbar.pair``. Rows are the hidden
    layer's, of which the readout's are the last.

    With a fault map a device that it marks counts as at rest and as full, whatever its flags are.

    Rules P1 to P5, J1 and J2.

    Ports:
        start: while ``ready``, takes one column.
        ready: low from the cycle after ``start`` until the last pulse has ended; high for a column without pulses. The
            next column is selected in the cycle after the one in which it is high again.
        layer: 0 the hidden layer, 1 the readout.
        column_tile: the column of tiles.
        column: the column within that.
        give_up: tiles do not answer; pulses that are left are given up uncounted.
        counts: pulses of every row.
        raised: of every row, 1: raise the weight, 0: lower it.
        applied: how many pulses the cycle before launched.
        dropped: how many pulses that cycle gave up.
        devices: how many of the devices pulsed are so for the first time in this column.
        layer_written: the layer that ``applied``, ``dropped`` and ``devices`` count in.
        read_marks: with a fault map, asks for ``marks`` of a column.
        marked_column: that column, those of the readout counted after the hidden ones.
        marks: of that column, from the cycle after ``read_marks`` until the next, as rule M16 lays them out.
        verified: of a design that verifies, what it and the verifier tell each other.
        program_hidden: programs the hidden layer.
        program_readout: programs the readout.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design, self._compensates = design, design.capabilities.compensates
        self._verifies = design.capabilities.verifies_learning
        rows = design.hidden_rows
        self.tile_rows = min(design.crossbar.rows, rows)
        layouts = [layer_layout(design, layer) for layer in Layer]
        super().__init__(
            {
                "start": In(1),
                "ready": Out(1),
                "give_up": In(1),
                "layer": In(1),
                "column_tile": In(unsigned_width(max(layout.column_tiles for layout in layouts) - 1)),
                "column": In(unsigned_width(design.crossbar.columns - 1)),
                "counts": In(unsigned_width(design.learning.max_pulses) * rows),
                "raised": In(rows),
                "applied": Out(range(self.tile_rows + 1)),
                "dropped": Out(range(self.tile_rows + 1)),
                "devices": Out(range(self.tile_rows + 1)),
                "layer_written": Out(1),
                **(self._map_ports() if self._compensates else {}),
                **(self._verify_ports() if self._verifies else {}),
                "program_hidden": Out(ProgramPort(design)),
                "program_readout": Out(ProgramPort(design)),
            }
        )

    def _map_ports(self) -> dict[str, Member]:
        return {
            "read_marks": Out(1),
            "marked_column": Out(unsigned_width(fault_words(self.design) - 1)),
            "marks": In(fault_word_bits(self.design)),
        }

    def _verify_ports(self) -> dict[str, Member]:
        return {"verified": Out(VerifyPort(self.design))}

    def elaborate(self, platform) -> Module:
        m = Module()
        rows, bits, skipped = (
            self.tile_rows,
            unsigned_width(self.design.learning.max_pulses),
            self.design.network.features,
        )
        # What is left to do, the present row tile at the bottom.
        counts, raised = Signal.like(self.counts), Signal.like(self.raised)
        layer, tile, column = Signal(), Signal(8), Signal.like(self.column)
        row_tiles = -(-self.design.hidden_rows // rows)
        self._row_tile = Signal(range(max(2, row_tiles)), name="row_tile")
        sensed, busy, pulse, up, down, side, due, blocked = self._connect(m, layer, tile, column, counts, raised)
        # Some row is due. From a flip-flop, because whether many rows are takes as long as choosing what to pulse.
        pending = Signal()
        # Devices of this tile that this column has pulsed, by side.
        seen = {name: Signal(rows, name=f"seen_{name}") for name in ("pos", "neg")}
        chosen = {"pos": (up | down) & ~side, "neg": (up | down) & side}
        # Counted a cycle later: adding up many rows takes as long as choosing them.
        launched, given_up, new = (Signal(rows, name=name) for name in ("launched", "given_up", "new_devices"))
        counted = Signal()
        m.d.sync += [counted.eq(0), self.layer_written.eq(layer)]
        with m.If(pending):
            m.d.sync += [
                launched.eq(up | down),
                given_up.eq(blocked),
                new.eq((chosen["pos"] & ~seen["pos"]) | (chosen["neg"] & ~seen["neg"])),
            ]
        m.d.comb += [
            self.applied.eq(Mux(counted, count_ones(launched), 0)),
            self.dropped.eq(Mux(counted, count_ones(given_up), 0)),
            self.devices.eq(Mux(counted, count_ones(new), 0)),
        ]
        column_tiles = [layer_layout(self.design, each).column_tiles for each in Layer]
        counts_tiles = self._compensates or self._verifies
        if counts_tiles:
            number = self.column_tile * self.design.crossbar.columns + self.column
            of_both = Mux(self.layer, self.design.network.hidden, 0) + number
        if self._compensates:
            m.d.comb += self.marked_column.eq(of_both)

        def take_column() -> None:
            m.d.comb += self.ready.eq(1)
            if self._compensates:
                m.d.comb += self.read_marks.eq(self.start)
            taken = Mux(self.layer, self.counts[bits * skipped :], self.counts)
            with m.If(self.start):
                m.d.sync += self._row_tile.eq(0) if counts_tiles else []
                m.d.sync += self.verified.column.eq(of_both) if self._verifies else []
                m.d.sync += [
                    layer.eq(self.layer),
                    tile.eq(self.column_tile),
                    column.eq(self.column),
                    counts.eq(taken),
                    pending.eq(taken[: bits * rows].any()),
                    raised.eq(Mux(self.layer, self.raised[skipped:], self.raised)),
                ]

        launches, leaves = pending & sensed, ~pending & ~busy
        left = counts[bits * rows :]
        if self._verifies:
            self._verify(m, layer, due, counts, raised, pending, busy)
            launches, leaves = launches & self.verified.may_pulse, leaves & self.verified.may_leave
        with m.FSM() as machine:
            if self._verifies:
                m.d.comb += self.verified.in_tile.eq(machine.ongoing("TILE"))
            with m.State("IDLE"):
                take_column()
                with m.If(self.start & self.counts.any()):
                    m.next = "TILE"
            with m.State("TILE"):
                with m.If(self.give_up):
                    m.d.sync += self.verified.blocked.eq(0) if self._verifies else []
                    m.next = "IDLE"
                with m.Elif(launches):
                    m.d.comb += pulse.eq((up | down).any())
                    m.d.sync += counted.eq(1)
                    m.d.sync += [seen[name].eq(seen[name] | chosen[name]) for name in seen]
                    m.d.sync += self.verified.blocked.eq(self.verified.blocked | blocked) if self._verifies else []
                    of_rows = [counts[bits * row : bits * (row + 1)] for row in range(rows)]
                    m.d.sync += pending.eq(Cat(count > 1 for count in of_rows).any())
                    for row, count in enumerate(of_rows):
                        with m.If(due[row]):
                            m.d.sync += count.eq(count - 1)
                with m.Elif(leaves):
                    m.d.sync += [before.eq(0) for before in seen.values()]
                    m.d.sync += [
                        counts.eq(left),
                        pending.eq(left[: bits * rows].any()),
                        raised.eq(raised[rows:]),
                        tile.eq(tile + Mux(layer, column_tiles[Layer.READOUT], column_tiles[Layer.HIDDEN])),
                    ]
                    m.d.sync += self._row_tile.eq(self._row_tile + 1) if counts_tiles else []
                    m.d.sync += self.verified.blocked.eq(0) if self._verifies else []
                    with m.If(~left.any()):
                        take_column()
                        with m.If(~(self.start & self.counts.any())):
                            m.next = "IDLE"
        return m

    def _verify(self, m: Module, layer, due, counts, raised, pending, busy) -> None:
        """Tell the verifier of the tile, and pulse rows once more for it. Rules J1 and J2."""
        port, bits = self.verified, unsigned_width(self.design.learning.max_pulses)
        m.d.comb += [
            port.layer.eq(layer),
            port.row_tile.eq(self._row_tile),
            port.due.eq(due),
            port.counts.eq(counts[: len(port.counts)]),
            port.raised.eq(raised[: len(port.raised)]),
            port.ended.eq(port.in_tile & ~pending & ~busy),
        ]
        with m.If(port.again.any()):
            m.d.sync += pending.eq(1)
        for row in range(self.tile_rows):
            with m.If(port.again[row]):
                m.d.sync += counts[bits * row : bits * (row + 1)].eq(1)

    def _connect(self, m: Module, layer, tile, column, counts, raised):
        """Sense of the selected tile and what follows from it for every row that is due."""
        rows, bits = self.tile_rows, unsigned_width(self.design.learning.max_pulses)
        sensed, busy, pulse = Signal(), Signal(), Signal()
        up, down, side, due, blocked = (Signal(rows, name=name) for name in ("up", "down", "side", "due", "blocked"))
        sense = {name: Signal(rows, name=name) for name in ("pos_rest", "pos_full", "neg_rest", "neg_full")}
        marks = self._marks_of_tile(m, layer) if self._compensates else None
        for number, port in ((Layer.HIDDEN, self.program_hidden), (Layer.READOUT, self.program_readout)):
            m.d.comb += [
                port.tile.eq(tile),
                port.column.eq(column),
                port.up.eq(up),
                port.down.eq(down),
                port.side.eq(side),
            ]
            with m.If(layer == number):
                m.d.comb += [port.pulse.eq(pulse), sensed.eq(port.sensed), busy.eq(port.busy)]
                m.d.comb += [
                    signal.eq(getattr(port, name) | marks[name] if marks else getattr(port, name))
                    for name, signal in sense.items()
                ]
        raise_ = raised[:rows]
        chosen = pair_policy(self.design).choose(raise_, sense)
        for row in range(rows):
            m.d.comb += due[row].eq(counts[bits * row : bits * (row + 1)].any())
        m.d.comb += [
            down.eq(due & chosen.lowers),
            up.eq(due & ~chosen.lowers & ~chosen.blocked),
            blocked.eq(due & ~chosen.lowers & chosen.blocked),
            side.eq(chosen.side),
        ]
        return sensed, busy, pulse, up, down, side, due, blocked

    def _marks_of_tile(self, m: Module, layer: Signal) -> dict[str, Value]:
        """Marks of the devices of the selected tile, by the flags that they raise. Rule P4."""
        rows, skipped = self.tile_rows, DEVICES_OF_PAIR * self.design.network.features
        tiles = -(-self.design.hidden_rows // rows)
        # The last tile has fewer rows than the others.
        column = Signal(DEVICES_OF_PAIR * rows * tiles, name="marks_of_column")
        m.d.comb += column.eq(Mux(layer, self.marks[skipped:], self.marks))
        of_tile = column.word_select(self._row_tile, DEVICES_OF_PAIR * rows)
        found: dict[str, Value] = {}
        for number, side in enumerate(("pos", "neg")):
            marked = Signal(rows, name=f"{side}_marked")
            m.d.comb += marked.eq(Cat(of_tile[DEVICES_OF_PAIR * row + number] for row in range(rows)))
            found |= {f"{side}_rest": marked, f"{side}_full": marked}
        return found
