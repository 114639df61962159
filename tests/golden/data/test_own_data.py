"""A user's own `.npz` file: sequences of many lengths, a split of its own, and one clear line for everything else."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.data.load import DataError, load
from remora.golden.data.own_data import load_own
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import accuracy, train
from remora.spec.lib.rng import Purpose, permutation
from tests.golden.designs import DESIGNS, make_design

TINY = DESIGNS["tiny"]


def test_npz_of_a_user(tmp_path):
    x, y = np.random.default_rng(1).integers(0, 256, (50, 4, 5)).astype(np.uint8), np.arange(50, dtype=np.uint8) % 3
    np.savez(tmp_path / "mine.npz", x=x, y=y)
    data, test = load_own(tmp_path / "mine.npz", TINY)
    assert test is None
    np.testing.assert_array_equal(data.x, x)
    assert data.y.dtype == np.int64
    train, test = load(TINY, tmp_path / "mine.npz", test=8)
    assert (len(train), len(test)) == (40, 8)
    np.testing.assert_array_equal(test.x, x[4::5][:8])
    assert load(TINY, str(tmp_path / "mine.npz"))[0].x.shape == (40, 4, 5)


X, Y = np.zeros((6, 9, 5), np.uint8), np.zeros(6, int)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": X}, "has no array 'y'; it holds x"),
        ({}, "has no array 'x'; it holds nothing"),
        ({"x": X.astype(float), "y": Y}, "x is float64; with network.feature_signed = False it must be uint8"),
        ({"x": X.astype(np.int8), "y": Y}, "x is int8"),
        ({"x": X[0], "y": Y}, r"x has shape \(9, 5\)"),
        ({"x": X[:0], "y": Y[:0]}, "at least one sequence"),
        ({"x": X, "y": Y[:5]}, "expected 6 integer labels"),
        ({"x": X, "y": Y.astype(float)}, "y is float64"),
        ({"x": X[:, :, :4], "y": Y}, "4 features a step, but network.features is 5"),
        ({"x": np.zeros((6, 10, 5), np.uint8), "y": Y}, "10 steps, but network.max_steps is 9"),
        ({"x": X[:, :0], "y": Y}, "0 steps"),
        ({"x": X, "y": Y + 3}, "labels span 3…3, but network.classes allows 0…2"),
        ({"x": X, "y": Y - 1}, "labels span -1…-1"),
        ({"x": np.array([None]), "y": Y}, "not a .npz file of plain arrays"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, content, message):
    np.savez(tmp_path / "mine.npz", **content)
    with pytest.raises(DataError, match=message) as caught:
        load_own(tmp_path / "mine.npz", TINY)
    assert "mine.npz" in str(caught.value)


def test_files_that_are_no_npz_are_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist; give 'mnist', 'synthetic' or the path"):
        load(TINY, "mnsit")
    whole = tmp_path / "whole.npz"
    np.savez(whole, x=X, y=Y)
    for name, content in (("cut.npz", whole.read_bytes()[:300]), ("text.npz", b"hello"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name} is truncated or not a .npz file"):
            load_own(tmp_path / name, TINY)
    np.save(tmp_path / "single.npy", X)
    with pytest.raises(DataError, match="not a .npz"):
        load_own(tmp_path / "single.npy", TINY)
    with pytest.raises(DataError):
        load_own(tmp_path, TINY)


# Lengths and splits ---------------------------------------------------------------------------------------------------
RANDOM = np.random.default_rng(2)
FULL = RANDOM.integers(0, 256, (12, 9, 5)).astype(np.uint8)
LABELS, LENGTHS = np.arange(12) % 3, 1 + np.arange(12) % 9
SPLIT = np.where(np.arange(12) < 4, "test", "train")


def own(tmp_path, **content):
    np.savez(tmp_path / "mine.npz", **content)
    return tmp_path / "mine.npz"


def test_sequences_may_differ_in_length(tmp_path):
    data, _ = load_own(own(tmp_path, x=FULL, y=LABELS, lengths=LENGTHS.astype(">u2")), TINY)
    assert data.steps.tolist() == LENGTHS.tolist()
    for index, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(data.sequence(index), FULL[index, :length])
        assert not data.x[index, length:].any()
    assert data.first(3).steps.tolist() == [1, 2, 3] and data.where(LABELS == 1).steps.tolist() == [2, 5, 8, 2]


def test_a_file_may_bring_its_own_split(tmp_path):
    for split in (SPLIT, SPLIT.astype("S5")):
        train_set, test_set = load(TINY, own(tmp_path, x=FULL, y=LABELS, split=split, lengths=LENGTHS), test=3)
        np.testing.assert_array_equal(train_set.y, LABELS[4:])
        assert len(train_set) == 8 and test_set.steps.tolist() == [1, 2, 3]
    parts = {"x_train": FULL[4:], "y_train": LABELS[4:], "x_test": FULL[:4, :6], "y_test": LABELS[:4]}
    train_set, test_set = load(TINY, own(tmp_path, **parts))
    np.testing.assert_array_equal(train_set.x, FULL[4:])
    assert test_set.steps.tolist() == [6] * 4 and train_set.steps.tolist() == [9] * 8
    np.testing.assert_array_equal(test_set.sequence(1), FULL[1, :6])
    path = own(tmp_path, **parts, lengths_test=np.array([1, 2, 3, 6]))
    assert load(TINY, path)[1].steps.tolist() == [1, 2, 3, 6]
    same = parts | {"x_test": FULL[:4]}
    whole, test = load_own(own(tmp_path, **same), TINY)
    assert whole.lengths is None and test.tolist() == [False] * 8 + [True] * 4


def test_without_a_split_every_fifth_sequence_is_for_testing(tmp_path):
    train_set, test_set = load(TINY, own(tmp_path, x=FULL, y=LABELS, lengths=LENGTHS))
    assert test_set.steps.tolist() == [5, 1] and len(train_set) == 10


@pytest.mark.parametrize(
    "arrange",
    [np.asfortranarray, lambda array: np.repeat(array, 2, axis=0)[::2], lambda array: array[:, ::-1, :][:, ::-1, :]],
    ids=["columns first", "every second", "reversed twice"],
)
def test_the_order_in_memory_does_not_matter(tmp_path, arrange):
    train_set, _ = load(TINY, own(tmp_path, x=arrange(FULL), y=LABELS.astype(">i8")))
    assert train_set.x.flags.c_contiguous and train_set.y.dtype == np.int64
    np.testing.assert_array_equal(train_set.x, FULL[np.arange(12) % 5 != 4])


GOOD = {"x": FULL, "y": LABELS, "lengths": LENGTHS, "split": SPLIT}
PARTS = {"x_train": FULL, "y_train": LABELS, "x_test": FULL, "y_test": LABELS}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD | {"lengths": LENGTHS[:5]}, r"lengths is int64 of shape \(5,\); expected 12 whole numbers"),
        (GOOD | {"lengths": LENGTHS * 1.0}, "lengths is float64"),
        (GOOD | {"lengths": np.full(12, np.nan)}, "lengths is float64"),
        (GOOD | {"lengths": LENGTHS - 1}, "lengths span 0…8; legal is 1…9"),
        (GOOD | {"lengths": LENGTHS + 1}, "lengths span 2…10; legal is 1…9"),
        (GOOD | {"split": SPLIT[:4]}, "split is <U5 of shape"),
        (GOOD | {"split": LABELS}, "split is int64 of shape .* expected 12 strings, 'train' or 'test'"),
        (GOOD | {"split": np.full(12, "valid")}, "split holds 'valid'; legal are 'train' and 'test'"),
        (GOOD | {"split": np.full(12, b"\xfftest")}, "split holds .*; legal are"),
        (GOOD | {"split": np.full(12, "test")}, "split marks all sequences 'test'"),
        (GOOD | {"x_train": FULL}, "holds x, y, lengths, split and x_train: give one form or the other"),
        ({name: PARTS[name] for name in ("x_train", "y_train", "x_test")}, "has no array 'y_test'; it holds x_train"),
        ({name: PARTS[name] for name in ("x_train", "y_train")}, "has no array 'x_test'"),
        (PARTS | {"y_test": LABELS[:3]}, "mine.npz, test: y is int64 of shape"),
        (PARTS | {"lengths_train": LENGTHS * 0}, "mine.npz, train: lengths span 0…0"),
        ({"x": FULL, "y": LABELS, "length": LENGTHS}, "holds an array 'length': call it 'lengths'"),
        ({"x": FULL, "Y": LABELS}, "holds an array 'Y': call it 'y'"),
        ({"X_train": FULL}, "call it 'x_train'"),
        ({"x": FULL[:4], "y": LABELS[:4]}, "4 sequences are too few to split .* or an array 'split'"),
        ({"x": FULL, "y": LABELS > 0}, "y is bool"),
        ({"x": FULL, "y": LABELS.astype("M8[s]")}, "y is datetime64"),
        ({"x": FULL, "y": np.full(12, 2**64 - 1, np.uint64)}, "labels span 18446744073709551615"),
        ({"x": np.float32(3), "y": LABELS}, r"x has shape \(\)"),
        ({"x": np.zeros((12, 9, 5), "u1,u1"), "y": LABELS}, "x is .* it must be uint8"),
        ({"x": FULL.astype(complex), "y": LABELS}, "x is complex128"),
        ({"x": np.full(FULL.shape, np.nan), "y": LABELS}, "x is float64"),
    ],
)
def test_odd_content_ends_in_one_line_that_names_the_file(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as caught:
        load(TINY, own(tmp_path, **content))
    assert "mine.npz" in str(caught.value) and "\n" not in str(caught.value)


def test_arrays_of_other_names_are_ignored(tmp_path):
    assert len(load(TINY, own(tmp_path, x=FULL, y=LABELS, words=np.array(["a"]), made=3))[0]) == 10


def test_a_member_that_is_no_array_is_named(tmp_path):
    path = own(tmp_path, x=FULL)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y", "0 1 2")
    with pytest.raises(DataError, match="not a .npz file of plain arrays: it holds a file 'y'"):
        load_own(path, TINY)


# All the way through golden -------------------------------------------------------------------------------------------
def test_learning_and_deciding_end_where_a_sequence_ends(tmp_path):
    """What the file holds beyond a sequence's end bears on nothing."""
    found = []
    for beyond in (FULL, np.where(np.arange(9)[:, None] < LENGTHS[:, None, None], FULL, 7)):
        data, _ = load_own(own(tmp_path, x=beyond.astype(np.uint8), y=LABELS, lengths=LENGTHS), TINY)
        trainer = ReplayTrainer(TINY, random_weights(TINY, 2))
        (result,) = train(trainer, data, 1, data)
        found.append((result, trainer.weights.hidden.tolist()))
    by_hand = ReplayTrainer(TINY, random_weights(TINY, 2))
    for index in permutation(TINY.learning.seed, Purpose.SHUFFLE, len(data), 1).tolist():
        by_hand.train_sequence(FULL[index, : LENGTHS[index]], int(LABELS[index]))
    assert found[0] == found[1] and result.pulses_applied > 0 and by_hand.weights.hidden.tolist() == found[0][1]
    weights = trainer.weights
    alone = [
        int(infer(TINY, weights, FULL[index : index + 1, :length]).decision[0]) for index, length in enumerate(LENGTHS)
    ]
    assert accuracy(TINY, weights, data) == np.mean(np.array(alone) == LABELS)
    cut = accuracy(TINY, weights, load_own(own(tmp_path, x=FULL, y=LABELS), TINY)[0])
    decided = infer(TINY, weights, FULL).decision
    assert cut == np.mean(decided == LABELS) and decided.tolist() != alone


SIGNED = make_design(network={"features": 2, "hidden": 3, "classes": 2, "max_steps": 4, "feature_signed": True})


def test_signed_features_may_differ_in_length_too(tmp_path):
    x = np.full((6, 4, 2), -128, np.int8)
    data, _ = load_own(own(tmp_path, x=x, y=np.arange(6) % 2, lengths=np.array([1, 2, 3, 4, 1, 4])), SIGNED)
    assert data.x.dtype == np.int8 and data.x[1].tolist() == [[-128, -128]] * 2 + [[0, 0]] * 2


def test_the_example_of_the_document_is_such_a_file(tmp_path, monkeypatch):
    text = (Path(__file__).parents[3] / "docs" / "how-to" / "own-data.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    train_set, test_set = load(TINY, "own.npz")
    assert (len(train_set), len(test_set)) == (240, 60) and set(test_set.steps.tolist()) == set(range(1, 10))
