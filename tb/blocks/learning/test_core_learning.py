"""Learning in a core: lessons with replays and healing, memories that the host restores, and resets of both kinds."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from typing import Any

from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib.macro_memories import MemoryShape
from remora.tb.blocks.learning.core.lessons import Interrupted
from remora.tb.blocks.learning.core.window import HostedCore
from remora.tb.lib.bench import Block, BlockBench, block_test

LESSONS, ABORTS, RESETS, LOST = 6, 24, 5, 2
MOST_CYCLES = 1_600
"""Until a reset."""
PATHS = {
    HostMemory.ACCUMULATORS: ("learner", "update_walk", "store", "memory"),
    HostMemory.RESERVOIR_STEPS: ("reservoir", "steps"),
    HostMemory.RESERVOIR_HEADS: ("reservoir", "heads"),
    HostMemory.FAULT_MAP: ("learner", "fault_map", "memory"),
}
"""Instances on the way to the macro of a memory."""


async def halted(host: HostedCore) -> None:
    """Any settings, perhaps healing that is asked for; the reservoir may be frozen."""
    host.some_settings()
    host.held["replay__freeze"] = int(host.random.random() < 0.1)
    if host.random.random() < 0.3:
        await host.cycle(host__load_updates=1)
    count = host.random.choice((0, 1, 2, 3, host.random.getrandbits(32)))
    await host.cycle(healing__load_accuracy=1, healing__load_control=1)
    await host.cycle(healing__load_count=1, healing__count_value=count)


@block_test
async def lessons(bench: BlockBench) -> None:
    """New sequences, their replays and healing ones, from what the host restored and on; then all memories."""

    async def drive(block: Block) -> None:
        host = HostedCore(bench, block)
        await host.cleared()
        for number in range(LESSONS):
            await halted(host)
            if number % 4 == 1:
                await host.restore()
            if number == 2:
                await host.cycle(replay__clear=1)
            await host.lesson(ratio=2, answering=number != 4)
            await host.heal(3)
            await host.rest()
            if number % 3 == 2:
                await host.require_all()
        missing = [name for name, count in host.written.items() if not count]
        bench.compare(block, "counters that count nothing", missing, [])

    await bench.each(drive)


@block_test
async def soft_resets(bench: BlockBench) -> None:
    """A soft reset in any cycle of lessons and of healing, and between them; then all memories."""

    async def drive(block: Block) -> None:
        host = HostedCore(bench, block)
        await host.cleared()
        await halted(host)
        await host.restore()
        for number in range(ABORTS):
            host.abort_at_start = number % 5 == 4
            host.abort_in = None if host.abort_at_start else bench.random.randrange(400)
            await host.lesson(ratio=1)
            await host.heal(2)
            await host.rest()
            await halted(host)
            if number % 12 == 11:
                await host.require_all()
                await host.cycle(replay__clear=1)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset in any cycle leaves χ and a fault map of 0, and an empty reservoir, with which learning begins anew."""
    hosts = {block.name: HostedCore(bench, block) for block in bench.blocks}

    async def until_reset(block: Block) -> None:
        host = hosts[block.name]
        await host.cleared()
        await host.rest()
        host.interrupt_in = cycles
        with suppress(Interrupted):
            await halted(host)
            await host.restore()
            while True:
                await host.lesson(ratio=1)
                await host.heal(1)

    async def after_reset(block: Block) -> None:
        host = hosts[block.name]
        await host.cleared()
        await host.rest()
        await host.require_all()

    for _ in range(RESETS):
        for after in (until_reset, after_reset):
            await bench.reset(bench.random.randint(2, 4))
            for host in hosts.values():
                host.forget()
            cycles = bench.random.randrange(1, MOST_CYCLES)
            await bench.each(after)


@block_test
async def words_that_lost_a_bit(bench: BlockBench) -> None:
    """The window tells of which memory it read a word with a wrong parity, and of none else."""

    async def drive(block: Block) -> None:
        host = HostedCore(bench, block)
        await host.cleared()
        await halted(host)
        await host.restore()
        host.sound = False
        words = host.words()
        some = [bench.random.sample([word for word in words if word[0] is memory], LOST) for memory in PATHS]
        for memory, address, word in chain.from_iterable(some):
            size = host_memories(block.design)[memory]
            stored = address * (size.rows.words if size.rows else 1)
            held = macro(bench, block, memory).words[stored]
            (bank,) = MemoryShape(size.stored_width, size.stored_depth, parity=True).banks
            for wrong in (False, True):
                held.value = int(held.value) ^ wrong << bank.bits
                for _ in range(3):
                    await host.cycle()
                host.told = 0
                await host.require(memory, address, word)
                bench.compare(block, f"wrong parity of {memory.name} is told", host.told, wrong << memory)
            held.value = int(held.value) ^ 1 << bank.bits

    await bench.each(drive)


def macro(bench: BlockBench, block: Block, memory: HostMemory) -> Any:
    """The macro that holds the words of a memory."""
    handle = getattr(bench.dut, block.name)
    for name in PATHS[memory]:
        handle = getattr(handle, name)
    size = host_memories(block.design)[memory]
    (bank,) = MemoryShape(size.stored_width, size.stored_depth, parity=True).banks
    return getattr(handle, bank.path)
