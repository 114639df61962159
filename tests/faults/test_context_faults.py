"""Faults of a design with contexts, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.context_faults import context_faults
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from tests.faults.by_day import by_day
from tests.hdl.designs import make_design

DESIGN = make_design(
    network={"features": 5, "hidden": 7, "classes": 3, "max_steps": 9},
    cell={"lanes": 1},
    crossbar={"rows": 8, "columns": 8, "adc_cycles": 7, "integrators": 2},
    system={"contexts": 3},
)
"""As many folds as the converter takes cycles, so that stages follow each other without a gap."""
LEARNS = DESIGN.evolve(learning={"enabled": True, "hidden_shift": 5})
FAULTS = catalogue(DESIGN)
OWN = context_faults(DESIGN)
BARRIER = "barrier_ignored"
"""Only where something is learnt."""


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN)


@pytest.mark.nightly
def test_the_sound_design_passes(bench):
    bench.run_sound(False).require()


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    bench.run_asleep(False).require()


@pytest.mark.parametrize("fault", by_day(OWN), ids=[fault.name for fault in OWN])
def test_every_fault_is_noticed(bench, fault):
    verdict = bench.verdict(1 + FAULTS.index(fault))
    assert verdict.fault == fault
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


@pytest.mark.nightly
def test_a_barrier_that_is_ignored_is_noticed():
    bench, faults = CrossbarFaultBench(LEARNS), catalogue(LEARNS)
    bench.run_asleep(False).require()
    (number,) = (number for number, fault in enumerate(faults, 1) if fault.name == BARRIER)
    assert bench.verdict(number).noticed


def test_the_catalogue_is_broad():
    assert len(context_faults(LEARNS)) == len(OWN) + 1 >= 12 and len({fault.name for fault in FAULTS}) == len(FAULTS)
