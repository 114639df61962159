"""Faults in the gains of codes, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.catalogue.gain_faults import gain_faults
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from tests.hdl.designs import DESIGNS

DESIGN = DESIGNS["tiny"].evolve(crossbar={"gain": True})
FAULTS, OWN = catalogue(DESIGN), gain_faults(DESIGN)


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN)


@pytest.mark.nightly
def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    bench.run_asleep(False).require()


@pytest.mark.nightly
@pytest.mark.parametrize("fault", OWN, ids=[fault.name for fault in OWN])
def test_every_fault_is_noticed(bench, fault):
    verdict = bench.verdict(1 + FAULTS.index(fault))
    assert verdict.fault == fault
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_only_designs_with_gains_have_them():
    names = {fault.name for fault in FAULTS}
    assert len(OWN) >= 5 and len(names) == len(FAULTS) and names >= {fault.name for fault in OWN}
    assert not {fault.name for fault in OWN} & {fault.name for fault in catalogue(DESIGNS["tiny"])}
