"""The scan loader with a core behind it: loads, read-backs, and bits that flip on the way."""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.random_codes import random_codes
from remora.spec.bmru.scan import chain_bits, check_word, pack_chain
from remora.tb.lib.bench import Block, BlockBench, block_test

WORD_BYTES = 4
WRONG = ("written_wrong", "chain_wrong", "latches_wrong")
PASSES = 3
"""Passes over the chain in a load: in, round, and round again after the latch."""


def first_shift(number: int, length: int) -> int:
    """Shifts of a load before a pass: the first writes, and each of the others takes one shift more than there are
    bits."""
    return number * length + max(0, number - 1)


class ScanDriver:
    """Drives one block; counts shifts, latches, and what it said of the codes.

    Attributes:
        flips: (wire, shift) → in which shift of the command a wire is inverted.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.host = bench, block, block.part("host")
        self.flips: set[tuple[str, int]] = set()
        self.strobes = strobes = {"shifts": 0, "latches": 0, "captures": 0, "trusted": 0, "doubted": 0, "done": 0}
        self.begin = lambda: strobes.update(dict.fromkeys(strobes, 0))

    async def cycle(self) -> None:
        """One cycle, with the flips that belong to it."""
        block, strobes = self.block, self.strobes
        for wire in ("flip_in", "flip_out"):
            block.put(**{wire: int((wire, strobes["shifts"]) in self.flips)})
        await self.bench.cycle()
        names = {"shifts": "scan_enable", "latches": "scan_latch", "captures": "scan_capture", "done": "host__done"}
        for count in strobes:
            strobes[count] += block.get(names.get(count, count))

    async def command(self, name: str) -> None:
        """Start a command."""
        self.begin()
        self.host.put(**{name: 1})
        await self.cycle()
        self.host.put(**{name: 0})
        await self.cycle()

    async def load(self, bits: np.ndarray, check: int) -> tuple[int, int]:
        """A load; returns ``done`` and ``failed``."""
        self.host.put(check=check)
        await self.command("load")
        data = pack_chain(bits)
        for start in range(0, len(data), WORD_BYTES):
            while not self.host.get("wants_word"):
                await self.cycle()
            for _ in range(self.bench.random.randrange(3)):
                await self.cycle()
            word = int.from_bytes(data[start : start + WORD_BYTES], "little")
            self.host.put(data_write=1, data_value=word, data_strobes=15)
            await self.cycle()
            self.host.put(data_write=0, data_value=0, data_strobes=0)
            await self.cycle()
        return await self.end()

    async def verify(self, check: int) -> tuple[int, int]:
        """A verification; returns ``done`` and ``failed``."""
        self.host.put(check=check)
        await self.command("verify")
        return await self.end()

    async def read(self) -> bytes:
        """A read-back, to its last word."""
        await self.command("read")
        words = -(-chain_bits(self.block.design) // 32)
        data = b""
        for _ in range(words):
            while not self.host.get("has_word"):
                await self.cycle()
            data += self.host.get("data_read_value").to_bytes(WORD_BYTES, "little")
            self.host.put(data_read=1)
            await self.cycle()
            self.host.put(data_read=0)
            await self.cycle()
        await self.end()
        return data

    async def end(self) -> tuple[int, int]:
        """Wait for the end; ``done`` and ``failed`` as seen."""
        seen = (0, 0)
        while self.host.get("busy"):
            if self.host.get("done"):
                seen = (1, self.host.get("failed"))
            await self.cycle()
        return seen

    def wrong(self) -> list[str]:
        """Which check words were wrong."""
        return [name for name in WRONG if self.host.get(name)]


@block_test
async def round_trip(bench: BlockBench) -> None:
    """Codes arrive, can be read back and verified; every pass takes every bit once."""

    async def drive(block: Block) -> None:
        driver, length = ScanDriver(bench, block), chain_bits(block.design)
        for seed in (1, 2):
            bits = random_codes(block.design, seed).chain()
            ended = await driver.load(bits, check_word(bits))
            bench.compare(block, "done, failed, wrong", (ended, driver.wrong()), ((1, 0), []))
            counts = {name: 1 for name in driver.strobes} | {"shifts": first_shift(PASSES, length)}
            bench.compare(block, "strobes of a load", driver.strobes, counts)
            bench.compare(block, "check word of a load", driver.host.get("found"), check_word(bits))
            for _ in range(2):
                bench.compare(block, "read back", await driver.read(), pack_chain(bits))
                bench.compare(block, "check word of a read-back", driver.host.get("found"), check_word(bits))
                bench.compare(block, "doubted by reading", driver.strobes["doubted"], 0)
            bench.compare(block, "verified", (await driver.verify(check_word(bits)), driver.wrong()), ((1, 0), []))
            bench.compare(block, "trusted", driver.strobes["trusted"], 1)
            ended = await driver.verify(check_word(bits) ^ 1 << bench.random.randrange(32))
            bench.compare(block, "wrong word", (ended, driver.wrong()), ((1, 1), ["latches_wrong"]))
            bench.compare(block, "trusted", driver.strobes["trusted"], 0)

    await bench.each(drive)


@block_test
async def wrong_check_word(bench: BlockBench) -> None:
    """Codes with another check word than announced are not latched: what was there stays."""

    async def drive(block: Block) -> None:
        driver = ScanDriver(bench, block)
        before, after = (random_codes(block.design, seed).chain() for seed in (3, 4))
        await driver.load(before, check_word(before))
        for _ in range(6):
            wrong = after.copy()
            wrong[bench.random.randrange(len(wrong))] ^= True
            ended = await driver.load(wrong, check_word(after))
            bench.compare(block, "done, failed, wrong", (ended, driver.wrong()), ((1, 1), ["written_wrong"]))
            bench.compare(block, "check word found", driver.host.get("found"), check_word(wrong))
            bench.compare(block, "latched, trusted", [driver.strobes[name] for name in ("latches", "trusted")], [0, 0])
            bench.compare(block, "the codes before", await driver.read(), pack_chain(before))

    await bench.each(drive)


@block_test
async def flipped_bits(bench: BlockBench) -> None:
    """A bit that flips on its way into the chain, in it, or on its way back is found in the pass that must find it."""

    async def drive(block: Block) -> None:
        driver, length = ScanDriver(bench, block), chain_bits(block.design)
        bits = random_codes(block.design, 5).chain()
        # Where a bit flips, and which check finds it: on its way round it is wrong only in the pass after.
        cases = [
            ("flip_in", 0, "chain_wrong"),
            ("flip_out", 1, "chain_wrong"),
            ("flip_in", 1, "latches_wrong"),
            ("flip_out", 2, "latches_wrong"),
        ]
        for wire, number, found in cases:
            for position in (0, length - 1, bench.random.randrange(length)):
                shift = first_shift(number, length) + position
                # In a pass that shifts round a bit enters a shift after it left.
                driver.flips = {(wire, shift + 1 if wire == "flip_in" and number else shift)}
                ended = await driver.load(bits, check_word(bits))
                what = f"{wire} in pass {number} at bit {position}"
                bench.compare(block, what, (ended, driver.wrong()), ((1, 1), [found]))
                wrong = bits.copy()
                wrong[position] ^= True
                bench.compare(block, f"{what}: check word", driver.host.get("found"), check_word(wrong))
                bench.compare(block, f"{what}: latched", driver.strobes["latches"], int(found == "latches_wrong"))
                bench.compare(block, f"{what}: trusted", driver.strobes["trusted"], 0)
        # After the last look at it: harmless, the latches are right.
        driver.flips = {("flip_in", first_shift(2, length) + 1)}
        ended = await driver.load(bits, check_word(bits))
        bench.compare(block, "a flip after the last pass", (ended, driver.wrong()), ((1, 0), []))
        driver.flips = set()
        bench.compare(block, "read back", await driver.read(), pack_chain(bits))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset within any command: idle, and a load works."""
    drivers = [ScanDriver(bench, block) for block in bench.blocks]
    for name in ("load", "verify", "read"):
        for _ in range(3):
            for driver in drivers:
                driver.host.put(**{name: 1})
            await bench.cycle()
            for driver in drivers:
                driver.host.put(**{name: 0})
            await bench.cycle(bench.random.randint(1, 90))
            await bench.reset(1)
            await bench.cycle()
            for driver in drivers:
                found = driver.host.get("busy"), driver.wrong(), driver.host.get("found")
                bench.compare(driver.block, "idle", found, (0, [], 0))
    for driver in drivers:
        bits = random_codes(driver.block.design, 6).chain()
        bench.compare(driver.block, "load", await driver.load(bits, check_word(bits)), (1, 0))
