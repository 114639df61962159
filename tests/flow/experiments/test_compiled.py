"""Compiled learning is golden's, bit for bit, in both modes, and gives way where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.experiments import compiled
from flow.experiments.compiled import CompiledTrainer, compile_replay
from golden.data import synthetic
from golden.learning import DfaTrainer
from golden.replay import ReplayTrainer
from golden.weights import initial_weights, random_weights
from spec.presets import load_design
from tests.golden.designs import DESIGNS, make_design

SMALL = {"network": {"features": 5, "hidden": 17, "classes": 3, "max_steps": 6}}
CASES = {
    "accumulate": make_design(**SMALL, learning={"hidden_shift": 6, "readout_shift": 4}),
    "winners": make_design(**SMALL, learning={"hidden_shift": 5, "readout_shift": 3, "winners": 4}),
    "direct": make_design(**SMALL, learning={"update": "direct", "hidden_shift": 6, "max_pulses": 3}),
    "direct winners": make_design(**SMALL, learning={"update": "direct", "hidden_shift": 6, "winners": 5}),
    "full pairs": make_design(
        **SMALL, crossbar={"levels": 3}, learning={"hidden_shift": 3, "readout_shift": 2, "accumulator_bits": 12}
    ),
    "odd formats": make_design(
        network={"features": 6, "hidden": 4, "classes": 2, "max_steps": 5, "feature_signed": True},
        formats={"stream_bits": 5, "state_bits": 11, "adc_bits": 10, "adc_range_log2": 2},
        cell={"lanes": 1, "reset_coefficient": 256, "update_coefficient": 256},
        crossbar={"levels": 60, "level_bits": 6},
        learning={"hidden_shift": 5, "readout_shift": 3, "feedback_shift": 2, "accumulator_level": 700},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_update_is_goldens(name):
    design = CASES[name].evolve(learning={"replay_capacity": 7, "replay_ratio": 2})
    data, weights = synthetic(design, 80, 5), random_weights(design, 3)
    golden, fast = (ReplayTrainer(design, weights) for _ in range(2))
    compile_replay(fast)
    assert isinstance(fast.dfa, CompiledTrainer)
    applied = dropped = 0
    for place, (x, label) in enumerate(zip(data.x, data.y.tolist(), strict=True)):
        x = x[: 1 + place % design.network.max_steps]
        expected, found = golden.train_sequence(x, label), fast.train_sequence(x, label)
        for mine, theirs in zip((found.update, *found.replays), (expected.update, *expected.replays), strict=True):
            for field in ("scores", "error", "feedback", "winners"):
                np.testing.assert_array_equal(getattr(mine, field), getattr(theirs, field), err_msg=field)
            assert (mine.decision, mine.hidden, mine.readout) == (theirs.decision, theirs.hidden, theirs.readout)
        applied, dropped = applied + expected.applied, dropped + expected.dropped
    assert applied > 100 and (dropped > 100 or name != "full pairs")
    assert_same(golden, fast)


def assert_same(golden: ReplayTrainer, fast: ReplayTrainer) -> None:
    mine, theirs = fast.checkpoint(), golden.checkpoint()
    for field in ("hidden_accumulators", "readout_accumulators"):
        np.testing.assert_array_equal(getattr(mine, field), getattr(theirs, field), err_msg=field)
    np.testing.assert_array_equal(mine.weights.hidden, theirs.weights.hidden)
    np.testing.assert_array_equal(mine.weights.readout, theirs.weights.readout)
    np.testing.assert_array_equal(mine.reservoir.features, theirs.reservoir.features)
    assert mine.updates == theirs.updates


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_the_two_take_turns_at_full_size(update):
    """28×100×10; golden does what is watched, on the same arrays."""
    design = load_design("mnist").evolve(learning={"update": update, "replay_capacity": 5})
    data, weights = synthetic(design, 24, 1), initial_weights(design)
    golden, fast = (ReplayTrainer(design, weights) for _ in range(2))
    compile_replay(fast)
    for place, (x, label) in enumerate(zip(data.x, data.y.tolist(), strict=True)):
        golden.train_sequence(x, label)
        fast.train_sequence(x, label)
        if place % 3 == 0:
            golden.dfa.train_sequence(x, label)
            fast.dfa.train_sequence(x, label, watch=lambda hidden, readout: None)
    assert_same(golden, fast)


@pytest.mark.parametrize("name", ["accumulate", "winners", "direct winners"])
def test_settings_and_an_update_cut_short(name):
    """Settings change between sequences; an update that ends early is golden's own."""
    design = CASES[name].evolve(learning={"replay_capacity": 7})
    data, weights = synthetic(design, 30, 6), random_weights(design, 4)
    golden, fast = (ReplayTrainer(design, weights) for _ in range(2))
    compile_replay(fast)
    winners = 17 if name == "accumulate" else 9
    changes = {10: {"seed": 99, "hidden_slower": 1}, 20: {"readout_slower": 3, "winners": winners, "replay_ratio": 2}}
    applied = 0
    for place, (x, label) in enumerate(zip(data.x, data.y.tolist(), strict=True)):
        for trainer in (golden, fast):
            trainer.settings = replace(trainer.settings, **changes.get(place, {}))
        expected, found = golden.train_sequence(x, label), fast.train_sequence(x, label)
        np.testing.assert_array_equal(found.update.winners, expected.update.winners)
        assert (found.update.hidden, found.update.readout) == (expected.update.hidden, expected.update.readout)
        for trainer in (golden, fast):
            trainer.dfa.train_sequence(x, label, until=place % 20)
        applied += expected.applied
    assert applied > 50
    assert_same(golden, fast)


def test_golden_learns_where_compiled_code_cannot(monkeypatch):
    for name in ("tiny", "double"):  # several row tiles; beyond float32
        trainer = ReplayTrainer(DESIGNS[name], initial_weights(DESIGNS[name]))
        compile_replay(trainer)
        assert type(trainer.dfa) is DfaTrainer
    monkeypatch.setattr(compiled, "_library", lambda macros: None)  # no compiler
    trainer = ReplayTrainer(CASES["accumulate"], initial_weights(CASES["accumulate"]))
    compile_replay(trainer)
    assert type(trainer.dfa) is DfaTrainer


def test_a_wrong_sequence_is_refused_as_golden_does():
    trainer = ReplayTrainer(CASES["accumulate"], initial_weights(CASES["accumulate"]))
    compile_replay(trainer)
    with pytest.raises(ValueError, match="label is 3; it must be in 0…2"):
        trainer.train_sequence(np.zeros((2, 5), np.uint8), 3)
    with pytest.raises(ValueError, match="features have shape"):
        trainer.train_sequence(np.zeros((7, 5), np.uint8), 1)
