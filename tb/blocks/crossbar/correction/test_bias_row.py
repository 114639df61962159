"""The bias row: what passes between two program ports, and what becomes of the last row of the layer.

Rules K6, K7 and P1.
"""

from __future__ import annotations

from random import Random

from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, LayerLayout, Tile, layer_layout
from remora.spec.devices.pairs.registry import PAIRS
from remora.tb.lib.bench import Block, BlockBench, block_test, some_word

CYCLES = 500


def layout_of(block: Block) -> LayerLayout:
    """Of the block's layer."""
    return layer_layout(block.design, Layer(block.parameters["layer"]))


def flags_of(design: DesignPoint, bias: int) -> dict[str, bool]:
    """What a pair of ideal devices that holds a weight shows."""
    top = design.crossbar.top_level
    positive, negative = design.crossbar.pair_levels(bias)
    full = PAIRS[design.crossbar.pair].full(top)
    return {
        "pos_rest": positive == 0, "pos_full": positive >= full, "neg_rest": negative == 0, "neg_full": negative >= full
    }  # fmt: skip


def some_selection(random: Random, layout: LayerLayout) -> tuple[Tile, int]:
    """A tile, a last one as often as not, and a column of it."""
    tiles = [tile for tile in layout.tiles if tile.row_tile == layout.row_tiles - 1 or random.getrandbits(1)]
    tile = random.choice(tiles)
    return tile, random.choice((0, tile.columns - 1, random.randrange(tile.columns)))


def put_and_expect(random: Random, block: Block, bias: int, passive: bool) -> tuple[dict[str, int], int | None]:
    """Put any selection, pulse and flags; what the ports show then, and the column, None outside the last row tile."""
    layout, rows = layout_of(block), block.design.crossbar.rows
    tile, column = some_selection(random, layout)
    up, down, side = (some_word(random, rows) for _ in range(3))
    # A row is not pulsed up and down at once.
    down &= ~up
    pulse, busy, sensed = (random.getrandbits(1) for _ in range(3))
    flags = {name: some_word(random, rows) for name in SENSE}
    outer = {"tile": tile.index, "column": column, "up": up, "down": down, "side": side, "pulse": pulse}
    inner = {"busy": busy, "sensed": sensed, **flags}
    block.part("outer").put(**outer)
    block.part("inner").put(**inner)
    block.put(passive=int(passive), bias=bias)
    last = tile.row_tile == layout.row_tiles - 1
    own = 1 << (layout.rows - 1 - tile.first_row) if last and not passive else 0
    expected = {f"inner__{name}": value for name, value in outer.items()}
    expected |= {f"inner__{name}": outer[name] & ~own for name in ("up", "down")}
    expected |= {f"outer__{name}": value for name, value in inner.items()}
    for name, is_set in flags_of(block.design, bias).items():
        expected[f"outer__{name}"] = flags[name] & ~own | own * is_set
    expected["step"] = int(bool(pulse and (up | down) & own))
    if expected["step"]:
        # g⁺ up or g⁻ down.
        expected["raises"] = int(bool(up & own) != bool(side & own))
    return expected, tile.first_column + column if last else None


async def compared(bench: BlockBench, block: Block, bias: int, passive: bool) -> None:
    """One cycle, everything compared."""
    expected, column = put_and_expect(bench.random, block, bias, passive)
    await bench.cycle()
    bench.compare_ports(block, f"bias {bias}, passive {passive}", expected)
    if column is not None:
        bench.compare(block, "column", block.get("column"), column)
    else:
        bench.compare(block, "a column that the layer has", block.get("column") < layout_of(block).columns, False)


@block_test
async def anything(bench: BlockBench) -> None:
    """Selections, pulses, flags and biases at random."""

    async def drive(block: Block) -> None:
        random, most = bench.random, block.design.crossbar.weight_limit
        for _ in range(CYCLES):
            near = random.choice((-most, 0, most)) + random.choice((-1, 0, 1))
            bias = random.choice((max(-most, min(most, near)), random.randint(-most, most)))
            await compared(bench, block, bias, random.random() < 0.2)

    await bench.each(drive)


@block_test
async def every_bias(bench: BlockBench) -> None:
    """The flags of each."""

    async def drive(block: Block) -> None:
        most = block.design.crossbar.weight_limit
        for bias in range(-most, most + 1):
            for _ in range(2):
                await compared(bench, block, bias, False)

    await bench.each(drive)
