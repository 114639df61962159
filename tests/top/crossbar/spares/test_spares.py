"""Spare columns in the whole accelerator against golden, which knows nothing of them where devices are ideal."""

from __future__ import annotations

from dataclasses import replace

from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus
from remora.flow.tools.simulator import run
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.learning.learnt_state import LAYERS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from tests.top.crossbar.spares.maps import SPARED, random_map

SEQUENCES = 12
GATES = Coefficients(176, 216)


def test_what_is_programmed_and_learnt_lies_in_the_spares(harness, tmp_path):
    """Every step, update and device: spares hold the weights of what they stand in for, which holds weight 0."""
    _, build = harness(SPARED)
    for seed, stall in ((1, 0.0), (2, 0.5)):
        stimulus = replace(learning_stimulus(SPARED, SEQUENCES, GATES, seed), spares=random_map(SPARED, seed))
        result = run_case(build, CrossbarCase(SPARED, stimulus), tmp_path / str(seed), seed=seed, stall=stall)
        result.require(STEP, READOUT, ANSWER, DEVICES, LEARN, "counts", *(f"{layer} weights" for layer in LAYERS))
        pairs = sum(tile.macro_rows * tile.macro_columns for tile in all_tiles(SPARED))
        assert result.comparison.compared[DEVICES] == pairs and result.counters[Counter.PULSES] > 50


def test_the_registers_of_the_map(harness):
    """What is written reads back; refusals; a soft reset keeps the map, and the reset pin clears it."""
    _, build = harness(SPARED)
    config = {"design": SPARED.model_dump(mode="json")}
    assert len(run(build, "remora.tb.crossbar.top_spares", config=config).tests) == 4
