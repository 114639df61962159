"""The test of the tests, BMRU: each fault of the catalogue turns a run red that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutation import Fault, MutationError, mutate, mutate_model
from remora.flow.systems.bmru.faults import BmruFaultBench, bmru_catalogue
from remora.spec.bmru.design import BmruDesign
from remora.spec.presets import load_design
from tests.faults.by_day import by_day

DESIGN = BmruDesign(
    name="spotted",
    network={"features": 3, "width": 2, "blocks": 2, "classes": 2},
    settling={"phase_cycles": 3},
    vote={"frames": 10},
    nonidealities={"noise": True, "mismatch": True},
)
FAULTS = bmru_catalogue(DESIGN)


@pytest.fixture(scope="module")
def bench() -> BmruFaultBench:
    return BmruFaultBench(DESIGN)


@pytest.mark.parametrize("slides", [False, True])
def test_the_sound_design_passes(bench, slides):
    bench.run_sound(slides).require(*(["pace"] if slides else []))


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    assert bench.verdict(0).noticed is None


@pytest.mark.parametrize("number", by_day(range(1, len(FAULTS) + 1)), ids=[fault.name for fault in FAULTS])
def test_every_fault_is_noticed(bench, number):
    verdict = bench.verdict(number)
    assert verdict.noticed and verdict.evidence, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_the_catalogue_is_broad(bench):
    assert len(FAULTS) >= 30 and len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len({fault.module for fault in FAULTS}) >= 9
    sound = bench.generated.netlist.read_text(encoding="utf-8")
    assert all(f"module {fault.module}_good(" in mutate(sound, [fault]) for fault in FAULTS if not fault.edits)
    assert sum(bool(fault.edits) for fault in FAULTS) >= 10
    assert len(bmru_catalogue(load_design("kws", BmruDesign))) == len(FAULTS) - 2  # noise and mismatch are off there


def test_an_edit_that_does_not_fit_the_model_is_refused():
    fault = Fault("wrong", "nothing", "m", edits={"a = b;": "a = {awake} ? c : b;"})
    sound = "module m (\n    input wire a\n);\n  a = b;\nendmodule\n"
    assert "a = (fault == 1) ? c : b;" in mutate_model(sound, "m", [fault])
    for model in (sound.replace("= b", "= d"), sound.replace("  a = b;", "  a = b; a = b;")):
        with pytest.raises(MutationError, match="the model of m does not have once: a = b;"):
            mutate_model(model, "m", [fault])
