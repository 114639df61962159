"""What the examples of the rules of the self-test call: a small chip with defects, and golden's test of it."""

from __future__ import annotations

import numpy as np

from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import Injected, inject
from remora.golden.devices.gain_drift import drifted as _drifted
from remora.golden.devices.gain_drift import gain_of
from remora.golden.devices.self_test import self_test
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import LEAST_SUM, Defect, Finding, SelfTestPlan
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


def plane(number: int, error: float) -> Injected:
    """A plane of the hidden layer that weighs otherwise."""
    return Injected(Finding(Defect.PLANE, Layer.HIDDEN, 0, 0, number), error)


def weighed(hidden) -> tuple[list[int], list[int]]:
    """Sums of the planes and of the columns of the hidden layer, whose rows are one tile."""
    result = _run((), hidden)[0]
    return result.plane_sums[0][0].tolist(), result.column_sums[0][0].tolist()


def drift_of(gains: dict[int, float]) -> tuple[list[int], int]:
    """Columns of a wider layer called off after their gains have changed, and the gain of the layer in 2^-12."""
    design = point(features=9, hidden=6, classes=1, max_steps=1)
    weights = weights_of(design)
    weights.hidden[:] = 30
    chip = Chip.of(design)
    state = DeviceState.fresh(chip, (weights.hidden, weights.readout))
    drifts = [Injected(Finding(Defect.GAIN, Layer.HIDDEN, 0, 0, column), error) for column, error in gains.items()]
    before, now = (
        self_test(design, each, state, SelfTestPlan.of(design).threshold)
        for each in (chip, inject(chip, state, drifts)[0])
    )
    found = _drifted(design, Layer.HIDDEN, before, now)[0]
    return [each.column for each in found], gain_of(design, Layer.HIDDEN, before, now)


def tested(*defects: Injected, hidden=_KEPT, least: int = LEAST_SUM) -> tuple[list[str], int]:
    """Words of the list, and how many findings there are."""
    result = _run(defects, hidden, least=least)[0]
    return [f"0x{finding.word:08x}" for finding in result.listed], len(result.findings)


def pulses_of(*defects: Injected) -> list[list[list[int]]]:
    """Pulses that every device of the hidden layer got."""
    return _run(defects, _KEPT)[1].layers[0].n.tolist()


def moves_of(hidden) -> int:
    """Most grains by which a weight of a chip without defects differs after its test."""
    before, after = (_run((), hidden, test=test)[1].layers[0].p for test in (False, True))
    return int(np.abs((before[0] - before[1]) - (after[0] - after[1])).max())


def _run(defects, hidden, test: bool = True, least: int = LEAST_SUM):
    weights = weights_of(_DESIGN)
    weights.hidden[: len(hidden)] = hidden
    chip, state = Chip.of(_DESIGN), DeviceState.fresh(Chip.of(_DESIGN), (weights.hidden, weights.readout))
    chip, state = inject(chip, state, defects)
    result = self_test(_DESIGN, chip, state, SelfTestPlan.of(_DESIGN).threshold, least) if test else None
    return result, state
