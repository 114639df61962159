"""Learning lane, delta unit and error unit: products summed exactly, χ rounded and saturated, pulses toward zero."""

from __future__ import annotations

from remora.tb.lib.aiming import rounds
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed
from remora.tb.models.learning import delta, errors, move, rounded


def lanes(bench: BlockBench, kind: str) -> list[Block]:
    """The instances of one kind: names are ``<kind>_<design>``."""
    return [block for block in bench.blocks if block.name.startswith(kind)]


def extremes(bench: BlockBench, limit: int) -> int:
    """An end of ±limit, zero, a neighbour, or anything between."""
    random = bench.random
    return random.choice((limit, -limit, 0, 1, -1, random.randint(-limit, limit), random.randint(-limit, limit)))


async def gather(bench: BlockBench, block: Block) -> int:
    """A sequence of words and deltas, many at their ends, summed by a lane; its gradient."""
    design, largest, gradient = block.design, block.parameters["delta"], 0
    for step in range(bench.random.randint(1, design.network.max_steps)):
        sign, extreme = bench.random.choice((-1, 1)), bench.chance(0.5)
        size = design.formats.stream_limit if extreme else bench.random.randint(0, design.formats.stream_limit)
        value = bench.random.choice((-1, 1)) * largest if extreme else extremes(bench, largest)
        block.put(enable=1, first=int(step == 0), word=size | int(sign < 0) << design.formats.stream_bits, delta=value)
        await bench.cycle()
        gradient = (0 if step == 0 else gradient) + sign * size * value
        block.put(enable=0)
        if bench.chance(0.2):
            block.put(delta=extremes(bench, largest))
            await bench.cycle()
    return gradient


@block_test
async def gradients_and_updates(bench: BlockBench) -> None:
    """Sequences of the full length with words and deltas at their ends, each ended by an update of either layer."""

    async def drive(block: Block) -> None:
        design, limit = block.design, (1 << (block.design.learning.accumulator_bits - 1)) - 1
        level = design.learning.accumulator_level
        seen: set[tuple[int, bool]] = set()
        most = min(design.learning.max_pulses, limit // level)
        for _ in rounds(120, seen, {(most, True), (most, False)}, block.name):
            gradient = await gather(bench, block)
            for _ in range(4):
                readout, rate_shift = bench.random.getrandbits(1), bench.random.choice((0, 0, 1, 2, 3))
                accumulator = bench.random.choice(
                    (extremes(bench, limit), extremes(bench, level), extremes(bench, min(limit, 3 * level)))
                )
                block.put(accumulator=accumulator, readout=readout, rate_shift=rate_shift)
                await bench.cycle()
                wanted = move(design, accumulator, gradient, bool(readout), rate_shift)
                bench.compare(block, "gradient", block.get_signed("gradient"), gradient)
                bench.compare(
                    block,
                    f"accumulator of {accumulator}, {gradient}",
                    block.get_signed("next_accumulator"),
                    wanted.accumulator,
                )
                bench.compare(block, f"pulses of {accumulator}, {gradient}", block.get("pulses"), wanted.pulses)
                if wanted.pulses:
                    bench.compare(block, "raised", block.get("raised"), int(wanted.raised))
                seen.add((wanted.pulses, wanted.raised))

    await bench.each(drive, lanes(bench, "lane_"))


@block_test
async def gradients_rounded(bench: BlockBench) -> None:
    """Mode `direct`: every random number, gradients of either sign, rates of either layer."""

    async def drive(block: Block) -> None:
        design = block.design
        seen: set[tuple[int, bool]] = set()
        level, most = design.learning.accumulator_level, design.learning.max_pulses
        for _ in rounds(150, seen, {(most, True), (most, False), (0, False)}, block.name):
            gradient = await gather(bench, block)
            for _ in range(4):
                readout, rate_shift = bench.random.getrandbits(1), bench.random.choice((0, 0, 1, 2, 3))
                random = bench.random.choice((0, level - 1, bench.random.randrange(level)))
                block.put(random=random, readout=readout, rate_shift=rate_shift)
                await bench.cycle()
                bench.compare(block, "gradient", block.get_signed("gradient"), gradient)
                pulses, raised = rounded(design, random, gradient, bool(readout), rate_shift)
                bench.compare(block, f"pulses of {gradient}, {random}", block.get("pulses"), pulses)
                if pulses:
                    bench.compare(block, "raised", block.get("raised"), int(raised))
                seen.add((pulses, raised))

    await bench.each(drive, lanes(bench, "rounding_lane"))


@block_test
async def deltas(bench: BlockBench) -> None:
    """One a cycle: codes in one, the feedback in the next, the delta in the one after."""

    async def drive(block: Block) -> None:
        design, bound = block.design, block.parameters["feedback"]
        codes = [extremes(bench, design.formats.adc_limit) for _ in range(200)]
        values = [extremes(bench, bound) for _ in range(200)]
        for cycle in range(200):
            block.put(code=codes[cycle], feedback=values[cycle])
            await bench.cycle()
            if cycle > 1:
                wanted = delta(design, values[cycle - 1], codes[cycle - 2])
                bench.compare(
                    block, f"delta of {values[cycle - 1]}, {codes[cycle - 2]}", block.get_signed("delta"), wanted
                )

    await bench.each(drive, lanes(bench, "delta"))


@block_test
async def errors_of_classes(bench: BlockBench) -> None:
    """Every label, scores at their ends; done on its cycle, and stable while the scores change."""

    async def drive(block: Block) -> None:
        design = block.design
        classes, bits = design.network.classes, design.formats.adc_bits
        for label in [*range(min(classes, 12)), classes - 1]:
            scores = some_integers(bench.random, -design.formats.adc_limit, design.formats.adc_limit, classes)
            block.put(start=1, label=label, scores=pack(scores, bits))
            for cycle in range(classes):
                await bench.cycle()
                block.put(start=0)
                if cycle:
                    bench.compare(block, f"done after {cycle} cycles", block.get("done"), 0)
            block.put(scores=bench.random.getrandbits(bits * classes), label=0)
            for _ in range(2):
                await bench.cycle()
                bench.compare(block, "done", block.get("done"), 1)
                bench.compare(
                    block,
                    f"errors of {scores}",
                    unpack_signed(block.get("error"), 9, classes),
                    errors(design, scores, label),
                )

    await bench.each(drive, lanes(bench, "error"))
