"""Faults in the blocks of learning, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from flow.fault_catalogue import catalogue
from flow.faults import KINDS, FaultBench
from flow.learning_faults import learning_faults
from spec.design import Learning
from spec.presets import load_design

TINY = load_design("tiny")
DESIGN = TINY.model_copy(update={"learning": Learning(enabled=True, hidden_shift=5, readout_shift=6)})
"""At rates that write to every tile within a short run."""
FAULTS = learning_faults(DESIGN)
FIRST = len(catalogue(DESIGN)) - len(FAULTS) + 1


@pytest.fixture(scope="module")
def bench() -> FaultBench:
    return FaultBench(DESIGN)


def test_the_sound_design_passes(bench):
    bench.run_sound(False).require(*KINDS, "learn", "hidden weights", "readout weights")


@pytest.mark.parametrize("number", range(FIRST, FIRST + len(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_every_fault_of_learning_is_noticed(bench, number):
    verdict = bench.verdict(number)
    assert verdict.fault in FAULTS
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_only_designs_that_learn_have_them():
    assert len(FAULTS) >= 15 and len({fault.name for fault in catalogue(DESIGN)}) == len(catalogue(DESIGN))
    assert not {fault.name for fault in FAULTS} & {fault.name for fault in catalogue(TINY)}
