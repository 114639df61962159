"""The corrections of columns with their calibration: every cycle of it, what it stores, and what is silent meanwhile.

Rules K1 to K3, and K5.
"""

from __future__ import annotations

from collections.abc import Mapping

from remora.spec.crossbar.correction.plan import MEAN_BITS, SAMPLES, calibration_cycles, columns_together, groups_of
from remora.spec.crossbar.cycles import PIN
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import round_shift
from remora.tb.blocks.crossbar.correction.corrections import STROBES, Corrections
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers


class Stopped(Exception):
    """The calibration has been ended, or is about to be."""


class Calibrated:
    """A block, what it does cycle by cycle, and the crossbars whose codes it takes."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.calibrates = block.design.capabilities.calibrates
        self.words = Corrections(bench, block, "host__pointed")
        self.was_busy: int | None = 0
        self.was_untouched: bool | None = None
        self.left: int | None = None
        """Cycles until the last one."""
        self.aborts = True
        """The last one aborts."""
        self.settle = self.cycles = 0

    async def cycle(
        self,
        busy: int = 0,
        start: int = 0,
        done: int = 0,
        layer: Layer | None = None,
        strobe: str = "",
        given: Mapping[str, int] | None = None,
    ) -> None:
        """Any traffic for a cycle, with these ports put, and with no strobe but this one of this layer."""
        random, block, untouched = self.bench.random, self.block, self.bench.random.random() < 0.1
        self.words.put(writes=not busy and not start)
        block.put(untouched=int(untouched))
        last = self.left == 0
        if self.calibrates:
            for each in Layer:
                bits = self.design.formats.adc_bits * columns_together(self.design, each)
                block.part(f"{each.name.lower()}_columns").put(code=random.getrandbits(bits))
            valid = {f"probe__{each.name.lower()}__valid": int(each is layer and strobe == "valid") for each in Layer}
            block.put(host__start=start, abort=int(last and self.aborts), **valid, **{"pulsing": 0, **(given or {})})
        await self.bench.cycle()
        self.cycles += 1
        self.bench.compare(block, "busy", block.get("host__busy"), busy)
        if self.calibrates:
            self.bench.compare(block, "done", block.get("host__done"), done)
            for each in Layer:
                found = {name: block.get(f"probe__{each.name.lower()}__{name}") for name in STROBES}
                expected = {name: int(name == strobe and each is layer) for name in STROBES}
                self.bench.compare(block, f"strobes of {each}, busy {busy}", found, expected)
            is_plane = block.get("probe__plane") < self.design.formats.stream_bits
            self.bench.compare(block, "the plane is one that there is", is_plane, True)
        silent = None
        if self.was_untouched or busy and self.was_busy:
            silent = True
        elif self.was_untouched is not None and not busy and not self.was_busy:
            silent = False
        self.words.compare(silent)
        self.words.follow()
        self.was_busy, self.was_untouched = busy, untouched
        if self.left is not None:
            self.left -= 1
        if last:
            self.left = None
            raise Stopped

    async def idle(self, cycles: int) -> None:
        """Nothing is under way."""
        for _ in range(cycles):
            await self.cycle(given={"pulsing": self.bench.random.getrandbits(1)})

    def stretch(self, settle: int) -> None:
        """Further cycles before a sample, and any before what is integrated, which nothing is."""
        self.settle = settle
        self.block.part("stretch").put(settle=settle, integrate=self.bench.random.getrandbits(8))

    async def calibrate(self, pulsing: bool = False) -> None:
        """All groups of both layers."""
        began, more = self.cycles, 0
        await self.cycle(start=1)
        for layer in Layer:
            for fold in range(groups_of(self.design, layer)):
                values = self._group(layer)
                for sample in values:
                    waits = self.bench.random.randrange(4) if pulsing else 0
                    more += waits
                    await self._sample(layer, fold, sample, waits)
                means = [-round_shift(sum(of_lane), MEAN_BITS) for of_lane in zip(*values, strict=True)]
                try:
                    await self.cycle(busy=1)
                finally:
                    self.words.store(layer, fold, pack(means, self.design.formats.adc_bits))
        await self.cycle(busy=1, done=1)
        samples = SAMPLES * sum(groups_of(self.design, layer) for layer in Layer)
        expected = calibration_cycles(self.design) + more + samples * self.settle
        self.bench.compare(self.block, "cycles", self.cycles - began, expected)

    def _group(self, layer: Layer) -> list[list[int]]:
        """The codes of all samples of a group."""
        most, lanes = self.design.formats.adc_limit, columns_together(self.design, layer)
        of_lanes = [some_integers(self.bench.random, -most, most, SAMPLES) for _ in range(lanes)]
        return [list(each) for each in zip(*of_lanes, strict=True)]

    async def _sample(self, layer: Layer, fold: int, codes: list[int], waits: int) -> None:
        """One sample: the codes are there from the cycle in which they are valid on."""
        columns = f"{layer.name.lower()}_columns"
        for _ in range(waits):
            await self.cycle(busy=1, given={"pulsing": 1})
        for _ in range(1 + self.settle):
            await self.cycle(busy=1)
        for strobe in ("sample", "convert"):
            await self.cycle(busy=1, layer=layer, strobe=strobe)
        for _ in range(PIN + self.design.crossbar.adc_cycles - 1):
            await self.cycle(busy=1)
        code = {f"{columns}__code": pack(codes, self.design.formats.adc_bits)}
        await self.cycle(busy=1, layer=layer, strobe="valid", given=code)
        try:
            await self.cycle(busy=1, given=code)
        finally:
            self.bench.compare(self.block, f"group of {layer}", self.block.get(f"{columns}__fold"), fold)

    async def calibrate_until(self, cycles: int) -> None:
        """It ends after so many cycles."""
        self.left = cycles
        try:
            await self.calibrate()
        except Stopped:
            return
        raise AssertionError("the calibration has ended by itself")


def calibrating(bench: BlockBench) -> list[Block]:
    """Those that have a calibration."""
    return [block for block in bench.blocks if block.design.capabilities.calibrates]


@block_test
async def any_traffic(bench: BlockBench) -> None:
    """Words that are written and pulsed at random, and shown where codes are not taken as they are."""

    async def drive(block: Block) -> None:
        await Calibrated(bench, block).idle(150)

    await bench.each(drive)


@block_test
async def calibrations(bench: BlockBench) -> None:
    """From the start to the end, with more time for samples, and with pulses that are under way."""

    async def drive(block: Block) -> None:
        account, random = Calibrated(bench, block), bench.random
        for settle, pulsing in ((0, False), (random.randrange(1, 6), True)):
            account.stretch(settle)
            await account.idle(random.randrange(40))
            await account.calibrate(pulsing)
        await account.idle(60)

    await bench.each(drive, calibrating(bench))


@block_test
async def aborts(bench: BlockBench) -> None:
    """A calibration that ends anywhere, and the next one; words stay."""

    async def drive(block: Block) -> None:
        account, random = Calibrated(bench, block), bench.random
        for _ in range(2):
            await account.calibrate_until(random.randrange(1, calibration_cycles(block.design)))
            await account.idle(random.choice((1, 2, 30)))
        # While nothing is under way it ends nothing.
        account.left = 3
        try:
            await account.idle(4)
        except Stopped:
            await account.idle(20)
        await account.calibrate()
        await account.idle(20)

    await bench.each(drive, calibrating(bench))


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset ends it too, and clears all words."""

    async def drive(block: Block) -> None:
        account = Calibrated(bench, block)
        await account.idle(20)
        if account.calibrates and cycles:
            account.aborts = False
            await account.calibrate_until(cycles)

    for _ in range(3):
        cycles = bench.random.randrange(5, 40)
        await bench.each(drive)
        await bench.reset(1)
    cycles = 0
    await bench.each(drive)
