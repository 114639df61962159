"""The sequence buffer against the reference parser: every packet kept whole or dropped for one cause."""

from __future__ import annotations

from itertools import pairwise

import cocotb

from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag
from remora.tb.blocks.crossbar.sequence_reader import BufferBench
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.models.packets import malformed, parse, to_beats

WAYS = ((0.0, 0), (0.5, 3), (0.1, 25))
"""How a batch is sent: the chance of a pause before a beat, and how long the reader takes at most."""


def good_packet(bench: BlockBench, block: Block, steps: int) -> list[tuple[int, int]]:
    header = int(Flag.INFER) << 16 | bench.random.randrange(256) << 24
    return to_beats(header, bench.random.randbytes(steps * block.design.network.features))


@block_test
async def batches(bench: BlockBench) -> None:
    """The drawn packets in all ways: at full speed, with pauses between beats, and with a slow reader."""

    async def drive(block: Block) -> None:
        buffer = BufferBench(bench, block)
        batch = [[tuple(beat) for beat in beats] for beats in bench.config["batches"][block.name]]
        for pause, delay in WAYS:
            buffer.source.set_pause_generator(bench.pauses(pause))
            for beats in batch:
                buffer.send(beats)
            await buffer.read_all(delay)
        told = [parse(block.design, beats) for beats in batch]
        causes = {cause: told.count(cause) * len(WAYS) for cause in Drop}
        bench.compare(block, "drops by cause", {cause: buffer.drops.count(cause) for cause in Drop}, causes)

    await bench.each(drive)
    assert bench.compared > 100 * len(bench.blocks)


@block_test
async def every_kind_of_bad_packet(bench: BlockBench) -> None:
    """Between two good packets, one of them unread: counted once by its cause, the neighbours untouched."""

    async def drive(block: Block) -> None:
        buffer = BufferBench(bench, block)
        longest = block.design.network.max_steps
        for beats, cause in malformed(block.design).values():
            buffer.send(good_packet(bench, block, bench.random.randint(1, longest)))
            buffer.send(beats)
            bench.compare(block, "expected cause", buffer.expected_drops[-1], cause)
            buffer.send(good_packet(bench, block, longest))
            await bench.cycle(bench.random.randint(0, 20))
            await buffer.read_one(delay=1)
            await buffer.read_one(delay=1)
        await buffer.read_all(delay=0)

    await bench.each(drive)


@block_test
async def throughput(bench: BlockBench) -> None:
    """A beat a cycle from four features up, a step a cycle below; two cycles more a packet."""

    async def drive(block: Block) -> None:
        buffer, steps = BufferBench(bench, block), block.design.network.max_steps
        beats = good_packet(bench, block, steps)
        for _ in range(6):
            buffer.send(beats)
        cycle = 0
        rises: list[int] = []
        while len(rises) < 6 and cycle < 3000:
            await bench.cycle()
            cycle += 1
            if block.get("sequences__arrived__available"):
                rises.append(cycle)
                bank = block.get("sequences__arrived__bank")
                block.put(sequences__arrived__take=1, sequences__header__bank=bank, sequences__header__free=1)
                await bench.cycle()
                block.put(sequences__arrived__take=0, sequences__header__free=0)
                cycle += 1
        periods = [later - earlier for earlier, later in pairwise(rises)]
        body = len(beats) - 1 if block.design.network.features >= BEAT_BYTES else steps
        bench.compare(block, "cycles from packet to packet", periods, [1 + body + 2] * 5)
        buffer.expected.clear()

    await bench.each(drive)


@block_test
async def back_pressure(bench: BlockBench) -> None:
    """With all banks full the stream waits, for ever if need be, and goes on when one is freed."""

    async def drive(block: Block) -> None:
        buffer = BufferBench(bench, block)
        for _ in range(block.design.banks + 2):
            buffer.send(good_packet(bench, block, block.design.network.max_steps))
        await bench.cycle(800)  # enough for as many of the longest packets as there are banks
        for _ in range(50):
            await bench.cycle()
            bench.compare(block, "tready while all banks are full", block.get("stream__tready"), 0)
        await buffer.read_all(delay=4)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle forgets whatever was received; the next packets are as after power-up."""
    buffers = [BufferBench(bench, block) for block in bench.blocks]
    for _ in range(15):
        for buffer in buffers:
            buffer.source.set_pause_generator(bench.pauses(0.3))
            for _ in range(3):
                buffer.send(
                    good_packet(bench, buffer.block, bench.random.randint(1, buffer.block.design.network.max_steps))
                )
        await bench.cycle(bench.random.randint(1, 30))
        bench.dut.rst.value = 1
        await bench.cycle()
        for buffer in buffers:
            buffer.source.clear()
            buffer.expected.clear()
        await bench.cycle()
        bench.dut.rst.value = 0
        await bench.cycle(2)
        for buffer in buffers:
            bench.compare(buffer.block, "available after reset", buffer.block.get("sequences__arrived__available"), 0)
        tasks = []
        for buffer in buffers:
            for _ in range(2):
                buffer.send(
                    good_packet(bench, buffer.block, bench.random.randint(1, buffer.block.design.network.max_steps))
                )
            tasks.append(cocotb.start_soon(buffer.read_all(delay=2)))
        for task in tasks:
            await task
