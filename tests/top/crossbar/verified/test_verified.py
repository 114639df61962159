"""Verified learning in the whole accelerator against golden: every update, accumulator, device and count."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.learning.learnt_state import LAYERS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from tests.top.crossbar.verified.designs import IDEAL, OFFSET, REFERENCE, SLOW_FLAGS, VERIFIED, WIDE

SEQUENCES = 12
GATES = Coefficients(176, 216)


@pytest.mark.parametrize(
    "design",
    [VERIFIED, *(pytest.param(design, marks=pytest.mark.nightly) for design in (WIDE, REFERENCE, OFFSET, IDEAL))],
    ids=lambda design: design.name,
)
def test_what_pulses_missed_returns(harness, tmp_path, design):
    """Rules J1 to J3 with D17: updates, χ, weights, devices with their probes, the counters of pulses, and cycles."""
    _, build = harness(design)
    for seed, stall in ((1, 0.0), (2, 0.5)):
        stimulus = learning_stimulus(design, SEQUENCES, GATES, seed)
        case = CrossbarCase(design, stimulus)
        result = run_case(build, case, tmp_path / str(seed), seed=seed, stall=stall)
        kinds = [f"{layer} {kind}" for layer in LAYERS for kind in ("weights", "accumulators")]
        result.require(STEP, READOUT, ANSWER, LEARN, "counts", *(kinds[1::2] if not design.devices.ideal else kinds))
        assert design.devices.ideal or result.comparison.compared[DEVICES] > 50
        assert result.counters[Counter.PULSES] > 50
        # Cycle for cycle: the prediction is one number, and pulses have made it more than that of an update without.
        predicted, taken = set(case.reference.cycles[Counter.LEARN_CYCLES]), result.counters[Counter.LEARN_CYCLES]
        learnt = zip(stimulus.lengths[stimulus.learns].tolist(), case.reference.winners, strict=True)
        assert predicted == {taken} and taken > sum(design.cycles.fewest_update(*each) for each in learnt)
        # Of ideal devices a weight that does not move is full; a long series of pulses moves every weight at last.
        assert design in (IDEAL, REFERENCE) or result.counters[Counter.GIVEN_UP] > 0


@pytest.mark.nightly
def test_flags_that_are_settled_are_not_waited_for(harness, tmp_path):
    """A readout column after the hidden one of its number: fewer cycles than with every tile chosen anew."""
    _, build = harness(SLOW_FLAGS)
    stimulus = learning_stimulus(SLOW_FLAGS, SEQUENCES, GATES, 52)
    case = CrossbarCase(SLOW_FLAGS, stimulus)
    result = run_case(build, case, tmp_path, seed=1, stall=0.0)
    result.require(LEARN, "counts")
    fewest, most = case.reference.cycles[Counter.LEARN_CYCLES]
    assert fewest <= result.counters[Counter.LEARN_CYCLES] < most
