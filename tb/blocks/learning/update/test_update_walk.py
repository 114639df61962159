"""The update walk: rows of every column of a group, in their order and cycle by cycle, whatever makes them wait.

Rules L11 to L14, M9.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from remora.spec.crossbar.column_groups import (
    ColumnGroup,
    accumulator_rows,
    column_groups,
    rounded_rows,
    rounded_words,
)
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, accumulator_words, gradient_bound, pulse_shift
from remora.spec.crossbar.update_cycles import ROUNDED, queue_slots
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.crossbar.verify.verification import SAMPLE_GAP
from remora.spec.lib.fixed import saturate, signed_width, unsigned_width
from remora.tb.blocks.learning.update.resetting import reset_often
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers
from remora.tb.models.learning import move, rounded

CYCLES, RESETS = 1_500, 20
PACE = 50
"""Cycles after which everything that waits does so more often or less."""


@dataclass(frozen=True)
class Rows:
    """Rows of a column that are rounded in one cycle."""

    group: ColumnGroup
    number: int
    """Of the column in its group."""
    fold: int
    word: int
    slot: int
    learns: bool
    gradients: tuple[int, ...]

    @property
    def column(self) -> int:
        return self.group.first + self.number

    @property
    def last_of_group(self) -> bool:
        return self.number == self.group.count - 1

    @property
    def begins(self) -> bool:
        return self.fold == 0 and self.word == 0


@dataclass(frozen=True)
class Result:
    """What becomes of them: of every row pulses, whether they raise it, and the new χ of a design that has some."""

    rows: Rows
    pulses: list[int]
    raised: list[bool]
    accumulators: list[int]


def some_gradients(design: DesignPoint, random: Random, count: int) -> list[int]:
    """Gradients alike, of a single bit each, or about a level."""
    bound = gradient_bound(design)
    if random.random() < 0.2:
        return some_integers(random, -bound, bound, count)
    bits = bound.bit_length() - 1
    shift = random.choice((design.learning.hidden_shift, design.learning.readout_shift))
    near = min(bound, 4 * design.learning.accumulator_level << shift)
    return [
        random.choice((-1, 1)) * (1 << random.randrange(bits)) if bits and random.random() < 0.3
        else random.randint(-near, near)
        for _ in range(count)
    ]  # fmt: skip


class Account:
    """A walk: rows that are left, the stages behind, accumulators, and what is put at the ports in each cycle."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, design = bench, block, bench.random, block.design
        self.design, rule = design, update_rule(design)
        self.accumulates, self.draws, self.verifies = (
            rule.accumulates,
            rule.draws,
            design.capabilities.verifies_learning,
        )
        self.rows, self.words, self.folds = rounded_rows(design), rounded_words(design), design.learning_folds
        self.limit = (1 << design.learning.accumulator_bits - 1) - 1
        self.positions = {
            int(row): (index, position)
            for index, held in enumerate(accumulator_rows(design))
            for position, row in enumerate(held)
            if row >= 0
        }
        self.now, self.seen = 0, Counter[str]()
        self.pace()
        self.reset()

    def reset(self) -> None:
        """What a reset leaves."""
        self.left: deque[Rows] = deque()
        self.stages: deque[Result | None] = deque([None] * ROUNDED)
        self.slot = 0
        words = accumulator_words(self.design) if self.accumulates else 0
        self.sweep = words
        self.held = [[0] * self.rows for _ in range(words)]
        self.shown: int | None = None
        """Word that the host has read, as long as nobody else reads."""
        self.corrected: tuple[int, int, int, int] | None = None
        """Cycle, address, position and change of a correction that is to be written."""
        self.corrected_at = self.now - SAMPLE_GAP
        self.plan = self._plan()
        self.next = next(self.plan)
        self.block.put(capture=0)
        if self.verifies:
            self.block.put(corrects=0)
        if self.accumulates:
            self.block.put(host__read=0, host__write=0)

    def _plan(self) -> Iterator[tuple[ColumnGroup, int]]:
        """Groups and their folds: those of updates in order, and single ones."""
        groups = column_groups(self.design)
        while True:
            some = self.random.choices(groups, k=3) if self.random.random() < 0.3 else groups
            yield from ((group, fold) for group in some for fold in range(self.folds))

    def address(self, rows: Rows) -> int:
        return (rows.column * self.folds + rows.fold) * self.words + rows.word

    def pace(self) -> None:
        """How often each port that makes rows wait does so from now on."""
        self.room, self.drawn, self.captures, self.corrects = (
            self.random.choice(chances) for chances in ((1, 1, 0.5, 0.1), (1, 1, 0.5, 0.1), (1, 0.5, 0.1), (0, 0.2, 1))
        )

    async def cycle(self) -> None:
        """A cycle, with anything at the ports that may be there."""
        if self.now % PACE == 0:
            self.pace()
        random, quiet = self.random, not self.left and not any(self.stages) and not self.corrected
        hidden_rate, readout_rate = random.randint(0, MOST_RATE_SHIFT), random.randint(0, MOST_RATE_SHIFT)
        room, drawn = random.random() < self.room, random.random() < self.drawn or not self.draws
        self.block.put(hidden_rate_shift=hidden_rate, readout_rate_shift=readout_rate, room=int(room))
        numbers = [0] * self.rows
        if self.draws:
            level = self.design.learning.accumulator_level
            numbers = some_integers(random, 0, level - 1, self.rows)
            self.block.put(drawn=int(drawn), random=pack(numbers, pulse_shift(self.design)))
        corrects = self._correct() if self.verifies else False
        hosted = self._host(quiet and not corrects) if self.accumulates else None
        captured = self._capture()
        rounds = bool(self.left) and not corrects and drawn and (room or not self.left[0].begins)
        await self.bench.cycle()
        self._compare(rounds)
        # What the cycle leaves.
        result = self.stages.pop()
        if result and result.rows.learns and self.accumulates:
            self.held[self.address(result.rows)] = result.accumulators
        if self.corrected and self.corrected[0] + ROUNDED == self.now:
            _, address, position, change = self.corrected
            self.held[address][position] = saturate(self.held[address][position] + change, self.limit)
            self.corrected = None
            self.seen["corrected"] += 1
        if rounds or corrects:
            self.shown = None
        if hosted:
            address, written = hosted
            if written is None:
                self.shown = pack(self.held[address], self.design.learning.accumulator_bits)
            else:
                self.held[address] = written
        self.stages.appendleft(self._round(numbers, hidden_rate, readout_rate) if rounds else None)
        if captured:
            self.left.extend(captured)
            self.block.put(capture=0)
            self._mean_nothing()
        self.sweep -= self.sweep > 0
        self.now += 1

    def _round(self, numbers: list[int], hidden_rate: int, readout_rate: int) -> Result:
        rows = self.left.popleft()
        readout = rows.group.layer is Layer.READOUT
        rate = readout_rate if readout else hidden_rate
        if rows.word == self.words - 1:
            self.slot = (rows.slot + 1) % queue_slots(self.design)
        if not self.accumulates:
            due = [
                rounded(self.design, number, gradient, readout, rate)
                for number, gradient in zip(numbers, rows.gradients, strict=True)
            ]
            return Result(rows, [pulses for pulses, _ in due], [raised for _, raised in due], [])
        held = self.held[self.address(rows)]
        moved = [
            move(self.design, chi, gradient, readout, rate) for chi, gradient in zip(held, rows.gradients, strict=True)
        ]
        return Result(
            rows, [each.pulses for each in moved], [each.raised for each in moved], [each.accumulator for each in moved]
        )

    def _mean_nothing(self) -> None:
        """What belongs to gradients while none are captured."""
        design, random = self.design, self.random
        lanes = design.learning_lanes * design.learning.columns
        self.block.put(
            gradients=random.getrandbits(signed_width(gradient_bound(design)) * lanes),
            learns=random.getrandbits(design.learning.columns), fold_index=random.randrange(self.folds),
        )  # fmt: skip
        self._put_position(random.choice(column_groups(design)))

    def _put_position(self, group: ColumnGroup) -> None:
        readout = group.layer is Layer.READOUT
        of_layer = group.first - readout * self.design.network.hidden
        tile, of_tile = divmod(of_layer, self.design.crossbar.columns)
        self.block.put(
            position__readout=int(readout), position__count=group.count, position__column=group.first,
            position__column_of_layer=of_layer, position__column_tile=tile, position__column_of_tile=of_tile,
        )  # fmt: skip

    def _busy_columns(self) -> set[int]:
        """Columns whose rows are in some stage."""
        return {result.rows.column for result in self.stages if result}

    def _capture(self) -> list[Rows]:
        """Gradients of the next fold or group, if they may come in this cycle."""
        group, fold = self.next
        columns = set(range(group.first, group.first + group.count))
        if self.left or self.sweep or self.random.random() >= self.captures:
            return []
        taken = self._busy_columns() if fold == 0 else set()
        if columns & taken or (self.corrected and self.corrected[1] // (self.folds * self.words) in columns):
            return []
        self.next = next(self.plan)
        design, random, lanes = self.design, self.random, self.design.learning_lanes
        learns = random.getrandbits(group.count)
        gradients = [some_gradients(design, random, lanes) for _ in range(design.learning.columns)]
        self._put_position(group)
        self.block.put(
            capture=1, learns=learns, fold_index=fold,
            gradients=pack([value for column in gradients for value in column], signed_width(gradient_bound(design))),
        )  # fmt: skip
        found, slot = [], 0 if self.folds > 1 else self.slot
        padding = [0] * (self.words * self.rows - lanes)
        for number in range(group.count):
            values = gradients[number] + padding
            for word in range(self.words):
                of_rows = tuple(values[word * self.rows : (word + 1) * self.rows])
                found.append(Rows(group, number, fold, word, slot, bool(learns >> number & 1), of_rows))
            slot = (slot + 1) % queue_slots(design)
        return found

    def _correct(self) -> bool:
        """Correct a column that is through, as often as corrections come."""
        random, bits = self.random, self.design.learning.accumulator_bits
        group, _ = self.next
        used = self._busy_columns() | set(range(group.first, group.first + group.count))
        used |= {rows.column for rows in self.left}
        column = random.randrange(self.design.network.hidden + self.design.network.classes)
        row = random.choice(list(self.positions))
        change = random.choice((random.randint(-(2 * self.limit + 1), 2 * self.limit + 1), random.randint(-9, 9)))
        corrects = (
            not self.sweep and column not in used and self.now >= self.corrected_at + SAMPLE_GAP
            and random.random() < self.corrects
        )  # fmt: skip
        self.block.put(
            corrects=int(corrects), corrected_column=column, corrected_row=row, correction=change & (2 << bits) - 1
        )
        if corrects:
            word, position = self.positions[row]
            self.corrected_at = self.now
            self.corrected = self.now, column * self.folds * self.words + word, position, change
        return corrects

    def _host(self, may: bool) -> tuple[int, list[int] | None] | None:
        """The host reads a word or writes it: its address, and what it writes."""
        address, bits = self.random.randrange(len(self.held)), self.design.learning.accumulator_bits
        accesses = may and not self.sweep and self.random.random() < 0.7
        written = some_integers(self.random, -self.limit, self.limit, self.rows)
        writes = accesses and self.random.random() < 0.5
        self.block.put(
            host__address=address, host__read=int(accesses and not writes), host__write=int(writes),
            host__write_data=pack(written, bits),
        )  # fmt: skip
        return (address, written if writes else None) if accesses else None

    def _compare(self, rounds: bool) -> None:
        """What the cycle that has just ended shows."""
        design, result = self.design, self.stages[-1]
        expected: dict[str, int] = {
            "free": int(not self.left), "busy": int(bool(self.left) or any(self.stages)), "round": int(rounds),
            "begins": int(rounds and self.left[0].begins), "push": int(result is not None),
            "committed": 0, "updated": 0,
        }  # fmt: skip
        if self.accumulates:
            expected["clearing"] = int(self.sweep > 0)
            if self.shown is not None:
                expected["host__read_data"] = self.shown
                self.seen["read"] += 1
        if self.verifies:
            expected["correcting"] = int(self.corrected is not None and self.corrected[0] < self.now)
        if self.left:
            rows = self.left[0]
            readout = rows.group.layer is Layer.READOUT
            tile, of_tile = divmod(rows.column - readout * design.network.hidden, design.crossbar.columns)
            expected |= {
                "slot": rows.slot, "layer": int(readout), "column_tile": tile, "column_of_tile": of_tile,
                "last_of_group": int(rows.last_of_group),
            }  # fmt: skip
        if result:
            expected |= self._due(result)
        self.bench.compare_ports(self.block, f"cycle {self.now}", expected)

    def _due(self, result: Result) -> dict[str, int]:
        """What is shown of rows in the cycle in which their pulses are due."""
        design, rows = self.design, result.rows
        whole = rows.word == self.words - 1 and rows.fold == self.folds - 1
        pulses = pack(result.pulses, unsigned_width(design.learning.max_pulses))
        due = {
            "push_slot": rows.slot, "whole": int(whole), "counts": pulses if rows.learns else 0,
            "raised": pack(result.raised, 1) if rows.learns else 0,
            "committed": int(whole and rows.last_of_group), "updated": int(rows.learns),
        }  # fmt: skip
        if due["committed"]:
            self.seen["committed"] += 1
            due["columns_after"] = rows.column + 1
        if rows.learns:
            due |= {
                "updated_column": rows.column, "updated_lane": rows.word * self.rows, "updated_fold": rows.fold
            }  # fmt: skip
            if self.accumulates:
                due["accumulators"] = pack(result.accumulators, design.learning.accumulator_bits)
        return due


@block_test
async def walks(bench: BlockBench) -> None:
    """Updates and single groups, with host and corrections between, whatever waits for what."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for _ in range(CYCLES):
            await account.cycle()
        wanted = {"committed"} | ({"read"} if account.accumulates else set())
        wanted |= {"corrected"} if account.verifies else set()
        assert all(account.seen[what] > 20 for what in wanted), account.seen

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset in any cycle nothing is under way, and all accumulators are 0."""
    accounts = {block.name: Account(bench, block) for block in bench.blocks}
    await reset_often(bench, accounts, RESETS, 3, 240)
