"""Faults in the replay buffer, each of which must be noticed by the run that the sound design passes."""

from __future__ import annotations

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.systems.crossbar.catalogue.fault_catalogue import catalogue
from remora.flow.systems.crossbar.catalogue.replay_faults import replay_faults
from remora.flow.systems.crossbar.faults import CrossbarFaultBench
from remora.flow.tools.simulator import SimulationFailed
from remora.golden.learning.checkpoint import save_checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import INSERT, LEARN
from remora.spec.presets import load_design
from tests.faults.by_day import by_day
from tests.top.crossbar.test_checkpoint import HALF, Runs

LEARNING = {"enabled": True, "hidden_shift": 5, "readout_shift": 6, "replay_capacity": 3, "seed": 77}
DESIGN = load_design("tiny", DesignPoint).evolve(learning=LEARNING | {"healing": True})
"""At rates that write to every tile within a short run, with a reservoir that is soon full, and with the build of the
faults in healing (tests/faults/test_healing_faults.py)."""
FAULTS = replay_faults(DESIGN)
NUMBERS = {fault.name: 1 + catalogue(DESIGN).index(fault) for fault in FAULTS}
UNGUARDED = Fault(
    "store_unguarded",
    "heads that no sequence can have are stored",
    "remora_register_block",
    {"guard_memory_word": "1'b1"},
)
"""No packet shows it: only a host that stores such heads."""


@pytest.fixture(scope="module")
def bench() -> CrossbarFaultBench:
    return make_bench()


def make_bench() -> CrossbarFaultBench:
    return CrossbarFaultBench(DESIGN, further=[UNGUARDED])


@pytest.mark.nightly
def test_the_sound_design_passes(bench):
    bench.run_sound(False).require(LEARN, INSERT, "hidden weights", "readout weights")


def test_the_mutated_netlist_passes_while_no_fault_is_awake(bench):
    bench.run_asleep(False).require(LEARN, INSERT, "hidden weights", "readout weights")


@pytest.mark.parametrize("number", by_day(NUMBERS.values()), ids=NUMBERS)
def test_every_fault_of_replay_is_noticed(bench, number):
    verdict = bench.verdict(number)
    assert verdict.fault in FAULTS
    assert verdict.noticed, f"{verdict.fault.name} survives: {verdict.fault.breaks}"


def test_a_store_without_its_guard_is_noticed(bench, tmp_path):
    """By the test of heads that may not be stored, which passes while the fault sleeps."""
    runs = Runs(bench.mutated_build, DESIGN, tmp_path)
    heads, number = {"testcase": "heads_that_may_not_be_stored"}, len(bench.faults) + 1
    save_checkpoint(tmp_path / "learnt.npz", DESIGN, runs.golden("start", slice(0, HALF)))
    runs.hardware("learnt", "after", slice(HALF, None), **heads)
    with pytest.raises(SimulationFailed, match="a write of 0x[0-9a-f]+ to MEMORY_CONTROL was taken"):
        runs.hardware("learnt", "after", slice(HALF, None), **heads, plusargs=[f"+{FAULT_PLUSARG}={number}"])


def test_only_designs_with_a_reservoir_have_them():
    assert len(FAULTS) >= 6 and len({fault.name for fault in catalogue(DESIGN)}) == len(catalogue(DESIGN))
    without = DESIGN.evolve(learning={"replay_capacity": 0, "healing": False})
    assert not {fault.name for fault in FAULTS} & {fault.name for fault in catalogue(without)}
