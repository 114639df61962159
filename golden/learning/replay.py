"""Learning with experience replay: what the chip does with one new training sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.healing import HealingState
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import MakeKernel, WeightUpdate
from remora.golden.learning.pulses import Writes
from remora.golden.learning.reservoir import Reservoir
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint

TrainOne = Callable[[NDArray, int, int | None, int | None], WeightUpdate]
"""Trains on one sequence: features, label, its slot where it is a replay, and `DfaTrainer.train_sequence`'s until."""


@dataclass(frozen=True)
class Interruption:
    """How far a soft reset let the learning of one new training sequence come.

    Rule Z3.

    Attributes:
        updates: how many were begun, the new sequence's first, 0 or more: the growth of register UPDATES.
        columns: how many columns of the last of them were written or skipped; None where it was finished.
        inserted: the sequence was inserted into the reservoir; without one, it does not matter.
    """

    updates: int
    columns: int | None = None
    inserted: bool = False


@dataclass(frozen=True)
class LearningResult:
    """What one new training sequence led to.

    Attributes:
        update: of the sequence itself.
        replays: updates of the replayed sequences, in order; their slots are `slots`.
        accepted: slot of the reservoir that the sequence took, None where the reservoir refused it.
    """

    update: WeightUpdate
    replays: tuple[WeightUpdate, ...]
    slots: tuple[int, ...]
    accepted: int | None

    @property
    def decision(self) -> int:
        """Class of the new sequence as decided before it was learnt."""
        return self.update.decision

    @property
    def hidden(self) -> Writes:
        """What was written into the hidden layer, replays included."""
        return Writes.sum(each.hidden for each in (self.update, *self.replays))

    @property
    def readout(self) -> Writes:
        """What was written into the readout, replays included."""
        return Writes.sum(each.readout for each in (self.update, *self.replays))

    @property
    def applied(self) -> int:
        """Pulses that devices took, replays included."""
        return self.hidden.applied + self.readout.applied

    @property
    def dropped(self) -> int:
        """Pulses that found their pair full, replays included."""
        return self.hidden.dropped + self.readout.dropped


@dataclass(frozen=True)
class HealingReplay:
    """One healing replay: its update, and the slot of the reservoir whose sequence was replayed.

    Rule M11.
    """

    update: WeightUpdate
    slot: int


class ReplayTrainer:
    """A network that learns one new sequence at a time and replays old ones, rules M1 to M7 and M11 to M15.

    A design point without a reservoir is legal: then it is `DfaTrainer` and the count n.

    Attributes:
        dfa: trains on single sequences; its settings are set through `settings`.
        reservoir: the replay memory; may be frozen, thawed and cleared between sequences.
        healing: what asks for healing replays, and the running accuracy; may be set between sequences.

    Args:
        weights: to start from.
        coefficients: the gates; the design's where None.
        kernel: does the arithmetic; every kernel gives the same bits.
        devices: as of `DfaTrainer`.

    Raises:
        ValueError: weights or devices do not fit the design point, or it has bistable cells, which are trained offline.
    """

    def __init__(
        self,
        design: DesignPoint,
        weights: Weights,
        coefficients: Coefficients | None = None,
        kernel: MakeKernel = NumpyKernel,
        devices: DeviceState | None = None,
    ):
        self.design = design
        self.dfa = DfaTrainer(design, weights, coefficients, kernel=kernel, devices=devices)
        self.reservoir = Reservoir(design)
        self.healing = HealingState()

    @classmethod
    def from_checkpoint(
        cls, design: DesignPoint, checkpoint: Checkpoint, kernel: MakeKernel = NumpyKernel
    ) -> ReplayTrainer:
        """Continue exactly where a checkpoint stopped, whichever kernel came that far."""
        trainer = cls.__new__(cls)
        trainer.design = design
        trainer.dfa = DfaTrainer.from_checkpoint(design, checkpoint, kernel)
        trainer.reservoir = Reservoir(design, checkpoint.reservoir)
        trainer.healing = checkpoint.healing or HealingState()
        trainer.settings = trainer.dfa.settings
        return trainer

    def checkpoint(self, metadata: dict | None = None) -> Checkpoint:
        """The whole present state, to be saved."""
        return replace(
            self.dfa.checkpoint(metadata), settings=self.settings, reservoir=self.reservoir.state, healing=self.healing
        )

    @property
    def settings(self) -> LearningSettings:
        """What software may change; may be set between sequences, ``ValueError`` where it does not fit."""
        return replace(self.dfa.settings, replay_ratio=self.reservoir.ratio)

    @settings.setter
    def settings(self, settings: LearningSettings) -> None:
        self.dfa.settings = settings
        self.reservoir.seed, self.reservoir.ratio = settings.seed, settings.replay_ratio

    @property
    def weights(self) -> Weights:
        """Present weights, copied."""
        return self.dfa.weights

    @property
    def coefficients(self) -> Coefficients:
        """The gates."""
        return self.dfa.coefficients

    def train_sequence(self, x: NDArray, label: int, train: TrainOne | None = None) -> LearningResult:
        """Learn a new sequence, replay, insert it into the reservoir.

        Rule M2.

        Args:
            x: (steps, features), uint8, or int8 where the design has signed features; 1 … ``max_steps`` steps.
            label: 0 … classes − 1.
            train: what trains `dfa` on each sequence, to be watched; `DfaTrainer.train_sequence` where None.

        Raises:
            ValueError: the sequence or the label does not fit the design point; then nothing has changed.
        """
        train = train or self._train
        update = train(x, label, None, None)
        self.reservoir.next_sequence()
        slots = self.reservoir.drawn_slots()
        replays = tuple(self._replay(train, slot, None) for slot in slots)
        return LearningResult(update, replays, tuple(slots), self.reservoir.insert(np.asarray(x), label))

    def train_interrupted(
        self, x: NDArray, label: int, interruption: Interruption, train: TrainOne | None = None
    ) -> LearningResult | None:
        """What a soft reset left of learning a new sequence; arguments as of `train_sequence`.

        Returns:
            What was done, the last update in part; None where nothing had begun.

        Raises:
            ValueError: as of `train_sequence`, or more updates than there are.
        """
        train, begun = train or self._train, interruption.updates
        if not begun:
            return None
        last = [None] * (begun - 1) + [interruption.columns]
        update = train(x, label, None, last[0])
        self.reservoir.next_sequence()
        slots = self.reservoir.drawn_slots()[: begun - 1]
        if len(slots) < begun - 1:
            raise ValueError(f"{begun} updates were begun, but only {len(slots)} sequences are replayed")
        replays = tuple(self._replay(train, slot, until) for slot, until in zip(slots, last[1:], strict=True))
        accepted = self.reservoir.insert(np.asarray(x), label) if interruption.inserted else None
        return LearningResult(update, replays, tuple(slots), accepted)

    def heal(self, count: int, train: TrainOne | None = None) -> list[HealingReplay]:
        """Ask for ``count`` healing replays in place of those left, and do them; none where the reservoir is empty.

        Rules M11 to M14.

        Args:
            train: as of `train_sequence`.

        Raises:
            ValueError: the count is not in 0 … 2³² − 1; then nothing has changed.
        """
        self.healing, done = self.healing.asked(count), []
        with self._at_healing_rates():
            while self.healing.run and self.reservoir.filled:
                done.append(self.heal_once(train))
        return done

    def heal_by_policy(self, most: int, train: TrainOne | None = None) -> list[HealingReplay]:
        """Healing replays while the policy asks for them, ``most`` at most, as where a packet comes after so many.

        Rule M14.
        """
        done: list[HealingReplay] = []
        with self._at_healing_rates():
            while self.healing.policy and self.reservoir.filled and len(done) < most:
                done.append(self.heal_once(train))
        return done

    def heal_once(self, train: TrainOne | None = None, until: int | None = None) -> HealingReplay:
        """One healing replay, whatever asks for it.

        Rules M11 to M14.

        Args:
            train: as of `train_sequence`.
            until: as of `DfaTrainer.train_sequence`, where a soft reset cuts its update short.

        Raises:
            ValueError: the reservoir is empty.
        """
        slot = self.reservoir.healing_slot(self.dfa.updates)
        with self._at_healing_rates():
            self.healing = self.healing.begun()
            return HealingReplay(self._replay(train or self._train, slot, until), slot)

    @contextmanager
    def _at_healing_rates(self) -> Iterator[None]:
        """The kernel learns by the settings of healing meanwhile. Rule M12."""
        ordinary = self.dfa.settings
        if ordinary != ordinary.in_healing:
            self.dfa.settings = ordinary.in_healing
        try:
            yield
        finally:
            if self.dfa.settings is not ordinary:
                self.dfa.settings = ordinary

    def _replay(self, train: TrainOne, slot: int, until: int | None) -> WeightUpdate:
        """Replay a slot of the reservoir and count whether it was decided rightly. Rule M13."""
        x, label = self.reservoir.sequence(slot)
        update = train(x, label, slot, until)
        self.healing = self.healing.replayed(update.decision == label, self.settings)
        return update

    def _train(self, x: NDArray, label: int, slot: int | None, until: int | None) -> WeightUpdate:
        return self.dfa.train_sequence(x, label, until=until)
