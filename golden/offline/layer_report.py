"""How the codes of an imported network differ from its real numbers, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.inference import infer
from remora.golden.data.sequences import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.offline.float_model import FloatModel
from remora.golden.offline.float_run import float_runs
from remora.spec.crossbar.design import DesignPoint

BINS = 15
"""Bins of a histogram, of equal width over all codes; odd, so that code 0 lies in the middle of one."""


@dataclass(frozen=True)
class LayerReport:
    """Conversions of a layer against the same numbers of the float network.

    Attributes:
        name: of the layer.
        compared: conversions that were compared; codes are sums over row tiles.
        saturated: share of the codes of single tiles at ± full scale, 0 … 1.
        error_steps: root mean square of the difference, in steps of a code, the float number within full scale.
        within_a_step: share that differs by less than one step.
        correlation: of the two; NaN where one does not vary.
        edges: (BINS + 1,) of the histograms, in codes. ``codes``, ``real``: (BINS,) shares of the codes, and of the
            float numbers in steps of a code, those beyond full scale in the outer bins.
    """

    name: str
    compared: int
    saturated: float
    error_steps: float
    within_a_step: float
    correlation: float
    edges: NDArray[np.float64]
    codes: NDArray[np.float64]
    real: NDArray[np.float64]

    @classmethod
    def of(
        cls, name: str, codes: NDArray[np.integer], real: NDArray[np.floating], saturated: float, limit: int
    ) -> LayerReport:
        """A report of codes and of real numbers in steps of a code, both (k,), with the largest magnitude of a code."""
        real = np.clip(real.astype(np.float64), -limit, limit)
        error = codes - real
        edges = np.linspace(-limit - 0.5, limit + 0.5, BINS + 1)
        varies = np.std(codes) > 0 and np.std(real) > 0
        histograms = [np.histogram(np.clip(values, -limit, limit), edges)[0] / len(codes) for values in (codes, real)]
        return cls(
            name,
            len(codes),
            saturated,
            float(np.sqrt(np.mean(error**2))),
            float(np.mean(np.abs(error) < 1)),
            float(np.corrcoef(codes, real)[0, 1]) if varies else float("nan"),
            edges,
            *histograms,
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON; a correlation that does not exist is None."""
        return {
            "compared": self.compared,
            "saturated": self.saturated,
            "error_steps": self.error_steps,
            "within_a_step": self.within_a_step,
            "correlation": None if np.isnan(self.correlation) else self.correlation,
            "histogram": {"edges": self.edges.tolist(), "codes": self.codes.tolist(), "float": self.real.tolist()},
        }


def report_layers(
    design: DesignPoint, model: FloatModel, network: Checkpoint, data: SequenceSet, scale: float
) -> tuple[LayerReport, LayerReport]:
    """Hidden layer and readout of a MiRU network on some sequences.

    Args:
        model: the float network; ``scale``: that of the readout in ``network``.

    Raises:
        ValueError: there is no sequence, or the parts do not fit each other.
    """
    runs = list(float_runs(design, model, data))
    found = infer(design, network.weights, data.x, data.lengths, network.coefficients, record=True)
    record, formats = found.record, design.formats
    assert record
    steps, limit = 1 << formats.adc_fraction_bits, formats.adc_limit
    running = np.concatenate([run.running for run in runs])
    arguments = np.concatenate([run.arguments[run.running] for run in runs])
    tiles = record.codes[running]
    hidden = LayerReport.of(
        "hidden", record.code[running].ravel(), arguments.ravel() * steps, float(np.mean(np.abs(tiles) == limit)), limit
    )
    ends = (np.arange(len(data)), data.steps - 1) if design.capabilities.reads_every_step else slice(None)
    readout_tiles = record.readout_codes[ends]
    scores = np.concatenate([run.scores for run in runs]) * scale
    readout = LayerReport.of(
        "readout", found.scores.ravel(), scores.ravel() * steps, float(np.mean(np.abs(readout_tiles) == limit)), limit
    )
    return hidden, readout
