"""The answer: packets as the contract of the streams says, whatever the back-pressure."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamSink

from remora.spec.lib.packets import Answer, Flag, decode_answer
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers


def make_sink(bench: BlockBench, block: Block) -> AxiStreamSink:
    """An agent that takes the answers."""
    bus = AxiStreamBus.from_prefix(bench.dut, f"{block.name}__stream", bus_separator="__")
    return AxiStreamSink(bus, bench.dut.clk, bench.dut.rst)


async def push(bench: BlockBench, block: Block) -> tuple[Answer, int]:
    """Push a random result once the block is ready; returns what must arrive, and the cycles it took to be ready."""
    limit, classes, random = block.design.formats.adc_limit, block.design.network.classes, bench.random
    answer = Answer(
        tag=random.randrange(256),
        decision=random.randrange(classes),
        flags=Flag(random.randrange(256)),
        scores=tuple(some_integers(random, -limit, limit, classes)),
    )
    block.put(decision=answer.decision, flags=int(answer.flags), tag=answer.tag, push=1)
    block.put(scores=pack(answer.scores, block.design.formats.adc_bits))
    waited = 0
    await bench.cycle()
    while not block.get("ready"):
        await bench.cycle()
        waited += 1
    # Once taken, the inputs are free.
    block.put(push=0, scores=0, decision=0, flags=0, tag=0)
    return answer, waited


async def receive(bench: BlockBench, block: Block, sink: AxiStreamSink, answer: Answer) -> None:
    """Compare the next packet, its TKEEP included."""
    frame = await sink.recv(compact=False)
    bench.compare(block, "answer", decode_answer(bytes(frame.tdata)), answer)
    bench.compare(block, "TKEEP", all(frame.tkeep), True)


async def watch_hold(bench: BlockBench, block: Block) -> None:
    """AXI's promise: a beat once offered stays until it is taken."""
    held = None
    while True:
        await FallingEdge(bench.dut.clk)
        beat = tuple(block.get(f"stream__{name}") for name in ("tvalid", "tdata", "tkeep", "tlast"))
        if held:
            bench.compare(block, "beat that was not taken", beat, held)
        held = beat if beat[0] and not block.get("stream__tready") else None


@block_test
async def back_pressure(bench: BlockBench) -> None:
    """Every answer arrives once and whole, in order, under random stalls on both sides."""
    watchers = [cocotb.start_soon(watch_hold(bench, block)) for block in bench.blocks]

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        for stall in (0.0, 0.2, 0.7):
            sink.set_pause_generator(bench.pauses(stall))
            for _ in range(3 if block.design.network.classes > 100 else 12):
                answer, _ = await push(bench, block)
                await bench.cycle(bench.random.randint(1, 4))
                await receive(bench, block, sink, answer)

    await bench.each(drive)
    for watcher in watchers:
        watcher.cancel()


@block_test
async def back_to_back(bench: BlockBench) -> None:
    """A result pushed as soon as the block is ready: a packet takes a cycle a beat, and two packets do not touch."""

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        answers = []
        for number in range(4):
            answer, waited = await push(bench, block)
            answers.append(answer)
            if number > 1:  # The agent itself takes a cycle to open at the start.
                bench.compare(block, "cycles from one push to the next", waited + 1, block.design.network.classes + 2)
        for answer in answers:
            await receive(bench, block, sink, answer)

    await bench.each(drive)


@block_test
async def busy_inputs_are_ignored(bench: BlockBench) -> None:
    """A push while an answer is on its way changes nothing of it."""

    async def drive(block: Block) -> None:
        sink = make_sink(bench, block)
        sink.pause = True
        answer, _ = await push(bench, block)
        block.put(push=1, tag=answer.tag ^ 255, decision=0, flags=0, scores=0)
        await bench.cycle(5)
        block.put(push=0)
        sink.pause = False
        await receive(bench, block, sink, answer)
        await bench.cycle(3)
        bench.compare(
            block, "ready and quiet", (block.get("ready"), block.get("stream__tvalid"), sink.count()), (1, 0, 0)
        )

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset in the middle of a packet withdraws it; the next one is whole."""
    for _ in range(10):
        for block in bench.blocks:
            block.put(push=1)
            block.put(stream__tready=int(bench.chance(0.5)))
        await bench.cycle()
        for block in bench.blocks:
            block.put(push=0)
        await bench.cycle(bench.random.randint(1, 6))
        await bench.reset(1)
        await bench.cycle()
        for block in bench.blocks:
            bench.compare(block, "ready and quiet", (block.get("ready"), block.get("stream__tvalid")), (1, 0))
    sinks = {block.name: make_sink(bench, block) for block in bench.blocks}

    async def drive(block: Block) -> None:
        answer, _ = await push(bench, block)
        await receive(bench, block, sinks[block.name], answer)

    await bench.each(drive)
