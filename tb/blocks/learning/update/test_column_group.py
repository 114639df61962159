"""The groups of columns that learn at once: where each lies, a column a cycle, from the first to the end."""

from __future__ import annotations

from functools import partial

from remora.spec.crossbar.column_groups import ColumnGroup, column_groups
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.tb.lib.bench import Block, BlockBench, block_test

PASSES = 5


def position(design: DesignPoint, group: ColumnGroup) -> dict[str, int]:
    """Where a group lies; no fold of the cell has codes of the readout's columns."""
    readout = group.layer is Layer.READOUT
    of_layer = group.first - design.network.hidden * readout
    tile = next(tile for tile in layer_layout(design, group.layer).tiles if of_layer < tile.first_column + tile.columns)
    found = {
        "readout": int(readout),
        "count": group.count,
        "column": group.first,
        "column_of_layer": of_layer,
        "column_tile": tile.column_tile,
        "column_of_tile": of_layer - tile.first_column,
    }
    if not readout:
        found |= {"code_fold": of_layer // design.cell.lanes, "code_lane": of_layer % design.cell.lanes}
    return found


async def shows(bench: BlockBench, block: Block, number: int) -> None:
    """A cycle in which the block stands at this group, or at the end."""
    groups = column_groups(block.design)
    await bench.cycle()
    ended = int(number == len(groups))
    bench.compare_ports(block, f"group {number}", {"moving": 0, "ended": ended})
    network = block.design.network
    expected = {"column": network.hidden + network.classes} if ended else position(block.design, groups[number])
    bench.compare_ports(block.part("position"), f"position of group {number}", expected)


async def groups_up_to(bench: BlockBench, block: Block, last: int) -> None:
    """The groups from the first to this one, each looked at in some cycles or none, as the next may come at once."""
    random = bench.random
    for number, group in enumerate(column_groups(block.design)[: last + 1]):
        for _ in range(random.choice((0, 0, 1, 3))):
            await shows(bench, block, number)
        if number == last:
            break
        block.put(next_group=1)
        # As the group before shows still.
        await shows(bench, block, number)
        block.put(next_group=0)
        for cycle in range(group.count):
            await bench.cycle()
            bench.compare(block, f"moving in cycle {cycle} after group {number}", block.get("moving"), 1)
    await shows(bench, block, last)


async def restart(bench: BlockBench, block: Block, number: int) -> None:
    """A restart from this group or the end."""
    block.put(restart=1)
    await shows(bench, block, number)
    block.put(restart=0)


@block_test
async def passes(bench: BlockBench) -> None:
    """All groups in order, and restarts from the end and from every group."""

    async def drive(block: Block) -> None:
        count = len(column_groups(block.design))
        await groups_up_to(bench, block, count)
        for last in (*[count] * PASSES, *range(count)):
            await restart(bench, block, count)
            await groups_up_to(bench, block, last)
            await restart(bench, block, last)
            await groups_up_to(bench, block, count)

    await bench.each(drive)


async def some_cycles(bench: BlockBench, cycles: int, block: Block) -> None:
    """So many cycles of a pass, as fast as can be."""
    asked = 1
    for _ in range(cycles):
        asked = int(not (asked or block.get("moving") or block.get("ended")))
        block.put(next_group=asked)
        await bench.cycle()
    block.put(next_group=0)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset at any cycle, also while it moves, the first group is there."""
    for _ in range(25):
        await bench.each(partial(some_cycles, bench, bench.random.randint(1, 40)))
        await bench.reset(1)
        for block in bench.blocks:
            block.put(next_group=0)
        await bench.each(partial(shows, bench, number=0))
        if bench.chance(0.5):
            await bench.each(lambda block: groups_up_to(bench, block, len(column_groups(block.design))))
            await bench.reset(1)
