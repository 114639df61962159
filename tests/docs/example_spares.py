"""What the examples of the rules of spare columns call: a small chip with spares, maps of them, and what they mend."""

from __future__ import annotations

from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import Injected
from remora.golden.devices.spares.repairs import Repairs
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from tests.docs.example_points import weights_of


def spared(**devices) -> DesignPoint:
    """Five hidden units in tiles of three columns and two spares, of real devices."""
    return DesignPoint(
        name="spared",
        network={"features": 2, "hidden": 5, "classes": 2, "max_steps": 1},
        cell={"lanes": 1},
        crossbar={"columns": 3, "spare_columns": 2},
        devices={"on_off": 10.0, **devices},
    )


def numbers_of(design: DesignPoint, *replacements: tuple[int, int, int]) -> list[list[int]]:
    """Numbers of the bitlines that serve the columns of the hidden layer's tiles, then of those that stand by.

    Args:
        replacements: tile, spare and column of each spare in use.
    """
    made = Chip.of(design, _map(design, replacements)).layers[0]
    return _by_tile(made.tiles, made.bitlines[0].tolist(), made.parked.bitlines[0].tolist())


def held_by(design: DesignPoint, *replacements: tuple[int, int, int]) -> list[list[float]]:
    """Levels in row 0 of the same, of a chip that was programmed to weight 9 everywhere."""
    weights = weights_of(design)
    weights.hidden[:] = 9
    chip = Chip.of(design, _map(design, replacements))
    state = DeviceState.fresh(chip, (weights.hidden, weights.readout)).layers[0]
    own, parked = ((p[0, 0] - p[1, 0]) / chip.model.level for p in (state.p, state.parked.p))
    return _by_tile(chip.layers[0].tiles, own.tolist(), parked.tolist())


def dead_of(design: DesignPoint) -> list[int]:
    """Numbers of the bitlines of the hidden layer that are dead."""
    made = Chip.of(design).layers[0]
    return [
        number
        for each in (made, made.parked)
        for number, high in zip(each.bitlines[0].tolist(), each.high.max(axis=(0, 1)).tolist(), strict=True)
        if high == 0
    ]


def mended(design: DesignPoint, *tests: list[Injected]) -> list[list[int]]:
    """What the spares of the hidden layer's tiles stand in for where tests, each under the map of the one before, have
    found these defects."""
    found = Repairs(SpareMap.idle(design))
    for defects in tests:
        found = found.after(design, [each.finding for each in defects])
    return [list(each) for each in found.spares.columns[:2]]


def _map(design: DesignPoint, replacements: tuple[tuple[int, int, int], ...]) -> SpareMap:
    return SpareMap.of(design, [Replacement(Layer.HIDDEN, *each) for each in replacements])


def _by_tile(tiles, own: list, parked: list) -> list[list]:
    found = []
    for tile in tiles:
        first = tile.column_tile * tile.spares
        found.append(own[tile.column_slice] + parked[first : first + tile.spares])
    return found
