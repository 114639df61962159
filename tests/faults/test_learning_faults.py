"""Faults in the blocks of learning, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutation import Fault
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.catalogue.learning_faults import learning_faults
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.faults.by_day import by_day

TINY = load_design("tiny", DesignPoint)
WAYS = {
    "accumulate": {"hidden_shift": 5, "readout_shift": 6},
    "folded columns": {"hidden_shift": 4, "readout_shift": 5, "lanes": 4, "columns": 3},
    "direct": {
        "update": "direct", "hidden_shift": 3, "readout_shift": 4, "accumulator_level": 256, "lanes": 4, "winners": 4,
    },
}  # fmt: skip
"""At rates that write to every tile within a short run."""
AT_NIGHT = ("folded columns", "direct")
BY_DAY = [pytest.param(way, marks=pytest.mark.nightly) if way in AT_NIGHT else way for way in WAYS]
DESIGNS = {name: TINY.evolve(learning={"enabled": True, **way}) for name, way in WAYS.items()}


def faults_of(way: str) -> list[Fault]:
    """The faults of learning that no design before this one has."""
    before = list(WAYS)[: list(WAYS).index(way)]
    seen = {fault.name for other in before for fault in learning_faults(DESIGNS[other])}
    return [fault for fault in learning_faults(DESIGNS[way]) if fault.name not in seen]


@pytest.fixture(scope="module")
def benches() -> dict[str, CrossbarFaultBench]:
    """Built when they are first asked for."""
    return {}


def bench_of(benches: dict[str, CrossbarFaultBench], way: str) -> CrossbarFaultBench:
    if way not in benches:
        benches[way] = CrossbarFaultBench(DESIGNS[way])
    return benches[way]


@pytest.mark.nightly
@pytest.mark.parametrize("way", WAYS)
def test_the_sound_design_passes(benches, way):
    bench_of(benches, way).run_sound(False).require("learn", "hidden weights", "readout weights")


@pytest.mark.parametrize("way", BY_DAY)
def test_the_mutated_netlist_passes_while_no_fault_is_awake(benches, way):
    bench_of(benches, way).run_asleep(False).require("learn", "hidden weights", "readout weights")


@pytest.mark.parametrize(
    ("way", "name"),
    [
        *by_day((way, fault.name) for way in WAYS if way not in AT_NIGHT for fault in faults_of(way)),
        *(pytest.param(way, fault.name, marks=pytest.mark.nightly) for way in AT_NIGHT for fault in faults_of(way)),
    ],
    ids=str,
)
def test_every_fault_of_learning_is_noticed(benches, way, name):
    bench = bench_of(benches, way)
    number = 1 + [fault.name for fault in bench.faults].index(name)
    verdict = bench.verdict(number)
    assert verdict.fault.name == name
    assert verdict.noticed, f"{name} survives: {verdict.fault.breaks}"


def test_only_designs_that_learn_have_them():
    faults, whole = learning_faults(DESIGNS["accumulate"]), catalogue(DESIGNS["accumulate"])
    assert len(faults) >= 15 and len({fault.name for fault in whole}) == len(whole)
    assert not {fault.name for fault in faults} & {fault.name for fault in catalogue(TINY)}
    folded = {fault.name for fault in faults_of("folded columns")}
    assert folded == {"first_fold_only", "fold_left_out", "group_cut", "feedback_shared", "columns_swapped"}
    assert {"folds_rounded_alike", "rounding_repeats", "losers_learn"} <= {fault.name for fault in faults_of("direct")}
