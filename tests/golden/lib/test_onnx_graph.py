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


def save(path, *changes, **constants):
    """A graph of RNN, Slice, Squeeze and Gemm whose nodes are replaced, by their position, and constants, by name."""
    nodes = [
        helper.make_node("RNN", ["x", "W", "R", "B", "", "h0"], ["y", "h"], hidden_size=HIDDEN),
        helper.make_node("Slice", ["y", "start", "end", "axis"], ["sliced"]),
        helper.make_node("Squeeze", ["sliced", "axes"], ["last"]),
        helper.make_node("Gemm", ["last", "V", "C"], ["o"], transB=1),
    ]
    for position, *others in changes:
        nodes[position : position + 1] = others
    given = {
        "W": W, "R": R, "B": B, "V": V, "C": C, "h0": np.zeros((1, 1, HIDDEN), np.float32), "start": np.array([-1]),
        "end": np.array([2**62]), "axis": np.array([0]), "axes": np.array([0, 1]),
    } | constants  # fmt: skip
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "n", FEATURES])],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, ["n", CLASSES])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in given.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph), path)
    return path


def test_constants_may_be_nodes_and_the_last_step_a_slice(tmp_path):
    value = numpy_helper.from_array(V, "value")
    constant = helper.make_node("Constant", [], ["stored"], value=value)
    scalar = helper.make_node("Constant", [], ["number"], value_float=1.0)
    same = helper.make_node("Identity", ["stored"], ["same"])
    gemm = helper.make_node("Gemm", ["last", "same", ""], ["o"], transB=1)
    found = read_onnx(save(tmp_path / "a.onnx", (3, constant, scalar, same, gemm)))
    np.testing.assert_array_equal(found["readout.weight"], V)
    assert "readout.bias" not in found
    bare = helper.make_node("RNN", ["x", "W", "R"], ["y", "h"], hidden_size=HIDDEN)
    assert not [name for name in read_onnx(save(tmp_path / "b.onnx", (0, bare))) if name.startswith("rnn.bias")]


@pytest.mark.parametrize(
    ("changes", "constants", "said"),
    [
        ([(0, helper.make_node("Cast", ["x"], ["made"], to=1),
           helper.make_node("RNN", ["x", "made", "R"], ["y", "h"], hidden_size=HIDDEN))], {}, "input 1 of its node"),
        ([], {"B": B[:, :-1]}, "the bias of its RNN has shape"),
        ([], {"h0": np.ones((1, 1, HIDDEN), np.float32)}, "begins with a state other than 0"),
        ([(3,)], {}, "0 nodes Gemm or MatMul take what its RNN puts out"),
        ([], {"start": np.array([0])}, "does not take the last step"),
        ([(3, helper.make_node("Gemm", ["last", "V", "C"], ["o"], transA=1, transB=1))], {}, "transposes the states"),
        ([(3, helper.make_node("Gemm", ["last", "V", "C"], ["p"], transB=1),
           helper.make_node("Add", ["p", "C"], ["o"]))], {}, "adds to what the Gemm puts out"),
        ([(3, helper.make_node("Gemm", ["last", "V"], ["p"], transB=1),
           helper.make_node("Add", ["p", "last"], ["o"]))], {}, "adds what is no stored constant"),
    ],
)  # fmt: skip
def test_what_stands_otherwise_is_refused(changes, constants, said, tmp_path):
    with pytest.raises(OnnxError, match=said):
        read_onnx(save(tmp_path / "a.onnx", *changes, **constants))
