"""The ADC interfaces of a layer on Verilator: both layers, tiles in both directions, one lane to all of them."""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer
from tests.hdl.crossbar.added_row_tiles import AddedRowTiles
from tests.hdl.designs import DESIGNS, MNIST
from tests.support import simulate_cases


def test_adc_interface():
    cases = {}
    for name, design in {**DESIGNS, "mnist": MNIST}.items():
        cases[name] = {"design": design, "layer": Layer.HIDDEN, "lanes": design.cell.lanes}
        cases[f"{name}_readout"] = {"design": design, "layer": Layer.READOUT, "lanes": 1}
    cases["primes_all"] = {"design": DESIGNS["primes"], "layer": Layer.HIDDEN, "lanes": 13}
    assert len(simulate_cases(AddedRowTiles, cases, "remora.tb.blocks.crossbar.test_adc_interface").tests) == 1
