"""Names and shapes of PyTorch's state_dicts become the arrays of an import, and other networks are refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.offline.foreign_names import BISTABLE, MIRU, VANILLA, ForeignNetworkError, read_names

RANDOM = np.random.default_rng(2)
RNN = {
    "rnn.weight_ih_l0": RANDOM.normal(size=(7, 5)), "rnn.weight_hh_l0": RANDOM.normal(size=(7, 7)),
    "rnn.bias_ih_l0": RANDOM.normal(size=7), "rnn.bias_hh_l0": RANDOM.normal(size=7),
    "fc.weight": RANDOM.normal(size=(3, 7)), "fc.bias": RANDOM.normal(size=3),
}  # fmt: skip
GATES = {"rnn.beta": np.array(0.75), "rnn.lambda": np.full(7, 0.5)}


def test_a_tanh_layer_is_a_miru_with_open_gates():
    found = read_names(RNN)
    assert found.kind == VANILLA and (found.arrays["reset"], found.arrays["update"]) == (1, 1)
    for ours, theirs in (("input", "rnn.weight_ih_l0"), ("recurrent", "rnn.weight_hh_l0"), ("readout", "fc.weight")):
        np.testing.assert_array_equal(found.arrays[ours], RNN[theirs].T)
    np.testing.assert_allclose(found.arrays["bias"], RNN["rnn.bias_ih_l0"] + RNN["rnn.bias_hh_l0"], atol=1e-15)
    np.testing.assert_array_equal(found.arrays["readout_bias"], RNN["fc.bias"])


def test_a_miru_has_its_gates_and_bistable_cells_their_thresholds():
    found = read_names(RNN | GATES)
    assert found.kind == MIRU and (found.arrays["reset"], found.arrays["update"]) == (0.75, 0.5)
    cells = {"cell.weight_ih": RNN["rnn.weight_ih_l0"], "cell.bias": np.zeros(7), "cell.low": np.full(7, 0.2)}
    cells |= {"cell.high": np.full(7, 0.4), "cell.alpha": np.ones(7), "head.weight": RNN["fc.weight"]}
    found = read_names(cells)
    assert found.kind == BISTABLE and found.arrays.keys() >= {"low", "high", "level", "bias", "readout_bias"}
    assert not found.arrays["readout_bias"].any() and "recurrent" not in found.arrays


def test_arrays_of_our_own_names_stay_as_they_are():
    found = read_names(read_names(RNN).arrays)
    assert found.kind == VANILLA and found.arrays.keys() == read_names(RNN).arrays.keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rnn.weight_hh_l0": np.ones((21, 7)), "rnn.weight_ih_l0": np.ones((21, 5))}, "of the kind GRU.*25.0 %"),
        ({"rnn.weight_hh_l0": np.ones((28, 7)), "rnn.weight_ih_l0": np.ones((28, 5))}, "of the kind LSTM"),
        ({"rnn.weight_ih_l1": np.ones((7, 7))}, "2 recurrent layers"),
        ({"rnn.weight_ih_l0_reverse": np.ones((7, 5))}, "bidirectional"),
        ({"rnn.weight_hr_l0": np.ones((7, 5))}, "projection"),
        ({"rnn.beta": np.array(0.5)}, "rnn.beta stands there without rnn.lambda"),
        (GATES | {"rnn.lambda": np.linspace(0, 1, 7)}, "rnn.lambda differs from unit to unit"),
        (GATES | {"rnn.beta": np.array(1.5)}, "rnn.beta is 1.5"),
        ({"head.weight": np.ones((3, 7))}, r"one linear readout is imported; there is 2 \(fc.weight, head.weight\)"),
        ({"fc.weight": np.ones((3, 8))}, r"the readout of 7 units needs \(classes, 7\)"),
        ({"norm.scale": np.ones(7)}, "norm.scale: belongs to no recurrent layer"),
        ({"rnn.bias_ih_l0": np.ones(6)}, r"rnn.bias_ih_l0 has shape \(6,\)"),
    ],
)
def test_other_networks_are_refused(change, said):
    with pytest.raises(ForeignNetworkError, match=said):
        read_names(RNN | change)
    with pytest.raises(ForeignNetworkError, match="no recurrent layer"):
        read_names({"fc.weight": np.ones((3, 7))})
