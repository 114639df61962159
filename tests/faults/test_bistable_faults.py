"""Faults of a design with bistable cells, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.bistable_faults import bistable_faults
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.faults.by_day import by_day
from tests.hdl.designs import make_design

DESIGN = make_design(
    network={"features": 5, "hidden": 7, "classes": 3, "max_steps": 9},
    cell={"kind": "bmru"},
    crossbar={"rows": 4, "columns": 4},
)
"""Several tiles of the hidden layer in both directions."""
FAULTS = catalogue(DESIGN)
OWN = bistable_faults(DESIGN)


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN)


@pytest.mark.parametrize("programs", [False, True], ids=["images", "window"])
def test_the_sound_design_passes(bench, programs):
    bench.run_sound(programs).require()


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    assert bench.verdict(0).noticed is None


@pytest.mark.parametrize("fault", by_day(OWN), ids=[fault.name for fault in OWN])
def test_every_fault_is_noticed(bench, fault):
    verdict = bench.verdict(1 + FAULTS.index(fault))
    assert verdict.fault == fault
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_only_designs_with_such_cells_have_them():
    names = {fault.name for fault in FAULTS}
    assert len(OWN) >= 12 and len(names) == len(FAULTS) and {fault.name for fault in OWN} <= names
    others = {fault.name for fault in catalogue(load_design("tiny", DesignPoint))}
    assert {fault.name for fault in OWN} & others == {"sampled_early", "row_tile_left_out"}
