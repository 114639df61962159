"""Calibration agrees with the float network at least as often as plain rounding, and compensation keeps sums."""

from __future__ import annotations

import numpy as np

from remora.golden.crossbar.inference import infer
from remora.golden.data.load import load
from remora.golden.offline.calibration import calibrate, compensated
from remora.golden.offline.float_run import float_model, float_scores
from remora.golden.offline.layer_report import BINS, report_layers
from remora.spec.crossbar.layout import Layer
from tests.golden.designs import DESIGNS

DESIGN = DESIGNS["tiny"]


def network(scale: float) -> dict:
    random, sizes = np.random.default_rng(3), DESIGN.network
    shapes = {"input": (sizes.features, sizes.hidden), "recurrent": (sizes.hidden, sizes.hidden)}
    shapes |= {"bias": (sizes.hidden,), "readout": (sizes.hidden, sizes.classes), "readout_bias": (sizes.classes,)}
    arrays = {name: random.normal(0, 0.7, shape) for name, shape in shapes.items()}
    gates = {"reset": 0.75, "update": 0.5}
    return arrays | gates | {name: arrays[name] * scale for name in ("readout", "readout_bias")}


def test_too_large_scores_are_scaled_to_the_converter():
    arrays = network(8.0)
    training, test = load(DESIGN, "synthetic")
    found = calibrate(DESIGN, arrays, training.first(200), {"from": "elsewhere"})
    model = float_model(DESIGN, arrays)
    wanted = float_scores(DESIGN, model, test).argmax(axis=1)
    agreement = [
        np.mean(infer(DESIGN, one.weights, test.x, None, one.coefficients).decision == wanted)
        for one in (found.plain, found.best)
    ]
    assert agreement[1] > 0.9 and agreement[1] > agreement[0] + 0.05
    assert found.chosen.scale < 1 and found.chosen.agreement == max(trial.agreement for trial in found.trials)
    assert len(found.trials) == 17 and {trial.compensated for trial in found.trials} == {True, False}
    assert found.best.metadata["from"] == "elsewhere" and found.best.metadata["calibration"]["sequences"] == 200

    hidden, readout = report_layers(DESIGN, model, found.best, test.first(50), found.chosen.scale)
    assert hidden.compared == 50 * test.x.shape[1] * DESIGN.network.hidden
    assert readout.compared == 50 * DESIGN.network.classes
    for layer in (hidden, readout):
        assert layer.correlation > 0.98 and len(layer.codes) == BINS
        assert np.isclose(layer.codes.sum(), 1) and np.isclose(layer.real.sum(), 1)
    plain = report_layers(DESIGN, model, found.plain, test.first(50), 1.0)[1]
    assert plain.saturated > readout.saturated


def test_what_lies_beyond_a_sequences_end_changes_nothing():
    data = load(DESIGN, "synthetic")[1].first(6)
    lengths = np.array([1, 2, 3, 4, 5, 6])
    short = type(data)(data.x, data.y, lengths)
    model = float_model(DESIGN, network(1.0))
    scores = float_scores(DESIGN, model, short)
    for number, length in enumerate(lengths):
        alone = type(data)(data.x[number : number + 1, :length], data.y[number : number + 1])
        np.testing.assert_allclose(float_scores(DESIGN, model, alone)[0], scores[number], atol=1e-12)


def test_compensated_rounding_gives_whole_levels_and_closer_sums():
    random = np.random.default_rng(4)
    rows, columns = DESIGN.hidden_rows, DESIGN.network.hidden
    sent = random.normal(0.4, 0.3, (500, 3)) @ random.normal(0, 1, (3, rows)) + random.normal(0, 0.05, (500, rows))
    sent[:, -1] = 1
    weights = random.normal(0, 0.3, (rows, columns))
    level = 2.0**-DESIGN.crossbar.level_bits
    found = compensated(DESIGN, Layer.HIDDEN, weights, sent.T @ sent / len(sent))
    np.testing.assert_array_equal(np.rint(found[:-1] / level) * level, found[:-1])
    nearest = np.rint(weights / level) * level
    errors = [np.sqrt(np.mean((sent @ (rounded - weights)) ** 2)) for rounded in (found, nearest)]
    assert errors[0] < 0.8 * errors[1]
