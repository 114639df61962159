"""The pulse verifier: tile after tile of a write controller that is played here, cycle by cycle.

Rules J1 to J3.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import cocotb

from remora.hdl.learning.verify.missed import correction_limit
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import MOST_VERIFY_FEEDBACK
from remora.spec.crossbar.verify.verification import QUARTER_SHIFT, SAMPLE_GAP, Verification
from remora.spec.crossbar.verify.verified_cycles import MISSED
from remora.spec.lib.fixed import saturate, unsigned_width
from remora.tb.blocks.learning.verify.missed import corrected
from remora.tb.blocks.learning.verify.reading import Reading, Sum
from remora.tb.lib.bench import Block, BlockBench, block_test, pack

TILES = 60


class GivenUp(Exception):
    """Tiles do not answer."""


def bits(rows: list[int]) -> int:
    """A word of a bit a row."""
    return sum(1 << row for row in rows)


class Tile:
    """A tile with pulses due, and what is known of its rows.

    Attributes:
        due: rows that have pulses left, and how many.
        ups: rows whose weights are raised.
        before: first sums.
        blocked: rows of which a pulse was dropped.
        again: rows that have not moved.
    """

    def __init__(self, verifier: Verifier, layer: Layer) -> None:
        random, design = verifier.random, verifier.block.design
        rows = layer_layout(design, layer).rows
        self.layer, self.row_tile = layer, random.randrange(-(-rows // verifier.rows))
        first = design.network.hidden if layer is Layer.READOUT else 0
        self.column = first + random.randrange(layer_layout(design, layer).columns)
        here = range(min(verifier.rows, rows - self.row_tile * verifier.rows))
        chosen = random.sample(here, random.choice((1, *2 * [min(verifier.most_rows, len(here))])))
        self.due = {row: random.choice((1, random.randint(1, design.learning.max_pulses))) for row in sorted(chosen)}
        self.given, self.ups = dict(self.due), [row for row in here if random.random() < 0.5]
        self.before = dict[int, Sum]()
        self.blocked, self.again = list[int](), list[int]()
        self.tries, self.after = 0, False

    def accumulator(self, row: int, features: int, rows: int) -> tuple[int, int]:
        """Row of the hidden layer, and column, of a row's accumulator."""
        return self.row_tile * rows + row + (features if self.layer is Layer.READOUT else 0), self.column


class Verifier:
    """A pulse verifier, its account, and the write controller."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, bench.random
        self.design, self.verification = block.design, Verification.of(block.design)
        self.rows = min(self.design.crossbar.rows, self.design.hidden_rows)
        self.most_rows = self.rows if self.verification.reads < 4 else 2
        self.reading = Reading(bench, block, self._code)
        self.feedback, self.wanted = 0, dict[int, list[int]]()
        self.tile: Tile | None = None
        # The corrections of the cycles to come.
        self.missed: list[tuple[tuple[int, int], int] | None] = [None] * MISSED
        self.gave_up = self.corrected = 0
        # Cycles until tiles do not answer; none of them is 0 where they do.
        self.left = -1

    def _code(self, row: int) -> int:
        """The next code of a row, as its sum was chosen."""
        if not self.wanted.get(row):
            self.wanted[row] = self._codes(row)
        return self.wanted[row].pop()

    def _codes(self, row: int) -> list[int]:
        """Codes whose sum lies where something is decided, or anywhere."""
        random, reads, limit = self.random, self.verification.reads, self.reading.limit
        level, total, tile = self.verification.codes_of_level, 0, self.tile
        assert tile is not None
        if tile.after:
            quarter, pulsed = level >> QUARTER_SHIFT, tile.given[row] * level
            end = random.choice((0, 0, 0, 0, quarter, -quarter, pulsed, -pulsed, random.randint(-4 * level, 4 * level)))
            total = tile.before[row].total + end + random.choice((0, 0, 1, -1))
        elif random.random() < 0.8:
            total = random.randint(-reads * limit, reads * limit) // random.choice((1, 2, 8))
        most = reads * (limit - (random.random() < 0.9))
        total = saturate(total, most)
        codes = [total // reads + (index < total % reads) for index in range(reads)]
        if reads > 1 and random.random() < 0.3:
            apart = random.randint(0, min(limit - codes[0], codes[1] + limit))
            codes[0], codes[1] = codes[0] + apart, codes[1] - apart
        return codes

    def _put_tile(self, in_tile: bool, ended: bool) -> None:
        """What the write controller tells."""
        tile, count_bits = self.tile, unsigned_width(self.design.learning.max_pulses)
        if tile is None:
            self.block.put(tile__in_tile=0, tile__ended=0, tile__due=0, tile__blocked=0)
            return
        counts = [tile.due.get(row, 0) for row in range(self.rows)]
        self.block.put(
            tile__in_tile=int(in_tile), tile__layer=int(tile.layer), tile__column=tile.column,
            tile__row_tile=tile.row_tile, tile__due=bits(list(tile.due)), tile__counts=pack(counts, count_bits),
            tile__raised=bits(tile.ups), tile__ended=int(ended), tile__blocked=bits(tile.blocked),
        )  # fmt: skip

    def _check(self, told: Sum | None) -> tuple[bool, tuple[tuple[int, int], int] | None]:
        """Whether a sum gives its row up, and what it corrects: rules J2 and J3."""
        tile = self.tile
        if told is None or tile is None:
            return False, None
        if not tile.after:
            tile.before[told.row] = told
            return False, None
        before = tile.before[told.row]
        if told.full or before.full:
            return False, None
        change = told.total - before.total
        if not self.verification.moved(change):
            if told.row in tile.blocked:
                return False, None
            if tile.given[told.row] + tile.tries >= self.verification.give_up:
                self.gave_up += 1
                return True, None
            tile.again.append(told.row)
            return False, None
        pulsed = tile.given[told.row] << self.verification.level_shift
        wrong = (pulsed if told.row in tile.ups else -pulsed) - change
        correction = corrected(self.design, wrong, self.feedback)
        self.corrected += 1
        return False, (tile.accumulator(told.row, self.design.network.features, self.rows), correction)

    async def cycle(
        self, starts: list[int] | None = None, abort: bool = False, in_tile: bool = True, ended: bool = False,
        **shown: int,
    ) -> None:  # fmt: skip
        """A cycle, in which rows are asked for, and which shows what is named and else nothing."""
        block, reading = self.block, self.reading
        self._put_tile(in_tile, ended)
        block.put(give_up=int(abort), feedback=self.feedback)
        reading.answer(abort)
        await self.bench.cycle()
        given_up, missed = self._check(reading.told)
        corrects = self.missed.pop(0)
        busy = missed is not None or corrects is not None or any(self.missed)
        self.missed.append(missed)
        wanted = reading.shown() | {
            "tile__may_pulse": 0, "tile__may_leave": 0, "tile__again": 0, "given_up": int(given_up),
            "busy": int(busy), "corrects": int(corrects is not None),
        } | shown  # fmt: skip
        if not in_tile:
            # Whether what is no tile may be left means nothing.
            del wanted["tile__may_leave"]
        if corrects:
            (row, column), correction = corrects
            wanted |= {
                "corrected_row": row,
                "corrected_column": column,
                "correction": correction & (2 * correction_limit(self.design) + 1),
            }
        if self.tile and wanted["driven"]:
            wanted |= {"row_tile": self.tile.row_tile, "layer": int(self.tile.layer)}
        self.bench.compare_ports(block, f"cycle {reading.now}", wanted)
        reading.follow([] if abort else starts or [], abort)

    async def idle(self) -> None:
        """Cycles in which there is no tile, or one that has no pulses or that is given up at once."""
        random, stale = self.random, self.tile
        for _ in range(random.choice((0, 0, 1, 4))):
            self.tile = random.choice((None, stale, Tile(self, random.choice(list(Layer)))))
            in_tile, gives_up = self.tile is not None and random.random() < 0.5, random.random() < 0.5
            if self.tile and in_tile and not gives_up:
                self.tile.due = {}
            if self.tile:
                self.reading.layer = self.tile.layer
            leaves: dict[str, Any] = {"tile__may_leave": 1} if self.tile and not self.tile.due else {}
            await self.cycle(abort=gives_up, in_tile=in_tile, **leaves)

    async def rest(self) -> None:
        """No tile, until nothing can be under way."""
        self.tile = None
        for _ in range(MISSED + SAMPLE_GAP):
            await self.cycle(in_tile=False)

    async def _step(self, **given: Any) -> None:
        """A cycle of a tile, which may be the one in which tiles are known not to answer."""
        self.left -= 1
        await self.cycle(abort=self.left == 0, **given)
        if self.left == 0:
            raise GivenUp

    async def _read(self, **given: Any) -> None:
        """Cycles to the last sum, and the one in which it is there."""
        told = None
        while not (told and told.last):
            told = self.reading.told
            await self._step(**given)

    async def _pulse(self, tile: Tile) -> None:
        """Pulses that are due, launch by launch; some are dropped."""
        random = self.random
        while tile.due:
            for _ in range(random.choice((1, 1, 2, 5))):
                await self._step(tile__may_pulse=1)
            tile.blocked += [row for row in tile.due if row not in tile.blocked and random.random() < 0.1]
            tile.due = {row: count - 1 for row, count in tile.due.items() if count > 1}
        for _ in range(random.choice((0, 0, 1, 3))):
            await self._step(tile__may_pulse=1)

    async def verify(self, give_up_within: int = 0, later: bool = False) -> None:
        """A tile to its end, or until tiles do not answer: so many cycles after its start, or after its pulses."""
        random = self.random
        tile = self.tile = Tile(self, random.choice(list(Layer)))
        self.reading.layer, self.wanted = tile.layer, {}
        self.reading.stretch()
        self.feedback = random.choice((0, MOST_VERIFY_FEEDBACK, random.randint(0, MOST_VERIFY_FEEDBACK)))
        left = 1 + random.randint(1, give_up_within) if give_up_within else -1
        self.left = -1 if later else left
        with suppress(GivenUp):
            rows = list(tile.due)
            await self._step(starts=rows)
            await self._read()
            while rows:
                await self._pulse(tile)
                tile.after = True
                self.left = left if later else self.left
                await self._step(starts=rows, ended=True, tile__may_pulse=1)
                await self._read(ended=True)
                rows, tile.again = tile.again, []
                again = {"tile__again": bits(rows), "tile__may_leave": int(not rows)}
                await self._step(ended=True, **again)
                tile.due, tile.tries = dict.fromkeys(rows, 1), tile.tries + 1


def tiles_of(block: Block) -> int:
    """Tiles that are verified; fewer where each takes longer."""
    shift = block.design.adc_shift + block.design.fine_bits
    short = shift <= block.design.formats.stream_bits and block.design.learning.verify_reads < 4
    return TILES if short else TILES // 6


@block_test
async def tiles(bench: BlockBench) -> None:
    """Tile after tile, at once or later."""

    async def drive(block: Block) -> None:
        verifier = Verifier(bench, block)
        for _ in range(tiles_of(block)):
            await verifier.verify()
            await verifier.idle()
        bench.compare(block, "some rows are corrected", verifier.corrected > 0, True)
        if tiles_of(block) == TILES:
            bench.compare(block, "some rows are given up", verifier.gave_up > 0, True)

    await bench.each(drive)


@block_test
async def tiles_that_do_not_answer(bench: BlockBench) -> None:
    """Most tiles are given up at any moment; the next one is as any."""

    async def drive(block: Block) -> None:
        verifier = Verifier(bench, block)
        for turn in range(2 * tiles_of(block)):
            of_a_row = verifier.reading.reads * (verifier.reading.repeats + 4)
            later = bench.chance(0.7)
            within = bench.random.choice((3 * of_a_row, 5 * of_a_row) if later else (3, of_a_row, 6 * of_a_row))
            await verifier.verify(within if turn % 2 else 0, later)
            await verifier.idle()

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any moment forgets the tile."""

    verifiers: dict[str, Verifier] = {}

    async def drive(block: Block) -> None:
        verifier = verifiers[block.name] = Verifier(bench, block)
        await verifier.rest()
        await verifier.verify(0 if verifier.reading.reads < 4 else 20)
        await verifier.rest()

    async def begin(block: Block) -> None:
        await verifiers[block.name].verify()

    await bench.each(drive)
    for _ in range(5):
        begun = [cocotb.start_soon(begin(block)) for block in bench.blocks]
        await bench.cycle(bench.random.randint(1, 300))
        for task in begun:
            task.cancel()
        await bench.reset(1)
        await bench.each(drive)
