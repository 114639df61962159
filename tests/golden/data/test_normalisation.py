"""Normalisation of features: per clip, and running, which may not look ahead."""

from __future__ import annotations

import numpy as np

from remora.golden.data.normalisation import ClipNormaliser, RunningNormaliser, fit_normaliser, normaliser_of

X = np.random.default_rng(0).normal(5, 3, (4, 50, 2))


def test_per_clip_each_coefficient_has_mean_zero_and_deviation_one():
    found = ClipNormaliser().run(X)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=1), 1)
    assert not ClipNormaliser().run(np.full((1, 9, 2), 7)).any()


def test_running_does_what_its_recursion_says():
    normaliser = RunningNormaliser(np.array([4.0, 1.0]), shift=2)
    found = normaliser.run(X)
    for clip, expected in zip(X, found, strict=True):
        for lane in range(2):
            mean, variance = clip[0, lane], normaliser.variance[lane]
            for value, one in zip(clip[:, lane], expected[:, lane], strict=True):
                mean += (value - mean) / 4
                variance += ((value - mean) ** 2 - variance) / 4
                assert abs(one - (value - mean) / np.sqrt(variance)) < 1e-12


def test_running_does_not_look_ahead():
    normaliser = fit_normaliser("running", X)
    changed = X.copy()
    changed[:, 30:] += 100
    before, after = normaliser.run(X), normaliser.run(changed)
    np.testing.assert_array_equal(before[:, :30], after[:, :30])
    assert np.abs(before[:, 30] - after[:, 30]).min() > 1


def test_running_starts_from_the_training_statistics():
    normaliser = fit_normaliser("running", X)
    np.testing.assert_allclose(normaliser.variance, X.var(axis=1).mean(axis=0))
    # The level of a clip is in the mean from its first frame on.
    np.testing.assert_allclose(normaliser.run(X), normaliser.run(X + 1000))


def test_metadata_give_the_normaliser_back():
    normaliser = fit_normaliser("running", X)
    np.testing.assert_array_equal(normaliser_of(normaliser.metadata()).run(X), normaliser.run(X))
    assert isinstance(normaliser_of(ClipNormaliser().metadata()), ClipNormaliser)
    assert isinstance(normaliser_of({}), ClipNormaliser)
