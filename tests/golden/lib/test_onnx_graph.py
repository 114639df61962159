"""Graphs of one tanh layer and one linear layer are read; every other is refused with its reason."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from remora.golden.lib.onnx_graph import OnnxError, read_onnx

RANDOM = np.random.default_rng(1)
FEATURES, HIDDEN, CLASSES = 5, 7, 3
W, R, B, V, C = (
    RANDOM.normal(size=shape).astype(np.float32)
    for shape in ((1, HIDDEN, FEATURES), (1, HIDDEN, HIDDEN), (1, 2 * HIDDEN), (CLASSES, HIDDEN), (CLASSES,))
)


def write(path, recurrent="RNN", linear="Gemm", step=-1, before=(), more=None, **attributes):
    """A graph whose readout takes step ``step`` of the layer's output, or its last state where None."""
    from_last = step is None
    picked = [
        helper.make_node("Squeeze", ["y", "one"], ["squeezed"]) if not from_last else None,
        helper.make_node("Gather", ["h" if from_last else "squeezed", "step"], ["last"], axis=0),
    ]
    if linear == "Gemm":
        end = [helper.make_node("Gemm", ["last", "V", "C"], ["o"], transB=1, alpha=2.0)]
    else:
        end = [helper.make_node("MatMul", ["last", "VT"], ["p"]), helper.make_node("Add", ["p", "C"], ["o"])]
    cell = helper.make_node(
        recurrent, ["z" if before else "x", "W", "R", "B"], ["y", "h"], hidden_size=HIDDEN, **attributes
    )
    nodes = [*before, cell, *filter(None, picked), *end, *([more] if more else [])]
    constants = {"W": W, "R": R, "B": B, "V": V, "VT": V.T.copy(), "C": C, "one": np.array([1])}
    constants["step"] = np.array(0 if from_last else step)
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "n", FEATURES])],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, ["n", CLASSES])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph), path)
    return path


@pytest.mark.parametrize(("linear", "step"), [("Gemm", -1), ("Gemm", None), ("MatMul", -1)])
def test_a_network_is_read(tmp_path, linear, step):
    found = read_onnx(write(tmp_path / "a.onnx", linear=linear, step=step))
    scale = 2 if linear == "Gemm" else 1
    expected = {
        "rnn.weight_ih_l0": W[0], "rnn.weight_hh_l0": R[0], "rnn.bias_ih_l0": B[0, :HIDDEN],
        "rnn.bias_hh_l0": B[0, HIDDEN:], "readout.weight": scale * V, "readout.bias": C,
    }  # fmt: skip
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"direction": "reverse"}, "its RNN runs reverse"),
        ({"activations": ["Relu"]}, "activation Relu"),
        ({"clip": 3.0}, "clips or scales"),
        ({"step": 0}, "does not take the last step"),
        ({"before": (helper.make_node("Div", ["x", "C"], ["z"]),)}, "nodes Div, which the accelerator does not"),
        ({"more": helper.make_node("Gemm", ["o", "V"], ["q"])}, "2 linear layers"),
    ],
)
def test_another_graph_is_refused(tmp_path, changes, said):
    with pytest.raises(OnnxError, match=said):
        read_onnx(write(tmp_path / "a.onnx", **changes))


def test_a_gated_layer_gives_its_weights_for_the_refusal(tmp_path):
    assert read_onnx(write(tmp_path / "a.onnx", "GRU")).keys() == {"gru.weight_ih_l0", "gru.weight_hh_l0"}
