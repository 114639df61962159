"""Golden's side of a run: what the hardware must give for a stimulus, a stretch of sequences at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.devices import fresh_devices, program_devices, programs_devices
from remora.flow.systems.crossbar.stimulus import ReplayCommand, Stimulus
from remora.golden.crossbar.device_window import Committed, DeviceWindow
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.miru import Saturations, trace_records
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.pulses import Writes
from remora.golden.learning.trace import LearningReference, LearningTrace
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.verify.verified_cycles import VerifiedTile
from remora.spec.lib.packets import Answer, Drop, Flag

DRAWS = 8
"""Attempts of a draw that are allowed for, as a mean over all replays; more than a few are rare."""


@dataclass(frozen=True)
class Expected:
    """Of S sequences: trace records by kind, of which those of learning are always there, scores and decisions of their
    last steps, and of every step, (S, T, classes), where each is read out."""

    records: dict[str, NDArray]
    scores: NDArray[np.int16]
    decision: NDArray[np.int64]
    step_scores: NDArray[np.int16] | None = None

    def answer(self, index: int, tag: int, flags: Flag, steps: int) -> list[Answer]:
        """The parts of the answer to a sequence of so many steps, by its place among these."""
        if self.step_scores is None:
            return [Answer(tag, int(self.decision[index]), flags, tuple(self.scores[index].tolist()))]
        found = self.step_scores[index, :steps]
        decisions, last = found.argmax(axis=1).tolist(), [False] * (steps - 1) + [True]
        parts = zip(decisions, found.tolist(), last, strict=True)
        return [Answer(tag, decision, flags, tuple(scores), ends) for decision, scores, ends in parts]


class Reference:
    """Goes through the sequences of a stimulus in order.

    Attributes:
        saturations, learnt, replayed, healed, accepted, hidden, readout: sums so far: saturated codes and words, new
        sequences learnt, replays after them, healing replays, sequences that the reservoir took, and what was written
        into each layer.
        winners: hidden units that learnt from each new sequence so far.
        verified: what the update of each of them pulsed and read, of a design that verifies.
        programmed: how the weight window ended each slice that it programmed before the first sequence, where it did.
    """

    def __init__(self, design: DesignPoint, stimulus: Stimulus, trace: bool) -> None:
        self.design, self.stimulus, self.trace = design, stimulus, trace
        self.saturations = Saturations()
        self.learnt = self.replayed = self.healed = self.accepted = 0
        self.hidden = self.readout = Writes()
        self.winners: list[tuple[int, ...]] = []
        self.verified: list[tuple[VerifiedTile, ...]] = []
        self.programmed: tuple[Committed, ...] | None = None
        self._devices: DeviceState | None = None
        if programs_devices(design, stimulus):
            self._devices, self.programmed = program_devices(design, stimulus.weights, stimulus.spares)
            self._devices.started = stimulus.first_place
        elif not design.devices.ideal:
            self._devices = _aged_devices(design, stimulus)
        self._probes = self._devices.probes if self._devices else (0, 0)
        self._learning = (
            LearningReference(design, stimulus.weights, stimulus.coefficients, self._devices)
            if design.capabilities.learns
            else None
        )

    @property
    def devices(self) -> DeviceState:
        """Real devices by now."""
        found = self.checkpoint.devices if self._learning else self._devices
        assert found is not None, "the devices are ideal"
        return found if self._learning else replace(found, probes=self._probes)

    def read_window(self) -> Weights:
        """What the weight window reads of real devices by now, every column of every tile. Rule W1."""
        window = DeviceWindow(self.design, self.devices)
        weights = window.read_weights()
        self._probes = window.state.probes
        if self._learning:
            self._learning.set_probes(self._probes)
        return weights

    @property
    def checkpoint(self) -> Checkpoint:
        """All that is learnt by now, of a design that learns."""
        spares = self.stimulus.spares_in_use
        return replace(self._learner.trainer.checkpoint(), spares=spares)

    @property
    def _learner(self) -> LearningReference:
        assert self._learning is not None, "the design does not learn"
        return self._learning

    @property
    def counters(self) -> dict[Counter, int]:
        """Of the hardware, after all sequences of the stimulus: those that golden can predict."""
        stimulus, hidden, readout = self.stimulus, self.hidden, self.readout
        dropped = [bad.cause for bad in stimulus.bad]
        counted = {
            Counter.STEPS: int(stimulus.lengths.sum()),
            Counter.SEQUENCES: int(stimulus.answered.sum()),
            Counter.ADC_SATURATIONS: self.saturations.adc,
            Counter.WORD_SATURATIONS: self.saturations.words,
            Counter.CODES: self.saturations.codes,
            Counter.PULSES: hidden.applied + readout.applied,
            **{Counter[f"DROPPED_{cause.name}"]: dropped.count(cause) for cause in Drop},
            Counter.LEARNED: self.learnt,
            Counter.PULSES_DROPPED: hidden.dropped + readout.dropped,
            Counter.PULSES_HIDDEN: hidden.applied,
            Counter.PULSES_READOUT: readout.applied,
            Counter.PULSES_DROPPED_HIDDEN: hidden.dropped,
            Counter.PULSES_DROPPED_READOUT: readout.dropped,
            Counter.DEVICES_HIDDEN: hidden.devices,
            Counter.DEVICES_READOUT: readout.devices,
            Counter.REPLAYED: self.replayed,
            Counter.ACCEPTED: self.accepted,
            Counter.HEALED: self.healed,
            Counter.GIVEN_UP: hidden.given_up + readout.given_up,
        }
        return {counter: counted[counter] for counter in self.design.counters() if counter in counted}

    @property
    def cycles(self) -> dict[Counter, tuple[int, int]]:
        """Of the hardware's counters of cycles, after all sequences: fewest and most, which are often the same.

        Steps of several contexts overlap; each keeps the crossbars busy, and none takes longer than alone while
        nothing else is done. With a readout at every step each may wait for answers, `CrossbarCase` knows whether for
        longer than its pace. An update takes as long as its pulses let it; without any, or where they are verified,
        its cycles are known. So are those of an insertion into a reservoir with room. A replay, healing or not, is of a
        sequence that was learnt, after so many attempts of its draw.
        """
        stimulus, cycles, capabilities = self.stimulus, self.design.cycles, self.design.capabilities
        lengths, learnt = stimulus.lengths, stimulus.lengths[stimulus.learns]
        steps = int(lengths.sum())
        fewest = (
            steps * cycles.busy if capabilities.interleaves else sum(cycles.lone(n).steps for n in lengths.tolist())
        )
        found = {Counter.STEP_CYCLES: (fewest, max(fewest, steps * cycles.paced_step))}
        if capabilities.learns:
            found[Counter.FEEDBACK_CYCLES] = 2 * (self.learnt * cycles.preparation,)
            found[Counter.LEARN_CYCLES] = self._update_cycles(learnt.tolist())
        for counter, count in ((Counter.REPLAY_CYCLES, self.replayed), (Counter.HEAL_CYCLES, self.healed)):
            if count:
                least = count * cycles.fewest_replay(int(learnt.min()))
                found[counter] = least, count * cycles.most_replay(int(learnt.max()), DRAWS)
        if capabilities.replays and not stimulus.commands and len(learnt) <= self.design.learning.replay_capacity:
            found[Counter.INSERT_CYCLES] = 2 * (sum(cycles.insert_accepted(int(length)) for length in learnt),)
        return found

    def _update_cycles(self, learnt: list[int]) -> tuple[int, int]:
        """Fewest and most cycles of the updates of new sequences of these lengths."""
        cycles = self.design.cycles
        if self.design.capabilities.verifies_learning:
            updates = [cycles.verified_update(*each) for each in zip(learnt, self.verified, self.winners, strict=True)]
            return sum(fewest for fewest, _ in updates), sum(most for _, most in updates)
        fewest = sum(cycles.fewest_update(*each) for each in zip(learnt, self.winners, strict=True))
        silent = not any(writes.applied + writes.dropped for writes in (self.hidden, self.readout))
        return fewest, fewest if silent else sum(map(cycles.most_update, learnt))

    def advance(self, start: int, end: int) -> Expected:
        """The sequences from ``start`` to before ``end``; each stretch begins where the last ended."""
        if self._learning:
            return self._learn(start, end)
        stimulus, chosen = self.stimulus, slice(start, end)
        features, lengths, tags = (each[chosen] for each in (stimulus.features, stimulus.lengths, stimulus.tags))
        devices = self._devices and replace(self._devices, started=stimulus.first_place + start)
        inference = infer(
            self.design, stimulus.weights, features, lengths, stimulus.coefficients, self.trace, devices=devices
        )
        self.saturations += inference.saturations
        records = trace_records(self.design, inference, tags, first_sequence=start) if self.trace else {}
        return Expected(records, inference.scores, inference.decision, inference.step_scores)

    def _learn(self, start: int, end: int) -> Expected:
        """Stretches between the commands to the reservoir."""
        commands = {command.before: command for command in self.stimulus.commands}
        bounds = [start, *(position for position in sorted(commands) if start < position < end), end]
        parts: list[Expected] = []
        for first, last in pairwise(bounds):
            if first in commands:
                self._apply(commands[first])
                parts += self._heal(commands[first].heal)
            parts.append(self._learn_stretch(slice(first, last)))
        if end == len(self.stimulus):
            parts += self._heal(self.stimulus.heal)
        records = {kind: np.concatenate([part.records[kind] for part in parts]) for kind in parts[0].records}
        scores, decision = (np.concatenate([getattr(each, name) for each in parts]) for name in ("scores", "decision"))
        found = [each.step_scores for each in parts if each.step_scores is not None]
        return Expected(records, scores, decision, np.concatenate(found) if found else None)

    def _apply(self, command: ReplayCommand) -> None:
        reservoir = self._learner.trainer.reservoir
        reservoir.ratio, reservoir.frozen = command.ratio, command.freeze
        if command.clear:
            reservoir.clear()

    def _heal(self, count: int) -> list[Expected]:
        """Healing replays, where any are asked for; the host asks for none of an empty reservoir."""
        if not count or not self._learner.trainer.reservoir.filled:
            return []
        return [self._sum_up(self._learner.heal(count, self.trace))]

    def _learn_stretch(self, chosen: slice) -> Expected:
        stimulus = self.stimulus
        return self._sum_up(
            self._learner.advance(
                stimulus.features[chosen],
                stimulus.lengths[chosen],
                stimulus.labels[chosen],
                stimulus.learns[chosen],
                stimulus.tags[chosen],
                self.trace,
            )
        )

    def _sum_up(self, learnt: LearningTrace) -> Expected:
        self.healed += learnt.healed
        self.saturations += learnt.saturations
        self.learnt += learnt.sequences
        self.replayed, self.accepted = self.replayed + learnt.replayed, self.accepted + learnt.accepted
        self.hidden = Writes.sum((self.hidden, learnt.hidden))
        self.readout = Writes.sum((self.readout, learnt.readout))
        self.winners += learnt.winners
        self.verified += learnt.verified
        return Expected(learnt.records, learnt.scores, learnt.decision, learnt.step_scores)


def _aged_devices(design: DesignPoint, stimulus: Stimulus) -> DeviceState:
    """The devices of a chip before the first sequence."""
    state = stimulus.devices.copy() if stimulus.devices else None
    state = state or fresh_devices(design, stimulus.weights, stimulus.spares)
    if stimulus.age:
        state.age(Chip.of(design, state.spares), stimulus.age)
    state.started = stimulus.first_place
    return state
