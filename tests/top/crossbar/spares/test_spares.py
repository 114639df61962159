"""Spare columns in the whole accelerator against golden, which knows nothing of them where devices are ideal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus, learning_stimulus
from remora.flow.tools.simulator import Build, run
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.learning.learnt_state import LAYERS, READINGS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from remora.spec.devices.model import ticks
from tests.top.crossbar.spares.maps import REAL, SPARED, random_map

SEQUENCES = 12
GATES = Coefficients(176, 216)


@pytest.fixture
def build(harness) -> Build:
    """One for all, compiled for real devices, which is ideal where a run gives it no chip."""
    _, found = harness(REAL)
    return found


def compared(build: Build, directory: Path, design: DesignPoint, stimulus: Stimulus, stall: float = 0.0, seed: int = 1):
    """A run that learns, everything compared; how many pairs of devices were."""
    result = run_case(build, CrossbarCase(design, stimulus), directory, seed=seed, stall=stall)
    held = "weights" if design.devices.ideal else READINGS
    result.require(STEP, READOUT, ANSWER, DEVICES, LEARN, "counts", *(f"{layer} {held}" for layer in LAYERS))
    assert result.counters[Counter.PULSES] > 50
    return result.comparison.compared[DEVICES]


def test_what_is_programmed_and_learnt_lies_in_the_spares(build, tmp_path):
    """Every step, update and device: spares hold the weights of what they stand in for, which holds weight 0."""
    pairs = sum(tile.macro_rows * tile.macro_columns for tile in all_tiles(SPARED))
    for seed, stall in ((1, 0.0), (2, 0.5)):
        stimulus = replace(learning_stimulus(SPARED, SEQUENCES, GATES, seed), spares=random_map(SPARED, seed))
        assert compared(build, tmp_path / str(seed), SPARED, stimulus, stall, seed) == pairs


def test_real_devices_of_spares_are_their_own(build, tmp_path):
    """Everything at once, dead columns too: codes, pulses, and every device of every bitline. Rules Y2 and Y4 to Y6."""
    pairs = sum(tile.rows * (tile.columns + tile.spares) for tile in all_tiles(REAL))
    for seed, stall in ((1, 0.0), (2, 0.5)):
        design = REAL.evolve(devices={"seed": seed})
        stimulus = learning_stimulus(design, SEQUENCES, GATES, seed)
        stimulus = replace(stimulus, spares=random_map(design, seed), age=ticks(design.devices, 86400.0))
        assert compared(build, tmp_path / str(seed), design, stimulus, stall, seed) == pairs


@pytest.mark.nightly
@pytest.mark.parametrize("contexts", [1, 3])
@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_every_rule_of_an_update(update, contexts, harness, tmp_path):
    """With one context and three, replay, a fault map and several columns at once, on chips of three seeds."""
    learning = {"update": update, "accumulator_level": 256, "columns": 2, "replay_capacity": 3, "replay_ratio": 2}
    design = REAL.evolve(learning=learning | {"compensation": True}, system={"contexts": contexts})
    _, build = harness(design)
    for seed in (1, 2, 3):
        chip = design.evolve(devices={"seed": seed})
        stimulus = replace(learning_stimulus(chip, SEQUENCES, GATES, seed), spares=random_map(chip, seed))
        compared(build, tmp_path / str(seed), chip, stimulus, 0.3, seed)


def test_a_map_that_golden_does_not_share_is_noticed(build, tmp_path):
    stimulus = replace(learning_stimulus(REAL, 4, GATES, 1), spares=random_map(REAL, 1))
    case = CrossbarCase(REAL, stimulus)
    case.reference = Reference(REAL, replace(stimulus, spares=random_map(REAL, 2)), trace=True)
    assert run_case(build, case, tmp_path, seed=1).failure()


def test_the_registers_of_the_map(build):
    """What is written reads back; refusals; a soft reset keeps the map, and the reset pin clears it."""
    config = {"design": SPARED.model_dump(mode="json")}
    assert len(run(build, "remora.tb.crossbar.top_spares", config=config).tests) == 5
