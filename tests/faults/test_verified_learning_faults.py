"""Faults in verified learning, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.catalogue.verified_learning_faults import verified_learning_faults
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from remora.spec.crossbar.records import LEARN
from tests.top.crossbar.verified.designs import VERIFIED

FAULTS = verified_learning_faults(VERIFIED)
NUMBERS = {fault.name: number for number, fault in enumerate(catalogue(VERIFIED), 1)}


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(VERIFIED)


@pytest.mark.nightly
def test_the_sound_design_passes(bench):
    bench.run_sound(True).require(LEARN, "counts")


@pytest.mark.nightly
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_every_fault_of_verified_learning_is_noticed(bench, fault):
    verdict = bench.verdict(NUMBERS[fault.name])
    assert verdict.fault == fault
    assert verdict.noticed, f"{fault.name} survives: {fault.breaks}"


def test_only_designs_that_verify_what_they_learn_have_them():
    assert len(FAULTS) >= 6 and len(NUMBERS) == len(catalogue(VERIFIED))
    without = {fault.name for fault in catalogue(VERIFIED.evolve(learning={"verify_reads": 0}))}
    assert not {fault.name for fault in FAULTS} & without
