"""The pace of frames: when each starts, of those that come in time, late, and after a late one."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test

SPARE = 30
"""Cycles of a period in which no frame is awake."""


async def next_start(bench: BlockBench, block: Block, now: int) -> int:
    """The cycle of the next ``prepare``, counted on from ``now``; the frame is then taken."""
    for later in range(4 * (block.design.cycles.awake + SPARE)):
        if block.get("prepare"):
            block.put(available=0)
            return now + later
        await bench.cycle()
    raise AssertionError(f"{block.name}: no frame started")


@block_test
async def late_frames(bench: BlockBench) -> None:
    """A frame that comes late starts when it comes; the one after it starts on its own tick, sooner than a period."""
    for block in bench.blocks:
        period = block.design.cycles.awake + SPARE
        block.put(run=0, available=0, first=0, reports_taken=1, reports_stalled=0, period=period)
        await bench.reset()
        await bench.cycle(3)
        block.put(run=1, available=1)
        starts = [await next_start(bench, block, 0)]
        for late in (0, 0, 1, SPARE // 2, 2 * SPARE // 3, 0, 0):
            tick, now = starts[0] + len(starts) * period, starts[-1]
            # The frame shows up so many cycles after its tick, or well before it.
            await bench.cycle(tick + late - now - (0 if late else SPARE // 4))
            now = tick + late - (0 if late else SPARE // 4)
            block.put(available=1)
            starts.append(await next_start(bench, block, now))
            # What is driven is seen after the next edge, and `prepare` follows the cycle in which all is met.
            bench.compare(block, f"start of frame {len(starts) - 1}", starts[-1] - tick, late + 2 if late else 0)
        distances = [b - a for a, b in zip(starts, starts[1:], strict=False)]
        bench.compare(block, "some follow sooner", min(distances) < period < max(distances), True)
        block.put(run=0, available=0)


@block_test
async def back_to_back(bench: BlockBench) -> None:
    """With period 0 only being awake keeps the next frame waiting."""
    for block in bench.blocks:
        block.put(run=1, available=1, first=0, reports_taken=1, reports_stalled=0, period=0)
        await bench.reset()
        now = await next_start(bench, block, 0)
        for _ in range(3):
            await bench.cycle()
            block.put(available=1)
            later = await next_start(bench, block, now + 1)
            bench.compare(block, "from start to start", later - now, block.design.cycles.shortest_frame)
            now = later
        block.put(run=0, available=0)
