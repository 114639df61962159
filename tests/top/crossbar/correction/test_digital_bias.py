"""Digital biases on the hardware: programmed, read back, added to codes and learnt as golden has them."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus, stress_stimulus
from remora.flow.tools.simulator import Build, SimulationFailed
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from tests.hdl.designs import DESIGNS
from tests.support import faulty_build
from tests.top.crossbar.test_devices import EVERYTHING, GATES, QUICK
from tests.top.crossbar.test_devices import run as run_chip
from tests.top.crossbar.test_learning import learner

DIGITAL = {"bias": "digital"}
SMALL = learner("tiny", **QUICK, replay_capacity=3).evolve(crossbar=DIGITAL)
SEQUENCES = 12
CASES = {
    "accumulate": learner("primes", **QUICK, replay_capacity=5, replay_ratio=2).evolve(
        crossbar=DIGITAL | {"calibrate_offsets": True}, devices=EVERYTHING, system={"contexts": 3}
    ),
    "direct": learner(
        "tiny", **QUICK, update="direct", accumulator_level=256, replay_capacity=2, compensation=True
    ).evolve(crossbar=DIGITAL | {"rows": 5, "integrators": 2, "self_test": True}, devices=EVERYTHING),
    "reference": learner("tiny", **QUICK, replay_capacity=2).evolve(
        crossbar=DIGITAL | {"pair": "reference"}, devices={"step_spread": 0.1}
    ),
}


FAULTS = [
    Fault("raises", "a bias moves the other way", "remora_bias_row_hidden", {"raises": "~good_raises"}),
    Fault("column", "the bias of another column moves", "remora_bias_row_readout", {"column": "good_column ^ 1"}),
    Fault("added", "codes get a bias twice", "remora_correction_store", {"readout_added": "good_readout_added << 1"}),
    Fault("full", "a bias that is full shows that it is not", "remora_bias_row_hidden", {"outer__pos_full": "0"}),
]  # fmt: skip


@pytest.mark.nightly
def test_it_learns_as_golden_does(harness, tmp_path):
    """Ideal devices: biases are programmed and read back through the weight window. Rules K5 to K7."""
    _, build = harness(SMALL)
    stimulus = learning_stimulus(SMALL, SEQUENCES, GATES, 1)
    result = run_case(build, CrossbarCase(SMALL, stimulus), tmp_path, seed=1, stall=0.3)
    result.require(STEP, READOUT, ANSWER, LEARN, "hidden weights", "readout weights", "counts")
    assert random_weights(SMALL, 1).hidden[-1].any()


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
def test_other_chips(name, harness, tmp_path):
    """Real devices, both policies of pairs, both rules of learning, contexts, integrators, beside the others."""
    for seed in (1, 2):
        design = CASES[name].evolve(devices={"seed": seed})
        run_chip(harness, tmp_path / str(seed), design, learning_stimulus(design, SEQUENCES, GATES, seed), stall=0.3)


@pytest.mark.nightly
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_it_infers_as_golden_does(stall, harness, tmp_path):
    """Ideal devices, three contexts, a readout after every step."""
    design = DESIGNS["above"].evolve(
        crossbar=DIGITAL | {"rows": 9}, system={"contexts": 3}, network={"readout": "every"}
    )
    _, build = harness(design)
    case = CrossbarCase(design, stress_stimulus(design, SEQUENCES, GATES, 1))
    run_case(build, case, tmp_path, seed=1, stall=stall).require(STEP, READOUT, ANSWER)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Build:
    """The small design with all mistakes in it."""
    return faulty_build(SMALL, FAULTS, tmp_path_factory.mktemp("faulty"))


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(len(FAULTS) + 1), ids=["sound", *(fault.name for fault in FAULTS)])
def test_every_mistake_is_noticed(number, faulty, tmp_path):
    """Chips with any weights; a fault may show as early as in programming, which then does not verify."""
    case = CrossbarCase(SMALL, learning_stimulus(SMALL, SEQUENCES, GATES, 1))
    try:
        result = run_case(faulty, case, tmp_path, seed=1, stall=0.0, plusargs=[f"+{FAULT_PLUSARG}={number}"])
        wrong = sum(result.comparison.mismatches.values()) > 0
    except SimulationFailed:
        wrong = True
    assert wrong == (number > 0)
