"""What the examples of first weights, exports and tasks call."""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.codes import export_network
from remora.golden.bmru.codes import feature_codes as dac_codes
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import SequenceSet
from remora.golden.data.tasks import permuted_task, presented
from remora.golden.lib.bmru_network import BmruNetwork
from remora.golden.offline.bistable_export import quantise
from remora.golden.offline.crossbar_import import import_network
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import groups
from remora.spec.crossbar.design import DesignPoint


def first_weights(design: DesignPoint, seed: int) -> list[list[int]]:
    """Initial weights: the first feature's row, the first state's, the bias's."""
    hidden = initial_weights(design.evolve(learning={"seed": seed})).hidden
    return [hidden[row].tolist() for row in (0, design.network.features, -1)]


def task_order(sequences: int, count: int, seed: int, task: int) -> list[int]:
    """Sequences of a set that a task presents."""
    return presented(_set([[[0]]] * sequences), count, seed, task).tolist()


def task_features(sequence: list[list[int]], seed: int, task: int) -> list[list[int]]:
    """A sequence as a task sees it."""
    return permuted_task(_set([sequence]), task, seed).x[0].tolist()


def _set(sequences: list) -> SequenceSet:
    return SequenceSet(np.array(sequences, np.uint8), np.zeros(len(sequences), np.int64))


def bistable_export(design: DesignPoint, weight: float, bias: float, low: float, hysteresis: float, readout) -> tuple:
    """Weights of the hidden column, of the readout, and thresholds of an exported network of one cell."""
    parameters = {
        "hidden": np.array([[weight], [bias]]),
        "low": np.array([low]),
        "hysteresis": np.array([hysteresis]),
        "level": np.array([1.0]),
        "readout": np.array(readout).reshape(2, 1),
    }
    weights, _ = quantise(design, parameters)
    return weights.hidden.ravel().tolist(), weights.readout.ravel().tolist(), weights.thresholds.ravel().tolist()


def imported(design: DesignPoint, weight: float, recurrent: float, bias: float, readout: float, reset: float) -> tuple:
    """Levels of the hidden column and of the readout, and the reset gate, of an imported network of one unit."""
    arrays = {"input": [[weight]], "recurrent": [[recurrent]], "bias": [bias], "readout": [[readout]]}
    network = import_network(design, arrays | {"readout_bias": [0.0], "reset": reset})
    levels = network.weights
    return levels.hidden.ravel().tolist(), levels.readout.ravel().tolist(), network.coefficients.reset


def bmru_code(design: BmruDesign, kind: str, value: float) -> int:
    """Code of a parameter of the input layer."""
    arrays = {}
    for one in groups(design):
        at, _, last = one.name.rpartition(".")
        name = {"threshold": "high", "hysteresis": "low", "gain": "level"}.get(last, last)
        arrays[f"{at}.{name}"] = np.zeros(one.shape)
    arrays[f"input.{kind}"][...] = value
    codes = export_network(design, BmruNetwork.from_arrays(arrays)).codes
    return int(codes[f"input.{kind}"].flat[0])


def feature_codes(design: BmruDesign, values: list[float]) -> list[int]:
    """DAC codes of features in units of the model."""
    return dac_codes(design, values)[0].tolist()
