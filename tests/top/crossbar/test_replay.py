"""Replay in the whole accelerator against golden: every step, update and insertion of new and replayed sequences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.simulate import summarise
from remora.flow.systems.crossbar.stimulus import (
    ReplayCommand,
    Stimulus,
    learning_stimulus,
    with_bad_packets,
    with_replay_commands,
)
from remora.flow.systems.crossbar.train_tasks import summarise_tasks, train_tasks
from remora.flow.tools.simulator import run as run_simulation
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import load
from remora.golden.data.tasks import task_stream
from remora.golden.learning.replay import ReplayTrainer
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import INSERT, LEARN, NO_SLOT
from remora.spec.lib.packets import Flag
from remora.spec.lib.registers import register_map
from remora.spec.lib.trace import read_trace
from tests.support import generated_copy
from tests.top.crossbar.test_learning import learner

SEQUENCES = 30
GATES = Coefficients(176, 216)
REPLAYERS = {
    "one": learner("one", hidden_shift=2, readout_shift=2, replay_capacity=1),
    "tiny": learner("tiny", hidden_shift=5, replay_capacity=5, seed=3),
    "primes": learner("primes", hidden_shift=5, replay_capacity=7, replay_ratio=2, seed=0xFFFFFFFF),
    "signed": learner("signed", hidden_shift=5, replay_capacity=4, replay_ratio=3),
    "direct": learner("primes", hidden_shift=5, update="direct", winners=6, lanes=4, replay_capacity=3),
}
AT_NIGHT = ("primes", "signed", "direct")
"""By day their like run with healing (tests/top/crossbar/test_healing.py) and through soft resets."""
ALL_REPLAY = (*KINDS, LEARN, INSERT, "hidden weights", "readout weights", "reservoir", "counts")
ACCUMULATORS = ("hidden accumulators", "readout accumulators")


def run(harness, tmp_path, design: DesignPoint, stimulus: Stimulus, *, stall: float = 0.0, seed: int = 1):
    """A run from memory images, everything compared."""
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    result = run_case(
        build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run", seed=seed, stall=stall
    )
    compared, counters = result.comparison.compared, result.counters
    assert compared[INSERT] == counters[Counter.LEARNED] == stimulus.learns.sum() > 0
    assert compared[LEARN] == counters[Counter.LEARNED] + counters[Counter.REPLAYED]
    assert compared["readout"] == len(stimulus) + counters[Counter.REPLAYED]
    return result


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly) if name in AT_NIGHT else name for name in REPLAYERS]
)
def test_replays_as_golden_does(name, stall, harness, tmp_path):
    """Sequences that are inferred, learnt or both, of every length, bad packets between them; ratios of 0 to 3, the
    reservoir frozen, thawed and cleared between sequences."""
    design, seed = REPLAYERS[name], 1 + list(REPLAYERS).index(name)
    stimulus = with_replay_commands(learning_stimulus(design, SEQUENCES, GATES, seed), range(4), seed)
    stimulus = replace(stimulus, readbacks=(SEQUENCES // 2,))
    assert {command.freeze for command in stimulus.commands} == {False, True}
    result = run(harness, tmp_path, design, with_bad_packets(design, stimulus, seed), stall=stall, seed=seed)
    result.comparison.require(*ALL_REPLAY, *(ACCUMULATORS if design.capabilities.accumulates else ()))
    assert result.counters[Counter.REPLAYED] > 0 and result.counters[Counter.PULSES] > 0


def test_the_ratio_of_the_design_holds_after_reset(harness, tmp_path):
    """Without a command: ratio replays for each new sequence but the first; all slots are replayed."""
    design = REPLAYERS["primes"]
    stimulus = learning_stimulus(design, SEQUENCES, GATES, 7)
    stimulus = replace(stimulus, asked=np.full(SEQUENCES, int(Flag.LEARN | Flag.INFER)), labels=stimulus.labels.clip(0))
    result = run(harness, tmp_path, design, with_bad_packets(design, stimulus, 7))
    result.comparison.require(*ALL_REPLAY, *(ACCUMULATORS if design.capabilities.accumulates else ()))
    assert result.counters[Counter.REPLAYED] == 2 * (SEQUENCES - 1)
    records = read_trace(tmp_path / "run", design)
    capacity = design.learning.replay_capacity
    assert set(records[LEARN]["slot"]) == {*range(capacity), NO_SLOT}
    assert set(records[INSERT]["slot"]) == {*range(capacity), NO_SLOT}
    assert result.counters[Counter.ACCEPTED] == np.sum(records[INSERT]["slot"] != NO_SLOT)


def test_learning_packets_while_frozen(harness, tmp_path):
    """Frozen from the start: learnt, counted, never accepted, nothing to replay; thawed, n has gone on."""
    design = REPLAYERS["tiny"]
    stimulus = learning_stimulus(design, SEQUENCES, GATES, 9)
    half = SEQUENCES // 2
    commands = (ReplayCommand(0, 2, freeze=True), ReplayCommand(half, 2))
    result = run(harness, tmp_path, design, with_bad_packets(design, replace(stimulus, commands=commands), 9))
    result.comparison.require(*ALL_REPLAY, *(ACCUMULATORS if design.capabilities.accumulates else ()))
    records = read_trace(tmp_path / "run", design)
    frozen = int(stimulus.learns[:half].sum())
    assert (records[INSERT]["slot"][:frozen] == NO_SLOT).all() and records[INSERT]["slot"][frozen] == 0
    assert records[INSERT]["presented"][frozen] == frozen + 1
    assert (records[LEARN]["slot"][:frozen] == NO_SLOT).all()


def test_a_ratio_of_0_replays_nothing(harness, tmp_path):
    design = REPLAYERS["tiny"]
    stimulus = replace(learning_stimulus(design, 12, GATES, 4), commands=(ReplayCommand(0, 0),))
    result = run(harness, tmp_path, design, with_bad_packets(design, stimulus, 4))
    result.comparison.require(*ALL_REPLAY, *(ACCUMULATORS if design.capabilities.accumulates else ()))
    assert result.counters[Counter.REPLAYED] == result.counters[Counter.REPLAY_CYCLES] == 0
    assert result.counters[Counter.ACCEPTED] > 0


def test_writes_and_read_back_in_flight_are_refused(harness, tmp_path):
    """And what is learnt, replayed and accepted meanwhile is golden's."""
    design = REPLAYERS["tiny"]
    _, build = harness(design)
    stimulus = learning_stimulus(design, SEQUENCES, Coefficients.of(design), 11)
    labels = np.arange(SEQUENCES) % design.network.classes
    write_images(design, stimulus.weights, tmp_path / "images")
    trainer, learned = ReplayTrainer(design, stimulus.weights), []
    for x, length, label in zip(stimulus.features, stimulus.lengths, labels.tolist(), strict=True):
        learned.append(trainer.train_sequence(x[:length], label))
    config = {
        "design": design.model_dump(mode="json"),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "labels": labels.tolist(),
        "readbacks": 10 * SEQUENCES,
        "hidden": trainer.weights.hidden.tolist(),
        "readout": trainer.weights.readout.tolist(),
        "counts": {
            "LEARNED": SEQUENCES,
            "REPLAYED": sum(len(each.replays) for each in learned),
            "ACCEPTED": sum(each.accepted is not None for each in learned),
            "PULSES": sum(each.applied for each in learned),
        },
    }
    result = run_simulation(
        build, "remora.tb.crossbar.top_replay", config=config, plusargs=[f"+remora_images={tmp_path / 'images'}"]
    )
    assert len(result.tests) == 1


def test_two_tasks_as_they_are_trained(harness, tmp_path):
    """What a run of tasks reports is what training in golden alone reports of the same sequences."""
    design, count = REPLAYERS["tiny"], 60
    training, test = load(design, "synthetic")
    stream = task_stream(training, count, 2, design.learning.seed)
    stimulus = Stimulus.of(stream, initial_weights(design), Coefficients.of(design), Flag.LEARN | Flag.INFER)
    result = run(harness, tmp_path, design, stimulus)
    result.comparison.require("step", "readout", "answer", "counters", LEARN, INSERT, "hidden weights")
    trained = summarise_tasks(train_tasks(design, training, test, count, 2, tmp_path / "t.npz").metadata["tasks"])
    assert trained["accuracy"] == np.mean(result.decisions == stream.y)
    names = ("REPLAYED", "ACCEPTED", "PULSES", "PULSES_DROPPED")
    wanted = [trained[name] for name in ("replayed", "accepted", "device_writes", "pulses_dropped")]
    assert [result.counters[Counter[name]] for name in names] == wanted
    assert wanted[0] > 0 < wanted[2]
    shown = summarise(design, stream, result)
    promised = {"sequences", "replayed", "steps_compared", "mismatches", "cycles_per_learning_sequence", "accuracy"}
    assert promised | {"golden_accuracy", "device_writes"} <= shown.keys()
    assert (shown["device_writes"], shown["replayed"], shown["mismatches"]) == (wanted[2], wanted[0], 0)


def test_a_capacity_of_0_costs_nothing(tmp_path):
    """No reservoir, no state for it, no register."""
    without = generated_copy(learner("tiny"), tmp_path / "without").netlist.read_text(encoding="utf-8")
    holding = generated_copy(REPLAYERS["tiny"], tmp_path / "with").netlist.read_text(encoding="utf-8")
    for word in ("remora_reservoir", "remora_index_unit", "remora_replay_quantiser", "replaying"):
        assert word in holding and word not in without
    assert not {"REPLAY_RATIO", "REPLAY_CONTROL"} & {register.name for register in register_map(learner("tiny"))}
