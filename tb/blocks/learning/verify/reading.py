"""How rows of a tile are read in verified learning, cycle by cycle, with the tiles that answer. Rules J1 and W3."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.crossbar.verify.verification import SAMPLE_GAP, Verification
from remora.tb.lib.bench import Block, BlockBench

STRAY = 0.1
"""How often a tile shows codes that nobody waits for."""


class Read(NamedTuple):
    """One sample of a row."""

    row: int
    last_of_row: bool
    last: bool


class Sum(NamedTuple):
    """What all samples of a row gave."""

    row: int
    total: int
    full: bool
    last: bool


class Reading:
    """Rows that are read one after the other.

    Attributes:
        code_of: the next code of a row.
        layer: that is read.
        converting: the sample that is converted.
        told: the sum that is shown in this cycle.
    """

    def __init__(self, bench: BlockBench, block: Block, code_of: Callable[[int], int]) -> None:
        self.bench, self.block, self.random, self.code_of = bench, block, bench.random, code_of
        design, verification = block.design, Verification.of(block.design)
        self.reads, self.limit, self.mask = (
            verification.reads,
            design.formats.adc_limit,
            2 * design.formats.adc_limit + 1,
        )
        # A level on one plane weighs 2^plane in a sum, and this many codes after the shift of the converter.
        weight = design.adc_shift + verification.fine_bits
        self.plane = min(design.formats.stream_bits - 1, weight)
        self.repeats = 1 << weight - self.plane
        self.second = design.crossbar.integrators > 1
        self.layer, self.integrate, self.settle = Layer.HIDDEN, 0, 0
        self.now, self.up, self.sampled, self.answers = 0, 0, -SAMPLE_GAP, 0
        self.left: list[Read] = []
        self.converting: Read | None = None
        self.codes: list[int] = []
        self.told: Sum | None = None
        self.valid, self.code = False, 0

    @property
    def quiet(self) -> bool:
        """Nothing is under way."""
        return not self.left and self.converting is None and self.told is None

    def stretch(self) -> None:
        """Other stretches, mostly short ones."""
        self.integrate, self.settle = (
            self.random.choice((0, 0, self.random.randrange(4), 1 << self.random.randrange(STRETCH_BITS)))
            if self.random.random() < 0.7
            else 0
            for _ in range(2)
        )
        self.block.put(stretch__integrate=self.integrate, stretch__settle=self.settle)

    def answer(self, abort: bool) -> None:
        """What the tiles show in this cycle; one that does not answer shows nothing."""
        waited, random = self.converting, self.random
        self.valid = self.now >= self.answers and not abort if waited else random.random() < STRAY
        self.code = self.code_of(waited.row) if waited and self.valid else random.randint(-self.limit, self.limit)
        for layer in Layer:
            name, mine = layer.name.lower(), layer == self.layer
            code = self.code if mine else random.randint(-self.limit, self.limit)
            self.block.put(
                **{
                    f"crossbars__{name}__valid": int(self.valid) if mine else random.getrandbits(1),
                    f"crossbars__{name}_code": code & self.mask,
                }
            )

    @property
    def _samples(self) -> bool:
        ready = self.up + self.integrate + self.repeats + self.settle
        free = self.converting is None or self.valid
        return bool(self.left) and self.now >= max(ready, self.sampled + SAMPLE_GAP) and free

    def shown(self) -> dict[str, int]:
        """What is driven in this cycle."""
        integrates = self.up + self.integrate
        drive = bool(self.left) and self.now < integrates + self.repeats
        of_layer = {
            "drive": drive, "integrate": drive and self.now >= integrates, "integrator": self._samples and self.second,
            "sample": self._samples, "convert": self.now == self.sampled + 1,
        }  # fmt: skip
        strobes = {
            f"crossbars__{layer.name.lower()}__{name}": int(value and layer == self.layer)
            for layer in Layer
            for name, value in of_layer.items()
        }
        return {"driven": int(drive) << self.left[0].row if drive else 0, "crossbars__plane": self.plane, **strobes}

    def follow(self, starts: list[int], abort: bool) -> None:
        """What a cycle leaves behind, in which these rows start or everything is forgotten."""
        samples, self.told = self._samples, None
        if self.valid and self.converting:
            read, self.converting = self.converting, None
            self.codes.append(self.code)
            if read.last_of_row:
                full = max(map(abs, self.codes)) >= self.limit
                self.told, self.codes = Sum(read.row, sum(self.codes), full, read.last), []
        if samples:
            self.converting = self.left.pop(0)
            self.sampled, self.up = self.now, self.now + 1
            # Some take longer than the next sample.
            self.answers = self.now + 1 + self.random.choice((1, 1, 2, 3, 9, self.random.randint(1, 2 * self.repeats)))
        if abort:
            self.left, self.converting, self.codes = [], None, []
        if starts:
            self.up = self.now + 1
            self.left = [
                Read(row, read == self.reads - 1, row == starts[-1] and read == self.reads - 1)
                for row in starts
                for read in range(self.reads)
            ]
        self.now += 1
