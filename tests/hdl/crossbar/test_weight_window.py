"""The weight window and the column probe on Verilator, with real crossbars of both layers behind them."""

from __future__ import annotations

import pytest

from tests.hdl.crossbar.windowed_crossbars import WindowedCrossbars
from tests.hdl.designs import BISTABLE, DESIGNS, REFERENCE, TILED, cases, make_design
from tests.hdl.macro_models import ARRAY, CROSSBAR_OPTIONS
from tests.support import simulate_cases

AT_NIGHT = ("tiny", "coarse", "exact", "bistable_tiny", "bistable_tall", "slow", "reference")
"""What is larger than others of its kind, or lies between them."""


@pytest.mark.parametrize("night", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_weight_window(night):
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "coarse", "exact")}
    designs |= {name: BISTABLE[name] for name in ("bistable_one", "bistable_tiny", "bistable_tall")}
    designs["tiled"] = TILED.evolve(crossbar={"rows": 5, "integrators": 2, "sense_cycles": 3, "pulse_cycles": 12})
    designs["reference"] = REFERENCE
    designs["slow"] = make_design(  # a pulse that lasts longer than a read; tiles of a prime number of rows
        network={"features": 6, "hidden": 10, "classes": 2},
        cell={"lanes": 1},
        crossbar={"rows": 13, "columns": 10, "pulse_cycles": 60, "adc_cycles": 2, "levels": 4},
    )
    designs["sliced"] = make_design(  # three slices, the last of three rows, and a readout of one and a bit
        network={"features": 24, "hidden": 10, "classes": 2},
        cell={"lanes": 3},
        crossbar={"rows": 35, "columns": 10, "levels": 4, "adc_cycles": 2},
    )
    designs["verified"] = make_design(  # rows 4 x 2, in tiles of three rows, read four times each
        network={"features": 2, "hidden": 2, "classes": 1},
        cell={"lanes": 1},
        crossbar={"rows": 3, "columns": 1, "levels": 4, "adc_cycles": 2, "verify_pulses": 3, "verify_reads": 4},
    )
    designs = {name: design for name, design in designs.items() if night or name not in AT_NIGHT}
    options = {"extra_sources": ARRAY, **CROSSBAR_OPTIONS}
    assert (
        len(
            simulate_cases(
                WindowedCrossbars, cases(designs), "remora.tb.blocks.crossbar.test_weight_window", **options
            ).tests
        )
        == 7
    )
