"""Sequences from digits, synthetic patterns and a user's files, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.miru import check_features
from remora.golden.data.idx import DATA_VARIABLE, EXCERPT, load_mnist
from remora.golden.data.load import DataError, SequenceSet, load, load_test, permuted, row_wise, synthetic
from tests.golden.designs import DESIGNS, make_design

MNIST, TINY = DESIGNS["mnist"], DESIGNS["tiny"]


@pytest.fixture(autouse=True)
def bundled_digits(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def test_every_design_gets_data_that_fits(design):
    train, test = load(design, train=20, test=7)
    assert (len(train), len(test)) == (20, 7)
    for part in (train, test):
        check_features(design, part.x)
        assert 0 <= part.y.min() and part.y.max() < design.network.classes and part.y.dtype == np.int64


def test_auto_takes_digits_where_they_fit():
    images, labels = load_mnist("train")
    train, test = load(MNIST)
    np.testing.assert_array_equal(train.x, images)
    np.testing.assert_array_equal(train.y, labels)
    assert len(test) == 1000
    assert load(TINY)[0].x.shape == (1000, 9, 5)


@pytest.mark.parametrize(("design", "data"), [(MNIST, "mnist"), (TINY, "synthetic")], ids=["mnist", "synthetic"])
def test_test_sequences_come_alone(design, data):
    wanted, found = load(design, data)[1], load_test(design, data)
    np.testing.assert_array_equal(found.x, wanted.x)
    np.testing.assert_array_equal(found.y, wanted.y)


def test_test_sequences_need_no_training_images(monkeypatch, tmp_path):
    (tmp_path / "mnist").mkdir()
    for path in EXCERPT.glob("t10k-*"):
        (tmp_path / "mnist" / path.name).symlink_to(path)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    assert len(load_test(MNIST, "mnist")) == 1000
    with pytest.raises(DataError, match="train-images"):
        load(MNIST, "mnist")


def test_rows_are_steps():
    images, _ = load_mnist("test")
    x = row_wise(images)
    assert x.shape == (1000, 28, 28)
    np.testing.assert_array_equal(x[3, 10], images[3, 10, :])


def test_permutations_are_fixed_bijections_of_the_pixels():
    images = np.arange(2 * 6, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(permuted(images, 0, 1), images)
    big, _ = load_mnist("test")
    first, again, other_task, other_seed = (permuted(big[:9], *choice) for choice in ((1, 1), (1, 1), (2, 1), (1, 2)))
    np.testing.assert_array_equal(first, again)
    for other in (big[:9], other_task, other_seed):
        assert not np.array_equal(first, other)
    np.testing.assert_array_equal(np.sort(first.reshape(9, -1)), np.sort(big[:9].reshape(9, -1)))
    pixels = np.arange(784, dtype=np.int64).reshape(1, 28, 28)
    assert sorted(permuted(pixels, 3, 1).ravel().tolist()) == list(range(784))


def test_load_permutes_both_sets_alike():
    plain, moved = load(MNIST, "mnist", test=50), load(MNIST, "mnist", test=50, task=2)
    pixels = permuted(np.arange(784).reshape(1, 28, 28), 2, MNIST.learning.seed).ravel()
    for before, after in zip(plain, moved, strict=True):
        np.testing.assert_array_equal(before.x.reshape(len(before), -1)[:, pixels], after.x.reshape(len(after), -1))


def test_synthetic_sets_are_repeatable_and_disjoint():
    first, again, other = synthetic(TINY, 30, 1), synthetic(TINY, 30, 1), synthetic(TINY, 30, 2)
    np.testing.assert_array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    train, test = load(TINY, "synthetic", train=30, test=20)
    np.testing.assert_array_equal(train.x, first.x)
    assert not {x.tobytes() for x in train.x} & {x.tobytes() for x in test.x}
    np.testing.assert_array_equal(test.x, synthetic(TINY, 50, 1).x[30:])


def test_synthetic_classes_are_told_apart_by_their_means():
    data = synthetic(TINY, 600, 1)
    x = data.x.reshape(600, -1).astype(float)
    means = np.array([x[data.y == label].mean(axis=0) for label in range(3)])
    nearest = ((x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == data.y).mean() > 0.95
    assert np.bincount(data.y).min() > 150


def test_digits_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="28 features a step, but network.features is 5"):
        load(TINY, "mnist")
    with pytest.raises(DataError, match="28 steps, but network.max_steps is 27"):
        load(make_design(network={"max_steps": 27}), "mnist")
    with pytest.raises(DataError, match="allows 0…8"):
        load(make_design(network={"classes": 9}), "mnist")


def test_digits_become_signed_where_the_design_is():
    signed = make_design(network={"feature_signed": True})
    train, _ = load(signed, "mnist", train=10)
    np.testing.assert_array_equal(train.x, load(MNIST, "mnist", train=10)[0].x >> 1)
    assert train.x.dtype == np.int8 and train.x.max() == 127


@pytest.mark.parametrize("count", [0, -1, 7])
def test_more_than_there_are_is_refused(count):
    with pytest.raises(DataError, match=f"{count} sequences asked for; the set holds 6"):
        SequenceSet(np.zeros((6, 9, 5), np.uint8), np.zeros(6, int)).first(count)
