"""What is compared in continual learning: the chip in its integers, and software in floating point.

Both see the same new sequences in the same order, and replay the same old ones at the same four bits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.golden.crossbar.weights import Weights
from remora.golden.data.load import SequenceSet
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import Checkpoint, continue_checkpoint, save_checkpoint
from remora.golden.learning.kernel.protocol import MakeKernel, WeightUpdate
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.reservoir import Reservoir, ReservoirState
from remora.golden.learning.training import accuracy
from remora.golden.lib.npz import read_npz, write_npz
from remora.golden.offline.adam import Adam
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.spares.spare_map import SpareMap

COUNTED = 997
"""Of so many sequences that a chip learns, the cycles of one are counted; prime, so that new ones and replays are met
alike."""


class Learner(Protocol):
    """Learns a stream, one sequence at a time; may be stored between tasks."""

    counts: dict[str, int]

    def learn(self, x: NDArray, label: int) -> None:
        """Learn a new sequence, (steps, features), and replay."""

    def slow_down(self, rate_shift: int) -> None:
        """Learn at 2^−rate_shift of the initial rate from here on."""

    def finish(self) -> None:
        """Learn what is still waiting."""

    def accuracy(self, test: SequenceSet) -> float:
        """Share of sequences decided rightly."""

    def save(self, path: Path) -> None:
        """Store the whole state."""

    def load(self, path: Path) -> None:
        """Continue from a stored state; `counts` is the caller's to keep."""


class ChipLearner:
    """The chip: golden learning and replay.

    Attributes:
        counts: sequences presented, replays included, and pulses applied and dropped.
        cycles: of a design that verifies, by how much longer the hardware takes for a sequence that is learnt than
            without pulses, a share, of one sequence in `COUNTED`.

    Args:
        spares: what spare columns stand in for; None: for none.
    """

    def __init__(
        self, design: DesignPoint, weights: Weights, kernel: MakeKernel | None = None, spares: SpareMap | None = None
    ):
        self._design, self._kernel = design, kernel or learning_kernel()
        self._trainer = ReplayTrainer(design, weights, kernel=self._kernel)
        self.counts = {"sequences_presented": 0, "pulses_applied": 0, "pulses_dropped": 0}
        self.cycles: list[float] = []
        if spares:
            self._continue(design, replace(Checkpoint.of(design, weights), spares=spares))

    @classmethod
    def of(cls, design: DesignPoint, checkpoint: Checkpoint) -> ChipLearner:
        """A chip that holds what a checkpoint does."""
        learner = cls(design, checkpoint.weights)
        learner._continue(design, checkpoint)
        return learner

    def learn(self, x: NDArray, label: int) -> None:
        """Learn a new sequence and replay."""
        learned = self._trainer.train_sequence(x, label)
        if self._design.capabilities.verifies_learning:
            for number, update in enumerate((learned.update, *learned.replays), self.counts["sequences_presented"]):
                if number % COUNTED == 0:
                    # All sequences of a stream are equally long.
                    self._count_cycles(update, len(x))
        self.counts["sequences_presented"] += 1 + len(learned.replays)
        self.counts["pulses_applied"] += learned.applied
        self.counts["pulses_dropped"] += learned.dropped

    def _count_cycles(self, update: WeightUpdate, steps: int) -> None:
        cycles, winners = self._design.cycles, tuple(update.winners.tolist())
        plain = cycles.fewest_update(steps, winners)
        more = cycles.verified_update(steps, update.verified, winners)[1] - plain
        self.cycles.append(more / (cycles.sequence(steps) + plain))

    def slow_down(self, rate_shift: int) -> None:
        """Shift every gradient further to the right by ``rate_shift`` bits; all state stays."""
        learning = self._design.learning
        shifts = {name: getattr(learning, name) + rate_shift for name in ("hidden_shift", "readout_shift")}
        self._continue(self._design.evolve(learning=shifts), self._trainer.checkpoint())

    def finish(self) -> None:
        """Nothing waits."""

    @property
    def weights(self) -> Weights:
        """Present weights, copied."""
        return self._trainer.weights

    def accuracy(self, test: SequenceSet) -> float:
        """Share of sequences that inference decides rightly."""
        trainer = self._trainer
        return accuracy(self._design, self.weights, test, trainer.coefficients, trainer.dfa.devices)

    def heal(self, count: int) -> None:
        """Replay so many sequences of the reservoir without new ones."""
        for each in self._trainer.heal(count):
            self.counts["sequences_presented"] += 1
            self.counts["pulses_applied"] += each.update.applied
            self.counts["pulses_dropped"] += each.update.dropped

    def age(self, ticks: int) -> None:
        """Let so many ticks of a device pass."""
        self._trainer.dfa.age(ticks)

    @property
    def devices(self) -> DeviceState | None:
        """Present state of real devices, copied; None where they are ideal."""
        return self._trainer.dfa.devices

    def checkpoint(self) -> Checkpoint:
        """Present state."""
        return self._trainer.checkpoint()

    def save(self, path: Path) -> None:
        """Store a checkpoint."""
        save_checkpoint(path, self._design, self._trainer.checkpoint())

    def load(self, path: Path) -> None:
        """Continue a checkpoint."""
        self._continue(self._design, continue_checkpoint(path, self._design))

    def _continue(self, design: DesignPoint, checkpoint: Checkpoint) -> None:
        self._trainer = ReplayTrainer.from_checkpoint(design, checkpoint, self._kernel)


class SoftwareLearner:
    """BPTT with Adam in float32, from the same initial weights; one step for every ``batch`` new sequences.

    Attributes:
        counts: sequences presented, replays included.
    """

    def __init__(self, design: DesignPoint, weights: Weights, batch: int, rate: float):
        self._design, self._batch, self._rate = design, batch, rate
        self._model = FloatModel.of(design, weights)
        self._adam = Adam((self._model.hidden, self._model.readout), rate)
        self._reservoir = Reservoir(design)
        self._waiting: list[tuple[NDArray, int]] = []
        self._new = 0
        self.counts = {"sequences_presented": 0}

    def learn(self, x: NDArray, label: int) -> None:
        """Gather a new sequence and what is replayed after it; step when the batch is full."""
        self._reservoir.next_sequence()
        self._waiting += [(x, label), *map(self._reservoir.sequence, self._reservoir.drawn_slots())]
        self._reservoir.insert(x, label)
        self._new += 1
        if self._new == self._batch:
            self.finish()

    def slow_down(self, rate_shift: int) -> None:
        """Step at 2^−rate_shift of the initial rate; what is waiting included."""
        self._adam.rate = self._rate * 2.0**-rate_shift

    def finish(self) -> None:
        """Step on what has been gathered."""
        if self._waiting:
            x, y = zip(*self._waiting, strict=True)
            self._adam.step(self._model.bptt(to_float(self._design, np.stack(x)), np.array(y))[1])
            self.counts["sequences_presented"] += len(y)
        self._waiting, self._new = [], 0

    def accuracy(self, test: SequenceSet) -> float:
        """Share of sequences decided rightly, in float."""
        return float(np.mean(self._model.decide(to_float(self._design, test.x)) == test.y))

    def save(self, path: Path) -> None:
        """Store weights, moments and reservoir; nothing may be waiting."""
        state = self._reservoir.state
        reservoir = {name: getattr(state, name) for name in ("presented", "features", "steps", "labels")}
        write_npz(path, {"count": self._adam.count, **reservoir, **self._arrays()})

    def load(self, path: Path) -> None:
        """Continue a stored state."""
        content = read_npz(path)
        for name, array in self._arrays().items():
            array[...] = content[name]
        self._adam.count = int(content["count"])
        held = (content[name] for name in ("features", "steps", "labels"))
        self._reservoir = Reservoir(self._design, ReservoirState(int(content["presented"]), False, *held))

    def _arrays(self) -> dict[str, NDArray]:
        pairs = {
            "weights": (self._model.hidden, self._model.readout),
            "means": self._adam.means,
            "squares": self._adam.squares,
        }
        return {
            f"{name}_{layer}": pair[index]
            for name, pair in pairs.items()
            for index, layer in enumerate(("hidden", "readout"))
        }
