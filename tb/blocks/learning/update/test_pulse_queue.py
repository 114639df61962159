"""The pulse queue: columns whose rows come as the update walk rounds them, and who takes them, cycle by cycle."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from remora.spec.crossbar.column_groups import accumulator_rows, column_groups, rounded_rows, rounded_words
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.update_cycles import ROUNDED, queue_slots
from remora.spec.lib.fixed import unsigned_width
from remora.tb.blocks.learning.update.resetting import reset_often
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers

CYCLES, RESETS = 1_500, 30
PACE = 60
"""Cycles after which the walk and who takes columns do so more often or less."""


@dataclass
class Column:
    """A column of an update, with the pulses that it will have and those that have come."""

    slot: int
    last_of_group: bool
    position: dict[str, int]
    """Layer, column of tiles, and position in that: whatever is told of it."""
    pulses: list[int]
    """Of every row."""
    raised: list[bool]
    left: int
    """Words that are still to come."""


class Account:
    """A queue, and the walk before it."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, design = bench, block, bench.random, block.design
        self.design, self.slots, self.folds = design, queue_slots(design), design.learning_folds
        self.held, self.words, self.rows = accumulator_rows(design), rounded_words(design), rounded_rows(design)
        self.verifies = design.capabilities.verifies_learning
        self.bits = unsigned_width(design.learning.max_pulses)
        self.seen = Counter[str]()
        self.now = 0
        self.reset()

    def reset(self) -> None:
        """What a reset leaves."""
        self.queue: deque[Column] = deque()
        """Columns that have begun, in their order."""
        self.stages: deque[tuple[Column, int] | None] = deque([None] * ROUNDED)
        """Column and word of rows that were rounded."""
        self.plan = self._plan()
        self.next = next(self.plan)
        self.block.put(begins=0, push=0)

    def _plan(self) -> Iterator[tuple[Column, int]]:
        """Columns and words in the order in which they are rounded."""
        groups, slot = column_groups(self.design), 0
        while True:
            for group in self.random.choices(groups, k=3) if self.random.random() < 0.3 else groups:
                columns = []
                for number in range(group.count):
                    last = number == group.count - 1
                    columns.append(self._column(number if self.folds > 1 else slot, last))
                    slot = (slot + 1) % self.slots
                for fold in range(self.folds):
                    for column in columns:
                        yield from ((column, fold * self.words + word) for word in range(self.words))

    def _column(self, slot: int, last_of_group: bool) -> Column:
        """A column with any pulses, one row of them, or none."""
        random, rows, most = self.random, self.design.hidden_rows, self.design.learning.max_pulses
        pulses, kind = some_integers(random, 0, most, rows), random.randrange(4)
        if kind < 2:
            pulses = [0] * rows
        if kind == 1:
            pulses[random.randrange(rows)] = 1 << random.randrange(most.bit_length())
        raised = [bool(each) for each in some_integers(random, 0, 1, rows)]
        return Column(slot, last_of_group, self._position(), pulses, raised, len(self.held))

    def _position(self) -> dict[str, int]:
        random, tiles = self.random, max(layer_layout(self.design, layer).column_tiles for layer in Layer)
        return {
            "layer": random.getrandbits(1), "tile": random.randrange(tiles),
            "of_tile": random.randrange(self.design.crossbar.columns),
        }  # fmt: skip

    def pace(self) -> None:
        """How often rows are rounded and columns are taken from now on."""
        self.rounds, self.takes = (self.random.choice((1, 1, 0.5, 0.03)) for _ in range(2))

    async def cycle(self) -> None:
        """A cycle, with anything at the ports that may be there."""
        if self.now % PACE == 0:
            self.pace()
        column, word = self.next
        random, slots = self.random, {each.slot for each in self.queue}
        takes, rounds = random.random() < self.takes, random.random() < self.rounds
        begins = word == 0
        slot = column.slot if begins else random.randrange(self.slots)
        room, rounds = int(slot not in slots), rounds and not (begins and column.slot in slots)
        self._put_begin(column, slot, rounds and begins)
        self.block.put(take=int(takes))
        pushed = self._push()
        await self.bench.cycle()
        first = self.queue[0] if self.queue else None
        whole = first is not None and first.left == 0
        skips = first is not None and whole and self.verifies and not any(first.pulses)
        expected = {"room": room, "empty": int(first is None), "valid": int(whole and not skips)}
        if first and expected["valid"]:
            expected |= self._shown(first)
        self.bench.compare_ports(self.block, f"cycle {self.now}", expected)
        # What the cycle leaves.
        if skips or (takes and expected["valid"]):
            self.queue.popleft()
            self.seen["skipped" if skips else "taken"] += 1
        if pushed:
            pushed.left -= 1
        self.stages.pop()
        self.stages.appendleft(self.next if rounds else None)
        if rounds:
            if begins:
                self.queue.append(column)
            self.next = next(self.plan)
        self.now += 1

    def _shown(self, column: Column) -> dict[str, int]:
        """What is shown of a column that waits to be taken."""
        position = {f"column_{name}": value for name, value in column.position.items()}
        return position | {"column_counts": pack(column.pulses, self.bits), "column_raised": pack(column.raised, 1)}

    def _put_begin(self, column: Column, slot: int, begins: bool) -> None:
        """A column begins; or any other is shown, and does not."""
        position, last = column.position, column.last_of_group
        if not begins:
            position, last = self._position(), bool(self.random.getrandbits(1))
        self.block.put(
            slot=slot, begins=int(begins), layer=position["layer"], position_tile=position["tile"],
            position_of_tile=position["of_tile"], last_of_group=int(last),
        )  # fmt: skip

    def _push(self) -> Column | None:
        """Rows that were rounded come; or something else is shown, and does not."""
        stage, random, most = self.stages[-1], self.random, self.design.learning.max_pulses
        if stage is None:
            counts = pack(some_integers(random, 0, most, self.rows), self.bits)
            self.block.put(
                push=0, push_slot=random.randrange(self.slots), whole=random.getrandbits(1), counts=counts,
                raised=random.getrandbits(self.rows),
            )  # fmt: skip
            return None
        column, word = stage
        rows = [int(row) for row in self.held[word]]
        # No pulses are due to a row that is not there.
        counts = pack([column.pulses[row] if row >= 0 else 0 for row in rows], self.bits)
        raised = pack([column.raised[row] if row >= 0 else random.getrandbits(1) for row in rows], 1)
        self.block.put(
            push=1, push_slot=column.slot, whole=int(word == len(self.held) - 1), counts=counts, raised=raised
        )
        return column


@block_test
async def columns(bench: BlockBench) -> None:
    """Columns of updates and of single groups, some without pulses, and takers that are slow and quick."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for _ in range(CYCLES):
            await account.cycle()
        wanted = {"taken", "skipped"} if account.verifies else {"taken"}
        assert all(account.seen[what] > 10 for what in wanted), account.seen

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset in any cycle the queue is empty, and the first column is that of slot 0."""
    accounts = {block.name: Account(bench, block) for block in bench.blocks}
    await reset_often(bench, accounts, RESETS, 5, 100)
