"""The calibration on Verilator: groups with lanes that are left over, one column, as many lanes as columns."""

from __future__ import annotations

from remora.hdl.crossbar.correction.calibration import Calibration
from tests.hdl.designs import DESIGNS, TILED, cases, make_design
from tests.support import simulate_cases

ODD = make_design(  # three groups of the hidden layer, the last of one column, and five of the readout
    network={"features": 3, "hidden": 7, "classes": 5, "max_steps": 2},
    cell={"lanes": 3},
    formats={"adc_bits": 5},
    crossbar={"rows": 4, "columns": 5, "levels": 16, "integrators": 2, "calibrate_offsets": True},
)


def test_calibration():
    designs = {"odd": ODD}
    designs |= {
        name: design.evolve(crossbar={"calibrate_offsets": True})
        for name, design in {"one": DESIGNS["one"], "below": DESIGNS["below"], "tiled": TILED}.items()
    }
    module = "remora.tb.blocks.crossbar.correction.test_calibration"
    assert len(simulate_cases(Calibration, cases(designs), module).tests) == 2
