"""Names and shapes of other programs' networks, as the arrays of `remora.golden.offline.crossbar_import`.

torch.nn.RNN (tanh)   h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), which is a MiRU of β = 1 and λ = 0
MiRU                  c_t = tanh(W_ih x_t + W_hh (β h_{t-1}) + b)      h_t = λ h_{t-1} + (1 − λ) c_t
bistable              ĥ_t = relu(W_ih x_t + b)      cells with thresholds low and high and level
readout               o = W h_T + b
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.errors import RemoraError

MIRU, VANILLA, BISTABLE = "MiRU", "vanilla tanh layer", "bistable cells"
OWN = ("input", "recurrent", "bias", "readout", "readout_bias", "reset", "update", "low", "high", "level")
"""Names that `remora.golden.offline.crossbar_import.import_network` takes; a file of these is taken as it is."""
GATE_NAMES = {"beta": "beta", "lambda": "lambda", "lambda_": "lambda", "lam": "lambda"}
CELL_NAMES = {"low": "low", "beta_lo": "low", "high": "high", "beta_hi": "high", "level": "level", "alpha": "level"}
LAYER = re.compile(r"^(?:(?P<prefix>.*)\.)?(?P<what>weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(?P<rest>_l\d+\w*)?$")
GATED = {3: "GRU", 4: "LSTM"}
"""Rows of the weights over hidden units → what it is."""
NO_GATES = (
    "its gates are vectors computed from the input at every step, and the MiRU's β and λ are two constants: a GRU of "
    "100 units that decides 97.7 % of row-wise MNIST rightly decides 25.0 % with its gates held at their means; train "
    "a MiRU or a tanh layer instead"
)
"""Measured with a GRU of PyTorch, two passes over 60,000 digits, its gates' means over 2,000 digits, 10,000 test
digits; with means of each unit of its own 33.9 %."""


class ForeignNetworkError(RemoraError):
    """Arrays of another program are no network that can be imported; the message says which, why and what to do."""


@dataclass(frozen=True)
class ForeignNetwork:
    """A network of another program.

    Attributes:
        kind: `MIRU`, `VANILLA` or `BISTABLE`.
        arrays: as `remora.golden.offline.crossbar_import.import_network` takes them.
        names: array there → names in the file, for the record.
    """

    kind: str
    arrays: dict[str, NDArray]
    names: dict[str, str]


def read_names(arrays: Mapping[str, NDArray]) -> ForeignNetwork:
    """Find a recurrent layer and its readout among a file's arrays.

    Args:
        arrays: by name. Either those of `OWN`, shaped as `import_network` says. Or those of a PyTorch state_dict:
            ``P.weight_ih`` (hidden, features), ``P.weight_hh`` (hidden, hidden) and biases (hidden,) ``P.bias_ih``,
            ``P.bias_hh`` or ``P.bias``, each with ``_l0`` or without; ``Q.weight`` (classes, hidden) and ``Q.bias``
            of the readout. A MiRU has ``P.beta`` and ``P.lambda`` besides, a layer of bistable cells ``P.low``,
            ``P.high`` and ``P.level``, and no ``P.weight_hh``. P and Q are any prefixes, or none for P.

    Raises:
        ForeignNetworkError: there is no such network, there are several, or it is of a kind that has no cell here.
    """
    if not arrays.keys() - {*OWN}:
        gates = {"reset", "update"} & arrays.keys()
        kind = BISTABLE if "low" in arrays else MIRU
        vanilla = len(gates) == 2 and all(np.all(np.asarray(arrays[gate]) == 1) for gate in gates)
        return ForeignNetwork(VANILLA if vanilla else kind, dict(arrays), {name: name for name in arrays})
    layer = _the_layer(arrays)
    found, names = _cell(arrays, layer)
    for name, (array, origin) in _readout(arrays, layer, {*names.values()}, len(found["bias"])).items():
        found[name], names[name] = array, origin
    kind = BISTABLE if "low" in found else MIRU if "beta" in names else VANILLA
    taken = {one for origin in names.values() for one in origin.split(" + ")}
    if extra := sorted(arrays.keys() - taken):
        raise ForeignNetworkError(
            f"{', '.join(extra)}: belongs to no recurrent layer and to no readout; what is imported is one recurrent "
            "layer and one linear readout: leave other arrays out of the file, or fold them into these"
        )
    return ForeignNetwork(kind, found, names)


@dataclass(frozen=True)
class _Layer:
    """Prefix of a recurrent layer, with its dot, and what its names end in."""

    prefix: str
    ending: str

    def name(self, what: str) -> str:
        return f"{self.prefix}{what}{self.ending}"


def _the_layer(arrays: Mapping[str, NDArray]) -> _Layer:
    """The recurrent layer, which must be the only one, with one direction and without gates of its own."""
    matches = {name: match for name in arrays if (match := LAYER.match(name))}
    layers = {
        (match["prefix"] or "", match["rest"] or "") for match in matches.values() if match["what"] == "weight_ih"
    }
    if not layers:
        raise ForeignNetworkError(
            f"it holds no recurrent layer: no name ends in weight_ih or weight_ih_l0; it holds {_some(arrays)}. Name "
            "the arrays as torch.nn.RNN and the how-to page on importing have them"
        )
    endings = {rest for _, rest in layers}
    if any(rest.endswith("_reverse") for rest in endings):
        raise ForeignNetworkError("it is bidirectional; the accelerator runs forward alone: train with one direction")
    if len(layers) > 1:
        names = ", ".join(sorted(name for name, match in matches.items() if match["what"] == "weight_ih"))
        raise ForeignNetworkError(
            f"it has {len(layers)} recurrent layers ({names}); the accelerator has one: train a network of one layer"
        )
    prefix, ending = layers.pop()
    layer = _Layer(f"{prefix}." if prefix else "", ending)
    if layer.name("weight_hr") in arrays:
        raise ForeignNetworkError("it is an LSTM with a projection, of which no cell here is: train a MiRU instead")
    _refuse_gated(arrays, layer)
    return layer


def _refuse_gated(arrays: Mapping[str, NDArray], layer: _Layer) -> None:
    name = layer.name("weight_hh")
    recurrent = arrays.get(name)
    if recurrent is None or recurrent.ndim != 2 or not recurrent.shape[1]:
        return
    rows, hidden = recurrent.shape
    if rows != hidden and rows % hidden == 0 and rows // hidden in GATED:
        raise ForeignNetworkError(
            f"{name} has {rows} rows for {hidden} units, so it is of the kind {GATED[rows // hidden]}, which no cell "
            f"here is: {NO_GATES}"
        )


def _cell(arrays: Mapping[str, NDArray], layer: _Layer) -> tuple[dict[str, NDArray], dict[str, str]]:
    """Arrays of the recurrent layer, and what they are called in the file."""
    weight = layer.name("weight_ih")
    inputs = _matrix(arrays, weight)
    names, found = {"input": weight}, {"input": inputs.T}
    biases = [name for what in ("bias_ih", "bias_hh", "bias") if (name := layer.name(what)) in arrays]
    biases += [name for name in (f"{layer.prefix}bias",) if name in arrays and name not in biases]
    wrong = [name for name in biases if arrays[name].shape != inputs.shape[:1]]
    if wrong:
        raise ForeignNetworkError(
            f"{wrong[0]} has shape {arrays[wrong[0]].shape}; {weight} asks for ({inputs.shape[0]},)"
        )
    # In real numbers of 64 bits: the two biases of PyTorch's layer may cancel.
    found["bias"] = np.sum([arrays[name].astype(np.float64) for name in biases], axis=0) + np.zeros(len(inputs))
    if biases:
        names["bias"] = " + ".join(biases)
    own = {
        ours: name
        for theirs, ours in (GATE_NAMES | CELL_NAMES).items()
        if (name := f"{layer.prefix}{theirs}") in arrays
    }
    names |= own
    if {"low", "high"} & own.keys():
        return found | {ours: arrays[name] for ours, name in own.items()}, names
    recurrent = layer.name("weight_hh")
    if recurrent not in arrays:
        raise ForeignNetworkError(f"{recurrent} is missing beside {weight}; a layer without it is not recurrent")
    found["recurrent"], names["recurrent"] = _matrix(arrays, recurrent).T, recurrent
    if len(own) == 1:
        known, lacks = (own.popitem()[1], "lambda") if "beta" in own else (own.popitem()[1], "beta")
        raise ForeignNetworkError(f"{known} stands there without {layer.prefix}{lacks}; a MiRU has both")
    beta = _gate(arrays, own["beta"]) if own else 1.0
    kept = _gate(arrays, own["lambda"]) if own else 0.0
    return found | {"reset": np.asarray(beta), "update": np.asarray(1 - kept)}, names


def _gate(arrays: Mapping[str, NDArray], name: str) -> float:
    """A gate, one number for all units.

    Raises:
        ForeignNetworkError: it differs from unit to unit.
    """
    values = np.ravel(np.asarray(arrays[name]))
    if not values.size or not np.issubdtype(values.dtype, np.number) or np.iscomplexobj(values):
        raise ForeignNetworkError(f"{name} is no number; it must be one in 0 … 1")
    if values.min() != values.max():
        raise ForeignNetworkError(
            f"{name} differs from unit to unit ({values.min():g} … {values.max():g}); the chip has one for all: train "
            "with one number"
        )
    gate = float(values[0])
    if not 0 <= gate <= 1:
        raise ForeignNetworkError(f"{name} is {gate:g}; it must be in 0 … 1: store what is used, behind any sigmoid")
    return gate


def _readout(
    arrays: Mapping[str, NDArray], layer: _Layer, taken: set[str], hidden: int
) -> dict[str, tuple[NDArray, str]]:
    """The linear layer that is left: its matrix and bias, with their names."""
    matrices = [name for name, array in arrays.items() if array.ndim == 2 and name not in taken]
    if len(matrices) != 1:
        listed = f"{len(matrices)} ({', '.join(sorted(matrices))})" if matrices else "none"
        raise ForeignNetworkError(
            f"beside the recurrent layer '{layer.name('weight_ih')}' one linear readout is imported; there is {listed}"
        )
    weight = matrices[0]
    matrix = arrays[weight]
    if matrix.shape[1] != hidden:
        raise ForeignNetworkError(
            f"{weight} has shape {matrix.shape}; the readout of {hidden} units needs (classes, {hidden})"
        )
    bias = f"{weight.removesuffix('weight')}bias" if weight.endswith("weight") else f"{weight}_bias"
    found = {"readout": (matrix.T, weight), "readout_bias": (np.zeros(len(matrix)), "")}
    if bias in arrays and bias not in taken:
        found["readout_bias"] = arrays[bias], bias
    return found


def _matrix(arrays: Mapping[str, NDArray], name: str) -> NDArray:
    if arrays[name].ndim != 2:
        raise ForeignNetworkError(f"{name} has shape {arrays[name].shape}; it must have two axes")
    return arrays[name]


def _some(arrays: Mapping[str, NDArray]) -> str:
    names = sorted(arrays)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
