"""Bit-exact MiRU inference: what the hardware computes, sequence by sequence, code by code.

    c_t = tanh(Wᵀ x_t + Uᵀ (β h_{t-1}) + b)      h_t = λ h_{t-1} + (1 − λ) c_t      o = Vᵀ h_T + b_o

in the number formats of the design point. Agrees with the RTL in every word, code, candidate, state and score.
Source of the unit: M2RU, arXiv 2512.17299.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients, signed_candidates
from remora.golden.crossbar.datapath import Datapath
from remora.golden.crossbar.device_datapath import make_datapath
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import SEQUENCE_MASK, DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, driven_bias
from remora.spec.crossbar.records import READOUT, STEP, STEP_HEAD
from remora.spec.lib.trace import UNCOMPARED, field_names, record_types

__all__ = ["Coefficients", "Inference", "Record", "Saturations", "check_features", "infer", "trace_records"]

BATCH = 64
"""Sequences computed together: enough to occupy BLAS, few enough for the buffers to stay in cache."""


@dataclass(frozen=True)
class Saturations:
    """What the hardware's saturation counters must show.

    Rules X6, X9 and C5.

    Attributes:
        adc: codes of single tiles at ± full scale, both layers, every row tile.
        words: state words limited by the streamer: the next recurrent words at every step but a sequence's last, the
            readout words at the last, or at every step where they are read out.
        codes: all codes of single tiles, of which ``adc`` counts some.
    """

    adc: int = 0
    words: int = 0
    codes: int = 0

    def __add__(self, other: Saturations) -> Saturations:
        return Saturations(self.adc + other.adc, self.words + other.words, self.codes + other.codes)


def codes_of(design: DesignPoint, sequences: int, steps: int) -> int:
    """Codes of single tiles in so many sequences of so many steps in all. Rule X9."""
    readouts = steps if design.capabilities.reads_every_step else sequences
    return steps * design.codes_per_step + readouts * design.codes_per_readout


@dataclass(frozen=True)
class Record:
    """Every architectural value, int16; steps beyond a sequence's length are zero. S sequences of up to T steps.

    Attributes:
        lengths: (S,) int64, steps of each.
        words: (S, T, hidden_rows) the hidden layer's wordlines: features, states, bias.
        codes: (S, T, row tiles, hidden); `code`, `candidate`, `state`: (S, T, hidden).
        readout_words: (S, readout_rows); `readout_codes`: (S, row tiles, classes); with a readout at every step
            (S, T, …) each.
    """

    lengths: NDArray[np.int64]
    words: NDArray[np.int16]
    codes: NDArray[np.int16]
    code: NDArray[np.int16]
    candidate: NDArray[np.int16]
    state: NDArray[np.int16]
    readout_words: NDArray[np.int16]
    readout_codes: NDArray[np.int16]


Kept = TypeVar("Kept")
"""The record of a kind of cell."""


@dataclass(frozen=True)
class Inference(Generic[Kept]):
    """Result of `infer` on S sequences.

    Attributes:
        scores: (S, classes) int16, codes of the readout after a sequence's last step.
        decision: (S,) int64, class of the highest score, ties to the lower class.
        saturations: what the counters must show.
        record: every intermediate value, where asked for; a `remora.golden.crossbar.bistable.BistableRecord` of
            bistable cells.
        step_scores: (S, T, classes) int16, with a readout at every step; zero beyond a sequence's length. None else.
    """

    scores: NDArray[np.int16]
    decision: NDArray[np.int64]
    saturations: Saturations
    record: Kept | None = None
    step_scores: NDArray[np.int16] | None = None


def check_features(design: DesignPoint, features: NDArray, lengths: NDArray | None = None) -> NDArray[np.int64]:
    """Lengths of the sequences (S,), if sequences and lengths fit the design point.

    Raises:
        ValueError: dtype, shape, or a length is wrong; the message says what was found and what is legal.
    """
    network = design.network
    dtype = np.dtype(np.int8 if network.feature_signed else np.uint8)
    if features.dtype != dtype:
        raise ValueError(f"features are {features.dtype}; this design point takes {dtype}")
    if features.ndim != 3 or features.shape[2] != network.features or not 1 <= features.shape[1] <= network.max_steps:
        raise ValueError(
            f"features have shape {features.shape}; "
            f"expected (sequences, 1…{network.max_steps} steps, {network.features} features)"
        )
    sequences, steps = features.shape[:2]
    if lengths is None:
        return np.full(sequences, steps)
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.shape != (sequences,):
        raise ValueError(f"lengths have shape {lengths.shape}; expected one for each of {sequences} sequences")
    if sequences and not (1 <= lengths.min() and lengths.max() <= steps):
        raise ValueError(f"lengths span {lengths.min()}…{lengths.max()}; legal is 1…{steps}")
    return lengths


def infer(
    design: DesignPoint,
    weights: Weights,
    features: NDArray,
    lengths: NDArray | None = None,
    coefficients: Coefficients | None = None,
    record: bool = False,
    devices: DeviceState | None = None,
) -> Inference[Record]:
    """Run sequences through the network, each from the zero state.

    Rules F7, O2 and O3.

    Args:
        features: (S, T, features), uint8, or int8 where the design has signed features; T up to ``max_steps``.
        lengths: (S,) steps of each sequence, 1 … T; T for all where None. What lies beyond is ignored.
        coefficients: the gates; the design's where None.
        record: keep every intermediate value.
        devices: state of real ones, not changed; sequence i is number ``started + i`` of the stream. Freshly programmed
            to the weights, which do not matter else, where None.

    Raises:
        ValueError: weights, features, lengths or devices do not fit the design point.
    """
    lengths = check_features(design, features, lengths)
    order = np.argsort(-lengths, kind="stable")
    batch = min(BATCH, max(1, len(order)))
    coefficients = coefficients or Coefficients.of(design)
    datapath = make_datapath(design, weights, coefficients, batch, record, devices and devices.copy())
    numbers = ((devices.started if devices else 0) + np.arange(len(order))) & SEQUENCE_MASK
    scores = np.zeros((len(order), design.network.classes), np.int16)
    step_scores = empty_step_scores(design, *features.shape[:2])
    kept = _empty_record(design, lengths, features.shape[1]) if record else None
    total = Saturations()
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        total += _run(datapath, features, lengths, chosen, kept, numbers[chosen])
        scores[chosen] = datapath.scores
        if step_scores is not None and datapath.step_readouts:
            step_scores[chosen, : len(datapath.inputs)] = datapath.step_readouts.scores.swapaxes(0, 1)
    return Inference(scores, np.argmax(scores, axis=1), total, kept, step_scores)


def empty_step_scores(design: DesignPoint, sequences: int, steps: int) -> NDArray[np.int16] | None:
    """Scores of every step that are to be filled in; None where a design point reads out after the last alone."""
    if not design.capabilities.reads_every_step:
        return None
    return np.zeros((sequences, steps, design.network.classes), np.int16)


def _run(
    datapath: Datapath, features: NDArray, lengths: NDArray, chosen: NDArray, kept: Record | None, numbers: NDArray
) -> Saturations:
    steps = lengths[chosen[0]]
    ragged = lengths[chosen[-1]] != steps
    words = 0

    def on_step(t: int, active: int) -> None:
        nonlocal words
        if kept:
            kept.state[chosen[:active], t] = datapath.states[:active]
        words += datapath.recurrent_saturations(int(np.searchsorted(-lengths[chosen], -(t + 1))))

    watched = kept is not None or datapath.recurrent_words_saturate
    datapath.run(features[chosen, :steps], lengths[chosen] if ragged else None, on_step if watched else None, numbers)
    if kept:
        _keep(kept, datapath, chosen)
    codes = codes_of(datapath.design, len(chosen), int(lengths[chosen].sum()))
    return Saturations(datapath.adc_saturations(), words + datapath.readout_saturations(), codes)


def _empty_record(design: DesignPoint, lengths: NDArray, steps: int) -> Record:
    step, readout = (record_types(design)[kind] for kind in (STEP, READOUT))
    sequences = len(lengths)
    readouts = readouts_shape(design, sequences, steps)
    return Record(
        lengths,
        *(
            np.zeros((sequences, steps, *step[name].shape), np.int16)
            for name in ("words", "codes", "code", "candidate", "state")
        ),
        *(np.zeros((*readouts, *readout[name].shape), np.int16) for name in ("words", "codes")),
    )


def readouts_shape(design: DesignPoint, sequences: int, steps: int) -> tuple[int, ...]:
    """The first axes of what is kept of readouts: sequences, and steps where every one is read out."""
    return (sequences, steps) if design.capabilities.reads_every_step else (sequences,)


def _keep(kept: Record, datapath: Datapath, chosen: NDArray) -> None:
    """Copy what a run left in the datapath; `states` have been copied step by step."""
    design, inputs = datapath.design, datapath.design.network.features
    steps = len(datapath.inputs)
    ended = np.arange(steps) >= kept.lengths[chosen, None]
    words = np.zeros((len(chosen), steps, design.hidden_rows), np.int16)
    words[..., :inputs] = datapath.inputs.swapaxes(0, 1)
    words[..., inputs:-1] = np.stack(datapath.words, axis=1)
    words[..., -1] = bias = driven_bias(design, Layer.HIDDEN)
    words[ended] = 0
    kept.words[chosen, :steps] = words
    kept.codes[chosen, :steps] = datapath.tile_codes.transpose(2, 1, 0, 3)
    kept.code[chosen, :steps] = datapath.codes.swapaxes(0, 1)
    kept.candidate[chosen, :steps] = signed_candidates(design)[kept.code[chosen, :steps] + design.formats.adc_limit]
    if each := datapath.step_readouts:
        kept.readout_words[chosen, :steps, :-1] = each.words.swapaxes(0, 1)
        kept.readout_words[chosen, :steps, -1] = np.where(ended, 0, bias)
        kept.readout_codes[chosen, :steps] = each.tile_codes.transpose(2, 1, 0, 3)
        return
    kept.readout_words[chosen, :-1] = datapath.readout_words
    kept.readout_words[chosen, -1] = bias
    kept.readout_codes[chosen] = datapath.readout_tile_codes.swapaxes(0, 1)


def trace_records(
    design: DesignPoint, inference: Inference[Any], tags: NDArray | int = 0, first_sequence: int = 0
) -> dict[str, NDArray]:
    """Records of `remora.spec.lib.trace` for sequences processed in order, one at a time; cycle and context are 0.

    Args:
        inference: result of `infer`, of either cell, with ``record=True``.
        tags: (S,) or one for all, 0 … 255.
        first_sequence: number of the first sequence in the trace.

    Raises:
        ValueError: the inference was not recorded.
    """
    kept = inference.record
    if kept is None:
        raise ValueError("the inference holds no record; call infer(..., record=True)")
    types = record_types(design)
    numbers = first_sequence + np.arange(len(kept.lengths))
    sequence, step = np.nonzero(np.arange(kept.words.shape[1]) < kept.lengths[:, None])

    steps = np.zeros(len(step), types[STEP])
    steps["sequence"], steps["step"] = numbers[sequence], step
    for name in field_names(types[STEP]):
        if name not in (*STEP_HEAD, *UNCOMPARED):
            steps[name] = getattr(kept, name)[sequence, step]

    tags = np.broadcast_to(tags, len(numbers))
    if inference.step_scores is not None:
        readouts = np.zeros(len(step), types[READOUT])
        readouts["sequence"], readouts["step"], readouts["tag"] = numbers[sequence], step, tags[sequence]
        scores = inference.step_scores[sequence, step]
        readouts["decision"], readouts["scores"] = scores.argmax(axis=1), scores
        readouts["words"], readouts["codes"] = kept.readout_words[sequence, step], kept.readout_codes[sequence, step]
        return {STEP: steps, READOUT: readouts}
    readouts = np.zeros(len(numbers), types[READOUT])
    readouts["sequence"], readouts["step"], readouts["tag"] = numbers, kept.lengths - 1, tags
    readouts["decision"], readouts["scores"] = inference.decision, inference.scores
    readouts["words"], readouts["codes"] = kept.readout_words, kept.readout_codes
    return {STEP: steps, READOUT: readouts}
