"""The test of the tests: each fault of the catalogue turns the run red that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutation import Fault, MutationError, mutate
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.faults.by_day import by_day

DESIGN = load_design("tiny", DesignPoint)
FAULTS = catalogue(DESIGN)
CONTRACT_ONLY = {"valid_withdrawn", "beat_changes", "beat_lost"}
"""Faults that break the answers' stream, which the harness ends at once, before anything can be compared."""


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN)


@pytest.mark.parametrize("programs", [False, True], ids=["images", "window"])
def test_the_sound_design_passes(bench, programs):
    bench.run_sound(programs).require()


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    assert bench.verdict(0).noticed is None


@pytest.mark.parametrize("number", by_day(range(1, len(FAULTS) + 1)), ids=[fault.name for fault in FAULTS])
def test_every_fault_is_noticed(bench, number):
    verdict = bench.verdict(number)
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"
    assert verdict.evidence
    assert (verdict.noticed == "contract") == (verdict.fault.name in CONTRACT_ONLY)


def test_every_fault_is_in_the_netlist(bench):
    sound = bench.generated.netlist.read_text(encoding="utf-8")
    for fault in FAULTS:
        alone = mutate(sound, [fault])
        assert f"module {fault.module}_good(" in alone and "fault == 1" in alone
        assert alone.replace(f"{fault.module}_good", fault.module) != sound


def test_the_catalogue_is_broad():
    assert len(FAULTS) >= 30
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len({fault.module for fault in FAULTS}) >= 12
    assert len(catalogue(load_design("one", DesignPoint))) >= 20


@pytest.mark.parametrize(
    "fault",
    [Fault("x", "", "remora_nothing", {"wl_pos": "0"}), Fault("x", "", "remora_bit_streamer", {"nothing": "0"})],
    ids=["module", "port"],
)
def test_a_fault_that_fits_nowhere_is_refused(bench, fault):
    with pytest.raises(MutationError, match="nothing"):
        mutate(bench.generated.netlist.read_text(encoding="utf-8"), [fault])
