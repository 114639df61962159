"""Faults of a design with a readout at every step, each of which must be noticed by the run that the sound design
passes."""

from __future__ import annotations

import pytest

from remora.flow.systems.crossbar.catalogue.every_step_faults import every_step_faults
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from tests.faults.by_day import by_day
from tests.hdl.designs import make_design

DESIGN = make_design(
    network={"features": 5, "hidden": 7, "classes": 12, "max_steps": 9, "readout": "every"},
    cell={"lanes": 4},
    crossbar={"rows": 8, "columns": 12, "adc_cycles": 2},
    system={"contexts": 3},
)
"""A part takes longer than a period, so that readouts and words wait."""
CELLS = make_design(
    network=DESIGN.network.model_dump(),
    cell={"kind": "bmru"},
    crossbar={"rows": 8, "columns": 12, "adc_cycles": 2},
)
"""The same with bistable cells, which have one context."""
FAULTS = catalogue(DESIGN)
OWN, OWN_OF_CELLS = every_step_faults(DESIGN), every_step_faults(CELLS)
SHARED = ("valid_withdrawn", "last_missing", "beat_lost", "word_wraps")
"""Of the answer, whose block is another one here, and of the words, of which there are two."""
CHOSEN = [fault for fault in FAULTS if fault in OWN or fault.name in SHARED]


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN)


@pytest.mark.nightly
def test_the_sound_design_passes(bench):
    bench.run_sound(False).require()


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    bench.run_asleep(False).require()


@pytest.mark.parametrize("fault", by_day(CHOSEN), ids=[fault.name for fault in CHOSEN])
def test_every_fault_is_noticed(bench, fault):
    verdict = bench.verdict(1 + FAULTS.index(fault))
    assert verdict.fault == fault
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


@pytest.fixture(scope="module")
def bench_of_cells() -> CrossbarFaultBench:
    return CrossbarFaultBench(CELLS)


@pytest.mark.nightly
def test_the_sound_design_of_bistable_cells_passes(bench_of_cells):
    bench_of_cells.run_sound(False).require()


@pytest.mark.nightly
@pytest.mark.parametrize("fault", OWN_OF_CELLS, ids=[fault.name for fault in OWN_OF_CELLS])
def test_every_fault_is_noticed_with_bistable_cells(bench_of_cells, fault):
    verdict = bench_of_cells.verdict(1 + catalogue(CELLS).index(fault))
    assert verdict.fault == fault
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_the_catalogue_is_broad():
    assert len(OWN) >= 10 and len(CHOSEN) == len(OWN) + len(SHARED)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert 5 < len(OWN_OF_CELLS) < len(OWN)
