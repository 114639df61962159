"""Defects put into a chip on purpose: what the self-test is to find, and how well it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from remora.golden.devices.chip import NUMBERS, Chip, ChipLayer
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import OFFSET_CODES, Defect, Finding
from remora.spec.devices.model import GAIN_BITS, OFFSET_BITS

SHARES = {Defect.OFFSET: 0.03, Defect.DEAD_COLUMN: 0.01, Defect.DEAD_CONVERTER: 0.01}
"""Of columns, in a random map."""
MOST_OFFSET = 12
"""Largest random offset, in codes."""


@dataclass(frozen=True)
class Injected:
    """A defect that is put into a chip.

    Attributes:
        finding: what the test is to say of it.
        value: of a stuck device what it is stuck at, in levels; of an offset or a dead converter its code.
    """

    finding: Finding
    value: float = 0.0


@dataclass(frozen=True)
class FoundDefects:
    """What a test found of what was injected.

    Attributes:
        found: injected defects that it lists. ``missed``: those that it does not.
        false_alarms: what it lists and nobody injected.
        untestable: injected defects that a dead column hides, so that they do not count.
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
    state, layers = state.copy(), [_copied(layer) for layer in chip.layers]
    for defect in defects:
        finding, made = defect.finding, layers[defect.finding.layer]
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
        else:
            made.offset[converter] = round(defect.value * 2**OFFSET_BITS)
            if finding.defect is Defect.DEAD_CONVERTER:
                made.gain[converter] = -(1 << GAIN_BITS)
    return Chip(chip.model, (layers[0], layers[1])), state


def made_with(chip: Chip) -> list[Injected]:
    """Defects that a chip was made with by its own rules: stuck devices, and offsets from 3 codes on."""
    found, level = [], chip.model.level
    for made in chip.layers:
        for side, row, column in np.argwhere(made.endurance == 0).tolist():
            value = float(made.low[side, row, column] - chip.model.rest) / level
            found.append(Injected(Finding(Defect.STUCK, made.layer, side, row, column), value))
        first = {tile.row_tile: tile.first_row for tile in made.tiles}
        codes = made.offset / 2**OFFSET_BITS
        for row_tile, column in np.argwhere(np.abs(codes) >= OFFSET_CODES).tolist():
            finding = Finding(Defect.OFFSET, made.layer, 0, first[row_tile], column)
            found.append(Injected(finding, float(codes[row_tile, column])))
    return found


def random_defects(chip: Chip, seed: int, share: float) -> list[Injected]:
    """A random map: this share of all devices is stuck, at rest, full, or anywhere, and some columns have an offset,
    are dead, or have a dead converter, as `SHARES` says."""
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
        for side, row, column in np.argwhere(random.random((2, rows, columns)) < share).tolist():
            value = random.choice([0.0, most, random.uniform(0, most)])
            found.append(Injected(Finding(Defect.STUCK, made.layer, side, row, column), value))
    return found


def found_of(chip: Chip, injected: Sequence[Injected], listed: Sequence[Finding]) -> FoundDefects:
    """Compare what a test lists with what was injected.

    What a dead column or a dead converter hides is untestable: the devices of its column in its row tile, and the
    offset of a dead column's converter.
    """
    wanted, hidden = {each.finding for each in injected}, set()
    broken = {Defect.DEAD_COLUMN, Defect.DEAD_CONVERTER}
    for finding in [each for each in wanted if each.defect in broken]:
        first = {tile.first_row: tile.rows for tile in chip.layers[finding.layer].tiles}
        rows = range(finding.row, finding.row + first[finding.row])
        hidden |= {
            each
            for each in wanted
            if each.defect not in broken
            and (each.layer, each.column) == (finding.layer, finding.column)
            and each.row in rows
        }
    said = set(listed)
    return FoundDefects(
        found=sorted(wanted & said - hidden, key=lambda each: each.word),
        missed=sorted(wanted - said - hidden, key=lambda each: each.word),
        false_alarms=sorted(said - wanted, key=lambda each: each.word),
        untestable=sorted(hidden, key=lambda each: each.word),
    )


def check_defects(chip: Chip, defects: Sequence[Injected]) -> None:
    """Check that a chip can have these defects.

    Raises:
        ValueError: it cannot; the message says which, and why.
    """
    seen = set()
    for defect in defects:
        finding, made = defect.finding, chip.layers[defect.finding.layer]
        told = f"{finding.defect.name.lower()} of the {Layer(finding.layer).name.lower()} layer"
        _, rows, columns = made.shape
        if finding.side not in (0, 1) or not 0 <= finding.row < rows or not 0 <= finding.column < columns:
            raise ValueError(f"{told}: no side {finding.side}, row {finding.row}, column {finding.column} there")
        if finding.defect is not Defect.STUCK and finding.row not in {tile.first_row for tile in made.tiles}:
            raise ValueError(f"{told}: row {finding.row} is not the first of a tile, by which its column is named")
        if finding in seen:
            raise ValueError(f"{told}: row {finding.row}, column {finding.column} is given twice")
        seen.add(finding)


def _grains(chip: Chip, levels: float) -> int:
    return max(0, min(chip.model.limit, chip.model.rest + round(levels * chip.model.level)))


def _copied(made: ChipLayer) -> ChipLayer:
    return replace(made, numbers=made.numbers.copy(), offset=made.offset.copy(), gain=made.gain.copy())


def _stick(made: ChipLayer, p, devices, grains: int) -> None:
    for name, value in (("low", grains), ("high", grains), ("endurance", 0)):
        made.numbers[(NUMBERS.index(name), *(devices if isinstance(devices, tuple) else (devices,)))] = value
    p[devices] = grains
