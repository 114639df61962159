"""Connections of the self-test: what it puts on wordlines and program ports, where its walk ends, what is weighed."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import wiring

from remora.hdl.crossbar.self_test.decider import PairDecider
from remora.hdl.crossbar.self_test.weigher import Weigher
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.layout import Layer, LayerLayout
from remora.spec.crossbar.self_test.plan import (
    BURST_PULSES,
    BURSTS,
    GROUP_ROWS,
    LAST_PULSES,
    weighed_planes,
    weighings,
)


def drive_row(m: Module, layouts: Mapping[Layer, LayerLayout], wordlines, driving: Value, layer: Value, row: Value):
    """One row of a layer, positively.

    Args:
        wordlines: of both layers, which are 0 where ``driving`` is not.
        row: of the layer.
    """
    for each, layout in layouts.items():
        here = driving & (layer == each)
        lines = Cat(*(here & (row == index) for index in range(layout.rows)))
        m.d.comb += getattr(wordlines, f"{each.name.lower()}_pos").eq(lines)


def pulse_group(m: Module, port: wiring.PureInterface, rows: int, group: Value, up: Value, down: Value, side: Value):
    """The pulses of a group of rows, on a program port whose tiles have so many rows.

    Args:
        up, down: of the rows of the group, which are raised and lowered.
    """

    def of_tile(mask: Value) -> Value:
        groups = -(-rows // GROUP_ROWS)
        return Cat(*(Mux(group == index, mask, 0) for index in range(groups)))[:rows]

    m.d.comb += [port.up.eq(of_tile(up)), port.down.eq(of_tile(down)), port.side.eq(side.replicate(rows))]


def find_ends(m: Module, test) -> None:
    """Where the walk of a self-test ends: columns and folds of the layer at hand, and the last of what it counts.

    Also how often the next pulses go over all columns again. Rule S4.
    """
    shorter = ~test.base & (test.number == BURSTS - 2)
    m.d.comb += test.repeats.eq(Mux(test.returning, 0, Mux(shorter, LAST_PULSES - 1, BURST_PULSES - 1)))
    for layer, layout in test.layouts.items():
        with m.If(test.layer == layer):
            m.d.comb += [
                test.columns.eq(layout.columns),
                test.fold_count.eq(test.folds[layer]),
                test.last_plane.eq(test.plane == weighed_planes(test.design, layer) - 1),
                test.last_weighing.eq(test.sample == weighings(test.design, layer) - 1),
            ]
        for tile in layout.tiles[:: layout.column_tiles]:
            groups, rest = -(-tile.rows // GROUP_ROWS), (tile.rows - 1) % GROUP_ROWS
            with m.If((test.layer == layer) & (test.row_tile == tile.row_tile)):
                m.d.comb += [
                    test.last_group.eq(test.group == groups - 1),
                    test.last_row.eq(Mux(test.last_group, rest, GROUP_ROWS - 1)),
                    test.last_tile.eq(tile.row_tile == layout.row_tiles - 1),
                ]


def connect_weigher(m: Module, test, weigher: Weigher, read: Value, take: Value) -> None:
    """What the weigher is told of the walk, and the signs of the words that are taken, as they were first read.

    It weighs a cycle behind the walk. Flip-flops part the sums of the row tiles from its own, which would be the
    longest path of the design in one cycle. The walk never compares planes so soon after a reading.

    Args:
        read, take: of the words of a reading of a plane, as the ports of the weigher have them.
    """
    known = [test.known(index).word_select(2, test.plan.sum_bits) for index in range(test.lanes)]
    m.d.sync += [
        weigher.fold.eq(test.fold),
        weigher.read.eq(read),
        weigher.taken.eq(test.taken),
        weigher.take.eq(take),
        weigher.plane.eq(test.plane),
        weigher.first.eq((test.group == 0) & (test.row == 0) & (test.plane == 0) & (test.sample == 0)),
        weigher.codes.eq(test.codes),
        weigher.negative.eq(Cat(target[-1] for target in known)),
        weigher.zero.eq(Cat(~target.any() for target in known)),
    ]
    m.d.comb += [
        weigher.layer.eq(test.layer),
        weigher.least.eq(test.host.least),
        weigher.group.eq(test.host.group),
        weigher.lane.eq(test.host.lane),
        test.host.sum.eq(weigher.sum),
    ]


def add_deciders(m: Module, test) -> None:
    """One a lane of a self-test, beside the word that is taken."""
    memory, masks, bits = test.memory, test.masks, test.design.formats.adc_bits
    m.d.comb += [getattr(test, f"{layer.name.lower()}_columns").fold.eq(test.taken) for layer in Layer]
    codes = test.codes
    words: list[Value] = []
    both = []
    m.d.comb += codes.eq(Mux(test.layer, test.readout_columns.code, test.hidden_columns.code))
    for index in range(test.lanes):
        decider = add_submodule(m, f"decider_{index}", PairDecider(test.design))
        code = codes[index * bits : (index + 1) * bits]
        m.d.comb += [
            decider.known.eq(test.known(index)),
            decider.code.eq(code.as_signed() if len(code) == bits else 0),
            decider.first.eq(test.sample == 0),
            decider.side.eq(test.side),
            decider.base.eq(test.base),
            decider.returning.eq(test.returning),
            decider.number.eq(test.number),
            decider.left_out.eq(masks.left_out[index]),
            decider.threshold.eq(test.host.threshold),
            masks.up[index].eq(decider.up),
            masks.down[index].eq(decider.down),
            test.stuck[2 * index].eq(decider.stuck_pos & ~masks.left_out[index]),
            test.stuck[2 * index + 1].eq(decider.stuck_neg & ~masks.left_out[index]),
        ]
        both.append(decider.stuck_pos & decider.stuck_neg)
        words.append(Mux(test.deciding, decider.decided, decider.summed))
    m.d.comb += [memory.write_data.eq(Cat(*words)), masks.stuck.eq(Cat(*both))]
