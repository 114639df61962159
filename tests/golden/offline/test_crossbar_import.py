"""Networks trained elsewhere become the codes that mean the same, and what is no network is refused in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.weights import initial_weights, random_weights
from remora.golden.data.load import load
from remora.golden.offline.crossbar_import import ImportedWeightsError, import_network
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.layout import Layer, bias_word
from tests.golden.designs import DESIGNS, make_design
from tests.golden.offline.float_training import train_float

MIRU = DESIGNS["primes"]
SIZES = {"features": 11, "hidden": 13, "classes": 5, "max_steps": 7}
BISTABLE = make_design(network=SIZES, cell={"kind": "bmru"}, crossbar={"rows": 16})


def arrays_of(design, hidden, readout, thresholds=None):
    """The arrays that float weights make, rows in the order of the crossbars."""
    features = design.network.features
    arrays = {"input": hidden[:features], "bias": hidden[-1], "readout": readout[:-1], "readout_bias": readout[-1]}
    if thresholds is None:
        return arrays | {"recurrent": hidden[features:-1]}
    return arrays | {"low": thresholds[0], "high": thresholds[1]}


def meaning(design, weights):
    """Arrays that weights stand for, exactly."""
    step, word = 2.0**-design.crossbar.level_bits, 1 << design.formats.stream_bits
    hidden, readout = weights.hidden * step, weights.readout * step
    hidden[-1] *= bias_word(design, Layer.HIDDEN) / word
    if not design.capabilities.bistable:  # there a state and the bias are one plane, which stands for 1
        readout[-1] *= bias_word(design, Layer.READOUT) / word
    return arrays_of(design, hidden, readout, None if weights.thresholds is None else weights.thresholds * step / word)


@pytest.mark.parametrize("name", DESIGNS)
def test_what_codes_stand_for_becomes_these_codes(name):
    """Rule H8."""
    design = DESIGNS[name]
    weights = random_weights(design, 3)
    network = import_network(design, meaning(design, weights), {"from": "elsewhere"})
    np.testing.assert_array_equal(network.weights.hidden, weights.hidden)
    np.testing.assert_array_equal(network.weights.readout, weights.readout)
    assert (network.remarks, network.metadata) == ((), {"from": "elsewhere"})
    assert network.coefficients.reset == design.cell.reset_coefficient
    assert network.coefficients.update == design.cell.update_coefficient


def test_bistable_cells_decide_as_the_codes_that_their_numbers_stand_for():
    """Rule H3: each column has a scale of its own, so the codes differ and the decisions do not, with any level α."""
    drawn, x = random_weights(BISTABLE, 4), np.random.default_rng(1).integers(0, 256, (400, 7, 11)).astype(np.uint8)
    # A rectified sum is never below 0, and thresholds of a float network are not either.
    weights = replace(drawn, thresholds=np.maximum(drawn.thresholds, 0))
    weights.hidden[0], weights.readout[0] = BISTABLE.crossbar.weight_limit, BISTABLE.crossbar.weight_limit
    arrays = meaning(BISTABLE, weights)
    level = np.random.default_rng(2).uniform(0.5, 2, 13)
    expected = infer(BISTABLE, weights, x).decision
    whole = import_network(BISTABLE, arrays)
    np.testing.assert_array_equal(whole.weights.hidden, weights.hidden)
    np.testing.assert_array_equal(infer(BISTABLE, whole.weights, x).decision, expected)
    scaled = import_network(BISTABLE, arrays | {"level": level, "readout": arrays["readout"] / level[:, None]})
    np.testing.assert_array_equal(scaled.weights.readout, whole.weights.readout)
    assert len({*expected}) > 2


def test_a_network_that_was_trained_in_floating_point_decides_nearly_the_same():
    """Levels of 1/16 may change close decisions; 0.98 leaves room for these and none for a wrong row or scale."""
    design = DESIGNS["tiny"].evolve(crossbar={"levels": 128}, formats={"adc_range_log2": 3})
    train, test = load(design, "synthetic")
    *_, model = train_float(design, train.first(1000), passes=12)
    network = import_network(design, arrays_of(design, model.hidden, model.readout))
    exact = model.decide(to_float(design, test.x))
    codes = infer(design, network.weights, test.x, coefficients=network.coefficients).decision
    assert np.mean(exact == test.y) > 0.8 and np.mean(exact == codes) > 0.98
    again = FloatModel.of(design, network.weights)
    assert np.abs(again.hidden - model.hidden).max() < 0.6 * 2.0**-design.crossbar.level_bits


def test_gates_come_with_the_network_or_from_the_design_point():
    arrays = meaning(MIRU, initial_weights(MIRU))
    network = import_network(MIRU, arrays | {"reset": 1.0, "update": np.float32(0.25)})
    assert (network.coefficients.reset, network.coefficients.update) == (256, 64)
    assert import_network(MIRU, arrays | {"update": 0}).coefficients.reset == MIRU.cell.reset_coefficient


def test_weights_beyond_the_last_level_are_counted():
    arrays = meaning(MIRU, initial_weights(MIRU))
    arrays["readout"] = arrays["readout"].copy()
    arrays["readout"][:2, 0] = 7, -7
    network = import_network(MIRU, arrays)
    limit = MIRU.crossbar.weight_limit
    assert network.weights.readout[:2, 0].tolist() == [limit, -limit]
    (remark,) = network.remarks
    assert remark.startswith("2 of 70 readout weights lie beyond the last level, which stands for 1.9375, and are")


def without(arrays, name):
    return {key: value for key, value in arrays.items() if key != name}


REFUSED = {
    "missing": (MIRU, lambda a: without(a, "bias"), "^bias: missing; 'test' takes input, bias, recurrent"),
    "superfluous": (MIRU, lambda a: a | {"low": 1}, "^low: no array of 'test', which takes input"),
    "transposed": (MIRU, lambda a: a | {"input": a["input"].T}, r"input has shape \(13, 11\).* \(11, 13\); transpose"),
    "shape": (MIRU, lambda a: a | {"bias": [1.0]}, r"bias has shape \(1,\); the design point needs \(13,\)$"),
    "nan": (MIRU, lambda a: a | {"bias": [np.nan] * 13}, "bias holds nan; a magnitude of up to"),
    "large": (MIRU, lambda a: a | {"readout_bias": [-1e300] * 5}, "readout_bias holds -1e\\+300; a magnitude"),
    "text": (MIRU, lambda a: a | {"bias": ["a"] * 13}, "bias holds no real numbers"),
    "complex": (MIRU, lambda a: a | {"bias": [1j] * 13}, "bias holds no real numbers: complex128"),
    "ragged": (MIRU, lambda a: a | {"input": [[1], [1, 2]]}, "input holds no real numbers"),
    "gate": (MIRU, lambda a: a | {"update": 1.2}, r"update is 1\.2; it must be in 0 … 1"),
    "recurrent": (BISTABLE, lambda a: a | {"recurrent": 1}, "^recurrent: no array of"),
    "order": (BISTABLE, lambda a: a | {"low": a["high"] + 1}, "cell 0 has low .*; legal is 0 <= low <= high"),
    "level": (BISTABLE, lambda a: a | {"level": -np.ones(13)}, "cell 0 has .* level -1; legal"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_network_of_the_design_point_is_refused(case):
    design, change, message = REFUSED[case]
    arrays = meaning(design, initial_weights(design))
    import_network(design, arrays)
    with pytest.raises(ImportedWeightsError, match=message):
        import_network(design, change(arrays))
