"""What crossbars and converters give that a self-test reads: at random, and at what the rules of the test part."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from remora.spec.crossbar.self_test.plan import BURSTS, READS, SelfTestPlan

Grid = list[list[int]]
NEVER = BURSTS
"""The burst in which a stuck device moves."""


class DrawnReadings:
    """Readings of a chip.

    Attributes:
        stuck: share of the devices that never move. ``late``: of those that move in a later burst.
        dead: share of the columns whose devices of the first group never move.
        hopeless: share of the row tiles in which all columns are such.
        off: share of the converters that are off.
    """

    def __init__(
        self, random: Random, plan: SelfTestPlan, limit: int, *, stuck: float = 0.05, late: float = 0.1,
        dead: float = 0.15, hopeless: float = 0.0, off: float = 0.3,
    ) -> None:  # fmt: skip
        self.random, self.plan, self.limit, self.most = random, plan, limit, READS * limit
        self.stuck, self.late, self.dead, self.hopeless, self.off = stuck, late, dead, hopeless, off

    def begin_tile(self, columns: int, planes: int) -> None:
        """What is drawn for a row tile."""
        random = self.random
        self.alive = random.random() >= self.hopeless
        self.columns = [not self.alive or random.random() < self.dead for _ in range(columns)]
        self.errors = [random.choice((1.0, 1.0, 1.0, 0.95, 1.06, 0.5)) for _ in range(planes)]

    def begin_group(self, rows: int, first: bool) -> None:
        """In which burst each device of a group moves, by side, row and column."""
        self.moves = [[[self._moves(first and dead) for dead in self.columns] for _ in range(rows)] for _ in (0, 1)]
        for column, dead in enumerate(self.columns):
            if dead and first and self.alive and self.random.random() < 0.3:
                # All but one are stuck.
                self.moves[self.random.getrandbits(1)][self.random.randrange(rows)][column] = 0

    def _moves(self, dead: bool) -> int:
        if dead:
            return NEVER
        drawn = self.random.random()
        return NEVER if drawn < self.stuck else 1 + self.random.getrandbits(1) if drawn < self.stuck + self.late else 0

    def within(self, total: int) -> int:
        """A sum that codes can have."""
        return max(-self.most, min(self.most, total))

    def first_sums(self, before: Grid, side: int) -> Grid:
        """The first sums of a side, about the point from which on a device goes down first."""
        random, middle = self.random, -self.plan.middle if side else self.plan.middle

        def some(held: int) -> int:
            anything = random.randint(-self.most, self.most)
            edge = middle + random.randint(-1, 1)
            if side:
                return random.choice((held, held, held + random.randint(-9, 9), edge, anything))
            return random.choice((anything, anything, anything, edge, 0, random.choice((-1, 1)), self.most, -self.most))

        return [[self.within(some(held)) for held in row] for row in before]

    def after_burst(
        self, before: Grid, side: int, burst: int, chosen: Sequence[Sequence[bool]], target: Grid, threshold: int
    ) -> Grid:
        """Sums after a burst: a device that moves does so by the threshold at least."""
        random, sums = self.random, []
        near = self.near(before, target, chosen)
        for row, of_row in enumerate(before):
            sums.append(list(near[row]))
            for column, held in enumerate(of_row):
                if not chosen[row][column]:
                    continue
                if self.moves[side][row][column] <= burst:
                    change = threshold + random.choice((0, 0, 1, random.randrange(self.plan.level)))
                else:
                    change = max(0, threshold - random.choice((1, 1, 2, threshold, random.randrange(threshold + 1))))
                sign = random.choice((-1, 1))
                if abs(held + sign * change) > self.most:
                    sign = -sign
                sums[row][column] = self.within(held + sign * change)
        return sums

    def near(self, before: Grid, target: Grid, chosen: Sequence[Sequence[bool]]) -> Grid:
        """Sums about their targets, at what they may differ by, or as they were."""
        random, tolerance = self.random, self.plan.tolerance

        def some(held: int, aim: int, pulsed: bool) -> int:
            away = random.choice((-1, 1)) * (tolerance + random.getrandbits(1))
            further = random.randint(-4 * tolerance, 4 * tolerance)
            if pulsed:
                return random.choice((held, aim + away, aim + away, aim + further, aim))
            return random.choice((held, held, held, aim + away, aim + further))

        return [
            [self.within(some(*each)) for each in zip(*rows, strict=True)]
            for rows in zip(before, target, chosen, strict=True)
        ]

    def codes(self, total: int) -> list[int]:
        """Codes of `READS` samples that add up to this."""
        random = self.random
        codes = [total // READS + (sample < total % READS) for sample in range(READS)]
        for _ in range(3):
            more, less = random.sample(range(READS), 2)
            room = min(self.limit - codes[more], codes[less] + self.limit)
            by = random.randint(0, room)
            codes[more], codes[less] = codes[more] + by, codes[less] - by
        return codes

    def weighed(self, plane: int, targets: Sequence[int]) -> list[int]:
        """Codes of a row on a plane that may weigh otherwise; some are anything."""
        random, limit = self.random, self.limit
        codes = []
        for target in targets:
            code = round(target / READS * self.errors[plane])
            if random.random() < 0.1:
                code = random.choice((limit, -limit, random.randint(-limit, limit)))
            codes.append(max(-limit, min(limit, code)))
        return codes

    def idle_codes(self, offset: int) -> list[int]:
        """Codes of a converter without a word: off, just so, or not."""
        random = self.random
        if random.random() < self.off:
            total = random.choice((1, -1)) * random.choice((offset, offset + 1, random.randint(offset, self.most)))
        else:
            total = random.choice((offset - 1, 1 - offset, 0, random.randint(1 - offset, offset - 1)))
        return self.codes(self.within(total))
