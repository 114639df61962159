"""The ports of a self-test: what the host and the crossbars put on them, and what they must show in each cycle."""

from __future__ import annotations

from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import COUNT_BITS, HARDWARE_CLASSES, Finding, SelfTestPlan
from remora.tb.blocks.crossbar.correction.corrections import STROBES
from remora.tb.lib.bench import Block, BlockBench, pack

NOISE = 0.04
"""How often in a cycle what is not looked at changes."""
SEEN = 3
"""Cycles of one pointer and one list from which on the host reads the entry."""


class Stopped(Exception):
    """The cycles of an account are over."""


def name_of(layer: Layer) -> str:
    """As ports have it."""
    return layer.name.lower()


class ShownPorts:
    """A self-test whose neighbours the bench plays.

    Attributes:
        left: cycles until `Stopped`; None: without end.
        busy: a test is under way. ``ended``: one has ended, and none has begun since.
        findings: all of the test so far.
        pulsing: cycles for which a pulse is still under way.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.design: DesignPoint = block.design
        self.plan, self.limit = SelfTestPlan.of(self.design), self.design.formats.adc_limit
        self.left: int | None = None
        self.now = self.pulsing = self.pointer = 0
        self.positions: dict[str, tuple[int, int]] = {}
        first = 0
        for name, width in bench.config["fields"][block.name]:
            self.positions[name] = first, (1 << width) - 1
            first += width
        self.forget()

    def forget(self) -> None:
        """What a reset leaves."""
        self.busy = self.ended = False
        self.findings: list[Finding] = []
        self.settle()

    def settle(self) -> None:
        """What is shown from now on, whatever the cycle is for."""
        most = (1 << COUNT_BITS) - 1
        listed = self.findings[: self.plan.findings]
        shown = {
            "host__listed": min(most, len(self.findings)), "host__overflow": int(len(listed) < len(self.findings)),
            "host__busy": int(self.busy), "host__done": 0,
        }  # fmt: skip
        for defect in HARDWARE_CLASSES:
            count = sum(finding.defect is defect for finding in self.findings)
            shown[f"host__count_{defect.name.lower()}"] = min(most, count)
        if not self.ended:
            shown["host__sum"] = 0
        for layer in map(name_of, Layer):
            shown |= {f"probe__{layer}__{strobe}": 0 for strobe in STROBES}
            shown |= {f"wordlines__{layer}_{polarity}": 0 for polarity in ("pos", "neg")}
            shown[f"program_{layer}__pulse"] = 0
        self.standing = self.word_of(shown)
        entry = listed[self.pointer].word if self.pointer < len(listed) else 0
        self.entry = self.word_of({"host__finding": entry})
        self.quiet = 0

    def word_of(self, shown: dict[str, int]) -> tuple[int, int]:
        """What the word shows of these ports, and the bits of it that they are."""
        word = bits = 0
        for name, value in shown.items():
            first, every = self.positions[name]
            word, bits = word | (value & every) << first, bits | every << first
        return word, bits

    def put(self, **values: int) -> None:
        """Write inputs."""
        self.block.put(**values)

    def point(self, pointer: int) -> None:
        """The host asks for another entry."""
        self.pointer = pointer
        self.put(host__pointer=pointer)
        self.settle()

    def find(self, finding: Finding) -> None:
        """A finding has been added in the cycle before."""
        self.findings.append(finding)
        self.settle()

    def hold(self, layer: Layer, cycles: int) -> None:
        """A pulse of a layer is under way for so many cycles."""
        self.pulsing = cycles
        self.put(**{f"program_{name_of(layer)}__busy": 1})

    def stir(self) -> None:
        """Whatever the self-test does not look at is something else."""
        random, design = self.random, self.design
        for layer in map(name_of, Layer):
            flags = {f"program_{layer}__{flag}": random.getrandbits(design.crossbar.rows) for flag in SENSE}
            self.put(**flags, **{f"program_{layer}__sensed": random.getrandbits(1)})
            self.put(**{f"{layer}_columns__saturations": random.getrandbits(1)})
            self.put(**{f"probe__{layer}_code": random.getrandbits(design.formats.adc_bits)})
        if self.busy:
            self.put(host__group=random.getrandbits(16), host__lane=random.randrange(design.cell.lanes))
        self.put(host__weigh=random.getrandbits(1))
        if random.random() < 0.2:
            most = max(2, len(self.findings) + 1)
            self.point(random.choice((0, random.randrange(most), random.randrange(most), random.getrandbits(16))))

    async def cycle(self, wanted: dict[str, int] | None = None) -> None:
        """A cycle in which these ports are shown so, besides what stands."""
        if self.left is not None:
            if self.left == 0:
                raise Stopped
            self.left -= 1
        self.now += 1
        word, bits = self.standing
        if wanted:
            # What stands in their place is 0.
            for_this, of_this = self.word_of(wanted)
            word, bits = word | for_this, bits | of_this
        self.quiet += 1
        if self.quiet >= SEEN:
            word, bits = word | self.entry[0], bits | self.entry[1]
        await self.bench.cycle()
        self.compare(self.block.get("shown"), word, bits)
        if self.pulsing:
            self.pulsing -= 1
            if self.pulsing == 0:
                self.put(program_hidden__busy=0, program_readout__busy=0)
        if self.random.random() < NOISE:
            self.stir()

    async def idle(self, cycles: int) -> None:
        """So many cycles in which only what stands is shown."""
        for _ in range(cycles):
            await self.cycle()

    def compare(self, found: int, word: int, bits: int) -> None:
        """Both words in these bits; of those that differ, the ports."""
        wrong = (found ^ word) & bits
        names = [name for name, (first, every) in self.positions.items() if wrong >> first & every] if wrong else []
        told = [
            {name: shown >> self.positions[name][0] & self.positions[name][1] for name in names}
            for shown in (found, word)
        ]
        self.bench.compare(self.block, f"cycle {self.now}, what differs", *told)

    async def read(
        self, layer: Layer, plane: int, times: int, stretch: tuple[int, int], row: int | None = None,
        stays: dict[str, int] | None = None, code: int | None = None,
    ) -> None:  # fmt: skip
        """A reading: a row alone or none, integrated so often on a plane, sampled and converted.

        Args:
            stretch: further cycles before the integration and before the sample.
            stays: ports that must stay until the end.
            code: of the column that the program port selects.
        """
        name, random = name_of(layer), self.random
        line = {f"wordlines__{name}_pos": 1 << row if row is not None else 0}
        shown = line | (stays or {})
        two = self.design.crossbar.integrators > 1

        def strobes(*which: str) -> dict[str, int]:
            return shown | {f"probe__{name}__{strobe}": 1 for strobe in which}

        while self.pulsing:
            await self.cycle(shown)
        await self.cycle(shown)
        driven = strobes("drive") | {"probe__plane": plane}
        for _ in range(stretch[0]):
            await self.cycle(driven)
        integrated = strobes("drive", "integrate") | {"probe__plane": plane, f"probe__{name}__integrator": 0}
        for _ in range(times):
            await self.cycle(integrated)
        for _ in range(stretch[1]):
            await self.cycle(shown)
        await self.cycle(strobes("sample") | {f"probe__{name}__integrator": int(two)})
        await self.cycle(strobes("convert"))
        while random.random() < 0.1:
            await self.cycle(shown)
        self.put(**{f"probe__{name}__valid": 1})
        if code is not None:
            self.put(**{f"probe__{name}_code": code & ((1 << self.design.formats.adc_bits) - 1)})
        try:
            await self.cycle(shown)
        finally:
            self.put(**{f"probe__{name}__valid": 0})

    async def take(self, layer: Layer, folds: list[list[int]]) -> None:
        """The codes of all columns, fold after fold."""
        port = f"{name_of(layer)}_columns"
        self.put(**{f"{port}__code": self.random.getrandbits(self.design.formats.adc_bits * len(folds[0]))})
        await self.cycle()
        for fold, codes in enumerate(folds):
            self.put(**{f"{port}__code": pack(codes, self.design.formats.adc_bits)})
            await self.cycle({f"{port}__fold": fold})
