"""The row verifier against rules W3 and W4: codes on both sides of the tolerance, flags of any devices."""

from __future__ import annotations

from remora.spec.lib.fixed import round_shift
from remora.tb.lib.bench import Block, BlockBench, block_test, pack

FLAGS = ("pos_rest", "pos_full", "neg_rest", "neg_full")
COUNTS = ("programmed", "unverified", "corrections")
ROUNDS = 40


def bits(rows: list[bool]) -> int:
    """A word of a bit a row."""
    return sum(int(row) << index for index, row in enumerate(rows))


class Window:
    """Plays the weight window and its tile to one block."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.count, self.crossbar = block.parameters["count"], block.design.crossbar
        self.limit, self.fine = block.design.formats.adc_limit, block.design.fine_bits
        self.corrected = 0

    async def cycle(self, counts: dict[str, int] | None = None, **shown: int) -> None:
        """A cycle, in which nothing is shown but this."""
        await self.bench.cycle()
        wanted = dict.fromkeys(("reading", "pulse", "done"), 0) | shown
        wanted |= {f"counts__{name}": (counts or {}).get(name, 0) for name in COUNTS}
        self.bench.compare_ports(self.block, "what is shown", wanted)

    async def idle(self) -> None:
        """Codes that nobody asked for, and flags, mean nothing."""
        for _ in range(self.random.randrange(4)):
            self.block.put(read=self.random.getrandbits(1), sensed=self.random.getrandbits(1))
            await self.cycle()
        self.block.put(read=0, sensed=0)

    def _codes(self, weight: int) -> list[int]:
        """Codes of a row, whose average lies mostly near an end of what is tolerated."""
        reads, tolerance = self.crossbar.verify_reads, self.crossbar.verify_tolerance
        ends = (-tolerance - 1, -tolerance, 0, tolerance, tolerance + 1, self.random.randint(-self.limit, self.limit))
        total = ((weight << self.fine) + self.random.choice(ends)) * reads + self.random.randint(-reads, reads) // 2
        codes = [total // reads + (index < total % reads) for index in range(reads)]
        for _ in range(self.random.randrange(3)):
            # What one has more, another has less.
            one, other = self.random.randrange(reads), self.random.randrange(reads)
            apart = self.random.randrange(self.limit)
            codes[one], codes[other] = codes[one] + apart * (one != other), codes[other] - apart * (one != other)
        return [max(-self.limit, min(self.limit, code)) for code in codes]

    async def _read(self, row: int, weight: int) -> int:
        """A row is read as often as it takes; returns its error."""
        block, codes = self.block, self._codes(weight)
        for code in codes:
            for _ in range(self.random.randrange(3)):
                block.put(read=0, code=self.random.getrandbits(4))
                await self.cycle(reading=1, driven=1 << row)
            block.put(read=1, code=code & (1 << self.block.design.formats.adc_bits) - 1)
            await self.cycle(reading=1, driven=1 << row)
        block.put(read=0)
        await self.cycle()
        return round_shift(sum(codes), self.crossbar.verify_reads.bit_length() - 1) - (weight << self.fine)

    def _choice(self, raises: bool, flags: dict[str, bool]) -> tuple[bool, bool, bool]:
        """Whether the pulse of a pair goes up, or down, and whether it is of g⁻: rule D22."""
        if self.crossbar.pair == "reference":
            return raises and not flags["pos_full"], not raises and not flags["pos_rest"], False
        favours, opposes = ("pos", "neg") if raises else ("neg", "pos")
        if not flags[f"{opposes}_rest"]:
            return False, True, opposes == "neg"
        return not flags[f"{favours}_full"], False, favours == "neg"

    async def verify(self, stubborn: bool) -> None:
        """One slice, from the start to the end; where it is ``stubborn`` no pair is ever full."""
        block, random = self.block, self.random
        weights = [random.choice((0, -128, 127, random.randint(-4, 4))) for _ in range(self.count)]
        rows = [index == 0 or bool(random.getrandbits(1)) for index in range(self.count)]
        block.put(start=1, rows=bits(rows), weights=pack(weights, 8))
        await self.cycle()
        block.put(start=0, rows=random.getrandbits(self.count))
        pending, last = list(rows), max(index for index, row in enumerate(rows) if row)
        below, tries = [False] * self.count, 0
        while True:
            for row in range(last + 1):
                if not pending[row]:
                    await self.cycle()
                    continue
                error = await self._read(row, weights[row])
                pending[row], below[row] = abs(error) > self.crossbar.verify_tolerance, error < 0
            for _ in range(random.randrange(3)):
                block.put(sensed=0, **{flag: random.getrandbits(self.count) for flag in FLAGS})
                await self.cycle()
            flags = [
                {flag: bool(random.getrandbits(1)) and not (stubborn and "full" in flag) for flag in FLAGS}
                for _ in range(self.count)
            ]
            block.put(sensed=1, **{flag: bits([each[flag] for each in flags]) for flag in FLAGS})
            chosen = [self._choice(raises, each) for raises, each in zip(below, flags, strict=True)]
            up, down = ([each[way] and row for each, row in zip(chosen, pending, strict=True)] for way in (0, 1))
            moved = [one or other for one, other in zip(up, down, strict=True)]
            if not any(moved) or tries == self.crossbar.verify_pulses:
                break
            tries += 1
            self.corrected += 1
            await self.cycle({"corrections": sum(moved)}, pulse=1, up=bits(up), down=bits(down))
            sides = [each[2] for each, row in zip(chosen, moved, strict=True) if row]
            found = [bool(block.get("side") >> index & 1) for index, row in enumerate(moved) if row]
            self.bench.compare(block, "sides", found, sides)
            block.put(sensed=0)
        counts = {"programmed": sum(rows), "unverified": sum(pending)}
        await self.cycle(counts, done=1, unverified=bits(pending))
        block.put(sensed=0)
        await self.idle()
        self.bench.compare(block, "unverified rows later", block.get("unverified"), bits(pending))
        if random.getrandbits(1):
            block.put(clear=1)
            await self.cycle()
            block.put(clear=0)
            await self.cycle(unverified=0)


@block_test
async def slices(bench: BlockBench) -> None:
    """Many slices: rows that read right at once, after some pulses, and never."""

    async def drive(block: Block) -> None:
        window = Window(bench, block)
        for _ in range(ROUNDS):
            await window.verify(bench.chance(0.5))
        bench.compare(block, "some rows are corrected", window.corrected > ROUNDS / 4, True)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any moment forgets the slice; the next one is verified as any."""
    for _ in range(12):
        for block in bench.blocks:
            count = block.parameters["count"]
            block.put(start=1, rows=(1 << count) - 1, read=1, sensed=bench.random.getrandbits(1))
        await bench.cycle(bench.random.randint(1, 30))
        for block in bench.blocks:
            block.put(start=0, read=0, sensed=0)
        await bench.reset(1)
        await bench.each(lambda block: Window(bench, block).idle())
        await bench.each(lambda block: Window(bench, block).verify(False))
