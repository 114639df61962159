"""The write controller: pulses keep pairs as they must be, are dropped at their ends, wait for each other, and leave
the devices alone that a fault map marks."""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import DEVICES_OF_PAIR, fault_words
from remora.tb.lib.bench import Block, BlockBench, block_test, pack
from remora.tb.models.learning import Pair

FLAGS = ("pos_rest", "pos_full", "neg_rest", "neg_full")


class Devices:
    """Every pair of a block, as its crossbars must hold them; fresh ones have weight 0."""

    def __init__(self, block: Block) -> None:
        self.design = block.design
        self.pairs = {
            layer: [[Pair(block.design) for _ in range(layout.rows)] for _ in range(layout.columns)]
            for layer, layout in ((layer, layer_layout(block.design, layer)) for layer in Layer)
        }


_devices: dict[str, Devices] = {}


def devices_of(block: Block) -> Devices:
    """The devices of a block, which the tests of one simulation share and no reset touches."""
    return _devices.setdefault(block.name, Devices(block))


async def write(
    bench: BlockBench,
    block: Block,
    devices: Devices,
    layer: Layer,
    column: int,
    counts: list[int],
    raised: list[int],
) -> int:
    """One column through the controller against the model: pulses, drops, and the flags of its last tile.

    Returns the pulses that were dropped.
    """
    design, crossbar = block.design, block.design.crossbar
    layout = layer_layout(design, layer)
    skipped = design.hidden_rows - layout.rows
    bits = max(1, design.learning.max_pulses.bit_length())
    block.put(
        start=1, layer=int(layer), column_tile=column // crossbar.columns, column=column % crossbar.columns,
        counts=pack([0] * skipped + counts, bits), raised=pack([0] * skipped + raised, 1),
    )  # fmt: skip
    await bench.cycle()
    bench.compare(block, "ready at the start", block.get("ready"), 1)
    # What the ports show from now on matters to nobody.
    block.put(start=0, layer=bench.random.getrandbits(1), counts=bench.random.getrandbits(bits * design.hidden_rows))
    applied, dropped, written, busy, was_busy, cycles = 0, 0, 0, 0, 0, 0
    while True:
        await bench.cycle()
        # A launch while a pulse lasts would end the simulation; no launch may be counted then either.
        # They are counted a cycle later.
        assert not (was_busy and (block.get("applied") or block.get("dropped"))), f"{block.name}: counted while busy"
        was_busy = block.get("busy")
        if block.get("applied"):
            bench.compare(block, "layer of pulses", block.get("layer_written"), int(layer))
        applied, dropped, busy = (
            applied + block.get("applied"),
            dropped + block.get("dropped"),
            busy + block.get("busy"),
        )
        written += block.get("devices")
        if block.get("ready"):
            break
        cycles += 1
        assert cycles < 5000, f"{block.name}: stuck"
    bench.compare(block, "busy when ready", block.get("busy"), 0)
    before = [(pair.positive, pair.negative) for pair in devices.pairs[layer][column]]
    done = [
        devices.pairs[layer][column][row].pulse(bool(raised[row]))
        for row in range(layout.rows)
        for _ in range(counts[row])
    ]
    bench.compare(block, f"pulses of {counts}", (applied, dropped), (done.count(True), done.count(False)))
    after = [(pair.positive, pair.negative) for pair in devices.pairs[layer][column]]
    # Pulses of a column all go one way, so a device that took one has changed.
    changed = sum(old != new for two in zip(before, after, strict=True) for old, new in zip(*two, strict=True))
    bench.compare(block, "devices written", written, changed)
    if not any(counts):
        bench.compare(block, "cycles of a column without pulses", cycles, 0)
    rounds = sum(
        max(counts[first : first + crossbar.rows], default=0) for first in range(0, layout.rows, crossbar.rows)
    )
    assert busy <= rounds * (1 + crossbar.pulse_cycles), f"{block.name}: more than one pulse a round"
    # The tile that is selected at the end is sensed even without pulses.
    await bench.cycle(1 + design.cycles.sense)
    await check_flags(bench, block, devices, layer, column)
    return dropped


async def check_flags(bench: BlockBench, block: Block, devices: Devices, layer: Layer, column: int) -> None:
    """Flags of the tile that the controller still selects."""
    layout, name = layer_layout(block.design, layer), layer.name.lower()
    tile = next((tile for tile in layout.tiles if tile.index == block.get(f"{name}__tile")), None)
    if tile is None or not tile.first_column <= column < tile.first_column + tile.columns:
        return
    pairs = devices.pairs[layer][column][tile.row_slice]
    full = pairs[0].full
    wanted = [
        pack([int(pair.positive == 0) for pair in pairs], 1), pack([int(pair.positive == full) for pair in pairs], 1),
        pack([int(pair.negative == 0) for pair in pairs], 1), pack([int(pair.negative == full) for pair in pairs], 1),
    ]  # fmt: skip
    bench.compare(
        block, f"flags of {tile.name} column {column}", [block.get(f"{name}__{flag}") for flag in FLAGS], wanted
    )


def some_counts(bench: BlockBench, rows: int, most: int) -> list[int]:
    """Pulses by row: none at all, one of a single row, of a few rows, of all."""
    random = bench.random
    if bench.chance(0.2):
        single = random.randrange(rows)
        return [int(row == single) for row in range(rows)]
    share = random.choice((0, 0.2, 1, 1))
    return [random.randint(0, most) * (random.random() < share) for _ in range(rows)]


@block_test
async def columns(bench: BlockBench) -> None:
    """Columns of both layers: no pulses, a few, all; one way until pairs are full, then back across zero."""

    async def drive(block: Block) -> None:
        devices, most, random = devices_of(block), block.design.learning.max_pulses, bench.random
        for number in range(120):
            layer = random.choice(list(Layer))
            rows = layer_layout(block.design, layer).rows
            kind = random.randrange(5)
            share = (0, 0.05, 0.5, 1, 1)[kind]
            counts = [random.randint(1, most) if random.random() < share else 0 for _ in range(rows)]
            counts = [most] * rows if kind == 4 else counts
            # Long stretches one way fill the pairs.
            tendency = 0.9 if number // 30 % 2 else 0.1
            column = random.randrange(layer_layout(block.design, layer).columns)
            raised = [int(random.random() < tendency) for _ in range(rows)]
            await write(bench, block, devices, layer, column, counts, raised)
        pairs = [pair for layer in devices.pairs.values() for column in layer for pair in column]
        reference = block.design.crossbar.reference_level
        assert all(pair.negative == reference if reference else 0 in (pair.positive, pair.negative) for pair in pairs)

    await bench.each(drive, without_map(bench))


@block_test
async def fills(bench: BlockBench) -> None:
    """A column of either layer, whatever number of levels a device has: down to the least weight, up to the largest,
    two pulses a row beyond either, and at random from there."""

    async def drive(block: Block) -> None:
        devices, most, random = devices_of(block), block.design.learning.max_pulses, bench.random
        levels = block.design.crossbar.weight_limit
        for layer in Layer:
            layout = layer_layout(block.design, layer)
            column = random.randrange(layout.columns)
            pairs = devices.pairs[layer][column]
            for raised in (0, 1):
                dropped = 0
                for left in range(2 * levels + 2, 0, -most):
                    counts = [min(left, most)] * layout.rows
                    dropped += await write(bench, block, devices, layer, column, counts, [raised] * layout.rows)
                bench.compare(block, "at least two pulses a row are dropped", dropped >= 2 * layout.rows, True)
                ends = [pair.positive - pair.negative for pair in pairs]
                bench.compare(block, "pairs at their end", ends, [levels if raised else -levels] * layout.rows)
            for _ in range(12):
                counts = [random.randint(0, most) for _ in pairs]
                sides = [int(random.random() < 0.2) for _ in pairs]
                await write(bench, block, devices, layer, column, counts, sides)

    await bench.each(drive, without_map(bench))


@block_test
async def one_after_the_other(bench: BlockBench) -> None:
    """Columns that wait at the ports, so that each begins in the cycle in which the one before ends; without marks."""
    await bench.reset(1)

    async def drive(block: Block) -> None:
        design, devices, random = block.design, devices_of(block), bench.random
        bits, most = max(1, design.learning.max_pulses.bit_length()), design.learning.max_pulses
        for pair in (pair for layer in devices.pairs.values() for column in layer for pair in column):
            pair.marked = False, False
        if design.capabilities.compensates:
            await bench.cycle(2 + fault_words(design))
        for _ in range(12):
            wanted, found, cycles = [0, 0], [0, 0], 0
            layer, column = Layer.HIDDEN, 0
            for left in range(random.randint(1, 8), -1, -1):
                if left:
                    layer = random.choice(list(Layer))
                    layout, skipped = layer_layout(design, layer), design.hidden_rows - layer_layout(design, layer).rows
                    column = random.randrange(layout.columns)
                    counts = some_counts(bench, layout.rows, most)
                    raised = [random.getrandbits(1) for _ in range(layout.rows)]
                    block.put(
                        start=1, layer=int(layer), column_tile=column // design.crossbar.columns,
                        column=column % design.crossbar.columns, counts=pack([0] * skipped + counts, bits),
                        raised=pack([0] * skipped + raised, 1),
                    )  # fmt: skip
                    for row, pair in enumerate(devices.pairs[layer][column]):
                        taken = [pair.pulse(bool(raised[row])) for _ in range(counts[row])]
                        wanted = [wanted[0] + taken.count(True), wanted[1] + taken.count(False)]
                else:
                    block.put(start=0)
                while True:
                    await bench.cycle()
                    found = [found[0] + block.get("applied"), found[1] + block.get("dropped")]
                    cycles += 1
                    assert cycles < 40_000, f"{block.name}: stuck"
                    if block.get("ready"):
                        break
            bench.compare(block, "pulses and drops of columns one after the other", found, wanted)
            await bench.cycle(1 + design.cycles.sense)
            await check_flags(bench, block, devices, layer, column)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle the controller is ready, and what it launches next waits for the pulse under way."""

    blocks = without_map(bench)

    async def drive(block: Block) -> None:
        design = block.design
        bits = max(1, design.learning.max_pulses.bit_length())
        rows = design.hidden_rows
        block.put(
            start=1,
            layer=0,
            column_tile=0,
            column=0,
            counts=pack([1] * rows, bits),
            raised=bench.random.getrandbits(rows),
        )
        await bench.cycle()
        block.put(start=0)

    for _ in range(20):
        await bench.each(drive, blocks)
        await bench.cycle(bench.random.randint(1, 12))
        await bench.reset(1)
        await bench.cycle()
        for block in blocks:
            bench.compare(block, "ready after reset", block.get("ready"), 1)
        await bench.each(drive, blocks)
        for _ in range(400):
            await bench.cycle()
            if all(block.get("ready") for block in blocks):
                break
        for block in blocks:
            bench.compare(block, "ready at the end", (block.get("ready"), block.get("busy")), (1, 0))


@block_test
async def compensates(bench: BlockBench) -> None:
    """Columns of both layers under maps that change: none at first, then of many devices, which no pulse reaches.

    Rules P4 and M16.
    """
    await bench.reset(1)

    async def drive(block: Block) -> None:
        devices, design, random = devices_of(block), block.design, bench.random
        await bench.cycle(2 + fault_words(design))
        bench.compare(block, "clearing at the end", block.get("clearing"), 0)
        columns = [(layer, column) for layer in Layer for column in range(layer_layout(design, layer).columns)]
        dropped = reached = 0
        for share in (0, 0.4, 0.2, 0.9):
            # At first nothing is marked, whatever the memory held before the reset.
            for number, (layer, column) in enumerate(columns if share else []):
                await mark(bench, block, devices, layer, column, number, share)
            for layer, column in random.choices(columns, k=40):
                pairs = devices.pairs[layer][column]
                counts = some_counts(bench, len(pairs), design.learning.max_pulses)
                # One way for long enough that pairs end, whichever device moves.
                raised = [int(random.random() < (0.1 if share < 0.4 else 0.9)) for _ in pairs]
                dropped += await write(bench, block, devices, layer, column, counts, raised)
            pairs = [pair for layer in devices.pairs.values() for column in layer for pair in column]
            reached += sum(pair.positive > 0 and pair.negative > 0 for pair in pairs)
        bench.compare(block, "pulses dropped, pairs with both devices raised", (dropped > 0, reached > 0), (True, True))

    async def cleared(block: Block) -> None:
        words = fault_words(block.design)
        await bench.cycle(2 + words)
        for address in range(words):
            block.put(map__address=address, map__read=1)
            await bench.cycle(2)
            block.put(map__read=0)
            bench.compare(block, f"marks of column {address} after a reset", block.get("map__read_data"), 0)

    blocks = [block for block in bench.blocks if block.design.capabilities.compensates]
    await bench.each(drive, blocks)
    await bench.reset(1)
    await bench.each(cleared, blocks)


async def mark(
    bench: BlockBench, block: Block, devices: Devices, layer: Layer, column: int, address: int, share: float
) -> None:
    """Mark a share of a column's devices, in the map and in the model; rows without a weight are marked at random."""
    pairs = devices.pairs[layer][column]
    marks = [int(bench.random.random() < share) for _ in range(DEVICES_OF_PAIR * block.design.hidden_rows)]
    block.put(map__address=address, map__write=1, map__write_data=pack(marks, 1))
    await bench.cycle()
    block.put(map__write=0)
    own = marks[-DEVICES_OF_PAIR * len(pairs) :]
    for row, pair in enumerate(pairs):
        pair.marked = bool(own[DEVICES_OF_PAIR * row]), bool(own[DEVICES_OF_PAIR * row + 1])


def without_map(bench: BlockBench) -> list[Block]:
    """The blocks whose controllers have no fault map."""
    return [block for block in bench.blocks if not block.design.capabilities.compensates]
