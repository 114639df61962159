"""A lane of the MiRU cell: candidate, state and word from every code."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.models.miru import CellUpdate, update

COEFFICIENTS = (0, 1, 2, 127, 128, 255, 256)


async def stream(bench: BlockBench, block: Block, items: list[tuple[int, int, bool, int, int]]) -> list[CellUpdate]:
    """Pass (code, previous, first, update and word coefficient) through all stages, one a cycle, and compare."""
    results: list[CellUpdate] = []
    stored: list[tuple[int, int]] = []
    for index in range(len(items) + 2):
        block.put(enable=int(index < len(items)))
        if index < len(items):
            code, previous, first, _, _ = items[index]
            block.put(code=code, previous=previous, first=int(first))
        if 1 <= index <= len(items):
            block.put(update_coefficient=items[index - 1][3])
        if index >= 2:
            block.put(word_coefficient=items[index - 2][4])
        await bench.cycle()
        if index >= 2:
            code, previous, first, update_coefficient, word_coefficient = item = items[index - 2]
            expected = update(block.design, code, 0 if first else previous, update_coefficient, word_coefficient)
            candidate, state = stored.pop()
            word = block.get("word"), bool(block.get("word_saturated"))
            # Without a second word there is nothing to compare.
            other = expected.readout_word, expected.readout_word_saturated
            if block.design.capabilities.reads_every_step:
                other = block.get("readout_word"), bool(block.get("readout_word_saturated"))
            found = CellUpdate(candidate, state, *word, *other)
            bench.compare(block, f"code, previous, first, coefficients = {item}", found, expected)
            results.append(expected)
        if index >= 1:
            stored.append((block.get_signed("candidate"), block.get_signed("state")))
    return results


@block_test
async def every_code(bench: BlockBench) -> None:
    """Every code, over states from end to end and coefficients from 0 to 1."""

    async def drive(block: Block) -> None:
        limit, end, random = block.design.formats.adc_limit, block.design.formats.state_limit, bench.random
        items = []
        for code in range(-limit, limit + 1):
            for _ in range(1500 // limit):
                previous = random.choice((0, 1, -1, end, -end, random.randint(-end, end), random.randint(-end, end)))
                coefficient = lambda: random.choice((*COEFFICIENTS, random.randint(0, 256)))  # noqa: E731
                items.append((code, previous, bench.chance(0.1), coefficient(), coefficient()))
        random.shuffle(items)
        results = await stream(bench, block, items)
        assert any(result.word_saturated for result in results) and len({result.word for result in results}) > 1

    await bench.each(drive)
    assert bench.compared > 2000 * len(bench.blocks)


@block_test
async def largest_steps(bench: BlockBench) -> None:
    """Between the ends of the range, and alternating from one to the other."""

    async def drive(block: Block) -> None:
        limit, end = block.design.formats.adc_limit, block.design.formats.state_limit
        items = [
            (code, previous, False, update_coefficient, word_coefficient)
            for update_coefficient in COEFFICIENTS
            for word_coefficient in COEFFICIENTS
            for code in (limit, -limit, 0)
            for previous in (end, -end)
        ]
        await stream(bench, block, items)

    await bench.each(drive)


@block_test
async def idle_lanes_hold(bench: BlockBench) -> None:
    """What enters no lane changes nothing in it."""

    async def drive(block: Block) -> None:
        limit, end, random = block.design.formats.adc_limit, block.design.formats.state_limit, bench.random
        names = ("candidate", "state", "stored", "word", "word_saturated")
        for _ in range(20):
            item = (random.randint(-limit, limit), random.randint(-end, end), False, 200, 100)
            await stream(bench, block, [item])
            block.put(enable=0)
            await bench.cycle(2)
            held = [block.get(name) for name in names]
            for _ in range(3):
                block.put(
                    code=random.randint(-limit, limit), previous=random.randint(-end, end), first=random.randint(0, 1)
                )
                await bench.cycle()
                bench.compare(block, "a lane without work", [block.get(name) for name in names], held)

    await bench.each(drive)
