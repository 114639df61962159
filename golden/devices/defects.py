"""Defects put into a chip on purpose: what the self-test is to find, and how well it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from remora.golden.devices.chip import NUMBERS, Chip, ChipLayer, copied
from remora.golden.devices.reading import idle_codes
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift
from remora.spec.crossbar.self_test.plan import (
    GROUP_ROWS,
    OFFSET_CODES,
    READ_BITS,
    Defect,
    Finding,
    SelfTestPlan,
    weighed_planes,
)
from remora.spec.devices.model import GAIN_BITS, OFFSET_BITS, PLANE_BITS

PLANES = 0.08
"""Of the planes of a row tile, in a random map; at most as many as leave a majority."""
ERRORS = 0.05, 0.25
"""Least and largest error of a plane or a drifted gain, in a random map."""
SHARES = {Defect.OFFSET: 0.03, Defect.DEAD_COLUMN: 0.01, Defect.DEAD_CONVERTER: 0.01}
"""Of columns, in a random map."""
DRIFTING = 0.05
"""Of columns, in a random map of drift."""
MOST_OFFSET = 12
"""Largest random offset, in codes."""


@dataclass(frozen=True)
class Injected:
    """A defect that is put into a chip.

    Attributes:
        finding: what the test is to say of it.
        value: of a stuck device what it is stuck at, in levels; of an offset or a dead converter its code; of
            a plane or a gain its error, such as −0.05.
    """

    finding: Finding
    value: float = 0.0


@dataclass(frozen=True)
class FoundDefects:
    """What a test found of what was injected.

    Attributes:
        found: what the injected defects amount to, and it lists. ``missed``: what it does not.
        false_alarms: what it lists beyond that.
        untestable: injected defects that another hides, so that they do not count.
    """

    found: list[Finding]
    missed: list[Finding]
    false_alarms: list[Finding]
    untestable: list[Finding]


def inject(chip: Chip, state: DeviceState, defects: Iterable[Injected]) -> tuple[Chip, DeviceState]:
    """A chip with defects, and its devices.

    A stuck device stays where it is, whatever pulses it gets. In a dead column no device of the row tile conducts.
    A dead converter gives one code. Neither argument is changed.
    """
    state, layers = state.copy(), [copied(layer) for layer in chip.layers]
    for defect in defects:
        finding, made = defect.finding, layers[defect.finding.layer]
        if finding.defect is Defect.PLANE:
            tile = next(each for each in made.tiles if each.first_row == finding.row)
            made.planes[tile.row_tile, finding.column] = round((1 << PLANE_BITS) * (1 + defect.value))
            continue
        devices = state.layers[finding.layer].p
        tile = next(
            each
            for each in made.tiles
            if finding.row in range(*each.row_slice.indices(made.shape[1]))
            and finding.column in range(*each.column_slice.indices(made.shape[2]))
        )
        converter = tile.row_tile, finding.column
        if finding.defect is Defect.STUCK:
            _stick(made, devices, (finding.side, finding.row, finding.column), _grains(chip, defect.value))
        elif finding.defect is Defect.DEAD_COLUMN:
            _stick(made, devices, (slice(None), tile.row_slice, finding.column), 0)
        elif finding.defect is Defect.GAIN:
            if made.gain[converter] == -(1 << GAIN_BITS):
                continue  # of a dead one there is none
            made.gain[converter] = round((1 << GAIN_BITS) * defect.value)
        else:
            made.offset[converter] = round(defect.value * 2**OFFSET_BITS)
            if finding.defect is Defect.DEAD_CONVERTER:
                made.gain[converter] = -(1 << GAIN_BITS)
    return replace(chip, layers=(layers[0], layers[1])), state


def made_with(design: DesignPoint, chip: Chip) -> list[Injected]:
    """Defects that a chip was made with by its own rules: stuck devices, and offsets that the test is likely to see."""
    found, level = [], chip.model.level
    for made in chip.layers:
        for side, row, column in np.argwhere(made.endurance == 0).tolist():
            value = float(made.low[side, row, column] - chip.model.rest) / level
            found.append(Injected(Finding(Defect.STUCK, made.layer, side, row, column), value))
        first = {tile.row_tile: tile.first_row for tile in made.tiles}
        codes = made.offset / 2**OFFSET_BITS
        for row_tile, column in np.argwhere(seen_offsets(design, chip, made.layer)).tolist():
            finding = Finding(Defect.OFFSET, made.layer, 0, first[row_tile], column)
            found.append(Injected(finding, float(codes[row_tile, column])))
    return found


def seen_offsets(design: DesignPoint, chip: Chip, layer: Layer) -> NDArray[np.bool_]:
    """Which converters the test more likely than not calls off: (row tiles, columns). Rule S7.

    That takes the exact law of the sum of its codes: they are rounded, and their noise may carry them either way.
    """
    made, least = chip.layers[layer], SelfTestPlan.of(design).offset
    seen: NDArray[np.bool_] = np.zeros(made.offset.shape, bool)
    for row_tile in range(len(seen)):
        codes = idle_codes(chip.model, made, row_tile, adc_shift(design, layer), design.formats.adc_limit)
        for column in range(seen.shape[1]):
            of_column = codes[:, column]
            first = int(of_column.min())
            law = np.bincount(of_column - first) / len(of_column)
            for _ in range(READ_BITS):  # twice as many codes
                law, first = np.convolve(law, law), 2 * first
            sums = first + np.arange(len(law))
            seen[row_tile, column] = law[np.abs(sums) >= least].sum() > 0.5
    return seen


def random_defects(chip: Chip, seed: int, share: float) -> list[Injected]:
    """A random map: this share of all devices is stuck, at rest, full, or anywhere, and some columns have an offset,
    are dead, or have a dead converter, as `SHARES` says; and some planes weigh otherwise."""
    planes = np.random.default_rng([seed, 2])
    random, found, most = np.random.default_rng(seed), [], (chip.model.full - chip.model.rest) / chip.model.level
    for made in chip.layers:
        _, rows, columns = made.shape
        for first in sorted({tile.first_row for tile in made.tiles}):
            for column in range(columns):
                drawn, threshold = random.random(), 0.0
                for defect, part in SHARES.items():
                    threshold += part
                    if drawn < threshold:
                        value = random.choice([-1, 1]) * random.uniform(OFFSET_CODES + 1, MOST_OFFSET)
                        found.append(Injected(Finding(defect, made.layer, 0, first, column), value))
                        break
        for first in sorted({tile.first_row for tile in made.tiles}):
            count = made.planes.shape[1]
            for plane in np.flatnonzero(planes.random(count) < PLANES)[: (count - 1) // 2].tolist():
                error = planes.choice([-1, 1]) * planes.uniform(*ERRORS)
                found.append(Injected(Finding(Defect.PLANE, made.layer, 0, first, plane), error))
        for side, row, column in np.argwhere(random.random((2, rows, columns)) < share).tolist():
            value = random.choice([0.0, most, random.uniform(0, most)])
            found.append(Injected(Finding(Defect.STUCK, made.layer, side, row, column), value))
    return found


def random_drift(chip: Chip, seed: int) -> list[Injected]:
    """A random map of converters whose gain drifts: `DRIFTING` of all columns."""
    random, found = np.random.default_rng([seed, 1]), []
    for made in chip.layers:
        first = {tile.row_tile: tile.first_row for tile in made.tiles}
        for row_tile, column in np.argwhere(random.random(made.gain.shape) < DRIFTING).tolist():
            error = random.choice([-1, 1]) * random.uniform(*ERRORS)
            found.append(Injected(Finding(Defect.GAIN, made.layer, 0, first[row_tile], column), error))
    return found


def found_of(
    chip: Chip, injected: Sequence[Injected], listed: Sequence[Finding], hidden: Sequence[Finding] = ()
) -> FoundDefects:
    """Compare what a test lists with what was injected, but for ``hidden``, which it could not check.

    What a dead column or a dead converter hides is untestable: the devices of its column in its row tile, and the
    offset of a dead column's converter. A column is dead, too, where all devices of the first group are stuck.
    """
    wanted, said = {each.finding for each in injected}, set(listed)
    due = _due(chip, wanted) - set(hidden)
    return FoundDefects(
        found=sorted(due & said, key=lambda each: each.word),
        missed=sorted(due - said, key=lambda each: each.word),
        false_alarms=sorted(said - due, key=lambda each: each.word),
        untestable=sorted(wanted - due, key=lambda each: each.word),
    )


def _due(chip: Chip, injected: set[Finding]) -> set[Finding]:
    """What the test is to list of these defects. Rules S6 and S7."""
    of_column: dict[tuple[Layer, int, int], set[Finding]] = {}
    rows = {}
    for finding in injected:
        if finding.defect is Defect.PLANE:
            continue
        tiles = chip.layers[finding.layer].tiles
        tile = next(each for each in tiles if each.first_row <= finding.row < each.first_row + each.rows)
        key = finding.layer, tile.first_row, finding.column
        of_column.setdefault(key, set()).add(finding)
        rows[key] = tile.rows
    due = {finding for finding in injected if finding.defect is Defect.PLANE}
    for key, findings in of_column.items():
        layer, first, column = key
        classes = {each.defect for each in findings}
        stuck = {each for each in findings if each.defect is Defect.STUCK}
        group = min(GROUP_ROWS, rows[key])
        dead = bool(classes & {Defect.DEAD_COLUMN, Defect.DEAD_CONVERTER})
        dead |= sum(each.row < first + group for each in stuck) == 2 * group
        off = bool(classes & {Defect.OFFSET, Defect.DEAD_CONVERTER})
        if dead or off:
            defect = (Defect.DEAD_CONVERTER if off else Defect.DEAD_COLUMN) if dead else Defect.OFFSET
            due.add(Finding(defect, layer, 0, first, column))
        if not dead:
            due |= stuck | {each for each in findings if each.defect is Defect.GAIN}
    return due


def check_defects(design: DesignPoint, chip: Chip, defects: Sequence[Injected]) -> None:
    """Check that a chip can have these defects, and that the test can see each of them.

    Raises:
        ValueError: it cannot; the message says which, and why.
    """
    seen = set()
    for defect in defects:
        finding, made = defect.finding, chip.layers[defect.finding.layer]
        told = f"{finding.defect.name.lower()} of the {Layer(finding.layer).name.lower()} layer"
        _, rows, columns = made.shape
        if finding.defect is Defect.PLANE:
            columns = weighed_planes(design, finding.layer)
        if finding.side not in (0, 1) or not 0 <= finding.row < rows or not 0 <= finding.column < columns:
            raise ValueError(f"{told}: no side {finding.side}, row {finding.row}, column {finding.column} there")
        if finding.defect is not Defect.STUCK and finding.row not in {tile.first_row for tile in made.tiles}:
            raise ValueError(f"{told}: row {finding.row} is not the first of a tile, by which its column is named")
        if finding in seen:
            raise ValueError(f"{told}: row {finding.row}, column {finding.column} is given twice")
        seen.add(finding)
        if finding.defect in (Defect.PLANE, Defect.GAIN) and not ERRORS[0] <= abs(defect.value) < 1:
            raise ValueError(f"{told}: value {defect.value:g} is no error of {ERRORS[0]:g} to 1")
        if finding.defect in (Defect.OFFSET, Defect.DEAD_CONVERTER):
            code = _idle_code(design, chip, defect)
            if abs(code) < OFFSET_CODES:
                raise ValueError(
                    f"{told}: value {defect.value:g} in column {finding.column} reads as code {code}; "
                    f"the self-test sees {OFFSET_CODES} codes or more"
                )


def _idle_code(design: DesignPoint, chip: Chip, defect: Injected) -> int:
    """What the converter of a defect gives where no row is driven, without noise. Rule D18."""
    layer, column = defect.finding.layer, defect.finding.column
    made = copied(chip.layers[layer])
    made.offset[:, column] = round(defect.value * 2**OFFSET_BITS)
    codes = idle_codes(chip.model, made, 0, adc_shift(design, layer), design.formats.adc_limit, noisy=False)
    return int(codes[0, column])


def _grains(chip: Chip, levels: float) -> int:
    return max(0, min(chip.model.limit, chip.model.rest + round(levels * chip.model.level)))


def _stick(made: ChipLayer, p, devices, grains: int) -> None:
    for name, value in (("low", grains), ("high", grains), ("endurance", 0)):
        made.numbers[(NUMBERS.index(name), *(devices if isinstance(devices, tuple) else (devices,)))] = value
    p[devices] = grains
