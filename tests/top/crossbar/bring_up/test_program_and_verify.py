"""Chips of real devices that the weight window programs and verifies: every device, probe and verdict as golden's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.systems.crossbar.devices import DEVICES, PROGRAMMED, fresh_devices
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.flow.verify.records import COUNTERS
from remora.flow.verify.run import run_case
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from tests.hdl.designs import make_design
from tests.top.crossbar.test_devices import EVERYTHING, GATES

SMALL = make_design(
    network={"features": 3, "hidden": 3, "classes": 2, "max_steps": 3},
    cell={"lanes": 3},
    crossbar={"rows": 4, "columns": 2, "adc_cycles": 2, "pulse_cycles": 4, "sense_cycles": 2},
)
# Rows give up: devices that wear out, do not reach far enough, or are stuck, which the fault map marks.
GIVES_UP = SMALL.evolve(
    learning={"enabled": True, "compensation": True},
    crossbar={"verify_pulses": 5, "verify_reads": 2, "verify_tolerance": 2},
    devices=EVERYTHING,
)
VERIFYING = {
    "given up": GIVES_UP,
    # Slow devices need many pulses.
    "slow": SMALL.evolve(crossbar={"verify_pulses": 90}, devices={"model": "taox-hfox"}),
}


def slices(design: DesignPoint) -> int:
    return sum(tile.columns * len(tile.window_slices) for tile in all_tiles(design))


@pytest.mark.parametrize("name", ["given up", pytest.param("slow", marks=pytest.mark.nightly)])
def test_programs_as_golden_does(name, harness, tmp_path):
    """Rules W2 to W5: two chips, every slice, then sequences on what it left."""
    design = VERIFYING[name]
    _, build = harness(design)
    for seed in (1, 2):
        each = design.evolve(devices={"seed": seed})
        case = CrossbarCase(each, stress_stimulus(each, 4, GATES, seed))
        result = run_case(build, case, tmp_path / str(seed), seed=seed)
        result.require(PROGRAMMED, f"{PROGRAMMED} {COUNTERS}", DEVICES, "hidden readings")
        ended = case.reference.programmed
        assert result.comparison.compared[PROGRAMMED] == len(ended) == slices(design)
        assert all(one.unverified.bit_count() == one.mismatches for one in ended)
        for layer in case.reference.devices.layers if each.capabilities.compensates else ():
            assert layer.n.any() and layer.marked.any() and not layer.n[layer.marked].any()
        pulses = sum(one.corrections for one in ended)
        assert pulses > 200 if name == "slow" else any(one.mismatches for one in ended) and pulses > 20


@pytest.mark.parametrize(
    "change",
    [
        *({"crossbar": {f"verify_{name}": value}} for name, value in (("tolerance", 3), ("reads", 4), ("pulses", 4))),
        {"learning": {"compensation": False}},
    ],
)
def test_golden_of_another_window_is_noticed(change, harness, tmp_path):
    """Another tolerance, average or limit than the hardware's, or no fault map."""
    _, build = harness(GIVES_UP)
    stimulus = stress_stimulus(GIVES_UP, 2, GATES, 1)
    case = CrossbarCase(GIVES_UP, stimulus)
    case.reference = Reference(GIVES_UP.evolve(**change), stimulus, trace=True)
    mismatches = run_case(build, case, tmp_path, seed=1).comparison.mismatches
    assert mismatches[DEVICES] and mismatches[f"{PROGRAMMED} {COUNTERS}"]


def test_devices_with_a_past_are_not_programmed_anew():
    design = GIVES_UP
    stimulus = stress_stimulus(design, 2, GATES, 1)
    for past in ({"age": 1000}, {"devices": fresh_devices(design, stimulus.weights)}):
        assert PROGRAMMED not in CrossbarCase(design, replace(stimulus, **past)).required(stalled=False)
    assert PROGRAMMED in CrossbarCase(design, stimulus).required(stalled=False)
