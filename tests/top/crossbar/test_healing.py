"""Healing replays in the whole accelerator against golden: every step, update, slot, counter and interrupt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import (
    Stimulus,
    learning_stimulus,
    with_bad_packets,
    with_healing,
    with_replay_commands,
)
from remora.flow.verify.run import run_case
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import INSERT, LEARN, NO_SLOT
from remora.spec.lib.registers import register_map
from remora.spec.lib.trace import read_trace
from tests.support import generated_copy
from tests.top.crossbar.every_step.test_every_step import POINTS as EVERY_STEP
from tests.top.crossbar.test_learning import learner
from tests.top.crossbar.test_replay import ACCUMULATORS, ALL_REPLAY, GATES, REPLAYERS

SEQUENCES = 18
HEALS = {"healing": True}
HEALERS = {
    "one": REPLAYERS["one"].evolve(learning=HEALS),
    "tiny": REPLAYERS["tiny"].evolve(learning=HEALS),
    "three": REPLAYERS["tiny"].evolve(learning=HEALS, system={"contexts": 3}),
    "signed": REPLAYERS["signed"].evolve(learning=HEALS),
    "direct": REPLAYERS["direct"].evolve(learning={**HEALS, "columns": 3}, system={"contexts": 3}),
    "every": EVERY_STEP["learns"].evolve(learning=HEALS),
}
AT_NIGHT = ("three", "every", "one", "signed")


def run(harness, tmp_path, design: DesignPoint, stimulus: Stimulus, *, stall: float = 0.0, seed: int = 1):
    """A run from memory images, everything compared."""
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    case = CrossbarCase(design, stimulus, images=tmp_path / "images")
    result = run_case(build, case, tmp_path / "run", seed=seed, stall=stall)
    result.comparison.require(*ALL_REPLAY, *(ACCUMULATORS if design.capabilities.accumulates else ()))
    compared, counters = result.comparison.compared, result.counters
    assert compared[INSERT] == counters[Counter.LEARNED] == stimulus.learns.sum() > 0
    assert compared[LEARN] == sum(counters[each] for each in (Counter.LEARNED, Counter.REPLAYED, Counter.HEALED))
    return result, read_trace(tmp_path / "run", design)


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly) if name in AT_NIGHT else name for name in HEALERS]
)
def test_heals_as_golden_does(name, stall, harness, tmp_path):
    """Between sequences that are inferred, learnt or both, and after the last: one to five replays at a time, at ratios
    of 0 to 3, the reservoir frozen, thawed, cleared and empty."""
    design, seed = HEALERS[name], 1 + list(HEALERS).index(name)
    stimulus = with_replay_commands(learning_stimulus(design, SEQUENCES, GATES, seed), range(4), seed)
    stimulus = replace(with_healing(stimulus, (1, 2, 0, 3, 4)), readbacks=(SEQUENCES // 2,))
    result, _ = run(harness, tmp_path, design, with_bad_packets(design, stimulus, seed), stall=stall, seed=seed)
    counters = result.counters
    assert counters[Counter.HEALED] >= 4 and counters[Counter.HEAL_CYCLES] > 0 and counters[Counter.PULSES] > 0


def test_healing_comes_by_every_slot_and_leaves_the_sequence_number(harness, tmp_path):
    """Many replays without a new sequence in between: their slots, drawn by q, are all there are."""
    design = HEALERS["signed"]
    stimulus = replace(learning_stimulus(design, SEQUENCES, GATES, 7), heal=24)
    result, records = run(harness, tmp_path, design, with_bad_packets(design, stimulus, 7))
    healed = records[LEARN][-24:]
    assert set(healed["slot"]) == set(range(design.learning.replay_capacity))
    assert records[INSERT]["presented"].tolist() == list(range(1, int(stimulus.learns.sum()) + 1))
    assert records[LEARN][-25]["slot"] != NO_SLOT or design.learning.replay_ratio == 0
    assert result.counters[Counter.HEALED] == 24


def test_nothing_heals_unasked(harness, tmp_path):
    """Without a command and with the policy off, as after reset, the run is that of the design without healing."""
    records = []
    for design in (REPLAYERS["tiny"], HEALERS["tiny"]):
        stimulus = learning_stimulus(design, SEQUENCES, GATES, 3)
        folder = tmp_path / str(len(records))
        folder.mkdir()
        _, build = harness(design)
        write_images(design, stimulus.weights, folder / "images")
        case = CrossbarCase(design, with_bad_packets(design, stimulus, 3), images=folder / "images")
        result = run_case(build, case, folder / "run")
        result.comparison.require(*ALL_REPLAY, *ACCUMULATORS)
        records.append(read_trace(folder / "run", design))
    assert result.counters[Counter.HEALED] == result.counters[Counter.HEAL_CYCLES] == 0
    assert len(records[0][LEARN]) > SEQUENCES
    for name in records[0][LEARN].dtype.names:
        if name != "cycle":
            np.testing.assert_array_equal(records[0][LEARN][name], records[1][LEARN][name])


def test_a_design_that_does_not_heal_has_nothing_of_it(tmp_path):
    """No block, no register, no field."""
    without = generated_copy(REPLAYERS["tiny"], tmp_path / "without").netlist.read_text(encoding="utf-8")
    healing = generated_copy(HEALERS["tiny"], tmp_path / "with").netlist.read_text(encoding="utf-8")
    for word in ("remora_healing", "learning_healing", "heal_count"):
        assert word in healing and word not in without
    names = {"HEAL_COUNT", "HEAL_CONTROL", "HEAL_RATES", "HEAL_START", "HEAL_STOP", "RESERVOIR_ACCURACY"}
    assert names <= {register.name for register in register_map(HEALERS["tiny"])}
    fields = [(register.name, field.name) for register in register_map(REPLAYERS["tiny"]) for field in register.fields]
    assert not [each for each in fields if "heal" in "_".join(each).lower()]
    assert not names & {name for name, _ in fields}
    assert not learner("tiny", healing=True, replay_capacity=1, enabled=False).capabilities.heals
