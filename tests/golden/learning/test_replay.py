"""The whole learning chip, replay included, against the scalar reading; and that a saved training resumes exactly."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.weights import initial_weights, random_weights
from remora.golden.learning.checkpoint import load_checkpoint, save_checkpoint
from remora.golden.learning.replay import ReplayTrainer
from remora.spec.crossbar.learning import SEQUENCE_LIMIT
from tests.golden.designs import DESIGNS
from tests.golden.learning.test_dfa import assert_same_state, assert_same_update, random_sequence
from tests.golden.scalar_learning import ScalarLearner, replayed

SMALL = [name for name in DESIGNS if name not in ("mnist", "double")]


def assert_reservoirs_alike(trainer: ReplayTrainer, scalar: ScalarLearner) -> None:
    reservoir = trainer.reservoir
    assert (reservoir.presented, reservoir.filled) == (scalar.n, len(scalar.reservoir))
    for slot, (nibbles, label) in enumerate(scalar.reservoir):
        x, found = reservoir.sequence(slot)
        assert (x.tolist(), found) == (replayed(trainer.design, nibbles), label)
        assert reservoir.state.features[slot, : len(x)].tolist() == nibbles
        assert not reservoir.state.features[slot, len(x) :].any()


def assert_learns_alike(design, sequences: int, seed: int, trainer=None, scalar=None):
    generator = np.random.default_rng(seed)
    start = random_weights(design, seed)
    trainer = trainer or ReplayTrainer(design, start)
    scalar = scalar or ScalarLearner(design, start)
    for _ in range(sequences):
        x, label = random_sequence(design, generator)
        found, expected = trainer.train_sequence(x, label), scalar.learn(x, label)
        assert len(expected) == 1 + len(found.replays)
        for mine, theirs in zip((found.update, *found.replays), expected, strict=True):
            assert_same_update(mine, theirs)
        assert_same_state(trainer.dfa, scalar)
        assert_reservoirs_alike(trainer, scalar)
    return trainer, scalar


@pytest.mark.parametrize(("capacity", "ratio"), [(0, 1), (1, 1), (3, 2), (5, 3)])
@pytest.mark.parametrize("mode", ["accumulate", "direct"])
@pytest.mark.parametrize("name", SMALL)
def test_agrees_with_the_scalar_reference(name, mode, capacity, ratio):
    level = 64 if mode == "direct" else 100
    design = DESIGNS[name].evolve(
        learning={
            "update": mode,
            "replay_capacity": capacity,
            "replay_ratio": ratio,
            "accumulator_level": level,
            "winners": 1,
        }
    )
    trainer, _ = assert_learns_alike(design, 8, seed=3)
    assert trainer.reservoir.filled == capacity and trainer.dfa.updates == 8 + ratio * 7 * (capacity > 0)


def test_frozen_it_replays_and_counts_but_keeps_nothing():
    design = DESIGNS["tiny"].evolve(learning={"replay_capacity": 3, "replay_ratio": 2})
    trainer, scalar = assert_learns_alike(design, 2, seed=1)
    trainer.reservoir.frozen = scalar.frozen = True
    assert_learns_alike(design, 5, 2, trainer, scalar)
    assert (trainer.reservoir.filled, trainer.reservoir.presented, trainer.dfa.updates) == (2, 7, 2 + 2 + 15)
    trainer.reservoir.frozen = scalar.frozen = False
    assert_learns_alike(design, 30, 3, trainer, scalar)


def test_cleared_it_starts_over_and_updates_go_on():
    design = DESIGNS["tiny"].evolve(learning={"replay_capacity": 3})
    trainer, scalar = assert_learns_alike(design, 9, seed=1)
    updates = trainer.dfa.updates
    trainer.reservoir.clear()
    scalar.n, scalar.reservoir = 0, []
    assert trainer.reservoir.drawn_slots() == []
    assert_learns_alike(design, 9, 2, trainer, scalar)
    assert trainer.dfa.updates == 2 * updates


def test_the_sequence_number_saturates():
    design = DESIGNS["tiny"].evolve(learning={"replay_capacity": 2})
    trainer, scalar = assert_learns_alike(design, 3, seed=1)
    trainer.reservoir.presented = scalar.n = SEQUENCE_LIMIT - 1
    assert_learns_alike(design, 3, 2, trainer, scalar)
    assert trainer.reservoir.presented == SEQUENCE_LIMIT


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
@pytest.mark.parametrize("name", ["tiny", "signed"])
def test_a_saved_training_resumes_exactly(name, mode, tmp_path):
    design = DESIGNS[name].evolve(learning={"update": mode, "replay_capacity": 5, "replay_ratio": 2, "winners": 2})
    generator = np.random.default_rng(1)
    sequences = [random_sequence(design, generator) for _ in range(40)]
    whole, part = (ReplayTrainer(design, initial_weights(design)) for _ in range(2))
    expected = [whole.train_sequence(x, label) for x, label in sequences]
    for x, label in sequences[:20]:
        part.train_sequence(x, label)
    part.reservoir.frozen = True
    save_checkpoint(tmp_path / "half.npz", design, part.checkpoint({"done": 20}))
    part = ReplayTrainer.from_checkpoint(design, load_checkpoint(tmp_path / "half.npz", design))
    assert part.reservoir.frozen
    part.reservoir.frozen = False
    for (x, label), wanted in zip(sequences[20:], expected[20:], strict=True):
        found = part.train_sequence(x, label)
        assert (found.slots, found.accepted, found.applied, found.dropped) == (
            wanted.slots, wanted.accepted, wanted.applied, wanted.dropped,
        )  # fmt: skip
    for name in ("first.npz", "second.npz"):
        save_checkpoint(tmp_path / name, design, (whole if name == "first.npz" else part).checkpoint())
    with np.load(tmp_path / "first.npz") as mine, np.load(tmp_path / "second.npz") as theirs:
        assert mine.files == theirs.files
        for array in mine.files:
            np.testing.assert_array_equal(mine[array], theirs[array])


def test_what_does_not_fit_changes_nothing():
    design = DESIGNS["tiny"].evolve(learning={"replay_capacity": 2})
    trainer, scalar = assert_learns_alike(design, 3, seed=1)
    for x, label in ((np.zeros((9, 5), np.uint8), 3), (np.zeros((10, 5), np.uint8), 0), (np.zeros((9, 5), np.int8), 0)):
        with pytest.raises(ValueError):
            trainer.train_sequence(x, label)
    assert_same_state(trainer.dfa, scalar)
    assert_reservoirs_alike(trainer, scalar)
