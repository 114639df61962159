"""The calibration, cycle by cycle: which layer is sampled when, which groups it asks for, and what it stores.

The bench answers as the tiles do. Rule K2.
"""

from __future__ import annotations

from remora.spec.crossbar.correction.plan import MEAN_BITS, SAMPLES, calibration_cycles, columns_together, groups_of
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import round_shift
from remora.tb.blocks.crossbar.correction.corrections import STROBES
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed

ROUNDS = 7
MOST_CYCLES = 5
"""Cycles from a conversion's start to its codes at most."""
LAYERS = {layer: layer.name.lower() for layer in Layer}


class Account:
    """A calibration unit, and what it owes in each cycle.

    Attributes:
        cycles: that went by so far.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design, self.random = bench, block, block.design, bench.random
        self.bits, self.limit = block.design.formats.adc_bits, block.design.formats.adc_limit
        self.lanes = {layer: columns_together(self.design, layer) for layer in Layer}
        self.cycles = 0

    async def cycle(self, layer: Layer | None = None, group: int = 0, *, busy: int = 1, **high: int) -> None:
        """A cycle in which just these outputs are high; with ``layer``, that layer's ``group`` is asked for.

        ``sample`` and ``convert`` are strobes of ``layer``.
        """
        self.block.put(stretch__integrate=self.random.getrandbits(STRETCH_BITS))
        await self.bench.cycle()
        self.cycles += 1
        expected = {"busy": busy, "done": high.get("done", 0), "store": high.get("store", 0)}
        for each, name in LAYERS.items():
            expected |= {f"probe__{name}__{strobe}": int(each is layer and strobe in high) for strobe in STROBES}
        if layer is not None:
            expected[f"{LAYERS[layer]}_columns__fold"] = group
        if "store" in high:
            expected |= {"store_layer": int(layer or 0), "store_fold": group}
        self.bench.compare_ports(self.block, f"cycle {self.cycles}, {layer}, group {group}, {high}", expected)

    def columns(self, layer: Layer, group: int) -> int:
        """How many columns a group has."""
        return min(self.lanes[layer], layer_layout(self.design, layer).columns - group * self.lanes[layer])

    def rubbish(self) -> None:
        """Codes of any value on the columns of both layers."""
        for layer, name in LAYERS.items():
            codes = some_integers(self.random, -self.limit, self.limit, self.lanes[layer])
            self.block.put(**{f"{name}_columns__code": pack(codes, self.bits)})

    async def start(self, pulsing: int, settle: int) -> None:
        """Begin, while a pulse lasts for so many further cycles."""
        self.block.put(start=1, pulsing=int(pulsing > 0), stretch__settle=settle)
        self.rubbish()
        await self.cycle(busy=0)
        self.block.put(start=0)
        for left in range(pulsing, 0, -1):
            self.block.put(pulsing=1)
            await self.cycle(Layer.HIDDEN)
            self.block.put(pulsing=int(left > 1))

    async def sample(self, layer: Layer, group: int, settle: int, codes: list[int]) -> int:
        """One sample, which gives these codes; the cycles that its conversion took."""
        await self.cycle(layer, group)
        for _ in range(settle):
            await self.cycle(layer, group)
        await self.cycle(layer, group, sample=1)
        await self.cycle(layer, group, convert=1)
        conversion, name = self.random.randint(1, MOST_CYCLES), LAYERS[layer]
        for _ in range(conversion - 1):
            # Of the layer that is not read, what is valid does not matter.
            self.block.put(**{f"probe__{LAYERS[Layer(1 - layer)]}__valid": self.random.getrandbits(1)})
            await self.cycle(layer, group)
        word = pack(codes + [0] * (self.lanes[layer] - len(codes)), self.bits)
        self.block.put(**{f"probe__{name}__valid": 1, f"{name}_columns__code": word})
        await self.cycle(layer, group)
        self.block.put(**{f"probe__{each}__valid": 0 for each in LAYERS.values()})
        await self.cycle(layer, group)
        return conversion

    async def group(self, layer: Layer, group: int, settle: int) -> int:
        """All samples of a group, and what is stored of them; the cycles that conversions took."""
        columns, converting = self.columns(layer, group), 0
        ends = self.random.random() < 0.3
        totals = [0] * columns
        # What the columns of this group gave in whatever was converted before.
        self.rubbish()
        for _ in range(SAMPLES):
            codes = some_integers(self.random, -self.limit, self.limit, columns)
            if ends:
                codes = [self.limit if column % 2 else -self.limit for column in range(columns)]
            totals = [total + code for total, code in zip(totals, codes, strict=True)]
            converting += await self.sample(layer, group, settle, codes)
        await self.cycle(layer, group, store=1)
        stored = unpack_signed(self.block.get("stored"), self.bits, columns)
        expected = [-int(round_shift(total, MEAN_BITS)) for total in totals]
        self.bench.compare(self.block, f"offsets of group {group} of the {layer.name} layer", stored, expected)
        return converting

    async def calibrate(self, settle: int = 0, pulsing: int = 0) -> None:
        """A whole calibration."""
        begun, converting, samples = self.cycles, 0, 0
        await self.start(pulsing, settle)
        for layer in Layer:
            for group in range(groups_of(self.design, layer)):
                converting += await self.group(layer, group, settle)
                samples += SAMPLES
        await self.cycle(done=1)
        # The prediction has the tiles' own time for a conversion, in which they see the strobe a cycle later.
        others = pulsing + samples * (settle - self.design.crossbar.adc_cycles - 1) + converting
        taken = self.cycles - begun
        self.bench.compare(self.block, "cycles", taken, calibration_cycles(self.design) + others)


@block_test
async def calibrations(bench: BlockBench) -> None:
    """Whole calibrations, one after the other at once or later, with stretches and behind a pulse."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        await account.cycle(busy=0)
        for number in range(ROUNDS):
            await account.calibrate(settle=(0, 0, 1, 2)[number % 4], pulsing=bench.random.choice((0, 0, 1, 7)))
            for _ in range(bench.random.choice((0, 1, 3))):
                account.rubbish()
                await account.cycle(busy=0)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset ends a calibration in any state, and the next one knows nothing of it."""
    for number in range(8):
        for block in bench.blocks:
            block.put(start=1, pulsing=0, stretch__settle=0, **dict.fromkeys(_codes(block), 3))
            block.put(**{f"probe__{name}__valid": 1 for name in LAYERS.values()})
        await bench.cycle()
        for block in bench.blocks:
            block.put(start=0)
        await bench.cycle(bench.random.randrange(1, 60) if number % 2 else bench.random.randrange(60, 200))
        for block in bench.blocks:
            block.put(**{f"probe__{name}__valid": 0 for name in LAYERS.values()})
        await bench.reset(1)

        async def again(block: Block) -> None:
            account = Account(bench, block)
            if bench.chance(0.5):
                await account.cycle(busy=0)
            await account.calibrate()

        await bench.each(again)


def _codes(block: Block) -> list[str]:
    return [f"{name}_columns__code" for name in LAYERS.values()]
