"""Cycles of an update, cycle by cycle: what the blocks of the learning engine wait for, without the numbers.

The machine has the registers of ``hdl/learning`` that decide when something happens, and none of those that hold
values. So its counts are those of the hardware, whatever overlaps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from remora.spec.crossbar.column_groups import ColumnGroup, column_groups, rounded_words
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.rng import HASH_CYCLES

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

SUMMED = 6
"""Cycles from a step that is walked to the first in which the gradients have it
(``hdl/learning/update/gradient_walk.py``); also the fewest from one launch to the next
(``hdl/learning/learning_engine.py``)."""
HANDED_ON = 3
"""Cycles from a launch to the one in which the feedback of the group is handed on."""
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
    design: DesignPoint, steps: int, writing: int = 0, winners: tuple[int, ...] | None = None
) -> UpdateCycles:
    """An update in which every column takes ``writing`` cycles to be written.

    Args:
        steps: of the sequence.
        writing: cycles for which the write controller is not ready for the next column; 0: no column has a pulse.
        winners: hidden units that learn; all where None.
    """
    return _Machine(design, steps, writing, winners).run()


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
    """Slots of columns whose pulses are gathered, and the controller that writes them."""

    def __init__(self, slots: int, by_group: bool, writing: int) -> None:
        self._begun, self._full, self._last = ([False] * slots for _ in range(3))
        self._by_group, self._next, self._writing, self._ready = by_group, 0, writing, 0

    def room(self, slot: int) -> bool:
        return not self._begun[slot]

    def takes(self, now: int) -> bool:
        return self._full[self._next] and now >= self._ready

    def quiet(self, now: int) -> bool:
        return not any(self._begun) and now >= self._ready

    def cycle(self, now: int, takes: bool, begun: tuple[int, bool] | None, whole: int | None) -> None:
        """A column leaves, one begins in a slot, the last of a group or not, and one is ``whole``."""
        if takes:
            slot = self._next
            self._begun[slot] = self._full[slot] = False
            self._next = 0 if self._by_group and self._last[slot] else (slot + 1) % len(self._begun)
            self._ready = now + 1 + self._writing
        if begun is not None:
            self._begun[begun[0]], self._last[begun[0]] = True, begun[1]
        if whole is not None:
            self._full[whole] = True


class _Walk:
    """Columns and words that are left of the gradients captured, and the stages behind."""

    def __init__(self, design: DesignPoint) -> None:
        self._words, self._folds, self._slots = rounded_words(design), design.learning_folds, queue_slots(design)
        self._left = self._word = self._slot = self._fold = 0
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

    def rounds(self, queue: _Queue, draws: _Draws | None) -> bool:
        """Rows are rounded in this cycle."""
        begins = self._word == 0 and self._fold == 0
        return not self.free and (not begins or queue.room(self._slot)) and (draws is None or draws.valid)

    def cycle(self, rounds: bool, captured: tuple[int, int] | None) -> tuple[int, bool] | None:
        """Rows are rounded, and gradients of so many columns of a fold are ``captured``; the column that begins."""
        begun = (self._slot, self._left == 1) if rounds and self._word == 0 and self._fold == 0 else None
        last = self._word == self._words - 1
        whole = self._slot if last and self._fold == self._folds - 1 else None
        self._stages = [(whole,) if rounds else None, *self._stages[:-1]]
        if rounds:
            self._word = 0 if last else self._word + 1
            if last:
                self._left, self._slot = self._left - 1, (self._slot + 1) % self._slots
        if captured:
            self._left, self._fold = captured
            self._slot = 0 if self._folds > 1 else self._slot
        return begun


class _Machine:
    def __init__(self, design: DesignPoint, steps: int, writing: int, winners: tuple[int, ...] | None) -> None:
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
        queue = _Queue(queue_slots(design), folds > 1, self._writing)
        draws = _Draws(rounded_words(design)) if update_rule(design).draws else None
        launched, summing = [False] * (SUMMED - 1), [False] * SUMMED
        flying: list[tuple[int, int]] = []
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
            rounds = walk.rounds(queue, draws)
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
                return UpdateCycles(preparation, now)

            if gathers:
                source.take(now)
                gathered += 1
            if (launched[HANDED_ON - 1] and last_fold) or skips:
                gathered = 0
            if draws:
                draws.cycle(rounds, flying[-1][0] if launched[0] else 0)
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
                flying.append((group.count, fold))
                walking = self._steps if hidden else 1
                last_fold = fold == folds - 1
                if last_fold:
                    number, moving = number + 1, group.count
                fold = 0 if last_fold else fold + 1
