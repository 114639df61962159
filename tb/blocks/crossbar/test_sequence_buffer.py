"""The sequence buffer against the reference parser: every packet kept whole or dropped for one cause."""

from __future__ import annotations

from itertools import pairwise

import cocotb

from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag
from remora.tb.blocks.crossbar.sequence_reader import BufferBench
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.models.packets import Sequence, malformed, parse, to_beats

WAYS = ((0.0, 0), (0.5, 3), (0.1, 25))
"""How a batch is sent: the chance of a pause before a beat, and how long the reader takes at most."""


def good_packet(bench: BlockBench, block: Block, steps: int) -> list[tuple[int, int]]:
    """A packet of so many steps with any header that asks for an answer: a label that is not valid may be any."""
    random = bench.random
    valid = random.getrandbits(1)
    flags = Flag.INFER | Flag.LABEL_VALID * valid | random.getrandbits(5) << 3
    label = random.randrange(block.design.network.classes) if valid else random.getrandbits(16)
    header = label | int(flags) << 16 | random.getrandbits(8) << 24
    return to_beats(header, random.randbytes(steps * block.design.network.features))


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
async def in_any_cycle(bench: BlockBench) -> None:
    """Sequences are taken and freed in any cycle, also in that in which another arrives."""

    async def drive(block: Block) -> None:
        buffer, random = BufferBench(bench, block), bench.random
        for _ in range(50):
            buffer.send(good_packet(bench, block, random.randint(1, min(3, block.design.network.max_steps))))
        held: dict[int, Sequence] = {}
        waits = False
        while buffer.expected or held:
            takes = waits and len(held) < block.design.system.contexts and bench.chance(0.4)
            bank = random.choice(list(held)) if held else 0
            frees = bool(held) and bench.chance(0.2)
            block.put(
                sequences__arrived__take=int(takes), sequences__header__bank=bank, sequences__header__free=int(frees)
            )
            await bench.cycle()
            waits = bool(block.get("sequences__arrived__available")) and not takes
            if held:
                found = tuple(block.get(f"sequences__header__{port}") for port in ("length", "label", "flags", "tag"))
                kept = held[bank]
                wanted = len(kept.steps), kept.label, kept.flags, kept.tag
                bench.compare(block, "length, label, flags, tag", found, wanted)
            if takes:
                sequence = buffer.expected.pop(0)
                found = tuple(block.get(f"sequences__arrived__{port}") for port in ("available", "length", "flags"))
                bench.compare(block, "available, length, flags", found, (1, len(sequence.steps), sequence.flags))
                held[block.get("sequences__arrived__bank")] = sequence
            if frees:
                del held[bank]
        block.put(sequences__arrived__take=0, sequences__header__free=0)
        # Then all banks are free, whichever was freed last.
        for count in (block.design.banks, 1, block.design.banks):
            for _ in range(count):
                buffer.send(good_packet(bench, block, 1))
            await bench.cycle(count * (block.design.network.features + 5))
            bench.compare(block, "as many packets as banks are received", buffer.source.idle(), True)
            await buffer.read_all(delay=0)

    await bench.each(drive)


@block_test
async def aborts(bench: BlockBench) -> None:
    """Whatever is held or being received is forgotten, and the rest of a packet swallowed and not counted; what comes
    after is received as ever."""

    async def drive(block: Block) -> None:
        buffer, longest = BufferBench(bench, block), block.design.network.max_steps
        bad = [beats for beats, _ in malformed(block.design).values()]
        for _ in range(30):
            buffer.source.set_pause_generator(bench.pauses(bench.random.choice((0.0, 0.5))))
            whole = good_packet(bench, block, bench.random.randint(1, longest))
            buffer.send(bench.random.choice(bad) if bench.chance(0.3) else whole)
            begun = False
            for _ in range(bench.random.randint(1, len(whole) + 10)):
                await bench.cycle()
                begun |= bool(block.get("stream__tvalid") and block.get("stream__tready"))
            before = list(buffer.drops)
            block.put(abort=1)
            await bench.cycle()
            block.put(abort=0)
            if begun or block.get("stream__tvalid") and block.get("stream__tready"):
                buffer.expected.clear()
                buffer.expected_drops = before
            await bench.cycle()
            bench.compare(block, "available after it", block.get("sequences__arrived__available"), 0)
            buffer.send(good_packet(bench, block, longest))
            await buffer.read_all(delay=2)

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
