"""The step packer: bytes in, steps out, whatever the lengths and pauses."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test

BEAT = 4


def beats_of(packet: bytes) -> list[tuple[int, int, int]]:
    """Data, count and last of every beat of a packet; the bytes above the count are rubbish."""
    pieces = [packet[start : start + BEAT] for start in range(0, len(packet), BEAT)]
    return [
        (int.from_bytes(piece.ljust(BEAT, b"\xa5"), "little"), len(piece), int(index == len(pieces) - 1))
        for index, piece in enumerate(pieces)
    ]


async def run_packet(bench: BlockBench, block: Block, packet: bytes, pause: float) -> int:
    """Send a packet, compare its steps and the remainder, and return the cycles from the first beat offered to done."""
    features = block.design.network.features
    beats, steps, cycles, valid = beats_of(packet), [], 0, False
    while True:
        valid = bool(beats) and (valid or not bench.chance(pause))
        block.put(beat_valid=int(valid))
        if valid:
            block.put(**dict(zip(("beat_data", "beat_count", "beat_last"), beats[0], strict=True)))
        await bench.cycle()
        cycles += 1
        if block.get("step_valid"):
            steps.append(block.get("step_data").to_bytes(features, "little"))
        if block.get("done"):
            break
        if valid and block.get("beat_ready"):
            beats.pop(0)
            valid = False
    whole = len(packet) // features
    bench.compare(block, "beats left", len(beats), 0)
    bench.compare(
        block, f"steps of {len(packet)} bytes", steps, [packet[i * features : (i + 1) * features] for i in range(whole)]
    )
    bench.compare(block, f"remainder of {len(packet)} bytes", block.get("remainder"), int(len(packet) % features != 0))
    block.put(beat_valid=0)
    return cycles


async def run_packets(bench: BlockBench, block: Block, count: int, pause: float) -> None:
    for _ in range(count):
        await run_packet(
            bench, block, bench.random.randbytes(bench.random.randint(1, 5 * block.design.network.features + 9)), pause
        )


@block_test
async def every_length(bench: BlockBench) -> None:
    """Every number of bytes up to five steps, back to back: each byte in its place, the left-over noticed."""

    async def drive(block: Block) -> None:
        for length in range(1, 5 * block.design.network.features + 1):
            await run_packet(bench, block, bench.random.randbytes(length), 0)

    await bench.each(drive)
    assert bench.compared == sum(3 * 5 * block.design.network.features for block in bench.blocks)


@block_test
async def pauses(bench: BlockBench) -> None:
    """Beats with random pauses between them."""
    await bench.each(lambda block: run_packets(bench, block, 40, bench.random.choice([0.2, 0.5, 0.9])))


@block_test
async def queued(bench: BlockBench) -> None:
    """The first beat of the next packet waits until all steps of the one before are out."""

    async def drive(block: Block) -> None:
        features = block.design.network.features
        packets = [bench.random.randbytes(bench.random.randint(1, 4 * features + 5)) for _ in range(30)]
        beats = [beat for packet in packets for beat in beats_of(packet)]
        ends, steps = 0, []
        while ends < len(packets):
            block.put(beat_valid=int(bool(beats)))
            if beats:
                block.put(**dict(zip(("beat_data", "beat_count", "beat_last"), beats[0], strict=True)))
            await bench.cycle()
            if block.get("step_valid"):
                steps.append(block.get("step_data").to_bytes(features, "little"))
            if block.get("done"):
                packet = packets[ends]
                expected = [packet[at : at + features] for at in range(0, len(packet) - features + 1, features)]
                bench.compare(block, f"steps of packet {ends}, {len(packet)} bytes", steps, expected)
                bench.compare(block, "remainder", block.get("remainder"), int(len(packet) % features != 0))
                bench.compare(block, "ready beside done", block.get("beat_ready"), 0)
                ends, steps = ends + 1, []
            elif beats and block.get("beat_ready"):
                beats.pop(0)
        block.put(beat_valid=0)

    await bench.each(drive)


@block_test
async def throughput(bench: BlockBench) -> None:
    """Without pauses a beat a cycle from four features up, below a step a cycle; two cycles more to the end."""

    async def drive(block: Block) -> None:
        features = block.design.network.features
        for steps in (1, 2, 3, 4, 8, 12):
            packet = bench.random.randbytes(steps * features)
            cycles = await run_packet(bench, block, packet, 0)
            beats = len(beats_of(packet))
            bench.compare(block, f"cycles of {steps} steps", cycles, (beats if features >= BEAT else steps) + 2)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset in the middle of a packet leaves nothing of it behind."""
    for _ in range(25):
        for block in bench.blocks:
            block.put(beat_valid=1, beat_data=bench.random.getrandbits(32), beat_count=BEAT, beat_last=0)
        await bench.cycle(bench.random.randint(1, 12))
        for block in bench.blocks:
            block.put(beat_valid=0)
        await bench.reset(1)
        await bench.each(lambda block: run_packets(bench, block, 2, 0.3))
