"""Bit-exact inference with bistable cells at the bitlines: what the hardware computes, sum by sum, bit by bit.

    ĥ = relu(Wᵀ x + b)     set = [ĥ >= β_hi]     reset = [ĥ <= β_lo] ∧ ¬set
    s_t = set ∨ (s_{t-1} ∧ ¬reset)     o = Vᵀ s_T + b_o

The sums are exact integers over all row tiles, in whole levels, and so are the thresholds; the level α of a cell is in
the readout's weights. Source of the cell: arXiv 2605.15216 (FQ-BMRU), there in a network of another shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import TiledLayer, exact_dtype, layer_dtype
from remora.golden.crossbar.cell import feature_words
from remora.golden.crossbar.miru import (
    BATCH,
    Inference,
    Saturations,
    check_features,
    codes_of,
    empty_step_scores,
    readouts_shape,
)
from remora.golden.crossbar.weights import Weights
from remora.golden.lib.bmru import cell_states
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, bias_word
from remora.spec.crossbar.records import READOUT, STEP
from remora.spec.lib.trace import record_types


@dataclass(frozen=True)
class BistableRecord:
    """Every architectural value; steps beyond a sequence's length are zero. S sequences of up to T steps.

    Attributes:
        lengths: (S,) int64, steps of each.
        words: (S, T, hidden_rows) int16, features and bias.
        sums: (S, T, hidden) int32, in whole levels, before rectification; `state`: (S, T, hidden) int16, 0 or 1.
        readout_words: (S, readout_rows); `readout_codes`: (S, row tiles, classes); int16; with a readout at every
            step (S, T, …) each.
    """

    lengths: NDArray[np.int64]
    words: NDArray[np.int16]
    sums: NDArray[np.int32]
    state: NDArray[np.int16]
    readout_words: NDArray[np.int16]
    readout_codes: NDArray[np.int16]


class BistableDatapath:
    """Hidden layer, cells and readout of one network."""

    def __init__(self, design: DesignPoint, weights: Weights):
        self.design = design
        thresholds = weights.check(design).thresholds
        if thresholds is None:
            raise ValueError(
                f"'{design.name}' has no bistable cells: run its network with `remora.golden.crossbar.miru`"
            )
        self._thresholds = thresholds
        dtype = exact_dtype(design.sum_limit)
        self._hidden, self._bias = weights.hidden.astype(dtype), bias_word(design, Layer.HIDDEN)
        self._feature_words = feature_words(design).astype(dtype)
        self._dtype = layer_dtype(design)
        self._readout = TiledLayer(design, Layer.READOUT, weights.readout, self._dtype)

    def words(self, features: NDArray) -> NDArray[np.floating]:
        """Words that stream features (n, T, features) and the bias, (n, T, hidden_rows)."""
        words = np.full((*features.shape[:2], self.design.hidden_rows), self._bias, self._hidden.dtype)
        words[..., :-1] = self._feature_words[np.ascontiguousarray(features).view(np.uint8)]
        return words

    def sums(self, words: NDArray[np.floating]) -> NDArray[np.int32]:
        """Bitline sums over all row tiles, (n, T, hidden). Rule B1."""
        return (words @ self._hidden).astype(np.int32)

    def states(self, sums: NDArray[np.int32]) -> NDArray[np.bool_]:
        """State bits after every step, from all cells reset, (n, T, hidden). Rules B3 to B5."""
        low, high = self._thresholds
        return cell_states(np.maximum(sums, 0), low, high)

    def read_out(self, states: NDArray[np.bool_]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Codes (row tiles, n, classes) and their saturated sum (n, classes) for states (n, hidden).

        Rules B6 and B7.
        """
        shape = len(states), self.design.network.classes
        codes = np.empty((len(self._readout.row_tiles), *shape), self._dtype)
        scores, work = np.empty(shape, self._dtype), np.empty(shape, self._dtype)
        self._readout.read(states.astype(self._dtype), codes, scores, work)
        return codes, scores


def infer(
    design: DesignPoint, weights: Weights, features: NDArray, lengths: NDArray | None = None, record: bool = False
) -> Inference[BistableRecord]:
    """Run sequences through the network, each from cells that are reset.

    Args:
        features: (S, T, features), uint8, or int8 where the design has signed features; T up to ``max_steps``.
        lengths: (S,) steps of each sequence, 1 … T; T for all where None. What lies beyond is ignored.
        record: keep every intermediate value.

    Raises:
        ValueError: weights, thresholds, features or lengths do not fit the design point.
    """
    lengths = check_features(design, features, lengths)
    datapath = BistableDatapath(design, weights)
    scores = np.zeros((len(lengths), design.network.classes), np.int16)
    step_scores = empty_step_scores(design, *features.shape[:2])
    kept = _empty_record(design, lengths, features.shape[1]) if record else None
    saturated = 0
    for start in range(0, len(lengths), BATCH):
        chosen = slice(start, start + BATCH)
        words = datapath.words(features[chosen])
        sums = datapath.sums(words)
        states = datapath.states(sums)
        running = np.arange(words.shape[1]) < lengths[chosen, None]
        last = states[np.arange(len(states)), lengths[chosen] - 1]
        read = last if step_scores is None else states[running]
        codes, found = datapath.read_out(read)
        if step_scores is None:
            scores[chosen] = found
        else:
            step_scores[chosen][running] = found
            scores[chosen] = step_scores[np.arange(len(lengths))[chosen], lengths[chosen] - 1]
        saturated += int(np.count_nonzero(np.abs(codes) == design.formats.adc_limit))
        if kept:
            _keep(kept, chosen, running, words, sums, states)
            where = running if kept.readout_words.ndim == 3 else slice(None)
            _keep_readouts(kept, chosen, where, design, read, codes)
    seen = Saturations(saturated, 0, codes_of(design, len(lengths), int(lengths.sum())))
    return Inference(scores, np.argmax(scores, axis=1), seen, kept, step_scores)


def _empty_record(design: DesignPoint, lengths: NDArray, steps: int) -> BistableRecord:
    step, readout = (record_types(design)[kind] for kind in (STEP, READOUT))
    sequences = len(lengths)
    readouts = readouts_shape(design, sequences, steps)
    return BistableRecord(
        lengths,
        *(np.zeros((sequences, steps, *step[name].shape), step[name].base) for name in ("words", "sums", "state")),
        *(np.zeros((*readouts, *readout[name].shape), readout[name].base) for name in ("words", "codes")),
    )


def _keep(kept: BistableRecord, chosen: slice, running: NDArray[np.bool_], words, sums, states) -> None:
    for name, values in (("words", words), ("sums", sums), ("state", states)):
        getattr(kept, name)[chosen] = values * running[..., None]


def _keep_readouts(kept: BistableRecord, chosen: slice, where, design: DesignPoint, states, codes) -> None:
    """Of the states that were read out, which are ``where`` of the chosen sequences."""
    words = np.full((len(states), design.readout_rows), bias_word(design, Layer.READOUT), np.int16)
    words[:, :-1] = states
    kept.readout_words[chosen][where] = words
    kept.readout_codes[chosen][where] = codes.swapaxes(0, 1)
