"""Offline training of bistable cells: gradients, learning, and codes that do what the float network does."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.inference import infer
from remora.golden.data.load import load
from remora.golden.offline.bistable_export import fold_levels, limit_tail, quantise
from remora.golden.offline.bistable_training import BistableModel, Schedule, train_bistable, tune_codes
from remora.golden.offline.bmru_gradient import Setting
from tests.golden.designs import make_design

DESIGN = make_design(
    network={"features": 6, "hidden": 24, "classes": 4, "max_steps": 7}, cell={"kind": "bmru"}, crossbar={"rows": 19}
)


@pytest.fixture(scope="module")
def data():
    return load(DESIGN, "synthetic")


def some_model(dtype: type) -> BistableModel:
    """Parameters away from their start, levels included."""
    generator, model = np.random.default_rng(1), BistableModel.initial(DESIGN)
    for name, array in model.parameters.items():
        model.parameters[name] = array.astype(dtype) + 0.05 * generator.random(array.shape).astype(dtype)
    return model


@pytest.mark.parametrize("lengths", [None, np.array([1, 7, 3, 6, 2])], ids=["one length", "many"])
@pytest.mark.parametrize("epsilon", [0.0, 0.4, 1.0])
def test_gradients_against_finite_differences_of_the_smooth_form(epsilon, lengths):
    model, generator = some_model(np.float64), np.random.default_rng(2)
    x, y = generator.random((7, 5, 6)), generator.integers(0, 4, 5)
    setting = Setting(epsilon, smooth=True)
    _, gradient = model.loss_and_gradient(x, y, setting, lengths)
    compared = 0
    for name, array in model.parameters.items():
        for index in generator.choice(array.size, min(8, array.size), replace=False):
            kept, losses = array.flat[index], []
            for step in (1e-6, -1e-6):
                array.flat[index] = kept + step
                losses.append(model.loss_and_gradient(x, y, setting, lengths)[0])
            array.flat[index] = kept
            assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(gradient[name].flat[index], rel=1e-4, abs=1e-8), name
            compared += 1
    assert compared > 30


def test_what_lies_beyond_a_sequence_bears_on_nothing():
    model, generator = some_model(np.float64), np.random.default_rng(4)
    lengths, setting = np.array([1, 7, 3, 6]), Setting(0.5)
    bytes_in = generator.integers(0, 256, (4, 7, 6)).astype(np.uint8)
    other = np.where(np.arange(7)[:, None] < lengths[:, None, None], bytes_in, 255).astype(np.uint8)
    np.testing.assert_array_equal(model.scores(bytes_in, lengths), model.scores(other, lengths))
    for index, length in enumerate(lengths):
        alone = model.scores(bytes_in[index : index + 1, :length])[0]
        np.testing.assert_allclose(model.scores(bytes_in, lengths)[index], alone)
    pair = [
        model.loss_and_gradient(x.transpose(1, 0, 2) / 256, np.arange(4), setting, lengths) for x in (bytes_in, other)
    ]
    assert pair[0][0] == pair[1][0]
    for name in model.parameters:
        np.testing.assert_array_equal(pair[0][1][name], pair[1][1][name])
    assert model.loss_and_gradient(other.transpose(1, 0, 2) / 256, np.arange(4), setting)[0] != pair[1][0]


def test_gradient_goes_the_way_of_the_surrogate_where_steps_are_hard():
    """Finite and not all zero, for silenced candidates too."""
    model = some_model(np.float32)
    model.parameters["hidden"] -= 5
    x = np.random.default_rng(3).random((7, 5, 6)).astype(np.float32)
    _, gradient = model.loss_and_gradient(x, np.zeros(5, int), Setting(0.5))
    assert all(np.isfinite(array).all() for array in gradient.values())
    assert np.abs(gradient["hidden"]).max() > 0


def test_scores_are_those_of_the_loss():
    model, data = some_model(np.float32), load(DESIGN, "synthetic")[1].first(20)
    shifted = model.scores(data.x) - model.scores(data.x).max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    x = (data.x / 256).astype(np.float32).transpose(1, 0, 2)
    loss, _ = model.loss_and_gradient(x, data.y, Setting())
    assert loss == pytest.approx(-log[np.arange(20), data.y].mean(), rel=1e-5)


def test_it_learns_and_the_codes_are_within_a_point(data):
    training, test = data
    schedule = Schedule(passes=25, batch=25)
    models = list(train_bistable(DESIGN, training, schedule))
    model = models[-1]
    reached = model.accuracy(test)
    weights = list(tune_codes(model, training, schedule))[-1]
    codes = float(np.mean(infer(DESIGN, weights, test.x).decision == test.y))
    assert len(models) == 25 and reached > 0.9
    assert codes > reached - 0.01


def test_the_same_seed_trains_the_same(data):
    training = data[0].first(60)
    first, second = (
        list(tune_codes(list(train_bistable(DESIGN, training, s))[-1], training, s))[-1]
        for s in [Schedule(passes=2, batch=20)] * 2
    )
    for name in ("hidden", "readout", "thresholds"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_codes_mean_what_quantise_says(data):
    """The float network of the codes' meaning decides as the codes do: its sums and thresholds are the same numbers.

    Rule H3.
    """
    model, x = some_model(np.float32), data[1].first(100).x
    fold_levels(model.parameters)
    weights, seen = quantise(DESIGN, model.parameters)
    agrees = BistableModel(DESIGN, seen).scores(x).argmax(axis=1) == infer(DESIGN, weights, x).decision
    assert agrees.mean() > 0.97  # single precision at a threshold may fall either side
    assert np.abs(weights.hidden).max(axis=0).min() == DESIGN.crossbar.weight_limit


def test_cells_at_rest_hold_with_a_margin(data):
    training = data[0].first(100)
    p = list(train_bistable(DESIGN, training, Schedule(passes=4, batch=20)))[-1].parameters
    position = (p["hidden"][-1] - p["low"]) / np.maximum(p["hysteresis"], 1e-9)
    assert (0.249 <= position).all() and (position <= 0.751).all() and position.min() < position.max()
    assert all((p[part] >= 0).all() for part in ("low", "hysteresis", "level"))


def test_levels_must_be_folded_and_folding_changes_nothing(data):
    model, x = some_model(np.float32), data[1].first(50).x
    with pytest.raises(ValueError, match="fold the cells' levels"):
        quantise(DESIGN, model.parameters)
    before = model.scores(x)
    fold_levels(model.parameters)
    np.testing.assert_allclose(model.scores(x), before, rtol=1e-4, atol=1e-5)


def test_weights_that_are_all_zero_are_exported():
    model = BistableModel.initial(DESIGN)
    model.parameters["readout"][:] = 0
    model.parameters["hidden"][:, 3] = 0
    limit_tail(model.parameters)
    weights, seen = quantise(DESIGN, model.parameters)
    assert not weights.readout.any() and not weights.hidden[:, 3].any()
    assert all(np.isfinite(array).all() for array in seen.values())
