"""The crossbar of ordinary logic, by the test of the behavioural macro, through arrays of both layers."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import check_devices, devices_asked
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import SimulatorError
from remora.golden.crossbar.weights import random_weights
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.spares.spare_map import SpareMap
from tests.hdl.designs import ABOVE, EXACT, ONE, PRIMES, REFERENCE, SIGNED, TINY
from tests.hdl.macro_models import DIGITAL_CROSSBAR
from tests.support import BlockOptions, simulate_cases

LAYERS = {"": Layer.HIDDEN, "_readout": Layer.READOUT}
# By how many lanes of columns and blocks of rows they have, in tiles of one and of several.
DESIGNS = {
    "tiny": TINY,
    "one": ONE,
    "blocks": TINY.evolve(crossbar={"adc_cycles": 23, "pulse_cycles": 9, "sense_cycles": 4}),
    "lanes": PRIMES.evolve(crossbar={"adc_cycles": 10, "pulse_cycles": 3}),
    "above": ABOVE.evolve(crossbar={"adc_cycles": 80, "pulse_cycles": 12, "sense_cycles": 5, "integrators": 2}),
    "signed": SIGNED.evolve(crossbar={"adc_cycles": 16}),
    "exact": EXACT,
    "reference": REFERENCE.evolve(crossbar={"adc_cycles": 30, "pulse_cycles": 8, "sense_cycles": 3}),
}
CASES = {
    f"{name}{suffix}": {"design": design, "layer": layer}
    for name, design in DESIGNS.items()
    for suffix, layer in LAYERS.items()
}
BY_DAY = ("tiny", "blocks", "blocks_readout", "reference")
TESTS = (
    "reads",
    "program_and_sense",
    "selections_beyond",
    "range_of_a_device",
    "pulses_complete_across_reset",
    "reset_ties_off",
    "odd_timing",
)


def simulate(cases=CASES, **options: Unpack[BlockOptions]):
    options |= {"extra_sources": DIGITAL_CROSSBAR}
    return simulate_cases(CrossbarArray, cases, "remora.tb.blocks.crossbar.test_crossbar", **options)


def test_crossbar():
    """Lanes of columns, blocks of rows, and pairs beside a fixed reference."""
    assert len(simulate({name: CASES[name] for name in BY_DAY}, testcase=TESTS).tests) == len(TESTS)


@pytest.mark.nightly
def test_crossbar_of_every_shape():
    assert len(simulate(testcase=TESTS).tests) == len(TESTS)


VIOLATIONS = {
    "pulse between sample and the codes": [
        {"strobes__sample": 1},
        {"strobes__sample": 0, "program__pulse": 1, "program__up": 1},
    ],
    "row 0 gathers more charge than this tile counts": [{"strobes__integrate": 1, "wl_pos": 1, "plane": 7}, {}, {}, {}],
}


@pytest.mark.parametrize("message", VIOLATIONS)
def test_what_it_asks_for_beyond_the_contract_ends_the_simulation(message):
    cases = {name: CASES[name] for name in BY_DAY}
    with pytest.raises(SimulatorError, match=rf"hidden_tile_\d: {message}"):
        simulate(cases, testcase="violate", config={"block": "tiny", "violation": VIOLATIONS[message]})


def test_images_and_devices(tmp_path):
    """Memory images fill the words, and at the end the tiles tell what every pair holds."""
    design = DESIGNS["reference"]
    weights = random_weights(design, 1)
    write_images(design, weights, tmp_path)
    result = simulate(
        {"reference": CASES["reference"]},
        testcase="images",
        config={"weights": weights.hidden.tolist()},
        plusargs=[f"+remora_images={tmp_path}", devices_asked(tmp_path)],
    )
    check = check_devices(design, weights, tmp_path, SpareMap.idle(design))
    tiles = len(layer_layout(design, Layer.HIDDEN).tiles)
    of_hidden = check.expected["tile"] < tiles
    assert len(result.tests) == 1 and of_hidden.sum() == len(check.actual) == tiles * 5 * 6
    np.testing.assert_array_equal(check.actual, check.expected[of_hidden])
