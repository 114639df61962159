"""Faults in healing, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.catalogue.healing_faults import healing_faults
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from remora.spec.crossbar.records import INSERT, LEARN
from tests.faults.by_day import by_day
from tests.faults.test_replay_faults import DESIGN, make_bench

FAULTS = healing_faults(DESIGN)
FIRST = len(catalogue(DESIGN)) - len(FAULTS) + 1


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return make_bench()


@pytest.mark.nightly
def test_the_sound_design_passes(bench):
    bench.run_sound(False).require(LEARN, INSERT, "hidden weights", "readout weights", "counts")


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    bench.run_asleep(False).require(LEARN, INSERT, "hidden weights", "readout weights", "counts")
    assert bench.stimulus.heal > 0 and sum(command.heal for command in bench.stimulus.commands) > 0


@pytest.mark.parametrize("number", by_day(range(FIRST, FIRST + len(FAULTS))), ids=[fault.name for fault in FAULTS])
def test_every_fault_of_healing_is_noticed(bench, number):
    verdict = bench.verdict(number)
    assert verdict.fault in FAULTS
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_only_designs_that_heal_have_them():
    assert len(FAULTS) >= 10 and len({fault.name for fault in catalogue(DESIGN)}) == len(catalogue(DESIGN))
    assert not {fault.name for fault in FAULTS} & {
        fault.name for fault in catalogue(DESIGN.evolve(learning={"healing": False}))
    }
    alone = healing_faults(DESIGN.evolve(learning={"replay_capacity": 1}))
    assert {fault.name for fault in FAULTS} - {fault.name for fault in alone} == {"heals_by_n", "heals_as_it_replays"}
