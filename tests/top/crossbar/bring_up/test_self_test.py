"""The built-in self-test on the hardware: what it lists, counts and does to every device is what golden's does."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault, mutate
from remora.flow.systems.crossbar.chip_files import write_chip
from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.self_test.run import FINDINGS, NUMBERS, SUMS, run_self_test
from remora.flow.systems.registry import system_of
from remora.flow.tools.simulator import Build, run, write_source
from remora.flow.verify.harness import build_harness
from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import found_of, inject, random_defects
from remora.golden.devices.self_test import self_test
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.self_test.plan import HARDWARE_CLASSES, LEAST_SUM, MOST_PULSES, Defect, threshold_for
from remora.tb.lib.coverage import cover
from tests.hdl.designs import DESIGNS
from tests.support import generated_copy
from tests.top.crossbar.test_devices import EVERYTHING
from tests.top.crossbar.test_learning import learner

NOISY = {
    "on_off": 32.0, "step_spread": 0.1, "direction_spread": 0.05, "rest_spread": 0.02, "full_spread": 0.1,
    "read_noise": 0.01, "converter_noise": 0.5,
}  # fmt: skip
TESTS = {"self_test": True}
SMALL = DESIGNS["tiny"].evolve(crossbar=TESTS, devices=NOISY)
CASES = {
    "everything": learner("tiny").evolve(crossbar=TESTS, devices=EVERYTHING),
    "tall": DESIGNS["above"].evolve(crossbar=TESTS | {"rows": 9, "integrators": 2}, devices=NOISY),
}
STUCK = 0.05
FAULTS = [
    Fault("side", "the other device of a pair is pulsed", "remora_self_test", {
        f"program_{layer}__side": f"~good_program_{layer}__side" for layer in ("hidden", "readout")
    }),
    Fault("lane", "a device is pulsed the other way", "remora_pair_decider", {"up": "good_down", "down": "good_up"}),
    Fault("row", "findings lie further down", "remora_finding_list", {
        "host__finding": "good_host__finding == 0 ? 0 : good_host__finding + 2048"
    }),
    Fault("sign", "codes count whatever sign the first reading had", "remora_weigher", {"negative": "'0"}),
]  # fmt: skip


def broken(design: DesignPoint, seed: int):
    """A chip of any weights with a random map of defects, its devices, and the map."""
    chip, random = Chip.of(design), np.random.default_rng(seed)
    most = design.crossbar.weight_limit
    levels = [random.integers(-most, most + 1, made.shape[1:]) for made in chip.layers]
    injected = random_defects(chip, seed, STUCK)
    return (*inject(chip, DeviceState.fresh(chip, (levels[0], levels[1])), injected), injected)


def compared(harness, directory, design: DesignPoint, seed: int, **options):
    """A run whose every record agrees."""
    _, build = harness(design)
    chip, state, injected = broken(design, seed)
    result = run_self_test(build, design, chip, state, threshold_for(design), directory, **options)
    result.comparison.require(FINDINGS, NUMBERS, SUMS, DEVICES)
    assert result.comparison.compared[DEVICES] == sum(tile.rows * tile.columns for tile in all_tiles(design))
    return result, found_of(chip, injected, result.listed[0])


def test_every_class_is_found(harness, tmp_path):
    """Two maps, two tests of the first chip: nothing is missed and nothing else is said. Rules S1 to S12.

    A small chip adds up to too little to weigh its planes, so that noise shows in them where they are compared.
    """
    seen = set()
    for seed, tests, least in ((1, 2, 1000), (6, 1, LEAST_SUM)):
        (tmp_path / str(seed)).mkdir()
        result, outcome = compared(harness, tmp_path / str(seed), SMALL, seed, tests=tests, least=least)
        planes = [each for each in (*outcome.missed, *outcome.false_alarms) if each.defect is Defect.PLANE]
        assert outcome.found and len(planes) == len(outcome.missed + outcome.false_alarms)
        assert result.comparison.compared[SUMS] > 0
        assert len(result.listed) == tests and max(each.most for each in result.golden) <= MOST_PULSES
        seen |= {finding.defect for finding in outcome.found}
        for finding in outcome.found:
            cover("self_test", finding=finding.defect, layer=finding.layer)
    assert seen == set(HARDWARE_CLASSES)
    (tmp_path / "weighs").mkdir()
    result, _ = compared(harness, tmp_path / "weighs", SMALL, 1, pulses=False)
    assert not result.golden[0].pulses


def test_it_runs_between_sequences_alone(harness, tmp_path):
    """Refused while sequences may run; while it runs the rest is refused, and a soft reset ends it. Rule S1."""
    _, build = harness(SMALL)
    chip, state, _ = broken(SMALL, 1)
    write_chip(tmp_path, SMALL, state, chip)
    result = self_test(SMALL, chip, state, threshold_for(SMALL))
    config = {"design": SMALL.model_dump(mode="json"), "cycles": result.cycles(SMALL)}
    arguments = [f"+remora_chip={tmp_path}"]
    run(build, "remora.tb.crossbar.top_self_test", testcase="refusals", config=config, plusargs=arguments)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
def test_it_does_what_golden_does(name, harness, tmp_path):
    """On devices with every non-ideality at once, beside learning, with two integrators, and in several groups."""
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        design = CASES[name].evolve(devices={"seed": seed})
        result, _ = compared(harness, tmp_path / str(seed), design, seed, tests=2)
        assert result.golden[0].findings


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Build:
    """The small design with all mistakes in it."""
    generated = generated_copy(SMALL, tmp_path_factory.mktemp("faulty"))
    netlist = write_source("remora_faults.v", mutate(generated.netlist.read_text(encoding="utf-8"), FAULTS))
    modules = {fault.module for fault in FAULTS}
    wrapped = {each["path"] for each in generated.sidecar["instances"] if each["module"] in modules}
    return build_harness(generated, system_of(SMALL).harness, netlist=netlist, wrapped=wrapped, optimise="build")


@pytest.mark.parametrize("number", range(len(FAULTS) + 1), ids=["sound", *(fault.name for fault in FAULTS)])
def test_every_mistake_is_noticed(number, faulty, tmp_path):
    chip, state, _ = broken(SMALL, 1)
    result = run_self_test(
        faulty, SMALL, chip, state, threshold_for(SMALL), tmp_path, plusargs=[f"+{FAULT_PLUSARG}={number}"]
    )
    assert (sum(result.comparison.mismatches.values()) > 0) == (number > 0)
