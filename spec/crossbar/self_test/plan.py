"""The plan of the built-in self-test: what it reads, pulses, compares with, and finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from math import ceil, hypot, sqrt
from typing import TYPE_CHECKING

from remora.spec.crossbar.layout import Layer, adc_shift, layer_layout
from remora.spec.devices.model import device_number
from remora.spec.devices.suggestions import mean_step
from remora.spec.lib.fixed import signed_width

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

READ_BITS = 3
READS = 1 << READ_BITS
"""Samples of a row that are summed. Rule S1."""
GROUP_ROWS = 8
"""Rows whose devices are pulsed and read together. Rule S2."""
BURST_PULSES = 3
BURSTS = 3
LAST_PULSES = 2
"""The pulses of a burst, how many bursts a device gets that does not move, and the pulses of the last. Rule S4."""
RETURNS = 4
"""Most single pulses by which a device returns. Rule S5."""
MOST_PULSES = 8
"""Most pulses of a device in one test. Rule S5."""
OFFSET_CODES = 3
"""A mean code of no words from which on a column's converter has an offset. Rule S7."""
LEAST_FINDINGS, MOST_FINDINGS = 16, 1024
"""Entries of the list at least and at most."""
DEVICES_PER_FINDING = 16
"""An entry for so many devices, within these bounds."""
CLASS_SHIFT = 28
"""A finding is its class above the number of a device. Rule S8."""
COUNT_BITS = 16
"""Width of each count, which stays at its end."""
THRESHOLD_BITS = 16
"""Width of the register of the threshold."""


PLANE_SHARE = 25
"""A plane is off from the n-th part of another plane's sum on: 4 %, which leaves readings 1 % beside 5 %. Rule S11."""
LEAST_SUM = 8192
"""A plane's sum of codes from which on others are compared with it, after reset of its register. Rule S11."""
WEIGHED_PAIRS = 1000
"""Pairs of a row tile beside which one reading of each plane is enough. Rule S9."""
DRIFT_SHARE = 25
"""Likewise of a column's sum beside an earlier one. Rule S13."""
LEAST_COLUMN_SUM = 8192
"""A column's sum in the earlier test from which on its converter is checked. Rule S13."""
LEAST_BITS = 24
"""Width of that register."""
SUM_BITS = 32
"""Width of a column's sum as software reads it. Rule S10."""
SEPARATION = 5.8
"""Deviations of what readings err by that `threshold_for` keeps away from."""
ROUNDING = 0.5
"""Largest deviation of a code that rounds either way."""


class Defect(IntEnum):
    """Classes of findings. Rule S8."""

    STUCK = 1
    OFFSET = 2
    DEAD_COLUMN = 3
    DEAD_CONVERTER = 4
    PLANE = 5
    GAIN = 6


HARDWARE_CLASSES = tuple(defect for defect in Defect if defect is not Defect.GAIN)
"""Those that the hardware lists and counts; software tells drift, since that needs an earlier test."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        defect: its class.
        layer: where it lies. ``side``, ``row``, ``column``: of the layer, as of rule D2; a finding of a column has
            side 0 and the first row of its row tile, and so has one of a plane, whose number is the column.
    """

    defect: Defect
    layer: Layer
    side: int
    row: int
    column: int

    @property
    def word(self) -> int:
        """The word in the list. Rule S8."""
        return self.defect << CLASS_SHIFT | int(device_number(self.layer, self.side, self.row, self.column))

    @classmethod
    def of_word(cls, word: int) -> Finding:
        """The finding that a word of the list is."""
        number = word & ((1 << CLASS_SHIFT) - 1)
        side, row, column = number >> 23 & 1, number >> 11 & 0xFFF, number & 0x7FF
        return cls(Defect(word >> CLASS_SHIFT), Layer(number >> 24), side, row, column)


@dataclass(frozen=True)
class SelfTestPlan:
    """Numbers of the self-test of a design point, in units of the sum of `READS` codes.

    Attributes:
        finer: e, a level weighs 2^e codes. Rule S1.
        level: what a level adds to a sum.
        threshold: of movement, after reset of its register: half of what a burst moves by steps of a level. Rule S4.
        tolerance: what a weight may differ by from its first reading: half a level. Rule S5.
        middle: sums above which a device goes down first. Rule S3.
        offset: sums of no words from which on a converter has an offset. Rule S7.
        sum_bits: width of a sum, two's complement.
        findings: entries of the list.
    """

    finer: int
    level: int
    threshold: int
    tolerance: int
    middle: int
    offset: int
    sum_bits: int
    findings: int

    @classmethod
    def of(cls, design: DesignPoint) -> SelfTestPlan:
        """That of a design point. Rules S1 to S8."""
        most, limit = design.formats.adc_limit, design.crossbar.weight_limit
        # Half as much again as the range, for devices that reach beyond it.
        finer = max(0, (2 * most // (3 * limit)).bit_length() - 1)
        level = READS << finer
        devices = 2 * sum(layout.rows * layout.columns for layout in (layer_layout(design, layer) for layer in Layer))
        return cls(
            finer=finer,
            level=level,
            threshold=level * BURST_PULSES // 2,
            tolerance=level // 2,
            middle=limit * level // 2,
            offset=OFFSET_CODES * READS,
            sum_bits=signed_width(READS * most),
            findings=min(MOST_FINDINGS, max(LEAST_FINDINGS, devices // DEVICES_PER_FINDING)),
        )


def threshold_for(design: DesignPoint) -> int:
    """The threshold of movement that suits the devices of a design point. Rule S4.

    A quarter of a level where readings do not err. Else 5.8 deviations of the difference of two sums of a full device,
    a code of which rounds either way; but no more than half of what a burst moves on average, nor than 1.5 levels.
    """
    plan, given, limit = SelfTestPlan.of(design), design.devices.resolved(), design.crossbar.weight_limit
    noise = hypot(given["converter_noise"], given["read_noise"] * (limit << plan.finer))
    apart = SEPARATION * sqrt(2 * READS) * hypot(noise, ROUNDING) if noise else 0
    step = mean_step(design.devices, limit) * plan.level * BURST_PULSES / 2
    return int(max(-(-plan.level // 4), min(plan.threshold, round(step), ceil(apart))))


def columns_at_once(design: DesignPoint, layer: Layer) -> int:
    """Columns of a layer whose codes are there in one cycle: the lanes of the cell, one of the readout."""
    return design.cell.lanes if layer is Layer.HIDDEN else 1


def layer_folds(design: DesignPoint, layer: Layer) -> int:
    """Groups of so many columns that a layer has."""
    return -(-layer_layout(design, layer).columns // columns_at_once(design, layer))


def weighed_planes(design: DesignPoint, layer: Layer) -> int:
    """Planes of a layer that are weighed: those on which a level can add as much as in a reading. Rule S9."""
    planes = design.formats.stream_bits if layer is Layer.HIDDEN else design.readout_planes
    return min(planes, adc_shift(design, layer) + SelfTestPlan.of(design).finer + 1)


def weighings(design: DesignPoint, layer: Layer) -> int:
    """Samples of each row and plane that are summed: more, a power of two, where a row tile has few pairs. Rule S9."""
    layout = layer_layout(design, layer)
    pairs = min(layout.rows, design.crossbar.rows) * layout.columns
    return min(READS, 1 << max(0, ceil(WEIGHED_PAIRS / pairs) - 1).bit_length())


def weighing_repeats(design: DesignPoint, layer: Layer, plane: int) -> int:
    """How often a wordline is integrated on a plane, so that a level adds 2^e codes. Rule S9."""
    return 1 << (adc_shift(design, layer) + SelfTestPlan.of(design).finer - plane)


def plane_sum_bits(design: DesignPoint) -> int:
    """Width of the sum of a plane of a row tile, and enough for the register of the least, two's complement."""
    most = 0
    for layer in Layer:
        layout = layer_layout(design, layer)
        pairs = min(layout.rows, design.crossbar.rows) * layout.columns
        most = max(most, design.formats.adc_limit * pairs * weighings(design, layer))
    return max(signed_width(most), LEAST_BITS + 1)


def column_sum_bits(design: DesignPoint) -> int:
    """Width of the sum of a column of a row tile, two's complement. Rule S10."""
    most = 0
    for layer in Layer:
        samples = weighed_planes(design, layer) * weighings(design, layer)
        rows = min(layer_layout(design, layer).rows, design.crossbar.rows)
        most = max(most, design.formats.adc_limit * rows * samples)
    return signed_width(most)


class Step(IntEnum):
    """What takes the cycles of a self-test; a value counts how often, of one layer (``hdl/crossbar/self_test``)."""

    READ = 0
    """Of a sample: READ or WEIGH until the codes are there."""
    TAKE = 1
    """Of a row: COLLECT, DECIDE, ADD, CHECK: a cycle a fold and one."""
    CYCLE = 2
    """ROW, BRANCH, a column in PULSE, FETCH, LOOK, EMIT a device, COLUMN, two planes in PLANES, what ends a loop, and a
    cycle for which WEIGH integrates longer than READ."""
    PULSE = 3
    """A pulse beyond the cycle of its launch."""


def self_test_cycles(design: DesignPoint, steps: Mapping[tuple[Layer, Step], int]) -> int:
    """Cycles of a self-test, from the start to its end, without stretches.

    Args:
        steps: how often each step was done.
    """
    finer, cycles, total = SelfTestPlan.of(design).finer, design.cycles, 0
    for (layer, step), count in steps.items():
        each = {
            Step.READ: cycles.device_read(layer, finer=finer),
            Step.TAKE: layer_folds(design, layer) + 1,
            Step.CYCLE: 1,
            Step.PULSE: 1 + design.crossbar.pulse_cycles,
        }[step]
        total += count * each
    return total
