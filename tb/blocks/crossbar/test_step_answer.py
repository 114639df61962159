"""The answer with a part a step: packets as the contract of the streams says, whatever the back-pressure, and wherever
a packet is closed."""

from __future__ import annotations

import cocotb
from cocotbext.axi import AxiStreamSink

from remora.spec.lib.packets import Answer, Flag, decode_parts
from remora.tb.blocks.lib.test_answer import make_sink, watch_hold
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers

IDLE = {"push": 0, "scores": 0, "decision": 0, "flags": 0, "tag": 0, "last": 0, "close": 0}


def packet(bench: BlockBench, block: Block, steps: int) -> list[Answer]:
    """The parts of a random answer."""
    limit, classes, random = block.design.formats.adc_limit, block.design.network.classes, bench.random
    tag, flags = random.randrange(256), Flag(random.randrange(256))
    return [
        Answer(
            tag, random.randrange(classes), flags, tuple(some_integers(random, -limit, limit, classes)),
            step == steps - 1,
        )
        for step in range(steps)
    ]  # fmt: skip


async def push(bench: BlockBench, block: Block, part: Answer) -> int:
    """Push a part once the block is ready; returns the cycles that it took to be ready."""
    block.put(decision=part.decision, flags=int(part.flags), tag=part.tag, last=int(part.last), push=1)
    block.put(scores=pack(part.scores, block.design.formats.adc_bits))
    waited = 0
    await bench.cycle()
    while not block.get("ready"):
        await bench.cycle()
        waited += 1
    block.put(**IDLE)
    return waited


async def receive(bench: BlockBench, block: Block, sink: AxiStreamSink, parts: list[Answer]) -> None:
    """Compare the next packet, its TKEEP included."""
    frame = await sink.recv(compact=False)
    found = decode_parts(bytes(frame.tdata), block.design.network.classes)
    bench.compare(block, "parts", list(found), parts)
    bench.compare(block, "TKEEP", all(frame.tkeep), True)


@block_test
async def back_pressure(bench: BlockBench) -> None:
    """Every part arrives once and whole, in order, under random stalls on both sides; TLAST ends the last one."""
    watchers = [cocotb.start_soon(watch_hold(bench, block)) for block in bench.blocks]

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        for stall in (0.0, 0.2, 0.7):
            sink.set_pause_generator(bench.pauses(stall))
            for steps in (1, 2, 3) if block.design.network.classes > 100 else (1, 2, 1, 1, 3, 7):
                parts = packet(bench, block, steps)
                for part in parts:
                    await push(bench, block, part)
                    await bench.cycle(bench.random.choice((1, 1, 2, 9)))
                await receive(bench, block, sink, parts)
        await bench.cycle(3)
        quiet = (block.get("empty"), block.get("ready"), block.get("stream__tvalid"))
        bench.compare(block, "empty, ready and quiet", quiet, (1, 1, 0))

    await bench.each(drive)
    for watcher in watchers:
        watcher.cancel()


@block_test
async def without_a_gap(bench: BlockBench) -> None:
    """Parts that are pushed as soon as the block is ready take a cycle a beat, and so do packets."""

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        packets = [packet(bench, block, steps) for steps in (3, 1, 2)]
        beats = 1 + block.design.network.classes
        parts = [part for parts in packets for part in parts]
        for number, part in enumerate(parts):
            waited = await push(bench, block, part)
            if number > 2:  # The agent itself takes a cycle to open at the start, and one part waits.
                bench.compare(block, "cycles from one push to the next", waited + 1, beats)
        for parts in packets:
            await receive(bench, block, sink, parts)

    await bench.each(drive)


@block_test
async def the_last_beat_waits_for_what_follows(bench: BlockBench) -> None:
    """All of a part but its last beat is sent at once; that comes with the next part, or when the packet is closed."""

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        beats = 1 + block.design.network.classes
        for close in (False, True):
            parts = packet(bench, block, 2)
            await push(bench, block, parts[0])
            await bench.cycle(beats + 8)
            held = (block.get("stream__tvalid"), block.get("empty"), block.get("ready"), sink.count())
            bench.compare(block, "the last beat is held back", held, (0, 0, 1, 0))
            if close:
                block.put(close=1)
                await bench.cycle()
                block.put(close=0)
                parts = [Answer(parts[0].tag, parts[0].decision, parts[0].flags, parts[0].scores)]
            else:
                await push(bench, block, parts[1])
            await receive(bench, block, sink, parts)

    await bench.each(drive)


@block_test
async def closed_at_any_cycle(bench: BlockBench) -> None:
    """A packet that is closed has whole parts, those that were taken, and TLAST at its end; the next one is whole."""
    watchers = [cocotb.start_soon(watch_hold(bench, block)) for block in bench.blocks]

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        beats = 1 + block.design.network.classes
        for attempt in range(8 if block.design.network.classes > 100 else 60):
            sink.set_pause_generator(bench.pauses(bench.random.choice((0.0, 0.3, 0.8))))
            parts = packet(bench, block, bench.random.choice((2, 3, 4)))
            taken = bench.random.randrange(1, len(parts))
            for number, part in enumerate(parts[:taken]):
                await push(bench, block, part)
                if number < taken - 1:
                    await bench.cycle(bench.random.choice((1, beats // 2 + 1, beats, 2 * beats)))
            # At the earliest in the cycle in which the part goes on to be sent.
            if later := bench.random.choice((0, 1, bench.random.randrange(2 * beats + 2))):
                await bench.cycle(later)
            block.put(close=1)
            await bench.cycle()
            block.put(close=0)
            cut = parts[:taken]
            cut[-1] = Answer(cut[-1].tag, cut[-1].decision, cut[-1].flags, cut[-1].scores)
            if attempt % 2:
                await receive(bench, block, sink, cut)
                cut = []
            following = packet(bench, block, 2)
            for part in following:
                await push(bench, block, part)
            if cut:
                await receive(bench, block, sink, cut)
            await receive(bench, block, sink, following)

    await bench.each(drive)
    for watcher in watchers:
        watcher.cancel()
