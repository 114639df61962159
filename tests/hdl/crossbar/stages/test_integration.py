"""The integration of either layer on Verilator: one integrator and two, and with samples that wait for a readout."""

from __future__ import annotations

from remora.hdl.crossbar.integration import Integration
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from tests.hdl.designs import BISTABLE, COARSE, PRIMES
from tests.support import simulate_cases

TWO, EVERY = {"crossbar": {"integrators": 2}}, {"network": {"readout": "every"}}
SEVERAL = {**TWO, "system": {"contexts": 3}}


def make(design: DesignPoint, layer: int) -> Integration:
    """The integration of a layer, given as its number."""
    return Integration(design, Layer(layer))


def test_integration():
    hidden = {
        "one": PRIMES,
        # The folds of a step take longer than its planes and its conversion.
        "folds": PRIMES.evolve(**SEVERAL, cell={"lanes": 1}),
        "cells": BISTABLE["bistable_tall"].evolve(**TWO, **EVERY),
    }
    readouts = {"readout": PRIMES.evolve(**SEVERAL), "readout_every": COARSE.evolve(**SEVERAL, **EVERY)}
    cases = {
        name: {"design": design, "layer": int(layer)}
        for layer, designs in ((Layer.HIDDEN, hidden), (Layer.READOUT, readouts))
        for name, design in designs.items()
    }
    assert len(simulate_cases(make, cases, "remora.tb.blocks.crossbar.stages.test_integration").tests) == 2
