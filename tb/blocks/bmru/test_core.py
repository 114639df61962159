"""The BMRU core against golden: frames, scan chain, hysteresis, noise, resets, and its contract."""

from __future__ import annotations

from functools import partial
from unittest.mock import patch

import cocotb
import numpy as np
from numpy.typing import NDArray

from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.random_codes import by_hand, random_codes, random_features
from remora.spec.bmru.scan import chain_bits, check_word
from remora.spec.lib.fixed import saturate
from remora.tb.blocks.bmru.core_driver import BmruCoreDriver
from remora.tb.lib.bench import Block, BlockBench, block_test, pack

SURVIVED_FRAMES = 1_000_000


def driver_of(bench: BlockBench, block: Block) -> BmruCoreDriver:
    """A driver; reset has been."""
    return BmruCoreDriver(bench, block)


def random_blocks(bench: BlockBench) -> list[Block]:
    """Those with codes at random; the others are for one test each."""
    return [block for block in bench.blocks if block.name not in ("cells", "noisy")]


def named(bench: BlockBench, name: str) -> Block:
    """The block of a name."""
    return next(block for block in bench.blocks if block.name == name)


@block_test
async def frames(bench: BlockBench) -> None:
    """Clips on random codes: every state bit, decision and charge; codes may be changed between clips."""

    async def drive(block: Block) -> None:
        driver = driver_of(bench, block)
        for number in range(3):
            await driver.load(random_codes(block.design, 10 + number))
            features = random_features(block.design, 1, 14, number)[0]
            await driver.clip(features[:8])
            await driver.more(features[8:])

    await bench.each(drive, random_blocks(bench))


@block_test
async def scan_round_trip(bench: BlockBench) -> None:
    """What was shifted in is read back, bit for bit; any wrong bit shows in the check word; reset changes nothing."""

    async def drive(block: Block) -> None:
        driver = driver_of(bench, block)
        bits = random_codes(block.design, 20).chain()
        await driver.shift(bits)
        await bench.cycle()
        bench.compare(block, "the chain's end after a load", block.get("scan_out"), int(bits[0]))
        await driver.strobe("scan_latch")
        found = await driver.read_back()
        bench.compare(block, "bits read back", found.tolist(), bits.tolist())
        bench.compare(block, "check word", check_word(found), check_word(bits))
        for _ in range(3):
            wrong = bits.copy()
            wrong[bench.random.randrange(len(bits))] ^= True
            await driver.shift(wrong)
            await driver.strobe("scan_latch")
            found = await driver.read_back()
            bench.compare(block, "bits read back, one of them wrong", found.tolist(), wrong.tolist())
            bench.compare(block, "the check word finds it", check_word(found) != check_word(bits), True)
        # A bit too few: everything is one place off.
        await driver.shift(bits[:-1])
        await driver.strobe("scan_latch")
        found = await driver.read_back()
        bench.compare(block, "a load cut short", check_word(found) != check_word(bits), True)

    await bench.each(drive, random_blocks(bench))
    blocks = random_blocks(bench)
    before = [await driver_of(bench, block).read_back() for block in blocks]
    await bench.reset()
    for block, bits in zip(blocks, before, strict=True):
        found = await driver_of(bench, block).read_back()
        bench.compare(block, "bits after a reset", found.tolist(), bits.tolist())


async def after_reset(driver: BmruCoreDriver, seed: int) -> None:
    """Frames from where a reset has left the core."""
    driver.frame = driver.charge = 0
    driver.golden.clear(1)
    await driver.more(random_features(driver.design, 1, 4, seed)[0])


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset discards the frame in progress: counters are zero, noise starts anew, codes stay."""
    drivers = [driver_of(bench, block) for block in random_blocks(bench)]
    for driver in drivers:
        await driver.load(random_codes(driver.design, 30))
    for moment in (1, 4, 17):
        for driver in drivers:
            driver.block.put(settle=1, feature=1)
        await bench.cycle(moment)
        for driver in drivers:
            driver.block.put(settle=0)
        bench.dut.rst.value = 1
        await bench.cycle()
        await bench.cycle()
        for driver in drivers:
            outputs = [driver.block.get(name) for name in ("valid", "state", "winner", "charge")]
            bench.compare(driver.block, "outputs in reset", outputs, [0] * 4)
        bench.dut.rst.value = 0

        tasks = [cocotb.start_soon(after_reset(driver, moment)) for driver in drivers]
        for task in tasks:
            await task


@block_test
async def hysteresis(bench: BlockBench) -> None:
    """One cell a lane: swept up and down across both thresholds in steps of a code, then at random; once as it is, once
    with a bias that makes candidates negative, which the diode before the cell cuts off."""
    block = named(bench, "cells")
    driver, design = driver_of(bench, block), block.design
    width, one = design.network.width, 1 << design.formats.ratio_fraction
    low = np.array([0, 10, 40, 40, 99, 200, -7, 3])[:width]
    high = np.array([0, 10, 41, 90, 300, 511, 50, 500])[:width]
    limit = design.formats.feature_limit
    sweep = [*range(limit + 1), *range(limit, -1, -1)]
    some = [bench.random.randint(-limit, limit) for _ in range(300)]
    state, toggled = np.zeros(width, bool), np.zeros(width, int)
    for bias in (0, -100):
        codes = by_hand(
            design,
            input__weight=one,
            blocks__0__first__weight=np.eye(width, dtype=np.int32) * one,
            blocks__0__first__bias=bias,
            blocks__0__threshold=high,
            blocks__0__hysteresis=high - low,
            blocks__0__gain=100,
        )
        await driver.load(codes)
        await driver.strobe("clear")
        state[:] = False
        for code in [*sweep, *sweep, *some]:
            await driver.one_frame(np.array([code]))
            candidate = max(max(code, 0) + bias, 0)
            following = np.where(candidate >= high, True, np.where(candidate <= low, False, state))
            toggled += following != state
            state = following
            what = f"cells at code {code}, bias {bias}"
            bench.compare(block, what, block.get("state"), pack(state.astype(int).tolist(), 1))
    # The first cell's threshold is 0: it is always set. The seventh never lets go. Either was set once a round.
    bench.compare(block, "cells that toggled", (toggled >= 4).tolist(), [index not in (0, 6) for index in range(width)])


@block_test
async def skips_saturate(bench: BlockBench) -> None:
    """Codes that all add to the node bring the skip to its limit in some cycles, and not in all."""
    block = named(bench, "narrow")
    driver, beyond = driver_of(bench, block), []

    def counted(skip: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
        beyond.append(int((np.abs(skip) > limit).sum()))
        return saturate(skip, limit)

    # In `remora.golden.bmru.core` nothing but the skip saturates; targets do so in the layers.
    with patch("remora.golden.bmru.core.saturate", counted):
        for seed in (40, 41, 42):
            codes = random_codes(block.design, seed)
            await driver.load(BmruCodes(block.design, {name: np.abs(array) for name, array in codes.arrays.items()}))
            await driver.clip(random_features(block.design, 1, 10, seed)[0])
    bench.compare(block, "golden's skip saturates, and not always", {count > 0 for count in beyond}, {False, True})


@partial(block_test, timeout_ms=30)
async def survival(bench: BlockBench) -> None:
    """Held states survive 10⁶ frames of noise below the hysteresis; of noise above it they do not."""
    block = named(bench, "noisy")
    driver, design = driver_of(bench, block), block.design
    held, middle = 0b0011, 50
    # Noise is at most 3.45 times its rms of 40 pA: 138 pA about the 500 pA at which cells are held.
    for hysteresis_codes, stretches, stretch in ((30, 20, SURVIVED_FRAMES // 20), (10, 40, 25)):
        high = middle + hysteresis_codes // 2
        biases = {"blocks__0__hysteresis": hysteresis_codes, "blocks__0__threshold": high}
        # Cells 0 and 1 are set first, the others reset, and then all are held.
        start = by_hand(design, blocks__0__first__bias=[90, 90, 0, 0], **biases)
        await driver.load(start)
        block.put(settle=1, evaluate=1, sample=1)
        await bench.cycle(2)
        block.put(settle=0, evaluate=0, sample=0)
        await driver.load(by_hand(design, blocks__0__first__bias=middle, **biases))
        bench.compare(block, "cells before", block.get("state"), held)
        survived = 0
        block.put(settle=1, evaluate=1, sample=1)
        for _ in range(stretches):
            await bench.cycle(stretch)
            survived += block.get("state") == held
        block.put(settle=0, evaluate=0, sample=0)
        if stretches * stretch == SURVIVED_FRAMES:
            bench.compare(block, "stretches survived", survived, stretches)
        else:
            bench.compare(block, "noise above the hysteresis flips a cell", survived < stretches, True)


@block_test
async def violate(bench: BlockBench) -> None:
    """Break the contract as told; the simulation must not come back."""
    block = named(bench, "odd")
    if bench.config["load"]:
        await driver_of(bench, block).load(random_codes(block.design, 1))
    block.put(**bench.config["violation"])
    await bench.cycle(3)
    bench.compare(block, "simulation ended", False, True)


@block_test
async def chain_length(bench: BlockBench) -> None:
    """A lone bit comes out after exactly the length of the chain."""

    async def drive(block: Block) -> None:
        length = chain_bits(block.design)
        out = await driver_of(bench, block).shift([0] * length + [1] + [0] * (length + 1))
        bench.compare(block, "a lone bit's way", out[length:], [0] * length + [1, 0])

    await bench.each(drive, random_blocks(bench))


@block_test
async def traced(bench: BlockBench) -> None:
    """Two clips of frames for the monitor to write; the features come from golden's side of the test."""
    driver = driver_of(bench, bench.blocks[0])
    await driver.load(random_codes(driver.design, 50))
    for seed in (51, 52):
        await driver.clip(random_features(driver.design, 1, 15, seed)[0])
