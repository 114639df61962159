"""The gain of codes: scaled, rounded and saturated, each lane by itself.

Rules G1 and G2.
"""

from __future__ import annotations

from random import Random

from remora.spec.crossbar.correction.plan import added_bits
from remora.spec.crossbar.gain.code_gain import FRACTION_BITS, GAIN_BITS, LEAST, MOST, UNITY
from remora.spec.crossbar.layout import Layer, layer_layout, sum_bits
from remora.spec.lib.fixed import round_shift, saturate
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, unpack_signed

CYCLES = 1_500


def width_of(block: Block) -> int:
    """Bits of a lane's sum, which may have a correction in it."""
    of_tiles = sum_bits(block.design, layer_of(block))
    corrects = block.design.capabilities.corrects
    return max(of_tiles, added_bits(block.design)) + 1 if corrects else of_tiles


def layer_of(block: Block) -> Layer:
    """Whose codes it scales."""
    return Layer(block.parameters["layer"])


def bound_of(block: Block) -> int:
    """The largest magnitude of a sum: every tile at full scale, and a correction that fills its bits."""
    row_tiles = layer_layout(block.design, layer_of(block)).row_tiles
    corrections = (1 << added_bits(block.design) - 1) - 1 if block.design.capabilities.corrects else 0
    return block.design.formats.adc_limit * row_tiles + corrections


def some_gain(random: Random) -> int:
    """An end, 1, of one bit or all but one, a gain that rounds halves, or any."""
    one = 1 << random.randrange(GAIN_BITS)
    halves = (UNITY >> 1) * random.randrange(1, 16)
    gain = random.choice((LEAST, UNITY, MOST, one, UNITY ^ one, MOST - 1 ^ one, halves, random.randint(LEAST, MOST)))
    return min(MOST, max(LEAST, gain))


def some_sum(random: Random, bound: int, limit: int, gain: int) -> int:
    """A sum at an end, near 0 or a power of two, whose code is near full scale, or any."""
    full = limit * UNITY // gain + random.randint(-3, 3)
    one = (1 << random.randrange(bound.bit_length())) + random.randint(-1, 1)
    # Of those that do not saturate, more often large ones.
    within = max(0, min(bound, full) - random.randrange(16))
    total = random.choice((bound, 0, one, full, within, within, random.randint(0, bound)))
    return max(-bound, min(bound, random.choice((-1, 1)) * total))


async def compared(bench: BlockBench, block: Block, sums: list[int], gain: int) -> None:
    """One cycle, all lanes compared."""
    formats = block.design.formats
    block.put(sum=pack(sums, width_of(block)), gain=gain)
    await bench.cycle()
    found = unpack_signed(block.get("code"), formats.adc_bits, len(sums))
    expected = [saturate(round_shift(gain * total, FRACTION_BITS), formats.adc_limit) for total in sums]
    bench.compare(block, f"codes of {sums} at {gain}", found, expected)


@block_test
async def any_sums_and_gains(bench: BlockBench) -> None:
    """Sums and gains at random, most of which do not saturate."""

    async def drive(block: Block) -> None:
        random, lanes = bench.random, block.parameters["lanes"]
        bound, limit = bound_of(block), block.design.formats.adc_limit
        for _ in range(CYCLES):
            gain = some_gain(random)
            await compared(bench, block, [some_sum(random, bound, limit, gain) for _ in range(lanes)], gain)

    await bench.each(drive)


@block_test
async def unity_changes_nothing(bench: BlockBench) -> None:
    """The gain after the reset pin saturates sums, and does nothing else; most of the sums."""

    async def drive(block: Block) -> None:
        bound, lanes = bound_of(block), block.parameters["lanes"]
        every = range(-bound, bound + 1)
        for total in bench.random.sample(every, min(len(every), CYCLES // 4)):
            sums = [total if lane % 2 == 0 else -total for lane in range(lanes)]
            await compared(bench, block, sums, UNITY)
            expected = [saturate(each, block.design.formats.adc_limit) for each in sums]
            found = unpack_signed(block.get("code"), block.design.formats.adc_bits, lanes)
            bench.compare(block, f"codes of {sums}", found, expected)

    await bench.each(drive)
