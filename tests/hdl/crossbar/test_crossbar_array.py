"""The crossbar array on Verilator, with tiles whose every pin the bench sees and whose answers it makes up."""

from __future__ import annotations

from pathlib import Path

from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.spec.crossbar.layout import Layer
from tests.hdl import macros
from tests.hdl.designs import DESIGNS, TILED, make_design
from tests.support import simulate_cases

OPEN_TILE = Path(macros.__file__).parent / "open_tile.sv"
FULL = make_design(  # tiles of 3, 3 and 1 rows and of 3 and 1 columns
    network={"features": 2, "hidden": 4, "classes": 2, "max_steps": 2},
    cell={"lanes": 3},
    formats={"adc_bits": 5},
    learning={"enabled": True},
    crossbar={
        "rows": 3, "columns": 3, "levels": 16, "adc_cycles": 2, "integrators": 2, "sense_cycles": 3,
        "spare_columns": 2, "gain": True, "calibrate_offsets": True,
    },
)  # fmt: skip


def test_crossbar_array():
    cases = {
        "full": {"design": FULL, "layer": Layer.HIDDEN},
        "large": {
            "design": FULL.evolve(crossbar={"macro_rows": 4, "macro_columns": 7, "sense_cycles": 1}),
            "layer": Layer.READOUT,
        },
        "one": {"design": DESIGNS["one"], "layer": Layer.HIDDEN},
        "primes": {"design": DESIGNS["primes"], "layer": Layer.HIDDEN, "lanes": 4},
        "self_test": {"design": TILED.evolve(crossbar={"self_test": True}), "layer": Layer.READOUT},
    }
    module = "remora.tb.blocks.crossbar.test_crossbar_array"
    assert len(simulate_cases(CrossbarArray, cases, module, extra_sources=[OPEN_TILE]).tests) == 1
