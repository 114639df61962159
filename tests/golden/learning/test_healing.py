"""Healing replays against the scalar reading: slots, rates, running accuracy, policy, and what a reset leaves.

Rules M11 to M15.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import initial_weights, random_weights
from remora.golden.learning.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from remora.golden.learning.healing import HealingState
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.learning import HEALING_RATE_SHIFT, MOST_ACCURACY, MOST_HEALING_REPLAYS
from tests.golden.designs import DESIGNS
from tests.golden.learning.test_dfa import assert_same_state, assert_same_update, random_sequence
from tests.golden.learning.test_replay import assert_learns_alike, assert_reservoirs_alike
from tests.golden.scalar_learning import ScalarLearner


def healer(name: str = "tiny", **learning):
    changes = {
        "replay_capacity": 3, "replay_ratio": 2, "accumulator_level": 64, "hidden_shift": 5, "readout_shift": 4,
        "healing": True,
    }  # fmt: skip
    return DESIGNS[name].evolve(learning=changes | learning)


def assert_heals_alike(trainer: ReplayTrainer, scalar: ScalarLearner, count: int) -> None:
    found, expected = trainer.heal(count), scalar.heal(count)
    assert [each.slot for each in found] == [slot for slot, _ in expected]
    for mine, (_, theirs) in zip(found, expected, strict=True):
        assert_same_update(mine.update, theirs)
    assert_alike(trainer, scalar)


def assert_alike(trainer: ReplayTrainer, scalar: ScalarLearner) -> None:
    assert_same_state(trainer.dfa, scalar)
    assert_reservoirs_alike(trainer, scalar)
    found = trainer.healing
    assert (found.accuracy, found.left, found.policy) == (scalar.accuracy, scalar.left, scalar.policy)


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
@pytest.mark.parametrize("name", ["one", "tiny", "primes", "signed"])
def test_agrees_with_the_scalar_reference(name, mode):
    """Between new sequences; n stands still, and every slot is healed by."""
    design = healer(name, update=mode)
    trainer, scalar = assert_learns_alike(design, 4, seed=3)
    slots: Counter[int] = Counter()
    for number in range(6):
        q, n = trainer.dfa.updates, trainer.reservoir.presented
        assert_heals_alike(trainer, scalar, number)
        assert (trainer.dfa.updates, trainer.reservoir.presented) == (q + number, n)
        slots.update(trainer.reservoir.healing_slot(each) for each in range(q, q + number))
        assert_learns_alike(design, 1, 20 + number, trainer, scalar)
    assert len(slots) == 3 and (trainer.healing.accuracy < MOST_ACCURACY or design.network.classes == 1)


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_its_own_rates_hold_in_healing_only(mode):
    design = healer(update=mode)
    trainer, scalar = assert_learns_alike(design, 4, seed=5)
    seen = set()
    for shifts in ((0, 0), (3, 0), (0, 3), (1, 2)):
        settings = replace(trainer.settings, heal_hidden_rate_shift=shifts[0], heal_readout_rate_shift=shifts[1])
        trainer.settings = settings
        scalar.set(**settings.as_dict())
        assert_heals_alike(trainer, scalar, 4)
        assert trainer.settings == settings
        assert_learns_alike(design, 2, 30 + sum(shifts), trainer, scalar)
        seen.add(trainer.dfa.accumulators[0].tobytes() + trainer.weights.hidden.tobytes())
    assert len(seen) == 4
    assert LearningSettings.of(design).in_healing.hidden_rate_shift == HEALING_RATE_SHIFT == 2


def test_the_rates_are_ordinary_again_after_what_cannot_be_healed():
    trainer = ReplayTrainer(healer(), initial_weights(healer()))
    settings = trainer.settings
    with pytest.raises(ValueError, match="bound is 0"):
        trainer.heal_once()
    for count in (-1, MOST_HEALING_REPLAYS + 1):
        with pytest.raises(ValueError, match=f"left is {count}"):
            trainer.heal(count)
    assert trainer.settings == trainer.dfa.settings == settings and trainer.healing == HealingState()


def test_an_empty_reservoir_waits():
    trainer = ReplayTrainer(healer(), initial_weights(healer()))
    assert trainer.heal(7) == [] and trainer.dfa.updates == 0
    assert trainer.healing == HealingState(left=7, run=True)
    assert trainer.heal_by_policy(9) == []


@pytest.mark.parametrize("stop", [*(pytest.param(stop, marks=pytest.mark.nightly) for stop in (20000, 30000)), 40000])
def test_the_policy_starts_and_stops_by_the_running_accuracy(stop):
    """Below the one it starts, above the other it stops, and in between it goes on with what it did."""
    design, start = healer(replay_ratio=3), 30000
    trainer, scalar = assert_learns_alike(design, 5, seed=9)
    settings = replace(trainer.settings, heal_start=start, heal_stop=stop)
    trainer.settings = settings
    scalar.set(**settings.as_dict())
    generator, before, seen = np.random.default_rng(4), False, Counter()
    for number in range(300):
        if number % 50 == 0:
            # Near a threshold, from either side.
            accuracy = (start + 100, start - 100, stop - 100, stop + 100, start - 1000, stop - 10)[number // 50]
            trainer.healing = replace(trainer.healing, accuracy=accuracy)
            scalar.accuracy = accuracy
        found = trainer.heal_by_policy(2)
        for each in found:
            slot, update = scalar.heal_once()
            assert slot == each.slot
            assert_same_update(each.update, update)
        if not found or number % 5 == 0:
            x, label = random_sequence(design, generator)
            trainer.train_sequence(x, label)
            scalar.learn(x, label)
        assert_alike(trainer, scalar)
        seen.update({f"healed {len(found)}": 1, "started": trainer.healing.policy > before})
        seen["stopped"] += trainer.healing.policy < before
        before = trainer.healing.policy
    assert min(seen[name] for name in ("healed 0", "healed 2", "started", "stopped")) > 0, seen


def test_the_accuracy_comes_near_the_share_of_right_decisions():
    """Both ways round alike, and never beyond its ends."""
    random, settings = np.random.default_rng(2), LearningSettings.of(healer())
    for share in (0.0, 0.3, 0.5, 0.9, 1.0):
        state, mirrored = HealingState(), HealingState(accuracy=0)
        history = []
        for right in random.random(4000) < share:
            state, mirrored = state.replayed(bool(right), settings), mirrored.replayed(not right, settings)
            assert state.accuracy + mirrored.accuracy == MOST_ACCURACY
            history.append(state.accuracy)
        assert abs(np.mean(history[2000:]) / MOST_ACCURACY - share) < 0.03
        assert not state.policy


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_a_soft_reset_in_healing(mode):
    """Cut at any column, it goes on where the next one begins: what was begun is counted, and no slot comes twice."""
    design = healer(update=mode)
    columns = design.network.hidden + design.network.classes
    for until in (0, 1, design.network.hidden, columns - 1):
        trainer, scalar = assert_learns_alike(design, 5, seed=6)
        trainer.healing = trainer.healing.asked(5)
        trainer.heal_once()
        scalar.heal_once()
        cut = trainer.heal_once(until=until)
        slot, update = scalar.heal_once(until)
        assert cut.slot == slot
        assert_same_update(cut.update, update)
        assert trainer.healing.run and trainer.healing.left == 3
        trainer.healing = trainer.healing.reset()
        assert (trainer.healing.run, trainer.healing.left, trainer.healing.policy) == (False, 3, False)
        scalar.left = 3
        assert_alike(trainer, scalar)
        assert_heals_alike(trainer, scalar, trainer.healing.left)
        assert_learns_alike(design, 2, 8, trainer, scalar)


def test_a_saved_healing_resumes_exactly(tmp_path):
    design = healer()
    settings = replace(LearningSettings.of(design), heal_start=65000, heal_stop=65300, heal_hidden_rate_shift=1)
    whole, part = (ReplayTrainer(design, initial_weights(design)) for _ in range(2))
    generator = np.random.default_rng(1)
    sequences = [random_sequence(design, generator) for _ in range(12)]
    for trainer in (whole, part):
        trainer.settings = settings
        for x, label in sequences[:6]:
            trainer.train_sequence(x, label)
        trainer.healing = trainer.healing.asked(4)
        trainer.heal_once()
    assert part.healing.policy and part.healing.run
    save_checkpoint(tmp_path / "part.npz", design, part.checkpoint())
    part = ReplayTrainer.from_checkpoint(design, load_checkpoint(tmp_path / "part.npz", design))
    assert (part.healing, part.settings) == (whole.healing, whole.settings)
    for trainer in (whole, part):
        trainer.heal(trainer.healing.left)
        for x, label in sequences[6:]:
            trainer.train_sequence(x, label)
        trainer.heal_by_policy(5)
    assert part.healing == whole.healing and part.dfa.updates == whole.dfa.updates
    np.testing.assert_array_equal(part.weights.hidden, whole.weights.hidden)
    np.testing.assert_array_equal(part.dfa.accumulators[0], whole.dfa.accumulators[0])
    plain = design.evolve(learning={"healing": False})
    assert load_checkpoint(tmp_path / "part.npz", plain).healing is None
    save_checkpoint(tmp_path / "plain.npz", plain, part.checkpoint())
    assert load_checkpoint(tmp_path / "plain.npz", design).healing is None


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (HealingState(accuracy=65536), "accuracy is 65536; it must be in 0…65535"),
        (HealingState(left=-1), "left is -1; it must be in 0…4294967295"),
        (HealingState(run=True), "none is left"),
    ],
)
def test_a_state_that_no_chip_has_is_refused(state, message, tmp_path):
    design = healer()
    trainer = ReplayTrainer(design, initial_weights(design))
    trainer.healing = state
    save_checkpoint(tmp_path / "bad.npz", design, replace(trainer.checkpoint(), healing=None))
    with pytest.raises(CheckpointError, match=message):
        save_checkpoint(tmp_path / "bad.npz", design, trainer.checkpoint())


def test_records_of_healing_replays():
    """Numbered in one row with the others, of tag 0, with the slot, and nothing is inserted."""
    design = healer(enabled=True)
    reference = LearningReference(design, random_weights(design, 1), Coefficients.of(design))
    generator, one = np.random.default_rng(1), np.ones(1, int)
    for tag in (7, 8):
        x, label = random_sequence(design, generator)
        reference.advance(x[None], len(x) * one, label * one, one > 0, tag * one)
    trace = reference.heal(3)
    assert trace.healed == 3 and len(trace.records["insert"]) == 0
    assert trace.records["readout"]["tag"].tolist() == [0, 0, 0]
    assert trace.records["learn"]["sequence"].tolist() == trace.records["readout"]["sequence"].tolist() == [4, 5, 6]
    assert set(trace.records["learn"]["slot"]) <= {0, 1}
    assert len(reference.heal(1, record=False).records.get("step", [])) == 0
