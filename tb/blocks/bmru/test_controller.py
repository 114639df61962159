"""The controller, cycle by cycle: codes, frames and clips at random, soft resets and resets at any cycle."""

from __future__ import annotations

from random import Random

from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop, FrameFlag, encode_frame
from remora.spec.bmru.scan import check_word, pack_chain
from remora.tb.blocks.bmru.controller_account import Account
from remora.tb.blocks.bmru.test_scan_loader import ScanDriver
from remora.tb.lib.bench import Block, BlockBench, block_test

ALWAYS = {"due": 1.0, "output__tready": 1.0, "input__tvalid": 1.0}


class Scan(ScanDriver):
    """Drives the scan port of a controller, whose account each cycle is compared with."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.bench, account.block)
        self.account, self.host = account, account.block.part("scan")

    async def cycle(self) -> None:
        """See the base."""
        await (self.account.rest() if self.account.rests else self.account.cycle())

    async def program(self) -> None:
        """Load codes; the core is cleared."""
        codes = codes_of(self.bench, self.block)
        bits = codes.chain()
        ended = await self.load(bits, check_word(bits))
        self.bench.compare(self.block, "done, failed, wrong", (ended, self.wrong()), ((1, 0), []))
        self.account.latched(codes)

    async def again(self) -> None:
        """Trust the codes that are there once more."""
        assert self.account.codes is not None
        ended = await self.verify(check_word(self.account.codes.chain()))
        self.bench.compare(self.block, "done, failed, wrong", (ended, self.wrong()), ((1, 0), []))


def codes_of(bench: BlockBench, block: Block) -> BmruCodes:
    """The codes that the starter chose for this block."""
    return BmruCodes.from_chain(block.design, bench.config["chains"][block.name])


def packets_of(bench: BlockBench, block: Block, count: int) -> list[FramePacket]:
    """Some packets of those that the starter drew, one after another, of which something is wrong with many.

    Each has a tag of its own, and reserved flags at random. Some clips lose their end.
    """
    listed, random, packets = bench.config["packets"][block.name], bench.random, []
    first = random.randrange(len(listed) - count)
    for text, keep in listed[first : first + count]:
        data = bytearray.fromhex(text)
        if len(data) >= 4:
            kept = ~FrameFlag.END if random.random() < 0.5 else -1
            data[2:4] = data[2] & kept | random.getrandbits(6) << 2, random.getrandbits(8)
        packets.append(FramePacket(bytes(data), None if keep is None else tuple(keep)))
    return packets


def settings_of(design: BmruDesign, random: Random) -> VoteSettings:
    """Short clips and long, of votes that slide and not, and few votes that wake or many."""
    most = design.vote.frames
    lengths = [0, 1, 2, 3, 5, 1 << random.randrange(10), most]
    return VoteSettings(
        frames=min(random.choice(lengths), most), sliding=random.random() < 0.4,
        wake_class=random.randrange(16) if random.random() < 0.2 else random.randrange(design.network.classes),
        threshold=random.choice([0, 1, 2, 3, 1 << random.randrange(10), 1023]), report_votes=random.random() < 0.8,
        report_frames=random.random() < 0.4,
    )  # fmt: skip


async def runs(account: Account, cycles: int, abort: float = 0) -> None:
    """Frames for so many cycles, and fewer of the simpler blocks, at chances that change now and then."""
    random, account.run = account.bench.random, 1
    if account.block.name != "odd":
        cycles //= 3
    for _ in range(cycles):
        if random.random() < 0.02:
            account.chances = {name: random.choice([0.1, 0.5, 1, 1, 1]) for name in ALWAYS}
        if random.random() < 0.1:
            account.settings = settings_of(account.design, random)
        if random.random() < (0.02 if account.run else 0.1):
            account.run ^= 1
        if len(account.packets) < 3:
            account.packets.extend(packets_of(account.bench, account.block, random.randint(4, 20)))
        await account.cycle(abort=int(random.random() < abort))


async def halts(account: Account) -> None:
    """Until nothing is at work, and all packets are sent."""
    account.run, account.chances = 0, ALWAYS
    account.packets.clear()
    while not account.block.get("halted") or account.reports or account.frames.at:
        await account.cycle()
    await account.cycle()


@block_test
async def clips(bench: BlockBench) -> None:
    """Frames, votes, reports and all that can be wrong with packets, with streams that stall and frames that wait."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        await Scan(account).program()
        await runs(account, 1800)
        await halts(account)
        wanted = {"wake", "clip_done", "clip_cut", "feature_saturated", "counts__frames_held"}
        wanted |= {f"dropped {drop.name}" for drop in FrameDrop if drop != FrameDrop.UNPROGRAMMED}
        assert block.name != "odd" or not wanted - account.seen.keys(), (
            f"{block.name}: never seen: {wanted - account.seen.keys()}"
        )

    await bench.each(drive)


@block_test
async def long_clips(bench: BlockBench) -> None:
    """Clips with so many votes for a class that numbers of several bits are reported, of each class."""

    async def drive(block: Block) -> None:
        account, design = Account(bench, block), block.design
        await Scan(account).program()
        limit = design.formats.feature_limit
        for length in (40, 25):
            length = min(length, design.vote.frames)
            account.settings = VoteSettings(length, bool(length % 2), 0, length // 3, report_frames=True)
            for index in range(length):
                features = [bench.random.randint(-limit, limit) for _ in range(design.network.features)]
                start = FrameFlag(0) if index else FrameFlag.START
                account.packets.append(FramePacket(encode_frame(features, start, bench.random.randrange(256))))
            account.run = 1
            while account.packets or account.beats or account.frame or account.frames.at:
                await account.cycle()
            await halts(account)

    await bench.each(drive)


@block_test
async def codes(bench: BlockBench) -> None:
    """Frames are dropped until codes have passed their check; then they run, until codes are doubted."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        scan, bits = Scan(account), codes_of(bench, block).chain()
        account.packets.extend(packets_of(bench, block, 4))
        ended = await scan.load(bits, check_word(bits) ^ 1 << bench.random.randrange(32))
        bench.compare(block, "a load", (ended, scan.wrong()), ((1, 1), ["written_wrong"]))
        bench.compare(block, "check word of a load", scan.host.get("found"), check_word(bits))
        await scan.program()
        assert account.seen["dropped UNPROGRAMMED"]
        for _ in range(2):
            bench.compare(block, "read back", await scan.read(), pack_chain(bits))
            bench.compare(block, "check word of a read-back", scan.host.get("found"), check_word(bits))
            await runs(account, 60)
            await halts(account)
            ended = await scan.verify(check_word(bits) ^ 1 << bench.random.randrange(32))
            bench.compare(block, "a verification", (ended, scan.wrong()), ((1, 1), ["latches_wrong"]))
            await runs(account, 30)
            await halts(account)
            await scan.again()

    await bench.each(drive)


@block_test
async def frames_wait_for_the_scan(bench: BlockBench) -> None:
    """Frames that are due wait for the end of a command, and then run on the codes that were there."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        scan = Scan(account)
        await scan.program()
        for _ in range(3):
            starts = encode_frame([1] * block.design.network.features, FrameFlag.START, bench.random.randrange(256))
            account.packets.extend([FramePacket(starts), *packets_of(bench, block, 2)])
            frames = account.seen["start"]
            await scan.command("read")
            account.run = 1
            for _ in range(40):
                await account.cycle()
            bench.compare(block, "the command waits for its words to be taken", block.get("scan__busy"), 1)
            while block.get("scan__busy"):
                scan.host.put(data_read=block.get("scan__has_word"))
                await account.cycle()
            scan.host.put(data_read=0)
            await runs(account, 60)
            bench.compare(block, "frames run after the command", account.seen["start"] > frames, True)
            await halts(account)

    await bench.each(drive)


@block_test
async def aborts(bench: BlockBench) -> None:
    """Soft resets at any cycle of a frame, a packet and a scan command; the codes that have passed stay good."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        scan = Scan(account)
        await scan.program()
        for abort in (0.003, 0.02, 0.2):
            await runs(account, 500, abort)
        await halts(account)
        for name in ("read", "verify", "load"):
            for _ in range(3):
                await scan.command(name)
                for _ in range(bench.random.randrange(50)):
                    await account.cycle()
                bench.compare(block, "a command", block.get("scan__busy"), 1)
                await account.cycle(abort=1)
                await account.cycle()
                ended = block.get("scan__busy"), scan.wrong(), scan.host.get("found")
                bench.compare(block, "a command that a soft reset ended", ended, (0, [], 0))
                if name != "read":
                    # An unfinished load left the latches alone.
                    await scan.again()
        await runs(account, 150)
        await halts(account)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle: all is as at power-up, but for the latches."""
    for block in bench.blocks:
        account = Account(bench, block)
        scan = Scan(account)
        await scan.program()
        for _ in range(6):
            await runs(account, bench.random.randrange(1, 60))
            await bench.reset(bench.random.choice((1, 2)))
            account.packets.clear()
            account.run = 0
            account.reset()
            for _ in range(3):
                await account.cycle()
            await scan.again()
        await runs(account, 100)
        await halts(account)
        bench.compare(block, "the codes", await scan.read(), pack_chain(codes_of(bench, block).chain()))
        block.put(run=0)
