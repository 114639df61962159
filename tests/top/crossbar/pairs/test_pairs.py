"""Pairs with a reference in the whole accelerator against golden: ideal devices and real ones, both update rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.learning.learnt_state import LAYERS, READINGS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from remora.spec.devices.model import ticks
from tests.hdl.designs import REFERENCE

SEQUENCES = 16
QUICK = {"enabled": True, "hidden_shift": 3, "readout_shift": 2}
"""Rates at which a short run gives many pulses, and drops some."""
RULES = {
    "accumulate": QUICK | {"accumulator_level": 256},
    "direct": QUICK | {"update": "direct", "accumulator_level": 256, "columns": 2, "replay_capacity": 3},
}
SECTIONS: dict[str, dict] = {
    "accumulate": {},
    # What else changes the order of pulses and samples.
    "direct": {"system": {"contexts": 3}, "network": {"readout": "every"}},
}
IDEAL = {rule: REFERENCE.evolve(learning=learning, **SECTIONS[rule]) for rule, learning in RULES.items()}
REAL = {rule: design.evolve(devices={"model": "om-array"}) for rule, design in IDEAL.items()}


def run(harness, directory, design: DesignPoint, seed: int):
    """Learn from weights that the weight window programmed, or a fresh chip has; everything compared."""
    stimulus = learning_stimulus(design, SEQUENCES, Coefficients(176, 216), seed)
    if not design.devices.ideal:
        stimulus = replace(stimulus, age=ticks(design.devices, 86400.0))
    _, build = harness(design)
    result = run_case(build, CrossbarCase(design, stimulus), directory, seed=seed)
    states = "weights" if design.devices.ideal else READINGS
    result.require(STEP, READOUT, ANSWER, DEVICES, LEARN, "counts", *(f"{layer} {states}" for layer in LAYERS))
    assert result.counters[Counter.PULSES] > 50 and result.counters[Counter.PULSES_DROPPED] > 0
    return result.comparison.compared[DEVICES]


@pytest.mark.parametrize("rule", ["accumulate", pytest.param("direct", marks=pytest.mark.nightly)])
def test_ideal_devices_learn_as_golden_does(rule, harness, tmp_path):
    """Macros are larger than tiles, and what is left over holds weight 0."""
    design = IDEAL[rule]
    assert run(harness, tmp_path, design, 3) == sum(tile.macro_rows * tile.macro_columns for tile in all_tiles(design))


@pytest.mark.parametrize("rule", [pytest.param("accumulate", marks=pytest.mark.nightly), "direct"])
def test_real_devices_learn_as_golden_does(rule, harness, tmp_path):
    """Two chips: references at symmetry points, which no pulse moves, and time does."""
    for seed in (1, 2):
        design = REAL[rule].evolve(devices={"seed": seed})
        assert run(harness, tmp_path / str(seed), design, seed) == sum(t.rows * t.columns for t in all_tiles(design))
