"""What software may change of learning, and what a soft reset leaves of an update, against the scalar reading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.weights import random_weights
from remora.golden.learning.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from remora.golden.learning.kernel.rules import feedback_matrix
from remora.golden.learning.replay import Interruption, ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from tests.golden import scalar_learning
from tests.golden.designs import DESIGNS
from tests.golden.learning.test_dfa import assert_same_state, assert_same_update, random_sequence
from tests.golden.learning.test_replay import assert_learns_alike, assert_reservoirs_alike
from tests.golden.scalar_learning import ScalarLearner


def learner(mode: str, **learning):
    """A small design point with everything that can be set."""
    level = 64 if mode == "direct" else 100
    changes = {"update": mode, "winners": 3, "replay_capacity": 4, "replay_ratio": 2, "accumulator_level": level}
    return DESIGNS["tiny"].evolve(learning=changes | learning)


def random_settings(design, generator) -> LearningSettings:
    return LearningSettings(
        seed=int(generator.integers(2**32)),
        winners=int(generator.integers(1, design.network.hidden + 1)),
        replay_ratio=int(generator.integers(4)),
        hidden_rate_shift=int(generator.integers(4)),
        readout_rate_shift=int(generator.integers(4)),
        heal_hidden_rate_shift=int(generator.integers(4)),
        heal_readout_rate_shift=int(generator.integers(4)),
        heal_start=int(generator.integers(65536)),
        heal_stop=int(generator.integers(65536)),
    )


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_settings_changed_between_sequences_agree_with_the_scalar_reference(mode):
    design = learner(mode)
    generator = np.random.default_rng(8)
    trainer, scalar = assert_learns_alike(design, 5, seed=5)
    for number in range(8):
        settings = random_settings(design, generator)
        trainer.settings = settings
        assert trainer.settings == settings
        scalar.set(**settings.as_dict())
        assert_learns_alike(design, 3, seed=20 + number, trainer=trainer, scalar=scalar)
    assert trainer.reservoir.filled == 4


def test_the_feedback_matrix_follows_the_seed():
    design = DESIGNS["double"].evolve(learning={})
    for seed in (0, 1, 2**32 - 1):
        assert feedback_matrix(design, seed).tolist() == scalar_learning.feedback_matrix(design, seed)


def test_a_slower_rate_is_a_larger_shift():
    design = learner("accumulate")
    slow = design.evolve(learning={"hidden_shift": design.learning.hidden_shift + 2})
    generator, start = np.random.default_rng(1), random_weights(design, 1)
    first, second = ReplayTrainer(design, start), ReplayTrainer(slow, start)
    first.settings = replace(first.settings, hidden_rate_shift=2)
    for _ in range(6):
        x, label = random_sequence(design, generator)
        first.train_sequence(x, label)
        second.train_sequence(x, label)
    np.testing.assert_array_equal(first.dfa.accumulators[0], second.dfa.accumulators[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2**32}, r"seed is 4294967296; it must be 0…4294967295"),
        ({"winners": 0}, r"winners is 0; it must be 1…7"),
        ({"winners": 8}, r"winners is 8; it must be 1…7"),
        ({"replay_ratio": 256}, r"replay_ratio is 256; it must be 0…255"),
        ({"hidden_rate_shift": 4}, r"hidden_rate_shift is 4; it must be 0…3"),
        ({"readout_rate_shift": -1}, r"readout_rate_shift is -1; it must be 0…3"),
        ({"seed": True}, r"seed is True"),
    ],
)
def test_settings_out_of_range_are_refused_and_change_nothing(changes, message):
    design = learner("accumulate")
    trainer = ReplayTrainer(design, random_weights(design, 1))
    with pytest.raises(ValueError, match=message):
        trainer.settings = replace(trainer.settings, **changes)
    assert trainer.settings == LearningSettings.of(design)


def test_without_selection_all_units_win():
    design = learner("accumulate", winners="all")
    with pytest.raises(ValueError, match=r'winners is 3; it must be 7: with learning.winners = "all"'):
        replace(LearningSettings.of(design), winners=3).check(design)


def test_names_of_version_0_1_are_read():
    settings = LearningSettings(77, 2, 3, 1, 2)
    content = settings.as_dict()
    old = {name.replace("rate_shift", "slower"): value for name, value in content.items() if "heal" not in name}
    assert LearningSettings.from_dict(old) == LearningSettings.from_dict(content) == settings and old != content
    for wrong in (old | {"hidden_rate_shift": 1}, old | {"slower": 1}, {"seed": 1}, [77, 2, 3, 1, 2], None):
        with pytest.raises(ValueError, match="must be named heal_hidden_.*, hidden_rate_shift, readout_rate_shift,"):
            LearningSettings.from_dict(wrong)


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_settings_are_stored_and_learning_goes_on_with_them(mode, tmp_path):
    design = learner(mode)
    generator = np.random.default_rng(4)
    whole, part = (ReplayTrainer(design, random_weights(design, 2)) for _ in range(2))
    sequences = [random_sequence(design, generator) for _ in range(12)]
    for trainer in (whole, part):
        trainer.settings = LearningSettings(77, 2, 3, 1, 2)
        for x, label in sequences[:6]:
            trainer.train_sequence(x, label)
    save_checkpoint(tmp_path / "net.npz", design, part.checkpoint())
    part = ReplayTrainer.from_checkpoint(design, load_checkpoint(tmp_path / "net.npz", design))
    assert part.settings == whole.settings == LearningSettings(77, 2, 3, 1, 2)
    for trainer in (whole, part):
        for x, label in sequences[6:]:
            trainer.train_sequence(x, label)
    np.testing.assert_array_equal(whole.weights.hidden, part.weights.hidden)
    np.testing.assert_array_equal(whole.reservoir.state.features, part.reservoir.state.features)


def test_a_file_without_settings_has_the_designs(tmp_path):
    design = learner("accumulate")
    save_checkpoint(tmp_path / "net.npz", design, Checkpoint.of(design, random_weights(design, 2)))
    content = dict(np.load(tmp_path / "net.npz"))
    del content["settings"]
    np.savez(tmp_path / "old.npz", **content | {"format": "remora-checkpoint-2"})
    found = ReplayTrainer.from_checkpoint(design, load_checkpoint(tmp_path / "old.npz", design))
    assert found.settings == LearningSettings.of(design)
    np.savez(tmp_path / "cut.npz", **content)
    with pytest.raises(CheckpointError, match="lacks settings"):
        load_checkpoint(tmp_path / "cut.npz", design)
    np.savez(tmp_path / "odd.npz", **content | {"settings": '{"seed": 1}'})
    with pytest.raises(CheckpointError, match="learning settings must be named"):
        load_checkpoint(tmp_path / "odd.npz", design)


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_interruptions_agree_with_the_scalar_reference(mode):
    """Sequences cut at any column of any update, between updates, before and after the insertion; others between."""
    design, seed = learner(mode), 6
    generator, start = np.random.default_rng(seed), random_weights(design, seed)
    trainer, scalar = ReplayTrainer(design, start), ScalarLearner(design, start)
    columns = design.network.hidden + design.network.classes
    cuts = [(0, None), (1, 0), (1, 4), (1, 7), (1, columns), (2, 1), (3, 9), (2, None), (3, None), (3, 3)]
    written = 0
    for number, (updates, until) in enumerate(cuts * 2):
        assert_learns_alike(design, 1, seed=number, trainer=trainer, scalar=scalar)
        x, label = random_sequence(design, generator)
        inserted = updates == 3 and until is None and number > len(cuts)
        if number == 0:
            until = None
        found = trainer.train_interrupted(x, label, Interruption(updates, until, inserted))
        cut = {} if until is None else {"columns": until}
        expected = scalar.learn(x, label, updates, inserted=inserted, **cut)
        assert (found is None) == (updates == 0) and len(expected) == updates
        for mine, theirs in zip((found.update, *found.replays) if found else (), expected, strict=True):
            assert_same_update(mine, theirs)
            written += mine.applied
        assert_same_state(trainer.dfa, scalar)
        assert_reservoirs_alike(trainer, scalar)
    assert written > 0


def test_more_updates_than_there_are_is_refused():
    design = learner("accumulate")
    trainer = ReplayTrainer(design, random_weights(design, 1))
    x, label = random_sequence(design, np.random.default_rng(0))
    with pytest.raises(ValueError, match="2 updates were begun, but only 0 sequences are replayed"):
        trainer.train_interrupted(x, label, Interruption(2))
