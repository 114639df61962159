"""The bias row on Verilator: a row at the start, in the middle and at the end of its tiles, pairs of both policies."""

from __future__ import annotations

from remora.hdl.crossbar.correction.bias_row import BiasRow
from remora.spec.crossbar.layout import Layer
from tests.hdl.designs import COARSE, ONE, PRIMES, REFERENCE, TILED
from tests.support import simulate_cases

DESIGNS = {"tiled": TILED, "reference": REFERENCE, "one": ONE, "primes": PRIMES, "coarse": COARSE}
CASES = {
    f"{name}_{layer.name.lower()}": {"design": design.evolve(crossbar={"bias": "digital"}), "layer": layer}
    for name, design in DESIGNS.items()
    for layer in Layer
}


def test_bias_row():
    module = "remora.tb.blocks.crossbar.correction.test_bias_row"
    assert len(simulate_cases(BiasRow, CASES, module).tests) == 2
