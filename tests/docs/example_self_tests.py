"""What the examples of the rules of the self-test call: a small chip with defects, and golden's test of it."""

from __future__ import annotations

import numpy as np

from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import Injected, inject
from remora.golden.devices.self_test import self_test
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import Defect, Finding, SelfTestPlan
from tests.docs.example_points import point, weights_of

_DESIGN = point(features=1, hidden=2, classes=1, max_steps=1)
_KEPT = [[20, -3], [-5, 0], [31, 9]]


def plan(**fields) -> tuple[int, int]:
    """e and V of a design point."""
    found = SelfTestPlan.of(point(**fields))
    return found.finer, found.level


def stuck(row: int, column: int, side: int, level: int) -> Injected:
    """A device of the hidden layer that is stuck."""
    return Injected(Finding(Defect.STUCK, Layer.HIDDEN, side, row, column), level)


def offset(column: int, code: float) -> Injected:
    """A converter of the hidden layer with an offset."""
    return Injected(Finding(Defect.OFFSET, Layer.HIDDEN, 0, 0, column), code)


def dead_column(column: int) -> Injected:
    """A column of the hidden layer that conducts nothing."""
    return Injected(Finding(Defect.DEAD_COLUMN, Layer.HIDDEN, 0, 0, column))


def dead_converter(column: int, code: int) -> Injected:
    """A converter of the hidden layer that gives one code."""
    return Injected(Finding(Defect.DEAD_CONVERTER, Layer.HIDDEN, 0, 0, column), code)


def tested(*defects: Injected, hidden=_KEPT) -> tuple[list[str], int]:
    """Words of the list, and how many findings there are."""
    result = _run(defects, hidden)[0]
    return [f"0x{finding.word:08x}" for finding in result.listed], len(result.findings)


def pulses_of(*defects: Injected) -> list[list[list[int]]]:
    """Pulses that every device of the hidden layer got."""
    return _run(defects, _KEPT)[1].layers[0].n.tolist()


def moves_of(hidden) -> int:
    """Most grains by which a weight of a chip without defects differs after its test."""
    before, after = (_run((), hidden, test=test)[1].layers[0].p for test in (False, True))
    return int(np.abs((before[0] - before[1]) - (after[0] - after[1])).max())


def _run(defects, hidden, test: bool = True):
    weights = weights_of(_DESIGN)
    weights.hidden[: len(hidden)] = hidden
    chip, state = Chip.of(_DESIGN), DeviceState.fresh(Chip.of(_DESIGN), (weights.hidden, weights.readout))
    chip, state = inject(chip, state, defects)
    result = self_test(_DESIGN, chip, state, SelfTestPlan.of(_DESIGN).threshold) if test else None
    return result, state
