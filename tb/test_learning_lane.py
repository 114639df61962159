"""Learning lane, delta unit and error unit: products summed exactly, χ rounded and saturated, pulses toward zero."""

from __future__ import annotations

from tb.blocks import Block, BlockBench, block_test, pack, some_integers, unpack_signed
from tb.learning_model import delta, errors, move


def lanes(bench: BlockBench, kind: str) -> list[Block]:
    """The instances of one kind: names are ``<kind>_<design>``."""
    return [block for block in bench.blocks if block.name.startswith(kind)]


def extremes(bench: BlockBench, limit: int) -> int:
    """An end of ±limit, zero, a neighbour, or anything between."""
    random = bench.random
    return random.choice((limit, -limit, 0, 1, -1, random.randint(-limit, limit), random.randint(-limit, limit)))


@block_test
async def gradients_and_updates(bench: BlockBench) -> None:
    """Sequences of the full length with words and deltas at their ends, each ended by an update of either layer."""

    async def drive(block: Block) -> None:
        design, parameters = block.design, block.parameters
        bits, limit = design.formats.stream_bits, (1 << (design.learning.accumulator_bits - 1)) - 1
        level, seen = design.learning.accumulator_level, set()
        for _ in range(120):
            gradient = 0
            for step in range(bench.random.randint(1, design.network.max_steps)):
                sign, extreme = bench.random.choice((-1, 1)), bench.chance(0.5)
                size = design.stream_limit if extreme else bench.random.randint(0, design.stream_limit)
                value = (
                    bench.random.choice((-1, 1)) * parameters["delta"]
                    if extreme
                    else extremes(bench, parameters["delta"])
                )
                block.put(enable=1, first=int(step == 0), word=size | int(sign < 0) << bits, delta=value)
                await bench.cycle()
                gradient = (0 if step == 0 else gradient) + sign * size * value
                block.put(enable=0)
                if bench.chance(0.2):
                    block.put(delta=extremes(bench, parameters["delta"]))
                    await bench.cycle()
            for _ in range(4):
                readout = bench.random.getrandbits(1)
                accumulator = bench.random.choice(
                    (extremes(bench, limit), extremes(bench, level), extremes(bench, min(limit, 3 * level)))
                )
                block.put(accumulator=accumulator, readout=readout)
                await bench.cycle()
                wanted = move(design, accumulator, gradient, bool(readout))
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
        most = min(design.learning.max_pulses, limit // level)
        assert {(most, True), (most, False)} <= seen, f"{block.name}: most pulses of both signs never fell due"

    await bench.each(drive, lanes(bench, "lane"))


@block_test
async def deltas(bench: BlockBench) -> None:
    """One a cycle: codes in one, the feedback in the next, the delta in the one after."""

    async def drive(block: Block) -> None:
        design, bound = block.design, block.parameters["feedback"]
        codes = [extremes(bench, design.adc_limit) for _ in range(200)]
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
            scores = some_integers(bench.random, -design.adc_limit, design.adc_limit, classes)
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
