"""The frame buffer against golden's intake: packets good and bad, stalls, aborts."""

from __future__ import annotations

from collections import Counter

import cocotb
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSource

from remora.golden.bmru.clips import FramePacket, Intake, KeptFrame, VoteSettings
from remora.spec.bmru.frames import FrameDrop, FrameFlag, encode_frame
from remora.tb.lib.bench import Block, BlockBench, block_test, unpack_signed

MOST_FRAMES = 1023
SETTINGS = ("frames", "sliding", "wake_class", "threshold", "report_votes", "report_frames")


def packets_of(bench: BlockBench, block: Block) -> list[FramePacket]:
    """The packets that the starter drew for this block."""
    listed = bench.config["packets"][block.name]
    return [FramePacket(bytes.fromhex(data), None if keep is None else tuple(keep)) for data, keep in listed]


class Watcher:
    """Notes what the buffer says cycle by cycle, and frees a frame some cycles after it has come."""

    def __init__(self, bench: BlockBench, block: Block, longest_wait: int) -> None:
        self.bench, self.block, self.longest_wait = bench, block, longest_wait
        self.frames: list[tuple] = []
        self.dropped: list[FrameDrop] = []
        self.saturated = self.cut = 0

    async def run(self) -> None:
        """Until it is cancelled."""
        block, left = self.block, None
        while True:
            block.put(free=0)
            await self.bench.cycle()
            dropped = block.get("dropped")
            assert dropped & (dropped - 1) == 0, "two causes at once"
            if dropped:
                self.dropped.append(FrameDrop(dropped.bit_length() - 1))
            self.saturated += block.get("saturated")
            self.cut += block.get("cut")
            if block.get("available") and left is None:
                left = self.bench.random.randint(0, self.longest_wait)
                self.frames.append(self.seen())
            if left is not None:
                self.bench.compare(block, "frame while it waits", self.seen(), self.frames[-1])
                left -= 1
                if left < 0:
                    block.put(free=1)
                    await self.bench.cycle()
                    left = None

    def seen(self) -> tuple:
        """The frame on show."""
        design, block = self.block.design, self.block
        features = unpack_signed(block.get("features"), design.formats.feature_bits, design.network.features)
        settings = tuple(block.get(f"settings__{name}") for name in SETTINGS)
        return features, block.get("first"), block.get("last"), block.get("tag"), settings


def wanted(frame: KeptFrame) -> tuple:
    """What the buffer must show of a frame."""
    settings = tuple(int(getattr(frame.settings, name)) for name in SETTINGS)
    return frame.features.tolist(), int(frame.first), int(frame.last), frame.tag, settings


def configure(block: Block, settings: VoteSettings) -> None:
    """Drive the settings of the registers."""
    block.put(**{f"configured__{name}": int(getattr(settings, name)) for name in SETTINGS}, programmed=1)


def make_source(bench: BlockBench, block: Block) -> AxiStreamSource:
    """An agent that sends packets."""
    bus = AxiStreamBus.from_prefix(bench.dut, f"{block.name}__stream", bus_separator="__")
    return AxiStreamSource(bus, bench.dut.clk, bench.dut.rst)


@block_test
async def packets(bench: BlockBench) -> None:
    """Every frame, drop, saturation and cut as golden has them, with and without stalls, votes that slide and not."""

    async def drive(block: Block) -> None:
        source, intake = make_source(bench, block), Intake(block.design)
        for stall, longest_wait, sliding in ((0.0, 0, False), (0.4, 6, True), (0.1, 40, False)):
            reported = {name: bool(bench.random.getrandbits(1)) for name in ("report_votes", "report_frames")}
            settings = VoteSettings.of(
                block.design, sliding=sliding, threshold=bench.random.randrange(1024), **reported
            )
            configure(block, settings)
            source.set_pause_generator(bench.pauses(stall))
            watcher = Watcher(bench, block, longest_wait)
            watching = cocotb.start_soon(watcher.run())
            before = (intake.dropped.copy(), intake.saturated, intake.cut)
            expected = []
            for packet in packets_of(bench, block):
                source.send_nowait(AxiStreamFrame(packet.data, tkeep=packet.keep))
                frame = intake.take(packet, settings)
                expected += [wanted(frame)] if frame else []
            while not source.idle():
                await bench.cycle(10)
            await bench.cycle(longest_wait + 10)
            watching.cancel()
            for index, pair in enumerate(zip(watcher.frames, expected, strict=False)):
                bench.compare(block, f"frame {index}", *pair)
            bench.compare(block, "number of frames", len(watcher.frames), len(expected))
            drops = {cause: watcher.dropped.count(cause) for cause in FrameDrop}
            wanted_drops = {cause: intake.dropped[cause] - before[0][cause] for cause in FrameDrop}
            bench.compare(block, "drops", drops, wanted_drops)
            bench.compare(block, "saturated", watcher.saturated, intake.saturated - before[1])
            bench.compare(block, "clips cut", watcher.cut, intake.cut - before[2])

    await bench.each(drive)


@block_test
async def settings_of_a_clip(bench: BlockBench) -> None:
    """A clip keeps the settings of the moment in which it starts, whatever the registers say later."""

    async def drive(block: Block) -> None:
        source, intake, random = make_source(bench, block), Intake(block.design), bench.random
        features, longest = [1] * block.design.network.features, block.design.vote.frames
        for _ in range(60):
            settings = VoteSettings(
                frames=random.randint(0, longest), sliding=bool(random.getrandbits(1)), wake_class=random.randrange(16),
                threshold=random.randrange(1024), report_votes=bool(random.getrandbits(1)),
                report_frames=bool(random.getrandbits(1)),
            )  # fmt: skip
            configure(block, settings)
            flags = FrameFlag.START if bench.chance(0.2) else FrameFlag(0)
            packet = FramePacket(encode_frame(features, flags, random.randrange(256)))
            watcher = Watcher(bench, block, 0)
            watching = cocotb.start_soon(watcher.run())
            source.send_nowait(AxiStreamFrame(packet.data))
            while not source.idle():
                await bench.cycle()
            await bench.cycle(4)
            watching.cancel()
            block.put(free=0)
            frame = intake.take(packet, settings)
            bench.compare(block, "frame", watcher.frames, [wanted(frame)] if frame else [])
            bench.compare(block, "in a clip", block.get("in_clip"), int(frame is not None and not frame.last))

    await bench.each(drive)


@block_test
async def long_clips(bench: BlockBench) -> None:
    """Clips of the most frames, and of one fewer, end by themselves."""

    async def drive(block: Block) -> None:
        source, intake = make_source(bench, block), Intake(block.design)
        for frames in (MOST_FRAMES - 1, MOST_FRAMES):
            settings = VoteSettings(frames, sliding=False, wake_class=0, threshold=frames)
            configure(block, settings)
            watcher = Watcher(bench, block, 0)
            watching = cocotb.start_soon(watcher.run())
            features, expected = [2] * block.design.network.features, []
            for index in range(frames):
                flags = FrameFlag(0) if index else FrameFlag.START
                packet = FramePacket(encode_frame(features, flags, index % 256))
                source.send_nowait(AxiStreamFrame(packet.data))
                frame = intake.take(packet, settings)
                expected += [wanted(frame)] if frame else []
            while not source.idle():
                await bench.cycle(10)
            await bench.cycle(10)
            watching.cancel()
            block.put(free=0)
            for index, pair in enumerate(zip(watcher.frames, expected, strict=False)):
                bench.compare(block, f"frame {index}", *pair)
            bench.compare(block, "number of frames", len(watcher.frames), len(expected))
            last = [index for index, (_, _, last, *_) in enumerate(expected) if last]
            assert last == [frames - 1], "golden ends the clip where the settings say"
            bench.compare(block, "in a clip", block.get("in_clip"), 0)

    await bench.each(drive)


@block_test
async def refuses_without_codes(bench: BlockBench) -> None:
    """What counts is the moment in which a packet ends."""
    for block in bench.blocks:
        configure(block, VoteSettings.of(block.design))
        block.put(programmed=0)
        source, watcher = make_source(bench, block), Watcher(bench, block, 0)
        watching = cocotb.start_soon(watcher.run())
        both = FrameFlag.START | FrameFlag.END
        await source.send(encode_frame([1] * block.design.network.features, both))
        await source.wait()
        await bench.cycle(4)
        block.put(programmed=1)
        await source.send(encode_frame([1] * block.design.network.features, both))
        await source.wait()
        await bench.cycle(4)
        watching.cancel()
        bench.compare(block, "drops", watcher.dropped, [FrameDrop.UNPROGRAMMED])
        bench.compare(block, "frames", len(watcher.frames), 1)


@block_test
async def aborts(bench: BlockBench) -> None:
    """An abort at any cycle: frame and clip are forgotten, the packet at hand is swallowed whole, the next is good."""

    met: Counter[tuple[str, str]] = Counter()

    async def drive(block: Block) -> None:
        source, features = make_source(bench, block), [3] * block.design.network.features
        configure(block, VoteSettings.of(block.design))
        for wait in range(4 + len(features)):
            # The first stays in the buffer, if it gets so far.
            await source.send(encode_frame(features, FrameFlag.START, 1))
            await bench.cycle(1 + wait)
            held = block.get("available")
            block.put(abort=1)
            await bench.cycle()
            block.put(abort=0)
            while not source.idle():
                await bench.cycle()
            await bench.cycle(3)
            begun = block.get("available")
            bench.compare(block, "in a clip", block.get("in_clip"), begun)
            met[block.name, "held" if held else "before" if begun else "within"] += 1
            if begun:  # the abort came before the packet did
                block.put(free=1)
                await bench.cycle()
                block.put(free=0)
                block.put(abort=1)
                await bench.cycle()
                block.put(abort=0)
            await source.send(encode_frame(features, FrameFlag.START | FrameFlag.END, 9))
            await source.wait()
            await bench.cycle(3)
            found = tuple(block.get(name) for name in ("available", "tag", "first", "last", "in_clip"))
            bench.compare(block, "the frame after", found, (1, 9, 1, 1, 0))
            block.put(free=1)
            await bench.cycle()
            block.put(free=0)
            await bench.cycle()

    await bench.each(drive)
    for block in bench.blocks:
        for moment in ("within", "held"):
            assert met[block.name, moment], f"{block.name}: no abort came with a packet or frame {moment}: {met}"
