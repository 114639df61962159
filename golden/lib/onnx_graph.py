"""The arrays of an ONNX graph of one tanh recurrent layer and one linear layer, by PyTorch's names.

    RNN   h_t = tanh(x_t Wᵀ + h_{t-1} Rᵀ + W_b + R_b)      Gemm   o = α A' B' + β C, or MatMul and Add

Source: the operators' pages of ONNX; what `torch.onnx.export` makes of `torch.nn.RNN` was the pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.files import naming

GATED = ("GRU", "LSTM")
PASSIVE = (
    "Cast", "Concat", "Constant", "ConstantOfShape", "Dropout", "Expand", "Flatten", "Gather", "Identity", "Reshape",
    "Shape", "Slice", "Squeeze", "Transpose", "Unsqueeze",
)  # fmt: skip
"""Operators that move or shape numbers and compute none."""
AFTER = ("ArgMax", "LogSoftmax", "Softmax")
"""Operators behind the readout that leave the decision as it is."""
COMPUTING = ("RNN", "Gemm", "MatMul", "Add")


class OnnxError(ValueError):
    """The graph is no network that can be imported; the message says which node, why and what to do, not which file."""


def read_onnx(path: Path) -> dict[str, NDArray]:
    """``rnn.weight_ih_l0``, ``rnn.weight_hh_l0``, ``rnn.bias_ih_l0``, ``rnn.bias_hh_l0``, ``readout.weight`` and
    ``readout.bias`` of a graph, shaped as PyTorch has them.

    A graph with a GRU or an LSTM gives their weights by PyTorch's names, of which the caller says why they are refused.

    Raises:
        OnnxError: the file is damaged, or its graph is another one.
        OSError: it cannot be read; the error names it.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        with naming(path):
            graph = onnx.load(path).graph
    except (DecodeError, onnx.checker.ValidationError, ValueError, KeyError) as error:
        raise OnnxError(f"truncated or no ONNX file: {error}") from error
    return _Graph(graph).network()


class _Graph:
    """A graph, its constants by name, and who makes and who takes each value."""

    def __init__(self, graph: Any) -> None:
        from onnx import helper, numpy_helper

        self.constants: dict[str, NDArray] = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self.nodes = list(graph.node)
        self.attributes: list[Mapping[str, Any]] = []
        for node in self.nodes:
            found = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            self.attributes.append(found)
            if node.op_type == "Constant" and "value" in found:
                self.constants[node.output[0]] = numpy_helper.to_array(found["value"])
            elif node.op_type == "Constant" and found:
                self.constants[node.output[0]] = np.asarray(next(iter(found.values())))
            elif node.op_type in ("Identity", "Cast") and node.input[0] in self.constants:
                self.constants[node.output[0]] = self.constants[node.input[0]]

    def network(self) -> dict[str, NDArray]:
        """The arrays, when the graph is one that is understood."""
        for gated in GATED:
            if found := self._all(gated):
                return {f"{gated.lower()}.weight_ih_l0": self._constant(found[0], 1)[0],
                        f"{gated.lower()}.weight_hh_l0": self._constant(found[0], 2)[0]}  # fmt: skip
        recurrent = self._all("RNN")
        if len(recurrent) != 1:
            raise OnnxError(
                f"its graph has {len(recurrent)} nodes RNN; one recurrent layer is imported, of one direction, and "
                "what is written out as a loop or unrolled is not recognised: save the state_dict as safetensors"
            )
        known = {*PASSIVE, *AFTER, *COMPUTING}
        if foreign := sorted({node.op_type for node in self.nodes} - known):
            raise OnnxError(
                f"its graph has nodes {', '.join(foreign)}, which the accelerator does not compute; what is imported "
                "is one RNN and one Gemm: fold a scaling of the inputs into the weights, and leave the rest out"
            )
        arrays = self._recurrent(recurrent[0])
        reached, last = self._follow(recurrent[0])
        if not last:
            raise OnnxError("its readout does not take the last step of the sequence, which the accelerator reads out")
        return arrays | self._linear(reached)

    def _all(self, kind: str) -> list[int]:
        return [number for number, node in enumerate(self.nodes) if node.op_type == kind]

    def _constant(self, number: int, position: int) -> NDArray:
        """An input of a node, which must be stored in the file."""
        node = self.nodes[number]
        name = node.input[position] if len(node.input) > position else ""
        if name not in self.constants:
            raise OnnxError(f"input {position} of its node {node.op_type} is computed; it must be a stored constant")
        return self.constants[name]

    def _recurrent(self, number: int) -> dict[str, NDArray]:
        node, found = self.nodes[number], self.attributes[number]
        direction = _text(found.get("direction", "forward"))
        if direction != "forward":
            raise OnnxError(f"its RNN runs {direction}; the accelerator runs forward alone: train such a network")
        names = [_text(each) for each in found.get("activations", ("Tanh",))]
        if [name.lower() for name in names] != ["tanh"]:
            raise OnnxError(f"its RNN has the activation {', '.join(names)}; the cell has tanh: train with tanh")
        if found.get("clip") or found.get("activation_alpha") or found.get("activation_beta"):
            raise OnnxError("its RNN clips or scales its activation; the cell has a plain tanh: train without")
        weight, recurrent = self._constant(number, 1), self._constant(number, 2)
        hidden = weight.shape[1] if weight.ndim == 3 else 0
        arrays = {"rnn.weight_ih_l0": weight[0], "rnn.weight_hh_l0": recurrent[0]}
        if len(node.input) > 3 and node.input[3]:
            bias = self._constant(number, 3)
            if bias.shape != (1, 2 * hidden):
                raise OnnxError(f"the bias of its RNN has shape {bias.shape}; it must be (1, {2 * hidden})")
            arrays |= {"rnn.bias_ih_l0": bias[0, :hidden], "rnn.bias_hh_l0": bias[0, hidden:]}
        if len(node.input) > 5 and self.constants.get(node.input[5], np.zeros(1)).any():
            raise OnnxError("its RNN begins with a state other than 0, which the accelerator always begins with")
        return arrays

    def _follow(self, number: int) -> tuple[int, bool]:
        """The node that computes from the layer's output, and whether that is of the last step."""
        node = self.nodes[number]
        outputs = [*node.output, "", ""]
        taken = [(name, last) for name, last in ((outputs[0], False), (outputs[1], True)) if name]
        found = []
        while taken:
            name, last = taken.pop()
            for following, each in enumerate(self.nodes):
                if name not in each.input:
                    continue
                if each.op_type in ("Gemm", "MatMul"):
                    found.append((following, last))
                elif each.op_type in PASSIVE and each.op_type != "Shape":
                    taken.append((each.output[0], last or self._takes_last(each, self.attributes[following])))
        if len(found) != 1:
            raise OnnxError(
                f"{len(found)} nodes Gemm or MatMul take what its RNN puts out; one readout is imported: "
                "export the network with one linear layer behind the recurrent one"
            )
        return found[0]

    def _takes_last(self, node: Any, attributes: Mapping[str, Any]) -> bool:
        """Whether a node picks the last step of a sequence."""
        inputs = [self.constants.get(name) for name in node.input]
        if node.op_type == "Gather" and inputs[1] is not None:
            return inputs[1].size == 1 and int(inputs[1].reshape(-1)[0]) == -1
        if node.op_type == "Slice" and len(inputs) > 2 and inputs[1] is not None:
            return inputs[1].size == 1 and int(inputs[1].reshape(-1)[0]) == -1
        return False

    def _linear(self, number: int) -> dict[str, NDArray]:
        node, found = self.nodes[number], self.attributes[number]
        weight, bias = self._constant(number, 1), None
        if node.op_type == "Gemm":
            weight = weight * found.get("alpha", 1.0)
            weight = weight if found.get("transB") else weight.T
            if found.get("transA"):
                raise OnnxError("its Gemm transposes the states; export the linear layer with transA = 0")
            if len(node.input) > 2 and node.input[2]:
                bias = self._constant(number, 2) * found.get("beta", 1.0)
        else:
            weight = weight.T
        followers = [each for each in self.nodes if node.output[0] in each.input]
        if followers and followers[0].op_type == "Add":
            if bias is not None:
                raise OnnxError("its graph adds to what the Gemm puts out; export one linear layer")
            added = [self.constants.get(name) for name in followers[0].input if name != node.output[0]]
            if not added or added[0] is None:
                raise OnnxError("its graph adds what is no stored constant to the readout; export one linear layer")
            bias = added[0]
        others = [each for each in self.nodes if each.op_type in ("Gemm", "MatMul")]
        if len(others) > 1:
            raise OnnxError(f"its graph has {len(others)} linear layers; one is imported, behind the recurrent layer")
        return {"readout.weight": weight} | ({} if bias is None else {"readout.bias": np.ravel(bias)})


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
