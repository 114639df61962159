"""Rules of learning that stand by themselves: feedback matrix, error, winners, and the type that holds it all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import exact_dtype
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import (
    ERROR_CENTRE,
    ERROR_LIMIT,
    FEEDBACK_WORD_BITS,
    MOST_RATE_SHIFT,
    error_shift,
    gradient_bound,
)
from remora.spec.crossbar.tables import DERIVATIVE_BITS, derivative_table
from remora.spec.lib.fixed import round_shift
from remora.spec.lib.rng import Purpose, draw


@dataclass(frozen=True)
class BiasRule:
    """How the bias row of a layer learns: a rule under study, which no hardware has. By default rules L11 and L13.

    Attributes:
        rate_shift: further right shift of its gradient, 0 … `MOST_RATE_SHIFT`.
        zone: levels at which χ gives its first pulse in a direction, 1 or more; what is below them stays in χ. So χ
            crosses ``2 · zone − 1`` levels before it gives a pulse back. A rule without χ does not heed it.
        other_zone: likewise, of all other rows of the layer.
    """

    rate_shift: int = 0
    zone: int = 1
    other_zone: int = 1


def feedback_matrix(design: DesignPoint, seed: int | None = None) -> NDArray[np.int8]:
    """Ψ, (classes, hidden), ±1; from the design's seed where None. Rules L4 and R1 to R3."""
    classes = np.arange(design.network.classes)[:, None]
    seed = design.learning.seed if seed is None else seed
    words = draw(seed, Purpose.FEEDBACK, 0, np.arange(design.network.hidden), classes // FEEDBACK_WORD_BITS)
    return 1 - 2 * ((words >> (classes % FEEDBACK_WORD_BITS).astype(np.uint32)) & 1).astype(np.int8)


def output_error(design: DesignPoint, scores: NDArray[np.integer], label: int) -> NDArray[np.int64]:
    """``e = p − 255·onehot``, (classes,). Rule L3."""
    shift = error_shift(design)
    codes = scores.astype(np.int64)
    quarter = codes << shift if shift >= 0 else round_shift(codes, -shift)
    error = np.minimum(ERROR_LIMIT, np.maximum(0, ERROR_CENTRE + quarter))
    error[label] -= ERROR_LIMIT
    return error


def winning_units(feedback: NDArray, winners: int) -> NDArray[np.intp]:
    """Indices of the ``winners`` hidden units of largest ``|f_j|``, rising; ties to the lower index. (winners,).

    Rules L6 and N5.
    """
    if winners == len(feedback):
        return np.arange(winners)
    return np.sort(np.argsort(-np.abs(feedback), kind="stable")[:winners])


def learning_dtype(design: DesignPoint) -> type[np.floating]:
    """Type in which gradients and accumulators are exact: their largest magnitudes with the rounding halves added, at
    the slowest rates."""
    learning, network = design.learning, design.network
    delta_shift = DERIVATIVE_BITS + learning.feedback_shift
    product = network.classes * ERROR_LIMIT * ERROR_LIMIT
    hidden = gradient_bound(design) + (1 << learning.hidden_shift + MOST_RATE_SHIFT)
    readout = design.formats.stream_limit * ERROR_LIMIT + (1 << learning.readout_shift + MOST_RATE_SHIFT)
    accumulator = (1 << learning.accumulator_bits) + max(
        hidden >> learning.hidden_shift, readout >> learning.readout_shift
    )
    return exact_dtype(max(product + (1 << delta_shift), hidden, readout, accumulator))


def signed_derivatives(design: DesignPoint) -> NDArray[np.int64]:
    """``d′`` of the codes ``-adc_limit … adc_limit``: (2·adc_limit + 1,), even. Rule L7."""
    table = np.array(derivative_table(design))
    return np.concatenate([table[:0:-1], table])
