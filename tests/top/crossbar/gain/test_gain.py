"""Gains that software set, in hardware and golden: every code, state, update, answer and device.

Rules G1 to G3.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus, stress_stimulus
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from tests.hdl.designs import DESIGNS, TILED, make_design
from tests.top.crossbar.correction.test_calibration import SMALL as CORRECTED
from tests.top.crossbar.test_devices import QUICK, real, run
from tests.top.crossbar.test_learning import learner

GAINS = Coefficients(176, 216, 5321, 3001)
WIDE = Coefficients(176, 216, 32768, 1024)
SEQUENCES = 12
ON = {"gain": True}
LEARNS = real(
    make_design(
        network={"features": 2, "hidden": 4, "classes": 2, "max_steps": 4},
        cell={"lanes": 2},
        crossbar={"rows": 4, "columns": 3, **ON},
        learning={"enabled": True, **QUICK, "replay_capacity": 3, "replay_ratio": 2, "healing": True},
        system={"contexts": 3},
    )
)
"""Several tiles and lanes, contexts, replay and healing."""
NIGHTLY = {
    "replay": real(learner("tiny", **QUICK, replay_capacity=3, replay_ratio=2, healing=True), crossbar=ON),
    "direct": real(
        learner("primes", **QUICK, update="direct", accumulator_level=256, replay_capacity=3, columns=2), crossbar=ON
    ),
    "every step": real(TILED, network={"readout": "every"}, crossbar=ON),
    "contexts": DESIGNS["primes"].evolve(system={"contexts": 3}, crossbar={**ON, "integrators": 2}),
    "one": DESIGNS["one"].evolve(crossbar=ON),
    "winners": learner("primes", hidden_shift=3, winners=4).evolve(crossbar=ON),
}


def test_learns_as_golden_does(harness, tmp_path):
    """Real devices, contexts, stalls; then golden of another gain, of either layer, is noticed."""
    stimulus = replace(learning_stimulus(LEARNS, SEQUENCES, GAINS, 1), heal=3)
    result = run(harness, tmp_path / "same", LEARNS, stimulus, stall=0.3)
    assert result.counters[Counter.PULSES] > 50 and result.counters[Counter.REPLAYED] > 0
    _, build = harness(LEARNS)
    for name, kind in (("hidden_gain", STEP), ("readout_gain", READOUT)):
        case = CrossbarCase(LEARNS, stimulus)
        case.stimulus = replace(stimulus, coefficients=replace(GAINS, **{name: 4096}))
        result = run_case(build, case, tmp_path / name, seed=1)
        assert result.failure() and result.comparison.mismatches[kind]


@pytest.mark.nightly
def test_corrections_are_added_before_the_gain(harness, tmp_path):
    """A calibrated chip that learns. Rules K1 and G2."""
    design = CORRECTED.evolve(crossbar=ON)
    run(harness, tmp_path, design, learning_stimulus(design, SEQUENCES, GAINS, 3), stall=0.3)


@pytest.mark.nightly
@pytest.mark.parametrize("coefficients", [GAINS, WIDE], ids=["gains", "wide"])
@pytest.mark.parametrize("name", NIGHTLY)
def test_more_designs(name, coefficients, harness, tmp_path):
    design = NIGHTLY[name]
    draw = learning_stimulus if design.capabilities.learns else stress_stimulus
    stimulus = draw(design, 2 * SEQUENCES, coefficients, 2)
    _, build = harness(design)
    result = run_case(build, CrossbarCase(design, stimulus), tmp_path, seed=1, stall=0.3)
    result.require(STEP, READOUT, *([LEARN] if design.capabilities.learns else []))
