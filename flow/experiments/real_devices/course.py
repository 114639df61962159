"""What every chip of a run goes through: the stream that it learns, its tests, and the ideal chip beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from remora.flow.experiments.learners import ChipLearner
from remora.flow.experiments.runner import Options
from remora.flow.experiments.streams import TASKS, TaskStream, permuted_mnist, presented
from remora.flow.sweep.units import Context
from remora.flow.systems.crossbar.train import data_digest
from remora.golden.crossbar.weights import round_to_levels
from remora.golden.devices.chip import Chip
from remora.golden.devices.self_test import self_test
from remora.golden.devices.spares.repairs import mended
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import Checkpoint, CheckpointError, continue_checkpoint, save_checkpoint
from remora.golden.learning.kernel.protocol import MakeKernel
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.self_test.plan import Finding, threshold_for
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import suggestion

SEQUENCES, QUICK_SEQUENCES = 20_000, 300
TEST_LIMIT, QUICK_TEST_LIMIT = 10_000, 200
REPLAY, QUICK_REPLAY = (
    {"replay_capacity": 2500, "replay_ratio": 3},
    {"replay_capacity": 100, "replay_ratio": 1},
)
HEAL_CHUNK = 1000
"""Healing replays between two movements of the progress bar."""
VERSION = 1
"""Of the ideal chip's checkpoint; change it where the code makes another one of the same parameters."""


@dataclass(frozen=True)
class Course:
    """A stream of tasks as a run takes it.

    Attributes:
        stream: permuted MNIST of the run's seed.
        sequences: new ones in each task.
        test_limit: test sequences of each task, at most.
        replay: of the design point's learning.
        seed: of the run, and of every chip.
    """

    stream: TaskStream
    sequences: int
    test_limit: int
    replay: Mapping[str, int]
    seed: int

    @classmethod
    def of(cls, options: Options) -> Course:
        """What a run's options ask for."""
        quick = options.quick
        return cls(
            permuted_mnist(options.seed),
            options.sequences or (QUICK_SEQUENCES if quick else SEQUENCES),
            QUICK_TEST_LIMIT if quick else TEST_LIMIT,
            QUICK_REPLAY if quick else REPLAY,
            options.seed,
        )

    @property
    def count(self) -> int:
        """New sequences of all tasks."""
        return TASKS * self.sequences

    @property
    def parameters(self) -> dict[str, Any]:
        """What decides the result of every unit, as JSON holds it."""
        return {
            "tasks": TASKS,
            "weights": self.stream.weights.__name__,
            "sequences_per_task": self.sequences,
            "test_limit": self.test_limit,
            "data": data_digest(self.stream.task(0)[0]),
        }

    def chip(self, section: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]] | None = None) -> DesignPoint:
        """The design point of a chip with this section ``[devices]``; none is the ideal chip.

        Args:
            others: fields of other sections in which it differs from the ideal chip.

        The chip's seed is that of the run, and accumulators and pulses suit the devices.
        """
        devices = {**section, "seed": self.seed} if section else {}
        others = others or {}
        learning = {**self.replay, "enabled": True, "healing": True, **others.get("learning", {})}
        sections: dict[str, Any] = {**others, "learning": learning}
        base = self.stream.design.evolve(**sections)
        asked: dict[str, Any] = suggestion(base, Devices(**devices)).changes if devices else {}
        return base.evolve(devices=devices, **asked)

    def learnt(
        self, design: DesignPoint, advance: Callable[[int], None], kernel: MakeKernel | None = None
    ) -> ChipLearner:
        """A chip that has learnt all tasks by itself, with a kernel of its own where one is given; its spare columns
        stand in for what its self-test has found."""
        learner = ChipLearner(design, self.stream.weights(design), kernel, mended_by(design))
        for task in range(TASKS):
            self.learn_task(learner, task, advance)
        return learner

    def learn_task(self, learner: ChipLearner, task: int, advance: Callable[[int], None]) -> None:
        """Learn one task in the order that the seed gives."""
        for _ in self.visit(learner, task, self.sequences, task, advance):
            pass

    def visit(
        self, learner: ChipLearner, task: int, count: int, order: int, advance: Callable[[int], None]
    ) -> Iterator[None]:
        """Learn ``count`` sequences of a task in the order of this number, one at each step of the iteration."""
        data, _ = self.stream.task(task)
        for chosen in presented(data, count, self.seed, order).tolist():
            learner.learn(data.sequence(chosen), int(data.y[chosen]))
            advance(1)
            yield

    def ideal(self, context: Context) -> Checkpoint:
        """What the ideal chip has learnt; learnt once, for every unit and experiment of the output directory.

        Its metadata has ``pulses``, those that it took.
        """
        design = self.chip({})
        identity = {"version": VERSION, "design": written(design), **self.parameters}
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        path = context.shared / f"ideal-{key}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            try:
                return continue_checkpoint(path, design)
            except (CheckpointError, OSError):  # none yet, or none that can be read: it is learnt anew
                learner = self.learnt(design, context.advance)
                metadata = {"pulses": learner.counts["pulses_applied"]}
                save_checkpoint(path, design, replace(learner.checkpoint(), metadata=metadata))
                return continue_checkpoint(path, design)

    def moved(self, design: DesignPoint, context: Context) -> ChipLearner:
        """A chip to which the ideal chip's network has moved, programmed as exactly as the devices take it.

        A weight becomes the nearest of its levels, and one beyond the largest of its pairs becomes that. It takes the
        ideal chip's reservoir along; what its accumulators held stays there.
        """
        ideal, unity = self.ideal(context), 2.0 ** self.chip({}).crossbar.level_bits
        layers = [round_to_levels(design, each / unity) for each in (ideal.weights.hidden, ideal.weights.readout)]
        ideal = replace(ideal, weights=replace(ideal.weights, hidden=layers[0], readout=layers[1]))
        hidden, readout = (np.zeros_like(each) for each in (ideal.hidden_accumulators, ideal.readout_accumulators))
        ideal = replace(ideal, hidden_accumulators=hidden, readout_accumulators=readout, spares=mended_by(design))
        return ChipLearner.of(design, ideal)

    def reached(self, learner: ChipLearner) -> dict[str, Any]:
        """Accuracy on the test sequences of every task."""
        tests = (self.stream.task(task)[1] for task in range(TASKS))
        found = [learner.accuracy(test.first(min(self.test_limit, len(test)))) for test in tests]
        return {"accuracy": float(np.mean(found)), "by_task": found}


def mended_by(design: DesignPoint) -> SpareMap | None:
    """What the spare columns of a chip stand in for, after as many self-tests as it takes; None where it has none."""
    if not design.capabilities.spares:
        return None

    def findings(spares: SpareMap) -> list[Finding]:
        state = DeviceState.of(design, no_weights(design), spares=spares)
        return self_test(design, Chip.of(design, spares), state, threshold_for(design)).findings

    return mended(design, findings)


def no_weights(design: DesignPoint) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Weights of 0 in both layers."""
    network = design.network
    shapes = (design.hidden_rows, network.hidden), (design.readout_rows, network.classes)
    hidden, readout = (np.zeros(shape, np.int16) for shape in shapes)
    return hidden, readout


def written(design: DesignPoint) -> dict[str, Any]:
    """A design point as JSON holds it."""
    return design.model_dump(mode="json", exclude_none=True)


def heal(learner: ChipLearner, count: int, advance: Callable[[int], None]) -> None:
    """So many healing replays of the chip's reservoir."""
    for done in range(0, count, HEAL_CHUNK):
        part = min(HEAL_CHUNK, count - done)
        learner.heal(part)
        advance(part)
