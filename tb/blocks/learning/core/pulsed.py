"""The crossbars of both layers as learning pulses them: the state of every pair, and what pulses must do to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import NamedTuple

from cocotb.triggers import Timer

from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import DEVICES_OF_PAIR
from remora.tb.lib.bench import Block, BlockBench
from remora.tb.models.learning import Pair

PORTS = {Layer.HIDDEN: "program_hidden", Layer.READOUT: "program_readout"}
SETTLED_NS = 2
"""Into a cycle: the selection stands."""


class Pulse(NamedTuple):
    """Of a column of a tile; a bit of ``up``, ``down`` and ``side`` is a row."""

    layer: Layer
    tile: int
    column: int
    up: int
    down: int
    side: int


class Crossbars:
    """The pairs of both layers, some of them at an end of their range.

    Attributes:
        pairs: of a layer, a row and a column of it.
        pulses: launched since they were taken last.
        answering: tiles say when they are sensed.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.block, self.random, self.design = block, bench.random, block.design
        self.layouts = {layer: layer_layout(self.design, layer) for layer in Layer}
        self.pairs: dict[tuple[Layer, int, int], Pair] = {}
        for layer, layout in self.layouts.items():
            for row in range(layout.rows):
                for column in range(layout.columns):
                    self.pairs[layer, row, column] = self._some_pair()
        self.forget()

    def forget(self) -> None:
        """What a reset leaves: the pairs."""
        self.pulses: list[Pulse] = []
        self.launched: Pulse | None = None
        """In the last cycle."""
        self.answering = True
        self.busy = dict.fromkeys(Layer, 0)
        self.selected: dict[Layer, tuple[int, int]] = {}

    def _some_pair(self) -> Pair:
        pair = Pair(self.design)
        side = self.random.choice(("positive", "negative"))
        setattr(pair, side, self.random.choice((0, 1, pair.full - 1, pair.full)))
        return pair

    async def show(self) -> None:
        """Within a cycle: flags of the selected column, and whether they stand."""
        await Timer(SETTLED_NS, "ns")
        for layer, port in PORTS.items():
            block = self.block
            selected = block.get(f"{port}__tile"), block.get(f"{port}__column")
            stands = selected == self.selected.get(layer) and not self.busy[layer] and self.answering
            self.selected[layer] = selected
            sensed = stands and self.random.random() < 0.8
            ports = {"busy": int(self.busy[layer] > 0), "sensed": int(sensed)}
            ports |= self._flags(layer, *selected) if sensed else dict.fromkeys(SENSE, 0)
            block.put(**{f"{port}__{name}": value for name, value in ports.items()})

    def _flags(self, layer: Layer, tile: int, column: int) -> dict[str, int]:
        """Of a column of a tile, where the layer has it; no row that the tile does not have has one."""
        layout, flags = self.layouts[layer], dict.fromkeys(SENSE, 0)
        if tile >= len(layout.tiles):
            return flags
        extent = layout.tiles[tile]
        for row in range(extent.rows):
            pair = self.pairs.get((layer, extent.first_row + row, extent.first_column + column))
            if pair is None:
                continue
            shown = (pair.positive == 0, pair.positive == pair.full, pair.negative == 0, pair.negative == pair.full)
            for name, value in zip(SENSE, shown, strict=True):
                flags[name] |= int(value) << row
        return flags

    def look(self) -> None:
        """The cycle that has just ended: what it pulsed moves."""
        self.launched = None
        for layer, port in PORTS.items():
            self.busy[layer] = max(0, self.busy[layer] - 1)
            if not self.block.get(f"{port}__pulse"):
                continue
            tile, column, up, down, side = (
                self.block.get(f"{port}__{name}") for name in ("tile", "column", "up", "down", "side")
            )
            assert self.launched is None, "both layers are pulsed at once"
            self.launched = Pulse(layer, tile, column, up, down, side & (up | down))
            self.pulses.append(self.launched)
            self.busy[layer] = self.random.randint(1, 3)
            extent = self.layouts[layer].tiles[tile]
            for row in range(extent.rows):
                moved = (up >> row & 1) - (down >> row & 1)
                name = "negative" if side >> row & 1 else "positive"
                if moved:
                    pair = self.pairs[layer, extent.first_row + row, extent.first_column + column]
                    setattr(pair, name, getattr(pair, name) + moved)

    def taken(self) -> list[Pulse]:
        """Pulses since this was asked last."""
        pulses, self.pulses = self.pulses, []
        return pulses


class Expected:
    """What columns' pulses do to pairs, in their order, beside a fault map of a word a column.

    Attributes:
        pairs: as they are after these pulses.
        pulses: that are launched.
        counted: what the counters count of them.
    """

    def __init__(self, crossbars: Crossbars, marks: Mapping[int, int]) -> None:
        design = crossbars.design
        self.layouts, self.pairs, self.pulses = crossbars.layouts, deepcopy(crossbars.pairs), list[Pulse]()
        self.columns = design.crossbar.columns
        for (layer, row, column), pair in self.pairs.items():
            readout = layer is Layer.READOUT
            of_column = marks[column + readout * design.network.hidden]
            of_pair = of_column >> DEVICES_OF_PAIR * (row + readout * design.network.features)
            pair.marked = bool(of_pair & 1), bool(of_pair & 2)
        self.counted: Counter[str] = Counter()

    def column(self, layer: Layer, column: int, due: list[tuple[int, bool]]) -> None:
        """A column of a layer: pulses that are due in each of its rows, and whether they raise the weight."""
        layout = self.layouts[layer]
        for extent in layout.tiles[column // self.columns :: layout.column_tiles]:
            counts = [due[extent.first_row + row][0] for row in range(extent.rows)]
            seen: set[tuple[int, bool]] = set()
            while any(counts):
                up, down, side = 0, 0, 0
                for row, count in enumerate(counts):
                    if not count:
                        continue
                    counts[row] -= 1
                    pair = self.pairs[layer, extent.first_row + row, column]
                    before = pair.positive, pair.negative
                    if not pair.pulse(due[extent.first_row + row][1]):
                        self.counted[f"pulses_dropped_{layer.name.lower()}"] += 1
                        continue
                    negative = pair.negative != before[1]
                    raised = pair.positive > before[0] or pair.negative > before[1]
                    up, down, side = up | raised << row, down | (not raised) << row, side | negative << row
                    seen.add((row, negative))
                    self.counted[f"pulses_{layer.name.lower()}"] += 1
                if up | down:
                    self.pulses.append(Pulse(layer, extent.index, column % self.columns, up, down, side))
            self.counted[f"devices_{layer.name.lower()}"] += len(seen)
