"""The crossbar macro on Verilator and on Icarus Verilog, through arrays of one and several tiles of both layers."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import check_devices, devices_asked
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import SimulationFailed, SimulatorError
from remora.golden.crossbar.weights import random_weights
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.spares.spare_map import SpareMap
from tests.hdl.designs import DESIGNS, REFERENCE, TILED
from tests.hdl.macro_models import CROSSBAR, CROSSBAR_OPTIONS
from tests.support import BlockOptions, simulate_cases

CASES = {
    name: {"design": design, "layer": Layer.HIDDEN}
    for name, design in DESIGNS.items()
    if name not in ("below", "powers")
}
CASES["tiled"] = {"design": TILED, "layer": Layer.HIDDEN}
CASES["reference"] = {"design": REFERENCE, "layer": Layer.HIDDEN}
CASES |= {f"{name}_readout": {"design": DESIGNS[name], "layer": Layer.READOUT} for name in ("one", "tiny", "powers")}
TESTS = (
    "reads",
    "program_and_sense",
    "selections_beyond",
    "range_of_a_device",
    "pulses_complete_across_reset",
    "reset_ties_off",
    "odd_timing",
    "long_integration",
)


def simulate(cases=CASES, **options: Unpack[BlockOptions]):
    options |= {"extra_sources": CROSSBAR, **CROSSBAR_OPTIONS}
    return simulate_cases(CrossbarArray, cases, "remora.tb.blocks.crossbar.test_crossbar", **options)


def test_crossbar():
    assert len(simulate(testcase=TESTS).tests) == len(TESTS)


ON_ICARUS = {name: CASES[name] for name in ("one", "tiny", "tiny_readout", "coarse", "exact")}


def test_crossbar_on_icarus():
    assert len(simulate(ON_ICARUS, testcase=TESTS, simulator="icarus").tests) == len(TESTS)


VIOLATIONS = {
    "a wordline is positive and negative at once": [{"strobes__integrate": 1, "wl_pos": 2, "wl_neg": 2}],
    "a wordline is pulsed up and down at once": [{"program__pulse": 1, "program__up": 1, "program__down": 1}],
    "integrate and sample in one cycle": [{"strobes__integrate": 1, "strobes__sample": 1}],
    "sample while converting": [{"strobes__convert": 1}, {"strobes__convert": 0, "strobes__sample": 1}],
    "convert while converting": [{"strobes__convert": 1}, {"strobes__convert": 1}],
    "pulse between integrate and sample": [{"strobes__integrate": 1}, {"strobes__integrate": 0, "program__pulse": 1}],
    "pulse while busy": [{"program__pulse": 1, "program__up": 1}, {}],
    "read while a pulse is in flight": [
        {"program__pulse": 1, "program__up": 1},
        {"program__pulse": 0, "strobes__integrate": 1},
    ],
}


@pytest.mark.parametrize("message", VIOLATIONS)
def test_violations_end_the_simulation(message):
    with pytest.raises(SimulatorError, match=rf"hidden_tile_\d: {message}"):
        simulate(testcase="violate", config={"block": "tiny", "violation": VIOLATIONS[message]})


def test_a_violation_ends_the_simulation_on_icarus():
    message = "read while a pulse is in flight"
    with pytest.raises(SimulationFailed, match=rf"hidden_tile_\d: {message}"):
        config = {"block": "tiny", "violation": VIOLATIONS[message]}
        simulate(ON_ICARUS, testcase="violate", config=config, simulator="icarus")


@pytest.mark.parametrize("design", [TILED, REFERENCE], ids=["canonical", "reference"])
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_memory_images(tmp_path, simulator, design):
    """A simulation started with images begins with their weights, whatever the tile, and tells at its end what every
    device holds: those weights, and weight 0 where the macro is larger than the tile."""
    cases = {"tiled": {"design": design, "layer": Layer.HIDDEN}}
    weights = random_weights(design, 1)
    write_images(design, weights, tmp_path)
    options = {
        "config": {"weights": weights.hidden.tolist()},
        "plusargs": [f"+remora_images={tmp_path}", devices_asked(tmp_path)],
    }
    assert len(simulate(cases, testcase="images", simulator=simulator, **options).tests) == 1
    check = check_devices(design, weights, tmp_path, SpareMap.idle(design))
    tiles = len(layer_layout(design, Layer.HIDDEN).tiles)
    of_hidden = check.expected["tile"] < tiles
    assert of_hidden.sum() == len(check.actual) == tiles * 5 * 6
    np.testing.assert_array_equal(check.actual, check.expected[of_hidden])
