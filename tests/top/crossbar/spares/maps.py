"""Design points with spare columns, and maps of them."""

from __future__ import annotations

import numpy as np

from remora.golden.devices.chip import Chip
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from tests.hdl.designs import make_design
from tests.top.crossbar.test_devices import EVERYTHING

SPARED = make_design(  # several tiles of either layer in both directions, the last of them narrower; larger macros
    network={"features": 3, "hidden": 7, "classes": 4, "max_steps": 4},
    cell={"lanes": 5},
    crossbar={
        "rows": 6,
        "columns": 4,
        "adc_cycles": 2,
        "spare_columns": 2,
        "macro_columns": 9,
        "self_test": True,
        "calibrate_offsets": True,
        "sense_cycles": 40,
    },
    learning={"enabled": True, "hidden_shift": 3, "readout_shift": 2},
    system={"contexts": 3},
)
REAL = SPARED.evolve(devices=EVERYTHING | {"dead_columns": 0.15})


def random_map(design: DesignPoint, seed: int) -> SpareMap:
    """Most spares of every tile in use, each tile's own way."""
    random, chosen = np.random.default_rng(seed), []
    for tile in all_tiles(design):
        columns = random.permutation(tile.columns)[: tile.spares].tolist()
        spares = random.permutation(tile.spares)[: len(columns)].tolist()
        chosen += [
            Replacement(tile.layer, tile.index, spare, column)
            for spare, column in zip(spares, columns, strict=True)
            if random.random() < 0.8
        ]
    return SpareMap.of(design, chosen)


def around_dead(design: DesignPoint) -> SpareMap:
    """Sound spares stand in for the dead columns of a chip, as far as they go, and no other does."""
    chip, chosen = Chip.of(design), []
    for tile in all_tiles(design):
        made, first = chip.layers[tile.layer], tile.column_tile * tile.spares
        parked = made.parked.high[:, tile.row_slice, first : first + tile.spares]
        dead, broken = (
            (each == 0).all(axis=(0, 1)) for each in (made.high[:, tile.row_slice, tile.column_slice], parked)
        )
        pairs = zip(np.flatnonzero(~broken).tolist(), np.flatnonzero(dead).tolist(), strict=False)
        chosen += [Replacement(tile.layer, tile.index, spare, column) for spare, column in pairs]
    return SpareMap.of(design, chosen)
