"""The calibration of offsets on the hardware: what it stores is golden's, and so is every code that it corrects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.systems.crossbar.correction.run import OFFSETS, run_calibrations
from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.self_test.run import run_self_test
from remora.flow.systems.crossbar.stimulus import learning_stimulus, stress_stimulus
from remora.flow.tools.simulator import Build, run
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.correction.plan import calibration_cycles
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles, layer_layout
from remora.spec.crossbar.self_test.plan import threshold_for
from tests.hdl.designs import DESIGNS
from tests.support import faulty_build
from tests.top.crossbar.test_devices import EVERYTHING, GATES, QUICK
from tests.top.crossbar.test_devices import run as run_chip
from tests.top.crossbar.test_learning import learner

CALIBRATES = {"calibrate_offsets": True}
OFF = {"converter_offset": 8.0, "converter_noise": 0.7, "converter_gain": 0.05, "read_noise": 0.02}
SMALL = learner("tiny", **QUICK, replay_capacity=3).evolve(crossbar=CALIBRATES | {"bias": "digital"}, devices=OFF)
CASES = {
    "accumulate": learner("primes", **QUICK, replay_capacity=5, replay_ratio=2).evolve(
        crossbar=CALIBRATES, devices=EVERYTHING, system={"contexts": 3}
    ),
    "direct": learner("tiny", **QUICK, update="direct", accumulator_level=256, replay_capacity=2).evolve(
        crossbar=CALIBRATES | {"rows": 5, "integrators": 2, "self_test": True}, devices=OFF
    ),
}
INFERS = DESIGNS["above"].evolve(
    crossbar=CALIBRATES | {"rows": 9}, devices=OFF, system={"contexts": 3}, network={"readout": "every"}
)
SEQUENCES = 6
FAULTS = [
    Fault("rounding", "a mean is rounded the other way", "remora_calibration", {"stored": "good_stored + 1"}),
    Fault("silent", "what is stored already is added to codes that are measured", "remora_correction_store", {
        "silent": "'0"
    }),
    Fault("layer", "offsets are stored for the other layer", "remora_calibration", {
        "store_layer": "~good_store_layer"
    }),
    Fault("tested", "what is stored is added to codes that a self-test takes", "remora_correction", {
        "untouched": "'0"
    }),
]  # fmt: skip
TESTED = SMALL.evolve(crossbar={"self_test": True})


def bare(design: DesignPoint) -> tuple[Chip, DeviceState]:
    """A chip with any weights that nobody has calibrated."""
    chip, random, most = Chip.of(design), np.random.default_rng(1), design.crossbar.weight_limit
    levels = [random.integers(-most, most + 1, made.shape[1:]) for made in chip.layers]
    return chip, DeviceState.fresh(chip, (levels[0], levels[1]))


def calibrated(harness, directory, design: DesignPoint) -> None:
    """Two calibrations, everything compared."""
    _, build = harness(design)
    chip, state = bare(design)
    comparison = run_calibrations(build, design, chip, state, directory, runs=2)
    comparison.require(OFFSETS, DEVICES)
    columns = sum(layer_layout(design, layer).columns for layer in Layer)
    assert comparison.compared[OFFSETS] == 2 * (columns + 1)
    assert comparison.compared[DEVICES] == sum(tile.rows * tile.columns for tile in all_tiles(design))
    assert any(each.any() for each in state.offsets)


def test_it_measures_what_golden_does(harness, tmp_path):
    """Rules K1 and K2."""
    calibrated(harness, tmp_path, SMALL)


def test_it_runs_between_sequences_alone(harness, tmp_path):
    """Rule K3."""
    _, build = harness(SMALL)
    config = {"design": SMALL.model_dump(mode="json"), "cycles": calibration_cycles(SMALL)}
    run(build, "remora.tb.crossbar.top_correction", testcase="refusals_and_resets", config=config)


def test_it_learns_with_offsets_taken_off(harness, tmp_path):
    """Every code and update, and what the host reads back, is golden's, with digital biases. Rules K1, K5 and K6."""
    stimulus = learning_stimulus(SMALL, SEQUENCES, GATES, 1)
    run_chip(harness, tmp_path, SMALL, stimulus, stall=0.3)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
def test_other_chips(name, harness, tmp_path):
    """Several row tiles, both rules of learning, three contexts, two integrators, beside the self-test."""
    for seed in (1, 2):
        design = CASES[name].evolve(devices={"seed": seed})
        (tmp_path / f"calibrated-{seed}").mkdir()
        calibrated(harness, tmp_path / f"calibrated-{seed}", design)
        run_chip(harness, tmp_path / str(seed), design, learning_stimulus(design, SEQUENCES, GATES, seed), stall=0.3)


@pytest.mark.nightly
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_it_infers_with_offsets_taken_off(stall, harness, tmp_path):
    """Three contexts, a readout after every step."""
    (tmp_path / "calibrated").mkdir()
    calibrated(harness, tmp_path / "calibrated", INFERS)
    run_chip(harness, tmp_path / "run", INFERS, replace(stress_stimulus(INFERS, SEQUENCES, GATES, 1)), stall=stall)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Build:
    """The small design that tests itself, with all mistakes in it."""
    return faulty_build(TESTED, FAULTS, tmp_path_factory.mktemp("faulty"))


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(len(FAULTS) + 1), ids=["sound", *(fault.name for fault in FAULTS)])
def test_every_mistake_is_noticed(number, faulty, tmp_path):
    """By calibrations, or by a self-test of a chip that is calibrated. Rules K1 and K2."""
    chip, state = bare(TESTED)
    calibrations, tests = tmp_path / "calibrations", tmp_path / "tests"
    calibrations.mkdir()
    tests.mkdir()
    asked = [f"+{FAULT_PLUSARG}={number}"]
    found = run_calibrations(faulty, TESTED, chip, state, calibrations, runs=2, plusargs=asked)
    assert all(found.compared[kind] for kind in (OFFSETS, DEVICES))
    assert sum(map(np.count_nonzero, state.offsets)) > SMALL.network.hidden
    result = run_self_test(faulty, TESTED, chip, state, threshold_for(TESTED), tests, plusargs=asked)
    assert all(result.comparison.compared[kind] for kind in result.required)
    noticed = [sum(each.mismatches.values()) > 0 for each in (found, result.comparison)]
    names = ["sound", *(fault.name for fault in FAULTS)]
    assert noticed == {"sound": [False, False], "tested": [False, True]}.get(names[number], [True, noticed[1]])
