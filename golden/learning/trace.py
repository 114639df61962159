"""Golden's side of a run that learns: each sequence inferred with the weights of that moment, then learnt, replayed,
and inserted into the reservoir; and healing replays between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients, signed_candidates
from remora.golden.crossbar.miru import Saturations, check_features, codes_of, empty_step_scores
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import WeightUpdate
from remora.golden.learning.pulses import Writes
from remora.golden.learning.replay import HealingReplay, Interruption, LearningResult, ReplayTrainer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, driven_bias
from remora.spec.crossbar.records import INSERT, LEARN, NO_SLOT, READOUT, STEP
from remora.spec.crossbar.verify.verified_cycles import VerifiedTile
from remora.spec.lib.trace import record_types


@dataclass(frozen=True)
class LearningTrace:
    """What S sequences gave.

    Attributes:
        scores, decision: (S, classes) int16 and (S,) int64, before each one's own update.
        saturations: what the counters must show, replays included.
        records: of `remora.spec.lib.trace`, by kind.
        sequences, replayed, accepted: new sequences learnt, replays, and sequences that the reservoir took.
        applied, dropped: device pulses applied, and dropped because the pair was full, replays included.
        hidden, readout: what was written into each layer, replays included.
        winners: hidden units that learnt from each new sequence, rising.
        step_scores: as of `remora.golden.crossbar.miru.Inference`.
        verified: what the update of each new sequence pulsed and read, of a design that verifies.
        healed: healing replays, which all sums but that of the replays include.
    """

    scores: NDArray[np.int16]
    decision: NDArray[np.int64]
    saturations: Saturations
    records: dict[str, NDArray]
    sequences: int
    replayed: int
    accepted: int
    applied: int
    dropped: int
    hidden: Writes
    readout: Writes
    winners: tuple[tuple[int, ...], ...]
    step_scores: NDArray[np.int16] | None = None
    healed: int = 0
    verified: tuple[tuple[VerifiedTile, ...], ...] = ()


class LearningReference:
    """A network that infers and learns in the order of the stream.

    Attributes:
        trainer: what learns, from nothing but weights; its reservoir may be frozen, thawed, cleared and given another
            ratio between sequences. A healing replay has the tag 0.

    Args:
        devices: state of real ones to start from; freshly programmed to the weights where None.
    """

    def __init__(
        self, design: DesignPoint, weights: Weights, coefficients: Coefficients, devices: DeviceState | None = None
    ):
        self.design, self.coefficients = design, coefficients
        # Records hold every intermediate value, which the numpy kernel alone shows.
        self._kernel = NumpyKernel(design, weights, coefficients, devices=devices)
        self._kernel.on_step = self._on_step
        self.trainer = ReplayTrainer(design, weights, coefficients, lambda *arguments: self._kernel)
        self._types = record_types(design)
        self._candidates = signed_candidates(design).astype(np.int16)
        self._states = np.zeros((design.network.max_steps, design.network.hidden), np.int16)
        self._started = 0
        self._first_scores: NDArray[np.int16] | None = None
        self._records: dict[str, list[NDArray]] = {}

    def advance(
        self,
        features: NDArray,
        lengths: NDArray,
        labels: NDArray,
        learn: NDArray[np.bool_],
        tags: NDArray,
        record: bool = True,
    ) -> LearningTrace:
        """Go through further sequences.

        Args:
            features: (S, T, features); `lengths`: (S,); `labels`: (S,), legal where `learn`; `tags`: (S,).
            record: keep step and readout records too; those of learning and insertions are always stored.
        """
        self._record, self._records = record, {kind: [] for kind in self._types}
        self._saturations = Saturations()
        scores = np.zeros((len(lengths), self.design.network.classes), np.int16)
        step_scores = empty_step_scores(self.design, *features.shape[:2])
        learned = []
        for index, length in enumerate(lengths):
            sequence, self._tag = features[index, :length], int(tags[index])
            if learn[index]:
                learned.append(self._learn(sequence, int(labels[index])))
                scores[index] = learned[-1].update.scores
            else:
                self._infer(sequence)
                scores[index] = self._kernel.datapath.scores[0]
            if step_scores is not None and self._first_scores is not None:
                step_scores[index, :length] = self._first_scores
        return LearningTrace(
            scores, scores.argmax(axis=1), self._saturations, self._collected(), len(learned),
            sum(len(each.replays) for each in learned), sum(each.accepted is not None for each in learned),
            sum(each.applied for each in learned), sum(each.dropped for each in learned),
            Writes.sum(each.hidden for each in learned), Writes.sum(each.readout for each in learned),
            tuple(tuple(each.update.winners.tolist()) for each in learned), step_scores,
            verified=tuple(each.update.verified for each in learned),
        )  # fmt: skip

    def heal(self, count: int, record: bool = True) -> LearningTrace:
        """So many healing replays; arguments as of `ReplayTrainer.heal` and `advance`. Rule M11."""
        self._start(tag=0, record=record)
        healed = self.trainer.heal(count, self._train_one)
        hidden, readout = (
            Writes.sum(getattr(each.update, layer) for each in healed) for layer in ("hidden", "readout")
        )
        scores = np.zeros((0, self.design.network.classes), np.int16)
        return LearningTrace(
            scores, np.zeros(0, np.int64), self._saturations, self._collected(), 0, 0, 0,
            hidden.applied + readout.applied, hidden.dropped + readout.dropped, hidden, readout, (),
            None, len(healed),
        )  # fmt: skip

    def heal_once(self, until: int | None = None) -> tuple[HealingReplay, dict[str, NDArray]]:
        """One healing replay, and the records; arguments as of `ReplayTrainer.heal_once`. An update that is cut short
        has no record of kind `learn`."""
        self._start(tag=0)
        return self.trainer.heal_once(self._train_one, until), self._collected()

    def interrupt(
        self, sequence: NDArray, label: int, tag: int, interruption: Interruption
    ) -> tuple[LearningResult | None, dict[str, NDArray]]:
        """One new sequence whose learning a soft reset cuts; what was done, and the records. An update that is cut has
        none of kind `learn`."""
        self._start(tag)
        learned = self.trainer.train_interrupted(sequence, label, interruption, self._train_one)
        if learned and interruption.inserted and INSERT in self._types:
            self._records[INSERT].append(self._insert(learned.accepted))
        return learned, self._collected()

    def set_probes(self, probes: tuple[int, int]) -> None:
        """Say how many samples of each layer belonged to no sequence, where others than learning took some.

        Rule D17.
        """
        self._kernel.set_probes(probes)

    def forward(self, sequence: NDArray, tag: int) -> dict[str, NDArray]:
        """Records of one more forward pass, of which nothing is learnt."""
        self._start(tag)
        self._infer(sequence)
        return self._collected()

    def _start(self, tag: int, record: bool = True) -> None:
        self._record, self._records, self._tag = record, {kind: [] for kind in self._types}, tag
        self._saturations, self._first_scores = Saturations(), None

    def _infer(self, sequence: NDArray) -> None:
        check_features(self.design, sequence[None])
        self._first_scores = None
        self._saw_words = 0
        self._kernel.forward(sequence)
        self._saw_forward()

    def _collected(self) -> dict[str, NDArray]:
        # Steps first, so that a comparison meets the cause of a divergence before what followed from it.
        kinds = [kind for kind in (STEP, READOUT, LEARN, INSERT) if kind in self._types]
        if not self._record:
            kinds = [kind for kind in kinds if kind not in (STEP, READOUT)]
        empty = {kind: [np.zeros(0, self._types[kind])] for kind in kinds}
        return {kind: np.concatenate(empty[kind] + self._records[kind]) for kind in kinds}

    def _learn(self, sequence: NDArray, label: int):
        self._first_scores = None
        learned = self.trainer.train_sequence(sequence, label, self._train_one)
        if INSERT in self._types:
            self._records[INSERT].append(self._insert(learned.accepted))
        return learned

    def _train_one(self, sequence: NDArray, label: int, slot: int | None, until: int | None) -> WeightUpdate:
        dfa, entry = self.trainer.dfa, np.zeros(1, self._types[LEARN])
        gradients: list[NDArray[np.int64]] = []

        def watch(hidden: NDArray[np.int64], readout: NDArray[np.int64]) -> None:
            gradients.extend((hidden, readout))

        self._saw_words = 0
        entry["sequence"] = self._started
        update = dfa.train_sequence(sequence, label, watch, until)
        self._saw_forward()
        entry["label"], entry["slot"] = label, NO_SLOT if slot is None else slot
        entry["error"], entry["feedback"] = update.error, update.feedback
        by_hidden, by_readout = gradients
        entry["gradient_sum"] = checksum(self.design, by_hidden, by_readout, update.winners)
        hidden, readout = self._kernel.uncorrected
        entry["accumulator_sum"] = checksum(self.design, hidden[:, update.winners], readout, update.winners)
        entry["applied"], entry["dropped"] = update.applied, update.dropped
        if until is None:
            self._records[LEARN].append(entry)
        return update

    def _on_step(self, t: int, active: int) -> None:
        path, steps = self._kernel.datapath, len(self._kernel.datapath.inputs)
        self._states[t] = path.states[0]
        if t + 1 < steps:
            self._saw_words += path.recurrent_saturations(active)

    def _saw_forward(self) -> None:
        """Records and saturations of the forward pass that the datapath holds; weights may have moved since."""
        path, started = self._kernel.datapath, self._started
        self._started += 1
        seen = path.adc_saturations(), self._saw_words + path.readout_saturations()
        self._saturations += Saturations(*seen, codes_of(self.design, 1, len(path.inputs)))
        if path.step_readouts and self._first_scores is None:
            # Not those of the replays that follow.
            self._first_scores = path.step_readouts.scores[:, 0].astype(np.int16)
        if not self._record:
            return
        inputs, count = self.design.network.features, len(path.inputs)
        steps = np.zeros(count, self._types[STEP])
        steps["sequence"], steps["step"] = started, np.arange(count)
        words = steps["words"]
        words[:, :inputs] = path.inputs[:, 0]
        words[:, inputs:-1] = path.word_history[:, 0]
        words[:, -1] = driven_bias(self.design, Layer.HIDDEN)
        steps["codes"] = path.tile_codes[:, :, 0].swapaxes(0, 1)
        steps["code"] = path.codes[:, 0]
        steps["candidate"] = self._candidates[steps["code"] + self.design.formats.adc_limit]
        steps["state"] = self._states[:count]
        self._records[STEP].append(steps)

        self._records[READOUT].append(self._readouts(started))

    def _readouts(self, sequence: int) -> NDArray:
        """Of the forward pass that the datapath holds."""
        path, count = self._kernel.datapath, len(self._kernel.datapath.inputs)
        words, codes, scores = path.readout_words, path.readout_tile_codes, path.scores
        if each := path.step_readouts:
            words, codes, scores = each.words[:, 0], each.tile_codes[:, :, 0], each.scores[:, 0]
        readouts = np.zeros(len(scores), self._types[READOUT])
        readouts["sequence"], readouts["tag"] = sequence, self._tag
        readouts["step"] = np.arange(count)[count - len(scores) :]
        readouts["decision"], readouts["scores"] = scores.argmax(axis=1), scores
        readouts["words"][:, :-1] = words
        readouts["words"][:, -1] = driven_bias(self.design, Layer.READOUT)
        readouts["codes"] = codes.swapaxes(0, 1)
        return readouts

    def _insert(self, slot: int | None) -> NDArray:
        """The record of the sequence just inserted. Rules T2 and T3."""
        entry, reservoir = np.zeros(1, self._types[INSERT]), self.trainer.reservoir
        entry["sequence"], entry["presented"] = self._started - 1, reservoir.presented
        entry["slot"] = NO_SLOT if slot is None else slot
        if slot is not None:
            stored, entry["label"] = reservoir.stored(slot)
            entry["steps"] = len(stored)
            positions = 2 * np.arange(stored.size, dtype=np.int64) + 1
            entry["stored_sum"] = int((stored.reshape(-1) * positions).sum()) & 0xFFFFFFFF
        return entry


def checksum(
    design: DesignPoint,
    hidden: NDArray[np.integer],
    readout: NDArray[np.integer],
    learning: NDArray[np.intp] | slice = slice(None),
) -> int:
    """Position-weighted sum modulo 2³² over both layers, as `remora.spec.lib.trace` says.

    Rule T1.

    Args:
        hidden: (rows, learning columns); `readout`: as the weights.
        learning: columns of the hidden layer that learn.
    """
    rows, units = design.hidden_rows, design.network.hidden
    columns = np.zeros((units + design.network.classes, rows), np.int64)
    columns[:units][learning] = hidden.T
    columns[units:, design.network.features :] = readout.T
    weights = 2 * np.arange(columns.size, dtype=np.int64) + 1
    # Wraps modulo 2⁶⁴, of which 2³² is a divisor.
    return int((columns.reshape(-1) * weights).sum()) & 0xFFFFFFFF
