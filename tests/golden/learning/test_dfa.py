"""Training on single sequences against the scalar reading of the rules, χ by χ and pulse by pulse."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.miru import Coefficients, infer
from remora.golden.crossbar.weights import Weights, initial_weights, random_weights
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.rules import feedback_matrix, output_error, winning_units
from tests.golden.designs import make_design
from tests.golden.scalar_learning import ScalarLearner


def random_accumulators(design, seed: int):
    limit = (1 << (design.learning.accumulator_bits - 1)) - 1
    generator = np.random.default_rng(seed)
    shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
    return tuple(generator.integers(-limit, limit + 1, shape) for shape in shapes)


def random_sequence(design, generator):
    steps = int(generator.integers(1, design.network.max_steps + 1))
    low, high, dtype = (-128, 128, np.int8) if design.network.feature_signed else (0, 256, np.uint8)
    x = generator.integers(low, high, (steps, design.network.features)).astype(dtype)
    return x, int(generator.integers(design.network.classes))


def assert_same_update(found, expected: dict) -> None:
    assert found.scores.tolist() == expected["scores"] and found.decision == expected["decision"]
    assert found.error.tolist() == expected["error"] and found.feedback.tolist() == expected["feedback"]
    assert found.winners.tolist() == expected["winners"]
    for mine, theirs in zip((found.hidden, found.readout), expected["writes"], strict=True):
        assert (mine.applied, mine.dropped, mine.devices) == theirs


def assert_same_state(trainer: DfaTrainer, scalar: ScalarLearner) -> None:
    assert trainer.updates == scalar.q
    found = trainer.weights.hidden, trainer.weights.readout, *trainer.accumulators
    for mine, theirs in zip(found, (*scalar.weights, *scalar.chi), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def assert_learns_alike(design, sequences: int, seed: int) -> tuple[int, int]:
    """Train golden and the scalar reference side by side; the pulses applied and dropped."""
    start = random_weights(design, seed)
    accumulators = random_accumulators(design, seed) if design.learning.update == "accumulate" else None
    trainer = DfaTrainer(design, start, accumulators=accumulators)
    scalar = ScalarLearner(design, start, accumulators)
    generator, applied, dropped = np.random.default_rng(seed), 0, 0
    for _ in range(sequences):
        x, label = random_sequence(design, generator)
        update = trainer.train_sequence(x, label)
        assert_same_update(update, scalar.train(x, label))
        assert_same_state(trainer, scalar)
        applied, dropped = applied + update.applied, dropped + update.dropped
    return applied, dropped


@pytest.mark.parametrize("winners", ["all", "some"])
@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_agrees_with_the_scalar_reference(design, mode, winners):
    level = design.learning.accumulator_level if mode == "accumulate" else 16
    units = max(1, design.network.hidden // 3) if winners == "some" else "all"
    changed = design.evolve(learning={"update": mode, "winners": units, "accumulator_level": level})
    applied, dropped = assert_learns_alike(changed, 1 if design.hidden_rows > 100 else 6, seed=2)
    assert applied > 0
    assert dropped > 0 or winners == "some" or design.network.hidden == 1


def test_winners_are_those_of_the_largest_feedback_and_ties_go_to_the_lower_index():
    def winners(count, feedback):
        design = make_design(network={"hidden": len(feedback)}, learning={"winners": count})
        return winning_units(np.array(feedback, np.float32), design.winners).tolist()

    assert winners(2, [1, -5, 3, 5, 5]) == [1, 3]
    assert winners(3, [0, 0, 0, 0, 0]) == [0, 1, 2]
    assert winners(1, [-1, 1, -2, 2]) == [2]
    assert winners("all", [3, 1, 2]) == winners(3, [3, 1, 2]) == [0, 1, 2]


def test_columns_that_do_not_win_keep_their_accumulators_even_above_a_level(tiny):
    design = tiny.evolve(learning={"winners": 2})
    start = np.full((13, 7), 5000), np.full((8, 3), 5000)
    trainer = DfaTrainer(design, initial_weights(design), accumulators=start)
    update = trainer.train_sequence(np.full((9, 5), 200, np.uint8), 1)
    skipped = np.setdiff1d(np.arange(7), update.winners)
    assert (trainer.accumulators[0][:, skipped] == 5000).all() and len(skipped) == 5
    assert (trainer.weights.hidden[:, skipped] == initial_weights(design).hidden[:, skipped]).all()
    assert (trainer.accumulators[0][:, update.winners] < 5000).all() and (trainer.accumulators[1] < 5000).all()


@pytest.mark.parametrize("mode", ["accumulate", "direct"])
def test_the_update_number_wraps(tiny, mode):
    design = tiny.evolve(learning={"update": mode})
    trainer = DfaTrainer(design, initial_weights(design), updates=2**32 - 1)
    x = np.full((9, 5), 90, np.uint8)
    trainer.train_sequence(x, 0)
    assert trainer.updates == 0
    trainer.train_sequence(x, 0)
    assert trainer.updates == 1


def test_direct_rounding_is_unbiased(tiny):
    """Over many updates of the same weights the mean of the pulses is −S/level, where χ would have gone."""
    design = tiny.evolve(learning={"update": "direct", "accumulator_level": 512, "max_pulses": 15})
    fine = tiny.evolve(learning={"accumulator_level": 16384, "accumulator_bits": 24})
    x, start, count = np.full((9, 5), 255, np.uint8), initial_weights(design), 2000
    gathered = DfaTrainer(fine, start)
    gathered.train_sequence(x, 2)
    step = gathered.accumulators[1] / 512
    assert 0.3 < np.abs(step).max() < 1
    moved = np.zeros((8, 3))
    for update in range(count):
        trainer = DfaTrainer(design, start, updates=update)
        trainer.train_sequence(x, 2)
        moved += trainer.weights.readout - start.readout
    deviation = np.sqrt(np.abs(step) * (1 - np.abs(step)) / count)
    assert (np.abs(moved / count - step) <= 5 * deviation).all()


def test_direct_refuses_accumulators(tiny):
    design = tiny.evolve(learning={"update": "direct"})
    with pytest.raises(ValueError, match='"direct" has none'):
        DfaTrainer(design, initial_weights(design), accumulators=(np.ones((13, 7), int), np.zeros((8, 3), int)))


def test_a_full_pair_drops_its_pulses_and_gives_up_the_level(tiny):
    level = tiny.learning.accumulator_level
    weights = Weights(np.full((13, 7), 31, np.int16), np.full((8, 3), 30, np.int16))
    accumulators = np.full((13, 7), 5 * level), np.full((8, 3), 2 * level + 5)
    silent = tiny.evolve(learning={"hidden_shift": 24, "readout_shift": 24})
    trainer = DfaTrainer(silent, weights, accumulators=accumulators)
    update = trainer.train_sequence(np.zeros((1, 5), np.uint8), 0)
    assert (update.applied, update.dropped) == (24, 2 * 91 + 24)
    assert (trainer.weights.hidden == 31).all() and (trainer.weights.readout == 31).all()
    np.testing.assert_array_equal(trainer.accumulators[0], 3 * level)
    np.testing.assert_array_equal(trainer.accumulators[1], 5)


def test_pulses_round_toward_zero_for_both_signs(tiny):
    level = tiny.learning.accumulator_level
    silent = tiny.evolve(learning={"hidden_shift": 24, "readout_shift": 24})
    hidden = np.zeros((13, 7), int)
    hidden[0, :6] = level - 1, level, 3 * level, 1 - level, -level, -3 * level
    start = Weights(np.zeros((13, 7), np.int16), np.zeros((8, 3), np.int16))
    trainer = DfaTrainer(silent, start, accumulators=(hidden, np.zeros((8, 3), int)))
    trainer.train_sequence(np.zeros((1, 5), np.uint8), 0)
    assert trainer.weights.hidden[0].tolist() == [0, 1, 2, 0, -1, -2, 0]
    assert trainer.accumulators[0][0].tolist() == [level - 1, 0, level, 1 - level, 0, -level, 0]


def test_error_follows_the_default_formula():
    design = make_design(network={"features": 1, "hidden": 1, "classes": 7, "max_steps": 1})
    scores = np.array([-127, -64, -1, 0, 1, 63, 127])
    assert output_error(design, scores, 0).tolist() == [-255, 0, 126, 128, 130, 254, 255]


def test_error_keeps_its_meaning_with_other_converters():
    """A score of 2 in real units saturates, whatever the code's step."""
    for bits in (4, 6, 9, 10):
        design = make_design(
            network={"features": 1, "hidden": 1, "classes": 3, "max_steps": 1},
            formats={"adc_bits": bits, "adc_range_log2": 2},
            crossbar={"levels": 8},
        )
        one = 2**design.formats.adc_fraction_bits
        assert output_error(design, np.array([-2 * one, 0, one]), 1).tolist() == [0, 128 - 255, 192]


def test_feedback_is_balanced_and_depends_on_the_seed():
    def matrix(seed):
        return feedback_matrix(make_design(network={"hidden": 500, "classes": 40}, learning={"seed": seed}))

    first = matrix(1)
    assert first.shape == (40, 500) and set(np.unique(first)) == {-1, 1}
    assert abs(first.mean()) < 4 / np.sqrt(first.size)
    correlation = (first.astype(int) @ first.T.astype(int))[~np.eye(40, dtype=bool)] / 500
    assert abs(correlation).max() < 5.5 / np.sqrt(500)
    assert (matrix(2) != first).mean() == pytest.approx(0.5, abs=0.02)


def test_scores_are_those_of_inference_before_the_update(tiny):
    trainer = DfaTrainer(tiny, initial_weights(tiny))
    generator = np.random.default_rng(0)
    for _ in range(50):
        x, label = random_sequence(tiny, generator)
        before = infer(tiny, trainer.weights, x[None])
        np.testing.assert_array_equal(trainer.train_sequence(x, label).scores, before.scores[0])
    assert not np.array_equal(trainer.weights.readout, initial_weights(tiny).readout)


def test_a_checkpoint_continues_exactly(tiny):
    generator = np.random.default_rng(1)
    sequences = [random_sequence(tiny, generator) for _ in range(40)]
    whole, first = (DfaTrainer(tiny, initial_weights(tiny), Coefficients(100, 50)) for _ in range(2))
    for x, label in sequences:
        whole.train_sequence(x, label)
    for x, label in sequences[:20]:
        first.train_sequence(x, label)
    second = DfaTrainer.from_checkpoint(tiny, first.checkpoint())
    for x, label in sequences[20:]:
        second.train_sequence(x, label)
    for mine, theirs in zip(whole.accumulators, second.accumulators, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(whole.weights.hidden, second.weights.hidden)


@pytest.mark.parametrize("label", [-1, 3])
def test_an_illegal_label_changes_nothing(tiny, label):
    trainer = DfaTrainer(tiny, initial_weights(tiny))
    with pytest.raises(ValueError, match=f"label is {label}; it must be in 0…2"):
        trainer.train_sequence(np.zeros((9, 5), np.uint8), label)
    assert not trainer.accumulators[0].any() and not trainer.accumulators[1].any()
