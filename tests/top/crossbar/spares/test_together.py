"""Spare columns that stand in for dead ones, beside what else is built for devices that err, against golden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.systems.crossbar.devices import DEVICES, PROGRAMMED
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus
from remora.flow.verify.records import ANSWER, COUNTERS
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.learning.learnt_state import LAYERS, READINGS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.layout import Layer, all_tiles
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from remora.spec.crossbar.spares.spare_map import SpareMap
from tests.hdl.designs import make_design
from tests.top.crossbar.spares.maps import around_dead
from tests.top.crossbar.test_devices import EVERYTHING, QUICK

SEQUENCES = 10
GAINS = Coefficients(176, 216, 5321, 3001)
BASE = make_design(  # several tiles of either layer in both directions
    network={"features": 2, "hidden": 5, "classes": 4, "max_steps": 3},
    cell={"lanes": 2},
    crossbar={
        "rows": 4, "columns": 3, "adc_cycles": 2, "pulse_cycles": 4, "sense_cycles": 4, "spare_columns": 2,
        "gain": True, "calibrate_offsets": True, "self_test": True,
    },
    learning={"enabled": True, **QUICK, "replay_capacity": 3, "healing": True, "compensation": True},
    system={"contexts": 2},
    devices=EVERYTHING | {"dead_columns": 0.25},
)  # fmt: skip
TOGETHER = {
    "digital biases": BASE.evolve(crossbar={"bias": "digital"}),
    "verified": BASE.evolve(
        learning={"verify_reads": 2, "verify_give_up": 2},
        crossbar={"verify_pulses": 5, "verify_reads": 2, "verify_tolerance": 2},
    ),
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["verified", "digital biases"])
def test_spares_stand_in_for_dead_columns(name, harness, tmp_path):
    """With gains, corrections, a fault map, replay and healing: every code, update, device of every bitline and count,
    and with a window that verifies every slice that it programs. Golden of an idle map is noticed. Rules Y2 to Y5."""
    design, layers = TOGETHER[name], set()
    _, build = harness(design)
    for seed, stall in ((1, 0.0), (2, 0.5)):
        chip = design.evolve(devices={"seed": seed})
        spares = around_dead(chip)
        layers |= {each.layer for each in spares.replacements(chip)}
        stimulus = replace(learning_stimulus(chip, SEQUENCES, GAINS, seed), spares=spares, heal=3)
        case = CrossbarCase(chip, stimulus)
        result = run_case(build, case, tmp_path / str(seed), seed=seed, stall=stall)
        verified = [PROGRAMMED, f"{PROGRAMMED} {COUNTERS}"] if design.capabilities.verifies else []
        read = [f"{layer} {READINGS}" for layer in LAYERS]
        result.require(STEP, READOUT, ANSWER, DEVICES, LEARN, "counts", *read, *verified)
        pairs = sum(tile.rows * (tile.columns + tile.spares) for tile in all_tiles(chip))
        assert result.comparison.compared[DEVICES] == pairs
        assert result.counters[Counter.PULSES] > 50 and result.counters[Counter.HEALED] == 3
        if design.learning.verifies:
            assert result.counters[Counter.GIVEN_UP] > 0
            assert sum(one.corrections for one in case.reference.programmed) > 20
        case = CrossbarCase(chip, stimulus)  # golden of an idle map
        case.reference = Reference(chip, replace(stimulus, spares=SpareMap.idle(chip)), trace=True)
        mismatches = run_case(build, case, tmp_path / "idle" / str(seed), seed=seed).comparison.mismatches
        assert mismatches[STEP] and mismatches[DEVICES]
    assert layers == set(Layer)
