"""Cycles of an update, cycle by cycle: what the blocks of the learning engine wait for, without the numbers.

The machine has the registers of ``hdl/learning`` that decide when something happens, and none of those that hold
values. So its counts are those of the hardware, whatever overlaps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from remora.spec.crossbar.column_groups import ColumnGroup, column_groups, rounded_words
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.crossbar.verify.verified_cycles import NOTHING_TO_WRITE, Writing
from remora.spec.lib.rng import HASH_CYCLES

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

SUMMED = 6
"""Cycles from a step that is walked to the first in which the gradients have it
(``hdl/learning/update/gradient_walk.py``); also the fewest from one launch to the next
(``hdl/learning/learning_engine.py``)."""
HANDED_ON = 3
"""Cycles from a launch to the one in which the feedback of the group is handed on."""
DONE = 1
"""Cycles from the first in which everything is at rest to the end (``hdl/learning/learning_engine.py``)."""
ROUNDED = 3
"""Cycles from rows that are rounded to their pulses (``hdl/learning/update/update_lane.py``)."""


@dataclass(frozen=True)
class UpdateCycles:
    """Counts of an update.

    Attributes:
        preparation: cycles before the first group is launched or skipped, as FEEDBACK_CYCLES counts.
        update: all, as LEARN_CYCLES counts.
    """

    preparation: int
    update: int


def queue_slots(design: DesignPoint) -> int:
    """Columns whose pulses are gathered or wait: those of a group whose rows come fold after fold; else one, and
    another where several columns learn at once."""
    columns = design.learning.columns
    return columns if design.learning_folds > 1 else min(columns, 2)


@cache
def update_cycles(
    design: DesignPoint, steps: int, writing: Writing = NOTHING_TO_WRITE, winners: tuple[int, ...] | None = None
) -> UpdateCycles:
    """An update in which every column is written alike.

    Args:
        steps: of the sequence.
        writing: of every column.
        winners: hidden units that learn; all where None.
    """
    return _Machine(design, steps, lambda column: writing, winners).run()


def written_update_cycles(
    design: DesignPoint, steps: int, writings: Mapping[int, Writing], winners: tuple[int, ...] | None = None
) -> UpdateCycles:
    """An update of which it is known how each column was written.

    Args:
        steps: of the sequence.
        writings: of the columns that had pulses, those of the readout counted after the hidden ones.
        winners: hidden units that learn; all where None.
    """
    return _Machine(design, steps, lambda column: writings.get(column, NOTHING_TO_WRITE), winners).run()


class _Source:
    """The feedback: when the value of the next column is there."""

    def __init__(self, valid: list[int], after: Callable[[int], int]) -> None:
        self.valid, self._after, self._turn = valid, after, 0

    @property
    def next_valid(self) -> int:
        return self.valid[self._turn]

    def take(self, now: int) -> None:
        self.valid[self._turn] = now + self._after(now - self.next_valid)
        self._turn = (self._turn + 1) % len(self.valid)


class _Draws:
    """The random numbers of rule L15: asked for by group, drawn in order, standing still while they wait."""

    def __init__(self, words: int) -> None:
        self._words, self._left = words, 0
        self._pending: list[int] = []
        self._stages = [False] * HASH_CYCLES

    @property
    def valid(self) -> bool:
        return self._stages[-1]

    def cycle(self, taken: bool, asked: int) -> None:
        """The numbers that are there are ``taken``; those of so many columns are ``asked`` for."""
        loads = not self._left and bool(self._pending)
        if taken or not self.valid:
            self._stages = [self._left > 0, *self._stages[:-1]]
            self._left -= self._left > 0
        if loads:
            self._left = self._pending.pop(0) * self._words
        if asked:
            self._pending.append(asked)


class _Queue:
    """Slots of columns whose pulses are gathered, the controller that writes them, and what corrects accumulators."""

    def __init__(self, slots: int, by_group: bool, skips: bool, writing: Callable[[int], Writing]) -> None:
        self._begun, self._full, self._last = ([False] * slots for _ in range(3))
        self._column = [0] * slots
        self._by_group, self._next, self._writing, self._ready = by_group, 0, writing, 0
        self._skips = skips
        self._corrections: deque[int] = deque()

    def room(self, slot: int) -> bool:
        return not self._begun[slot]

    def takes(self, now: int) -> bool:
        """A column leaves: where pulses are verified, one without any does not wait for the controller."""
        return self._full[self._next] and (now >= self._ready or self._skipped)

    @property
    def _skipped(self) -> bool:
        return self._skips and self._writing(self._column[self._next]) == NOTHING_TO_WRITE

    def quiet(self, now: int) -> bool:
        """Nothing is gathered, waits, is written, or is still to be corrected."""
        return not any(self._begun) and now >= self._ready and not self._corrections

    def corrects(self, now: int) -> bool:
        """An accumulator is corrected in this cycle, in which nothing is rounded."""
        return bool(self._corrections) and self._corrections[0] == now

    def cycle(self, now: int, takes: bool, begun: tuple[int, int, bool] | None, whole: int | None) -> None:
        """A column leaves, one begins in a slot, the last of a group or not, and one is ``whole``."""
        if self._corrections and now >= self._corrections[0] + ROUNDED:
            self._corrections.popleft()
        if takes:
            slot, skipped = self._next, self._skipped
            self._begun[slot] = self._full[slot] = False
            self._next = 0 if self._by_group and self._last[slot] else (slot + 1) % len(self._begun)
            writing = self._writing(self._column[slot])
            if not skipped:
                self._ready = now + writing.cycles
            self._corrections += [now + after for after in writing.corrections]
        if begun is not None:
            slot, self._column[slot], self._last[slot] = begun
            self._begun[slot] = True
        if whole is not None:
            self._full[whole] = True


class _Walk:
    """Columns and words that are left of the gradients captured, and the stages behind."""

    def __init__(self, design: DesignPoint) -> None:
        self._words, self._folds, self._slots = rounded_words(design), design.learning_folds, queue_slots(design)
        self._left = self._word = self._slot = self._fold = self._column = 0
        self._stages: list[tuple[int | None] | None] = [None] * ROUNDED

    @property
    def free(self) -> bool:
        return self._left == 0

    @property
    def busy(self) -> bool:
        return not self.free or any(self._stages)

    @property
    def whole(self) -> int | None:
        """Slot of the column that becomes whole in this cycle."""
        return self._stages[-1][0] if self._stages[-1] else None

    def rounds(self, now: int, queue: _Queue, draws: _Draws | None) -> bool:
        """Rows are rounded in this cycle."""
        begins = self._word == 0 and self._fold == 0
        free = (not begins or queue.room(self._slot)) and (draws is None or draws.valid)
        return not self.free and free and not queue.corrects(now)

    def cycle(self, rounds: bool, captured: tuple[int, int, int] | None) -> tuple[int, int, bool] | None:
        """Rows are rounded, and gradients of columns from a first one, so many of a fold, are ``captured``; slot and
        column that begin, and whether it is the last of its group."""
        begins = rounds and self._word == 0 and self._fold == 0
        begun = (self._slot, self._column, self._left == 1) if begins else None
        last = self._word == self._words - 1
        whole = self._slot if last and self._fold == self._folds - 1 else None
        self._stages = [(whole,) if rounds else None, *self._stages[:-1]]
        if rounds:
            self._word = 0 if last else self._word + 1
            if last:
                self._left, self._slot = self._left - 1, (self._slot + 1) % self._slots
                self._column += 1
        if captured:
            self._column, self._left, self._fold = captured
            self._slot = 0 if self._folds > 1 else self._slot
        return begun


class _Machine:
    def __init__(
        self, design: DesignPoint, steps: int, writing: Callable[[int], Writing], winners: tuple[int, ...] | None
    ) -> None:
        self._design, self._steps, self._writing = design, steps, writing
        self._winners = range(design.network.hidden) if winners is None else frozenset(winners)

    def _learns(self, group: ColumnGroup) -> bool:
        return any(group.first + column in self._winners for column in range(group.count))

    def _source(self, started: int) -> _Source:
        design, cycles = self._design, self._design.cycles
        units = min(design.learning.columns, design.network.hidden)
        source = _Source([started + cycles.first_feedback] * units, cycles.next_feedback)
        if not design.capabilities.selects:
            return source
        now = started
        for _ in range(design.network.hidden):
            now = max(now + 1, source.next_valid)
            source.take(now)
        return _Source([now + 1 + cycles.selection], lambda waited: 1)

    def run(self) -> UpdateCycles:
        """Cycle 0 is that of the start. Each turn of the loop is one cycle: what is seen in it, then what is kept."""
        design, groups, folds = self._design, column_groups(self._design), self._design.learning_folds
        now = design.cycles.errors
        source, walk = self._source(now), _Walk(design)
        queue = _Queue(queue_slots(design), folds > 1, design.capabilities.verifies_learning, self._writing)
        draws = _Draws(rounded_words(design)) if update_rule(design).draws else None
        launched, summing = [False] * (SUMMED - 1), [False] * SUMMED
        flying: list[tuple[int, int, int]] = []
        number = fold = gathered = moving = walking = preparation = 0
        complete = finishing = last_fold = False
        while True:
            now += 1
            ended = number == len(groups)
            group = groups[min(number, len(groups) - 1)]
            hidden = group.layer is Layer.HIDDEN
            free, summed = walk.free, summing[-1]
            captures = free and (complete or summed)
            takes = queue.takes(now)
            rounds = walk.rounds(now, queue, draws)
            gathers = (
                hidden and not ended and not moving and not any(launched[:HANDED_ON])
                and gathered < group.count and now >= source.next_valid
            )  # fmt: skip
            launches = finishes = skips = False
            if not walking and not finishing:
                if fold == 0 and not moving and ended:
                    finishes = True
                elif not moving and not any(launched) and len(flying) <= free:
                    launches = not hidden or fold > 0 or gathered == group.count
                    skips = launches and hidden and not self._learns(group)
                    launches = launches and not skips
            if finishing and not flying and not walk.busy and queue.quiet(now):
                return UpdateCycles(preparation, now + DONE)

            if gathers:
                source.take(now)
                gathered += 1
            if (launched[HANDED_ON - 1] and last_fold) or skips:
                gathered = 0
            if draws:
                draws.cycle(rounds, flying[-1][1] if launched[0] else 0)
            whole = walk.whole
            captured = flying.pop(0) if captures else None
            queue.cycle(now, takes, walk.cycle(rounds, captured), whole)
            complete = (complete or summed) and not captures
            summing = [walking == 1, *summing[:-1]]
            launched = [launches, *launched[:-1]]
            walking, moving = max(0, walking - 1), max(0, moving - 1)
            finishing = finishing or finishes
            if launches or skips:
                preparation = preparation or now - 1
            if skips:
                number, moving = number + 1, group.count
            if launches:
                flying.append((group.first, group.count, fold))
                walking = self._steps if hidden else 1
                last_fold = fold == folds - 1
                if last_fold:
                    number, moving = number + 1, group.count
                fold = 0 if last_fold else fold + 1
