"""The built-in self-test of a chip of real devices, pulse for pulse and sample for sample as the hardware does it.

Rules S1 to S11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import Chip
from remora.golden.devices.curves import Integers
from remora.golden.devices.pulses import pulse_devices
from remora.golden.devices.reading import SQUARE_SHIFT, Key, driven_codes
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState, parked_conductance
from remora.golden.devices.wires import tile_behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift, layer_layout
from remora.spec.crossbar.self_test.plan import (
    BURST_PULSES,
    BURSTS,
    COUNT_BITS,
    GROUP_ROWS,
    LAST_PULSES,
    LEAST_SUM,
    MOST_PULSES,
    PLANE_SHARE,
    READS,
    RETURNS,
    Defect,
    Finding,
    SelfTestPlan,
    Step,
    columns_at_once,
    layer_folds,
    self_test_cycles,
    weighed_planes,
    weighing_repeats,
    weighings,
)
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose


@dataclass
class SelfTestResult:
    """What a self-test found.

    Attributes:
        findings: all of them, in the order of the list.
        plan: of the design point.
        pulses: that devices got; ``most``: those of the device that got most.
        steps: what took its cycles, as of `remora.spec.crossbar.self_test.plan.self_test_cycles`.
        column_sums: of each layer (row tiles, columns) int64, what the readings of all planes added up to.
        plane_sums: of each layer (row tiles, planes) int64, likewise of all columns.
    """

    plan: SelfTestPlan
    findings: list[Finding] = field(default_factory=list)
    pulses: int = 0
    most: int = 0
    steps: Counter[tuple[Layer, Step]] = field(default_factory=Counter)
    column_sums: list[NDArray[np.int64]] = field(default_factory=list)
    plane_sums: list[NDArray[np.int64]] = field(default_factory=list)

    @property
    def listed(self) -> list[Finding]:
        """Those for which the list has room. Rule S8."""
        return self.findings[: self.plan.findings]

    def count(self, defect: Defect) -> int:
        """How many there are of a class, as its counter has it. Rule S8."""
        return min((1 << COUNT_BITS) - 1, sum(finding.defect is defect for finding in self.findings))

    def cycles(self, design: DesignPoint) -> int:
        """Cycles that the hardware takes, from the start to the end."""
        return self_test_cycles(design, self.steps)


def self_test(
    design: DesignPoint, chip: Chip, state: DeviceState, threshold: int, least: int = LEAST_SUM, pulses: bool = True
) -> SelfTestResult:
    """Test a chip, whose devices are pulsed and come back. Rules S1 to S11.

    Args:
        chip: as it was made, with what is broken.
        state: of its devices; changed in place.
        threshold: of movement, as its register has it. Rule S4.
        least: sum of a plane with which others are compared, likewise. Rule S11.
        pulses: test devices too; else they are weighed alone, and nothing is pulsed.
    """
    result = SelfTestResult(SelfTestPlan.of(design))
    for layer in Layer:
        _LayerTest(design, chip, state, threshold, least, layer, result).run(pulses)
    return result


class _LayerTest:
    """The test of one layer."""

    def __init__(
        self,
        design: DesignPoint,
        chip: Chip,
        state: DeviceState,
        threshold: int,
        least: int,
        layer: Layer,
        result: SelfTestResult,
    ) -> None:
        self.design, self.layer, self.result, self.plan = design, layer, result, result.plan
        self.model, self.made, self.state = chip.model, chip.layers[layer], state.layers[layer]
        self.layout, self.threshold, self.chip_state = layer_layout(design, layer), threshold, state
        self.conductance = state.conductances(chip)[layer]
        self.parked = parked_conductance(self.model, self.made, self.state)
        self.folds, self.lanes = layer_folds(design, layer), columns_at_once(design, layer)
        self.used = np.zeros(self.made.shape, np.int64)
        # What a driven row counts as in each row tile, by the plane on which it is read. Rules D15, S1 and S9.
        self.planes, self.weighings, self.least = weighed_planes(design, layer), weighings(design, layer), least
        repeats = np.array([weighing_repeats(design, layer, plane) for plane in range(self.planes)])
        self.words: Integers = (self.made.planes[:, : self.planes] << np.arange(self.planes)) * repeats
        self.longer = int((repeats - repeats[-1]).sum())
        self.column_sums = np.zeros((self.layout.row_tiles, self.layout.columns), np.int64)
        self.plane_sums = np.zeros((self.layout.row_tiles, self.planes), np.int64)

    def run(self, pulses: bool) -> None:
        """Every row tile, every group of its rows, then its converters and planes."""
        for first in self.layout.tiles[:: self.layout.column_tiles]:
            dead: NDArray[np.bool_] = np.zeros(self.layout.columns, bool)
            for start in range(first.first_row, first.first_row + first.rows, GROUP_ROWS):
                rows = np.arange(start, min(start + GROUP_ROWS, first.first_row + first.rows))
                group = _GroupTest(self, rows, dead)
                if not pulses:
                    group.weigh()
                    continue
                stuck = group.run()
                if start == first.first_row:
                    dead = np.asarray(stuck.all(axis=(0, 1)))
                    self.spend(Step.TAKE, len(rows))
                self._report(rows, stuck & ~dead)
            self._test_converters(first.row_tile, first.first_row, dead)
            self._test_planes(first.row_tile, first.first_row)
        self.result.column_sums.append(self.column_sums)
        self.result.plane_sums.append(self.plane_sums)
        self.result.most = max(self.result.most, int(self.used.max()))

    def spend(self, step: Step, count: int = 1) -> None:
        """Count what takes cycles."""
        self.result.steps[self.layer, step] += count

    def samples(self, rows: NDArray[np.intp]) -> Integers:
        """`READS` samples of each row, driven alone: (row tiles, rows, READS, columns) codes. Rules S1 and D17.

        A row of −1 drives nothing.
        """
        return self._samples(np.repeat(rows, READS), self.words[:, -1:]).reshape(
            self.layout.row_tiles, len(rows), READS, -1
        )

    def weigh(self, rows: NDArray[np.intp], target: NDArray[np.int64]) -> None:
        """Read every row on every plane; codes count with the sign of the target, (rows, columns). Rules S9, S10."""
        shape = len(rows), self.planes, self.weighings
        words = np.broadcast_to(self.words[:, None, :, None], (self.layout.row_tiles, *shape))
        codes = self._samples(np.repeat(rows, shape[1] * shape[2]), words.reshape(self.layout.row_tiles, -1))
        total = np.asarray(saturate(codes.sum(axis=0), self.design.formats.adc_limit)).reshape(*shape, -1)
        signed = total * np.sign(target)[:, None, None, :]
        tile = int(rows[0]) // self.design.crossbar.rows
        self.column_sums[tile] += signed.sum(axis=(0, 1, 2))
        self.plane_sums[tile] += signed.sum(axis=(0, 2, 3))
        self.spend(Step.CYCLE, self.longer * shape[0] * shape[2])
        self.spend(Step.TAKE, shape[0] * shape[1] * shape[2])

    def _samples(self, rows: NDArray[np.intp], words: NDArray[np.int64]) -> Integers:
        """A sample of each row, (n,), driven as `words` say, (row tiles, n or 1): (row tiles, n, columns) codes."""
        count = len(rows)
        words = np.broadcast_to(words, (self.layout.row_tiles, count))
        key = Key((self.chip_state.probes[self.layer] + np.arange(count)) & SEQUENCE_MASK, purpose=Purpose.PROBE)
        self.chip_state.count_probes(self.layer, count)
        self.spend(Step.READ, count)
        codes = np.zeros((self.layout.row_tiles, count, self.layout.columns), np.int64)
        for tile in self.layout.tiles:
            counted: Integers = np.zeros((count, tile.rows), np.int64)
            here = np.flatnonzero((rows >= tile.first_row) & (rows < tile.first_row + tile.rows))
            counted[here, rows[here] - tile.first_row] = words[tile.row_tile, here]
            square = round_shift(counted * counted, SQUARE_SHIFT)
            part = tile_behind_wires(self.model, self.made, tile, self.conductance, self.parked)
            shift, limit = adc_shift(self.design, self.layer), self.design.formats.adc_limit
            found = driven_codes(self.model, self.made, tile, part, counted, square, key, shift, limit)
            codes[tile.row_tile, :, tile.column_slice] = found
        return codes

    def sums(self, rows: NDArray[np.intp]) -> Integers:
        """Sum of the codes of each row, over the row tiles and the samples: (rows, columns). Rules X5 and S1."""
        total = saturate(self.samples(rows).sum(axis=0), self.design.formats.adc_limit)
        return np.asarray(total).sum(axis=1)

    def pulse(self, side: int, rows: NDArray[np.intp], up: NDArray[np.bool_], down: NDArray[np.bool_]) -> None:
        """Pulse devices once each, column after column. Rule D6."""
        chosen = up | down
        row, column = np.nonzero(chosen)
        shape = self.made.shape
        devices = (side * shape[1] + rows[row]) * shape[2] + column
        if len(devices):
            found = pulse_devices(self.model, self.made, self.state, devices, up[row, column])
            self.conductance.reshape(-1)[devices] = found
            self.used.reshape(-1)[devices] += 1
        self.result.pulses += len(devices)
        self.spend(Step.CYCLE, shape[2] + 1)
        self.spend(Step.PULSE, int(chosen.any(axis=0).sum()))

    def _report(self, rows: NDArray[np.intp], stuck: NDArray[np.bool_]) -> None:
        """List the stuck devices of a group, (2, rows, columns): row by row, column by column. Rule S8."""
        for index, row in enumerate(rows.tolist()):
            for fold in range(self.folds):
                columns = range(fold * self.lanes, min((fold + 1) * self.lanes, stuck.shape[2]))
                found = [(column, side) for column in columns for side in (0, 1) if stuck[side, index, column]]
                self.spend(Step.CYCLE, 2 + 2 * self.lanes * bool(found))
                for column, side in found:
                    self.result.findings.append(Finding(Defect.STUCK, self.layer, side, row, column))

    def _test_converters(self, row_tile: int, row: int, dead: NDArray[np.bool_]) -> None:
        """Codes of no words, a column after the other; what dead columns are. Rules S6 and S7."""
        limit = self.plan.offset
        for column in range(self.layout.columns):
            total = int(self.samples(np.array([-1]))[row_tile, 0, :, column].sum())
            self.spend(Step.CYCLE)
            off = abs(total) >= limit
            if dead[column]:
                defect = Defect.DEAD_CONVERTER if off else Defect.DEAD_COLUMN
            elif off:
                defect = Defect.OFFSET
            else:
                continue
            self.result.findings.append(Finding(defect, self.layer, 0, row, column))

    def _test_planes(self, row_tile: int, row: int) -> None:
        """Every plane of a row tile beside the others. Rule S11."""
        sums = self.plane_sums[row_tile]
        self.spend(Step.CYCLE, self.planes**2)
        far = (sums >= self.least) & (np.abs(sums[:, None] - sums) * PLANE_SHARE >= sums)
        for plane in np.flatnonzero(2 * far.sum(axis=1) > self.planes - 1).tolist():
            self.result.findings.append(Finding(Defect.PLANE, self.layer, 0, row, plane))


class _GroupTest:
    """The test of the devices of some rows, in all columns that are not dead."""

    def __init__(self, test: _LayerTest, rows: NDArray[np.intp], dead: NDArray[np.bool_]) -> None:
        self.test, self.rows, self.dead = test, rows, dead
        self.shape = len(rows), len(dead)
        self.target = self.base = self.now = np.zeros(self.shape, np.int64)

    def run(self) -> NDArray[np.bool_]:
        """Devices that do not move: (2, rows, columns)."""
        return np.stack([self._test_side(0), self._test_side(1)])

    def weigh(self) -> None:
        """Read all rows, which gives the target, and then each on every plane."""
        self._scan(np.ones(len(self.rows), bool))
        self.test.spend(Step.TAKE, len(self.rows))
        self.target = self.now
        self.test.weigh(self.rows, self.target)

    def _test_side(self, side: int) -> NDArray[np.bool_]:
        """Those of a side."""
        test, plan = self.test, self.test.plan
        if side == 0:
            self.weigh()
            test.spend(Step.CYCLE)
        else:
            self._scan(np.ones(len(self.rows), bool))
            self._decide()
        self.base = self.now
        down = (-self.now if side else self.now) > plan.middle
        # In which burst a device has moved, from 1 on; those of dead columns are not asked.
        moved = np.where(self.dead, 1, 0) + np.zeros(self.shape, np.int64)
        for burst in range(BURSTS):
            pending = moved == 0
            if not pending.any():
                break
            lowers = down ^ bool(burst % 2)
            for _ in range(LAST_PULSES if burst == BURSTS - 1 else BURST_PULSES):
                test.pulse(side, self.rows, pending & ~lowers, pending & lowers)
            self._scan(np.asarray(pending.any(axis=1)))
            self._decide()
            moves = pending & (np.abs(self.now - self.base) >= test.threshold)
            moved = np.where(moves, burst + 1, moved)
            self.base = self.now
        for number in self._returns(moved):
            short = self.target - self.now
            back = ~self.dead & (moved > 0) & (BURST_PULSES * moved + number < MOST_PULSES)
            back &= np.abs(short) > plan.tolerance
            if not back.any():
                break
            raises = (short > 0) ^ bool(side)
            test.pulse(side, self.rows, back & raises, back & ~raises)
            if number + 1 < RETURNS:
                self._scan(np.asarray(back.any(axis=1)))
        return moved == 0

    def _returns(self, moved: NDArray[np.int64]) -> Iterator[int]:
        """Numbers of the returning pulses, each decided anew, unless all columns are dead."""
        if self.dead.all():
            return
        for number in range(RETURNS):
            self._decide()
            yield number

    def _scan(self, wanted: NDArray[np.bool_]) -> None:
        """Read the rows that are wanted. Rule S2."""
        self.test.spend(Step.CYCLE, len(self.rows) + 1)
        self.test.spend(Step.TAKE, READS * int(wanted.sum()))
        if wanted.any():
            now = self.now.copy()
            now[wanted] = self.test.sums(self.rows[wanted])
            self.now = now

    def _decide(self) -> None:
        """What takes the cycles of a decision: every row, and what comes then."""
        self.test.spend(Step.TAKE, len(self.rows))
        self.test.spend(Step.CYCLE)
