"""Which devices of a group of rows the self-test pulses next, by column, and which columns are dead."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import GROUP_ROWS, columns_at_once, layer_folds
from remora.spec.lib.fixed import unsigned_width


class PulseMasks(wiring.Component):
    """Written a fold of columns at a time, read a column at a time.

    Rules S2 and S6.

    Ports:
        layer: whose columns the folds are.
        row: of the group.
        fold: of columns.
        store: takes ``up`` and ``down`` of the fold in this row.
        up: columns of the fold whose device is raised.
        down: columns whose device is lowered.
        empty: no device is pulsed.
        check: takes ``stuck`` of the fold in this row; the first row with ``anew``.
        anew: a column is dead only by what is checked from now on.
        stuck: columns of the fold of which both devices of the row are stuck.
        clear: no column is dead.
        left_out: columns of the fold that are dead, or that the layer does not have.
        column: that is read.
        column_up: rows of the group whose device in the column is raised.
        column_down: rows whose device is lowered.
        column_dead: the column is dead.
        rows: rows of the group with a device that is pulsed.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        self.lanes = {layer: columns_at_once(design, layer) for layer in Layer}
        self.folds = {layer: layer_folds(design, layer) for layer in Layer}
        self.columns = max(layer_layout(design, layer).columns for layer in Layer)
        most = max(self.lanes.values())
        super().__init__(
            {
                "layer": In(1),
                "row": In(range(GROUP_ROWS)),
                "fold": In(unsigned_width(max(self.folds.values()) - 1)),
                "store": In(1),
                "up": In(most),
                "down": In(most),
                "empty": In(1),
                "check": In(1),
                "anew": In(1),
                "stuck": In(most),
                "clear": In(1),
                "left_out": Out(most),
                "column": In(unsigned_width(self.columns)),
                "column_up": Out(GROUP_ROWS),
                "column_down": Out(GROUP_ROWS),
                "column_dead": Out(1),
                "rows": Out(GROUP_ROWS),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        names = ("up", "down")
        masks = {name: [Signal(self.columns, name=f"{name}_{row}") for row in range(GROUP_ROWS)] for name in names}
        dead = Signal(self.columns, name="dead_columns")
        for layer in Layer:
            with m.If(self.layer == layer), m.Switch(self.fold):
                for fold in range(self.folds[layer]):
                    with m.Case(fold):
                        self._fold(m, layer, fold, masks, dead)
        for name in names:
            found = Cat(mask.bit_select(self.column, 1) for mask in masks[name])
            m.d.comb += getattr(self, f"column_{name}").eq(found)
        m.d.comb += [
            self.column_dead.eq(dead.bit_select(self.column, 1)),
            self.rows.eq(Cat((up | down).any() for up, down in zip(*masks.values(), strict=True))),
        ]
        with m.If(self.clear):
            m.d.sync += dead.eq(0)
        with m.If(self.empty):
            m.d.sync += [mask.eq(0) for name in names for mask in masks[name]]
        return m

    def _fold(self, m: Module, layer: Layer, fold: int, masks: dict[str, list[Signal]], dead: Signal) -> None:
        """What is stored and shown of one fold of a layer."""
        lanes, columns = self.lanes[layer], layer_layout(self.design, layer).columns
        part = slice(fold * lanes, min((fold + 1) * lanes, columns))
        count = part.stop - part.start
        absent: Value = Const(-1, len(self.left_out) - count) if count < len(self.left_out) else Const(0, 0)
        m.d.comb += self.left_out.eq(Cat(dead[part], absent))
        for row in range(GROUP_ROWS):
            with m.If(self.store & (self.row == row)):
                m.d.sync += [masks[name][row][part].eq(getattr(self, name)[:count]) for name in masks]
        with m.If(self.check):
            m.d.sync += dead[part].eq(Mux(self.anew, self.stuck[:count], dead[part] & self.stuck[:count]))
