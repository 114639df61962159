"""Learning column: where the column lies that the learning engine works on."""

from __future__ import annotations

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import accumulator_words
from remora.spec.lib.fixed import unsigned_width


class LearningColumn(wiring.Component):
    """Columns of the hidden layer in order, then those of the readout, each fold by fold.

    Ports:
        restart: goes to the first column.
        next_fold: goes to the next fold.
        next_column: goes to the first fold of the next column.
        readout: the column is the readout's.
        column: counts both layers through.
        column_of_layer: counts anew in each layer.
        class_index: the readout's column, 0 in the hidden layer.
        column_tile: the column of tiles that it lies in.
        column_of_tile: its place in that.
        code_fold: the fold of the cell that has its codes.
        code_lane: its lane in that fold.
        fold_index: the fold of the column.
        word: of its accumulators, rule M9.
        last_fold: the fold is the column's last.
        last_of_layer: the column is its layer's last.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        network = design.network
        column_tiles = max(layer_layout(design, layer).column_tiles for layer in Layer)
        super().__init__(
            {
                "restart": In(1),
                "next_fold": In(1),
                "next_column": In(1),
                "readout": Out(1),
                "column": Out(range(network.hidden + network.classes)),
                "column_of_layer": Out(unsigned_width(max(network.hidden, network.classes) - 1)),
                "class_index": Out(unsigned_width(network.classes - 1)),
                "column_tile": Out(unsigned_width(column_tiles - 1)),
                "column_of_tile": Out(unsigned_width(design.crossbar.columns - 1)),
                "code_fold": Out(unsigned_width(design.folds - 1)),
                "code_lane": Out(unsigned_width(design.cell.lanes - 1)),
                "fold_index": Out(unsigned_width(design.learning_folds - 1)),
                "word": Out(range(accumulator_words(design))),
                "last_fold": Out(1),
                "last_of_layer": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        design, network = self.design, self.design.network
        of_layer = (self.column_of_layer, self.column_tile, self.column_of_tile, self.code_fold, self.code_lane)
        m.d.comb += [
            self.last_fold.eq(self.fold_index == design.learning_folds - 1),
            self.last_of_layer.eq(self.column_of_layer == Mux(self.readout, network.classes - 1, network.hidden - 1)),
            self.class_index.eq(Mux(self.readout, self.column_of_layer, 0)),
        ]
        with m.If(self.next_fold):
            m.d.sync += [self.fold_index.eq(self.fold_index + 1), self.word.eq(self.word + 1)]
        with m.If(self.next_column):
            m.d.sync += [
                self.fold_index.eq(0),
                self.word.eq(self.word - self.fold_index + design.learning_folds),
                self.column.eq(self.column + 1),
                self.column_of_layer.eq(self.column_of_layer + 1),
                self.column_of_tile.eq(self.column_of_tile + 1),
                self.code_lane.eq(self.code_lane + 1),
            ]
            with m.If(self.column_of_tile == design.crossbar.columns - 1):
                m.d.sync += [self.column_of_tile.eq(0), self.column_tile.eq(self.column_tile + 1)]
            with m.If(self.code_lane == design.cell.lanes - 1):
                m.d.sync += [self.code_lane.eq(0), self.code_fold.eq(self.code_fold + 1)]
            with m.If(self.last_of_layer):
                m.d.sync += [self.readout.eq(1), *(counter.eq(0) for counter in of_layer)]
        with m.If(self.restart):
            m.d.sync += [self.readout.eq(0), self.column.eq(0), self.fold_index.eq(0), self.word.eq(0)]
            m.d.sync += [counter.eq(0) for counter in of_layer]
        return m
