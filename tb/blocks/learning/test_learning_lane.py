"""Learning lane, delta unit and error unit: products summed exactly, χ rounded and saturated, pulses toward zero."""

from __future__ import annotations

from collections.abc import Iterator

from remora.hdl.learning.update.update_lane import dropped_bits
from remora.spec.crossbar.learning import gradient_bound
from remora.spec.crossbar.update_cycles import ROUNDED
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


@block_test
async def gradients(bench: BlockBench) -> None:
    """Sequences of the full length with words and deltas at their ends, summed exactly."""

    async def drive(block: Block) -> None:
        design, largest, random = block.design, block.parameters["delta"], bench.random
        for _ in range(120):
            gradient = 0
            for step in range(random.randint(1, design.network.max_steps)):
                sign, extreme = random.choice((-1, 1)), bench.chance(0.5)
                size = design.formats.stream_limit if extreme else random.randint(0, design.formats.stream_limit)
                value = random.choice((-1, 1)) * largest if extreme else extremes(bench, largest)
                block.put(enable=1, first=int(step == 0), word=size | int(sign < 0) << design.formats.stream_bits)
                block.put(delta=value, opposite=-value, triple=3 * value, opposite_triple=-3 * value)
                await bench.cycle()
                gradient = (0 if step == 0 else gradient) + sign * size * value
                block.put(enable=0)
                if bench.chance(0.2):
                    block.put(delta=extremes(bench, largest))
                    await bench.cycle()
            await bench.cycle()
            bench.compare(block, "gradient", block.get_signed("gradient"), gradient)

    await bench.each(drive, lanes(bench, "lane_"))


def some_gradients(bench: BlockBench, block: Block) -> Iterator[tuple[int, bool, int]]:
    """Gradients with the readout's or not and a shift of the rate: first of every single bit, then at an end, near a
    level, or anything."""
    design, bound, random = block.design, gradient_bound(block.design), bench.random
    level = design.learning.accumulator_level << max(design.learning.hidden_shift, design.learning.readout_shift)
    bits = [
        (sign << bit, readout) for sign in (1, -1) for bit in range(bound.bit_length()) for readout in (False, True)
    ]
    for gradient, readout in random.sample(bits, len(bits)):
        if abs(gradient) <= bound:
            yield gradient, readout, 0
    while True:
        limit = random.choice((bound, min(bound, 3 * level), 300))
        yield extremes(bench, limit), bench.chance(0.5), random.randrange(4)


@block_test
async def updates(bench: BlockBench) -> None:
    """A gradient a cycle, of either layer and every rate; what follows comes `ROUNDED` cycles later."""

    async def drive(block: Block) -> None:
        design, limit = block.design, (1 << (block.design.learning.accumulator_bits - 1)) - 1
        level, random = design.learning.accumulator_level, bench.random
        seen: set[tuple[int, bool]] = set()
        most, wanted, gradients = min(design.learning.max_pulses, limit // level), [], some_gradients(bench, block)
        for _ in rounds(500, seen, {(most, True), (most, False)}, block.name):
            gradient, readout, rate_shift = next(gradients)
            near = random.choice((1, -1)) * (limit - random.randrange(1 << random.randrange(limit.bit_length())))
            accumulator = random.choice(
                (extremes(bench, limit), extremes(bench, level), extremes(bench, min(limit, 3 * level)), near)
            )
            block.put(gradient=gradient >> dropped_bits(design), readout=int(readout), rate_shift=rate_shift)
            wanted.append(move(design, accumulator, gradient, readout, rate_shift))
            await bench.cycle()
            # Of the gradient that was there in the cycle before.
            block.put(accumulator=accumulator)
            if len(wanted) <= ROUNDED:
                continue
            due, what = wanted[-1 - ROUNDED], f"{len(wanted)}"
            bench.compare(block, f"accumulator {what}", block.get_signed("next_accumulator"), due.accumulator)
            bench.compare(block, f"pulses {what}", block.get("pulses"), due.pulses)
            if due.pulses:
                bench.compare(block, f"raised {what}", block.get("raised"), int(due.raised))
            seen.add((due.pulses, due.raised))

    await bench.each(drive, lanes(bench, "update_"))


@block_test
async def updates_rounded(bench: BlockBench) -> None:
    """Mode `direct`: random numbers at their ends, gradients of either sign, rates of either layer, one a cycle."""

    async def drive(block: Block) -> None:
        design, wanted, gradients = block.design, [], some_gradients(bench, block)
        seen: set[tuple[int, bool]] = set()
        level, most = design.learning.accumulator_level, design.learning.max_pulses
        for _ in rounds(500, seen, {(most, True), (most, False), (0, False)}, block.name):
            gradient, readout, rate_shift = next(gradients)
            random = bench.random.choice((0, level - 1, bench.random.randrange(level)))
            block.put(gradient=gradient >> dropped_bits(design), readout=int(readout), rate_shift=rate_shift)
            block.put(random=random)
            wanted.append(rounded(design, random, gradient, readout, rate_shift))
            await bench.cycle()
            if len(wanted) <= ROUNDED:
                continue
            pulses, raised = wanted[-1 - ROUNDED]
            bench.compare(block, f"pulses {len(wanted)}", block.get("pulses"), pulses)
            if pulses:
                bench.compare(block, f"raised {len(wanted)}", block.get("raised"), int(raised))
            seen.add((pulses, raised))

    await bench.each(drive, lanes(bench, "rounding_"))


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
        # A label beyond the classes, as no packet has it that is taken, is that of none.
        beyond = [1 << bit for bit in range(16) if 1 << bit >= classes]
        for label in [*range(min(classes, 12)), classes - 1, *beyond]:
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


@block_test
async def errors_are_reset(bench: BlockBench) -> None:
    """A reset ends what runs, and what was done is so no longer, until the next start."""

    async def drive(block: Block) -> None:
        classes = block.design.network.classes
        for cycles in (0, 1, classes // 2, classes + 2):
            block.put(start=1, label=0)
            await bench.cycle()
            block.put(start=0)
            if cycles:
                await bench.cycle(cycles)
            await bench.reset(1)
            for _ in range(classes + 2):
                await bench.cycle()
                bench.compare(block, "done after a reset", block.get("done"), 0)

    for block in lanes(bench, "error"):
        await drive(block)
