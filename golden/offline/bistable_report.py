"""An imported network of bistable cells at the bitlines: in real numbers, and how its codes differ from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.crossbar.inference import infer
from remora.golden.data.sequences import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.lib.bmru import cell_states
from remora.golden.offline.float_model import to_float
from remora.golden.offline.float_run import BATCH
from remora.golden.offline.layer_report import LayerReport
from remora.spec.crossbar.design import DesignPoint


def bistable_states(design: DesignPoint, arrays: Mapping[str, ArrayLike], data: SequenceSet) -> NDArray[np.bool_]:
    """State bits after every step, (n, T, hidden), in float64; of steps beyond a sequence's end nothing is said.

    Args:
        arrays: as `remora.golden.offline.crossbar_import.import_network` takes them.
    """
    real = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    found = []
    for start in range(0, len(data), BATCH):
        x = to_float(design, data.x[start : start + BATCH], np.float64)
        found.append(cell_states(np.maximum(x @ real["input"] + real["bias"], 0), real["low"], real["high"]))
    return np.concatenate(found)


def bistable_scores(design: DesignPoint, arrays: Mapping[str, ArrayLike], data: SequenceSet) -> NDArray[np.float64]:
    """Scores after the last step, (n, classes), in float64; arguments as of `bistable_states`."""
    real = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    last = bistable_states(design, arrays, data)[np.arange(len(data)), data.steps - 1]
    return (last * real.get("level", np.ones(1))) @ real["readout"] + real["readout_bias"]


def report_bistable(
    design: DesignPoint, arrays: Mapping[str, ArrayLike], network: Checkpoint, data: SequenceSet
) -> tuple[LayerReport, LayerReport]:
    """Hidden layer and readout on some sequences.

    The hidden layer has no converter: its report compares state bits, 0 or 1. The scale of the readout's codes is the
    one of least squares, since export chooses it.
    """
    found = infer(design, network.weights, data.x, data.lengths, record=True)
    record, limit = found.record, design.formats.adc_limit
    assert record
    running = np.arange(data.x.shape[1]) < data.steps[:, None]
    wanted = bistable_states(design, arrays, data)[running]
    hidden = LayerReport.of("hidden", record.state[running].ravel(), wanted.ravel().astype(np.float64), 0.0, limit)
    scores = bistable_scores(design, arrays, data).ravel()
    codes = found.scores.ravel()
    free = np.abs(codes) < limit
    scale = float(codes[free] @ scores[free]) / max(float(scores[free] @ scores[free]), 1e-12)
    ends = (np.arange(len(data)), data.steps - 1) if design.capabilities.reads_every_step else slice(None)
    saturated = float(np.mean(np.abs(record.readout_codes[ends]) == limit))
    return hidden, LayerReport.of("readout", codes, scores * scale, saturated, limit)
