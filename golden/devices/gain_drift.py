"""What two self-tests of a chip say of its gain: which converters have drifted from the others, and the gain of a layer
that undoes the rest.

The sums of the first test are the reference. It holds as long as no weight is programmed or learnt.
"""

from __future__ import annotations

import numpy as np

from remora.golden.devices.self_test import SelfTestResult
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import LEAST, MOST, UNITY
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import DRIFT_SHARE, LEAST_COLUMN_SUM, LEAST_SUM, Defect, Finding
from remora.spec.lib.fixed import round_shift


def gain_for(before: int, now: int, gain: int = UNITY) -> int:
    """The gain, in 2^−12, that brings a sum of codes back to what it was, as far as a gain can. Rule G4.

    Args:
        before: a reference reading, a sum of codes before any gain; more than 0.
        now: the same reading today; more than 0.
        gain: that of the layer when ``before`` was read.

    Raises:
        ValueError: a reading is not more than 0.
    """
    if before <= 0 or now <= 0:
        raise ValueError(f"reference readings are {before} and {now}; both must be more than 0")
    return max(LEAST, min(MOST, int(round_shift(2 * gain * before // now, 1))))


def drifted(
    design: DesignPoint, layer: Layer, before: SelfTestResult, now: SelfTestResult
) -> tuple[list[Finding], list[Finding]]:
    """Converters whose gain differs from that of most others of their row tile, and those that cannot be checked.

    Rule S13.

    Args:
        before: the test that is the reference; ``now``: that of today.

    Returns:
        findings of class `Defect.GAIN`, and in the same form the columns that are dead, have an offset, or have too
        small a reference.
    """
    found: list[Finding] = []
    untestable: list[Finding] = []
    layout, off = layer_layout(design, layer), _off(layer, now)
    for tile in layout.tiles[:: layout.column_tiles]:
        was, is_ = (each.column_sums[layer][tile.row_tile] for each in (before, now))
        lives = [(tile.first_row, column) not in off for column in range(layout.columns)]
        checked = (was >= LEAST_COLUMN_SUM) & np.array(lives)
        # In 2^−12; the lower of two in the middle.
        ratios = np.sort(UNITY * is_[checked] // was[checked])
        middle = int(ratios[(len(ratios) - 1) // 2]) if len(ratios) else UNITY
        for column in range(layout.columns):
            finding = Finding(Defect.GAIN, layer, 0, tile.first_row, column)
            expected = int(was[column]) * middle
            if not checked[column]:
                untestable.append(finding)
            elif DRIFT_SHARE * abs(UNITY * int(is_[column]) - expected) >= expected:
                found.append(finding)
    return found, untestable


def gain_of(design: DesignPoint, layer: Layer, before: SelfTestResult, now: SelfTestResult, gain: int = UNITY) -> int:
    """The gain of a layer that undoes what has changed since a reference. Rules S14 and G4.

    Columns count that are not dead, have no offset, and have not drifted from the others.

    Args:
        before: as of `drifted`; ``now``: likewise.
        gain: that of the layer when ``before`` was taken.

    Raises:
        ValueError: the sums of a test are not above 0.
    """
    counted = np.ones(before.column_sums[layer].shape, bool)
    first = {tile.first_row: tile.row_tile for tile in layer_layout(design, layer).tiles}
    found, _ = drifted(design, layer, before, now)
    for row, column in [*_off(layer, now), *((each.row, each.column) for each in found)]:
        counted[first[row], column] = False
    was, is_ = (int(each.column_sums[layer][counted].sum()) for each in (before, now))
    return gain_for(was, is_, gain)


def unweighed(design: DesignPoint, result: SelfTestResult, least: int = LEAST_SUM) -> list[Finding]:
    """Planes that a test could not check, since most others of their row tile added up to too little. Rule S11."""
    found = []
    for layer in Layer:
        layout = layer_layout(design, layer)
        for tile in layout.tiles[:: layout.column_tiles]:
            sums = result.plane_sums[layer][tile.row_tile]
            if 2 * int((sums >= least).sum()) <= len(sums):
                found += [Finding(Defect.PLANE, layer, 0, tile.first_row, plane) for plane in range(len(sums))]
    return found


def _off(layer: Layer, result: SelfTestResult) -> set[tuple[int, int]]:
    """First row of the row tile, and column, of those that are dead, or whose offset adds to what devices give."""
    classes = (Defect.DEAD_COLUMN, Defect.DEAD_CONVERTER, Defect.OFFSET)
    return {(each.row, each.column) for each in result.findings if each.layer is layer and each.defect in classes}
