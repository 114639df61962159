"""Golden's side of a run that learns: each sequence inferred with the weights of that moment, then learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.cell import Coefficients
from golden.learning import DfaTrainer, Update
from golden.miru import Saturations, infer, trace_records
from golden.weights import Weights
from spec.design import DesignPoint
from spec.trace import LEARN, READOUT, STEP, record_types


@dataclass(frozen=True)
class Learnt:
    """What S sequences gave.

    Attributes:
        scores, decision: (S, classes) int16 and (S,) int64, before each one's own update.
        saturations: what the counters must show.
        records: of `spec.trace`, by kind.
        sequences, applied, dropped: sequences learnt, device pulses applied, and dropped because the pair was full.
    """

    scores: NDArray[np.int16]
    decision: NDArray[np.int64]
    saturations: Saturations
    records: dict[str, NDArray]
    sequences: int
    applied: int
    dropped: int


class LearningReference:
    """A network that infers and learns in the order of the stream.

    Args:
        accumulators: χ to start from; zero where None, as after a reset.
    """

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients,
        accumulators: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
    ):
        self.design, self.coefficients = design, coefficients
        self.trainer = DfaTrainer(design, weights, coefficients, accumulators)
        self._done = 0

    def advance(
        self,
        features: NDArray,
        lengths: NDArray,
        labels: NDArray,
        learn: NDArray[np.bool_],
        tags: NDArray,
        record: bool = True,
    ) -> Learnt:
        """Go through further sequences.

        Args:
            features: (S, T, features); `lengths`: (S,); `labels`: (S,), legal where `learn`; `tags`: (S,).
            record: keep step and readout records too; `learn` records are always kept.
        """
        inferences, learnt, traces, saturations = [], [], [], Saturations()
        for index, length in enumerate(lengths):
            sequence = features[index, :length]
            inferred = infer(
                self.design, self.trainer.weights, sequence[None], coefficients=self.coefficients, record=record
            )
            if record:
                traces.append(trace_records(self.design, inferred, int(tags[index]), first_sequence=self._done))
            if learn[index]:
                learnt.append(self._learn(sequence, int(labels[index])))
            inferences.append(inferred)
            saturations += inferred.saturations
            self._done += 1
        types = record_types(self.design)
        # Steps first, so that a comparison meets the cause of a divergence before what followed from it.
        kinds = (STEP, READOUT) if record else ()
        records = {kind: np.concatenate([trace[kind] for trace in traces]) for kind in kinds}
        records[LEARN] = np.array([entry for _, entry in learnt], types[LEARN])
        return Learnt(
            np.concatenate([inferred.scores for inferred in inferences]),
            np.concatenate([inferred.decision for inferred in inferences]),
            saturations, records, len(learnt),
            sum(update.applied for update, _ in learnt), sum(update.dropped for update, _ in learnt),
        )  # fmt: skip

    def _learn(self, sequence: NDArray, label: int) -> tuple[Update, NDArray]:
        entry = np.zeros((), record_types(self.design)[LEARN])

        def watch(hidden: NDArray[np.int64], readout: NDArray[np.int64]) -> None:
            entry["gradient_sum"] = checksum(self.design, hidden, readout)

        update = self.trainer.train_sequence(sequence, label, watch)
        entry["sequence"], entry["label"] = self._done, label
        entry["error"], entry["feedback"] = update.error, update.feedback
        entry["accumulator_sum"] = checksum(self.design, *self.trainer.accumulators)
        entry["applied"], entry["dropped"] = update.applied, update.dropped
        return update, entry


def checksum(design: DesignPoint, hidden: NDArray[np.integer], readout: NDArray[np.integer]) -> int:
    """Position-weighted sum modulo 2³² over both layers, as `spec.trace` says; shapes as those of the weights."""
    rows, units = design.hidden_rows, design.network.hidden
    columns = np.zeros((units + design.network.classes, rows), np.int64)
    columns[:units] = hidden.T
    columns[units:, design.network.features :] = readout.T
    weights = 2 * np.arange(columns.size, dtype=np.int64) + 1
    # Wraps modulo 2⁶⁴, of which 2³² is a divisor.
    return int((columns.reshape(-1) * weights).sum()) & 0xFFFFFFFF
