"""What the examples of learning and replay call: updates, pulses and the reservoir as golden has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from remora.golden.crossbar.array import TiledLayer
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights, initial_weights
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.rules import feedback_matrix
from remora.golden.learning.kernel.rules import winning_units as winners_of
from remora.golden.learning.pulses import Writes, make_writer
from remora.golden.learning.reservoir import Reservoir, ReservoirState
from remora.golden.learning.settings import LearningSettings
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.lib.fixed import round_shift as rs
from remora.spec.lib.rng import Purpose, draw
from tests.docs.example_points import point, weights_of


def winning_units(feedback: list[int], winners: int) -> list[int]:
    """Units that learn."""
    return winners_of(np.array(feedback), winners).tolist()


def learn(design: DesignPoint, seed: int = 1, chi: int = 0, updates: int = 0, until=None, **shifted) -> SimpleNamespace:
    """One update of a network whose weights are 0: steps of all features 255 and 16, label 0."""
    weights = weights_of(design)
    start = np.full(weights.hidden.shape, chi), np.full(weights.readout.shape, chi)
    settings = replace(LearningSettings.of(design), seed=seed, **shifted)
    trainer = DfaTrainer(design, weights, accumulators=start, updates=updates, settings=settings)
    seen = []
    x = np.repeat(np.array([[255], [16]], np.uint8), design.network.features, axis=1)
    update = trainer.train_sequence(x, 0, watch=lambda *gradients: seen.extend(gradients), until=until)
    accumulators = [part.tolist() for part in trainer.accumulators]
    rates = design.learning
    shifts = rates.hidden_shift + settings.hidden_rate_shift, rates.readout_shift + settings.readout_rate_shift
    return SimpleNamespace(
        updates=trainer.updates,
        error=update.error.tolist(),
        feedback=update.feedback.tolist(),
        psi=feedback_matrix(design, seed).tolist(),
        gradient=[gradient.tolist() for gradient in seen],
        steps=[rs(gradient, shift).tolist() for gradient, shift in zip(seen, shifts, strict=True)],
        chi=accumulators,
        moved=[
            sorted({int(column) for column in np.nonzero(part != old)[1]})
            for part, old in zip(trainer.accumulators, start, strict=True)
        ],
    )


@dataclass
class _Written:
    chi: int | None
    weight: int
    writes: Writes

    def __repr__(self) -> str:
        counts = f"applied {self.writes.applied}, dropped {self.writes.dropped}, devices {self.writes.devices}"
        return (
            f"weight {self.weight}, {counts}" if self.chi is None else f"chi {self.chi}, weight {self.weight}, {counts}"
        )


def _writer(design: DesignPoint, which: Layer, weights: Weights, values=None):
    levels = weights.hidden if which is Layer.HIDDEN else weights.readout
    layer = TiledLayer(design, which, levels, np.float64)
    writer = make_writer(design, layer, which, levels, values, np.float64)
    writer.configure(levels.shape[1], design.learning.seed)
    writer.gradient[...] = 0
    return writer


def accumulate(design: DesignPoint, chi: int, step: int, weight: int) -> _Written:
    """The weight of hidden row 0 and its χ after an update by ``step``."""
    weights = weights_of(design)
    weights.hidden[0, 0] = weight
    values = np.zeros(weights.hidden.shape)
    values[0, 0] = chi
    writer = _writer(design, Layer.HIDDEN, weights, values)
    writer.gradient[0, 0] = step
    writes = writer.commit(None, 1)
    return _Written(int(writer.rule.values[0, 0]), int(writer.levels[0, 0]), writes)


def direct(design: DesignPoint, step: int, weight: int, q: int) -> _Written:
    """The weight of hidden row 0 after an update by ``step``, update number q."""
    weights = weights_of(design)
    weights.hidden[0, 0] = weight
    writer = _writer(design, Layer.HIDDEN, weights)
    writer.gradient[0, 0] = step
    writes = writer.commit(None, q)
    return _Written(None, int(writer.levels[0, 0]), writes)


def rounding_draws(design: DesignPoint, layer: Layer, q: int) -> list[list[int]]:
    """r of every row and column of a layer."""
    level, shape = design.learning.accumulator_level, _writer(design, layer, weights_of(design)).levels.shape
    draws = np.zeros(shape, int)
    for step in range(1, level):
        writer = _writer(design, layer, weights_of(design))
        writer.gradient[...] = step
        writer.commit(None, q)
        # The smallest step that makes a pulse lacks r of a level.
        draws = np.where((writer.levels != 0) & (draws == 0), level - step, draws)
    return draws.tolist()


def pulses(levels: int, weight: int, count: int, pair: str = "canonical") -> tuple[int, int, int, int]:
    """The weight after ``count`` pulses, up where positive; pulses applied and dropped, devices written."""
    design = point(features=1, hidden=1, levels=levels, pair=pair, accumulator_level=2, max_pulses=15)
    reached, total = weight, []
    while count:
        some = max(-15, min(15, count))
        written = accumulate(design, chi=2 * some, step=0, weight=reached)
        reached, count = written.weight, count - some
        total.append(written.writes)
    writes = Writes.sum(total)
    return reached, writes.applied, writes.dropped, writes.devices


def reservoir(design: DesignPoint, presented: int = 0, inserts: int = 0) -> SimpleNamespace:
    """A reservoir after so many insertions of sequences of one step, and the slot that each took."""
    memory = Reservoir(design, replace(ReservoirState.empty(design), presented=presented))

    def counted(sequences: int) -> list[int]:
        numbers = []
        for _ in range(sequences):
            memory.next_sequence()
            numbers.append(memory.presented)
        return numbers

    def insert() -> int | None:
        memory.next_sequence()
        return memory.insert(np.zeros((1, design.network.features), np.uint8), 0)

    def frozen_insert() -> tuple[int | None, int, int]:
        memory.frozen = True
        return insert(), memory.presented, memory.filled

    def cleared() -> tuple[int, int]:
        memory.clear()
        return memory.presented, memory.filled

    accepted = [insert() for _ in range(inserts)]
    return SimpleNamespace(
        counted=counted, accepted=accepted, drawn_slots=memory.drawn_slots, frozen_insert=frozen_insert, cleared=cleared
    )


def quantiser_bytes(seed: int, n: int, step: int) -> list[int]:
    """r of features 0 … 3, the bytes of the draw from the lowest."""
    return list(int(draw(seed, Purpose.REPLAY_QUANTISER, n, step, 0)).to_bytes(4, "little"))


def inserted(design: DesignPoint, x) -> tuple[list, int]:
    """Stored features of the first sequence, which is inserted, and its checksum in golden's trace."""
    reference = LearningReference(design, initial_weights(design), Coefficients.of(design))
    one, features = np.ones(1, int), np.array([x], np.uint8)
    records = reference.advance(features, one * len(x), 0 * one, one > 0, 0 * one).records
    return reference.trainer.reservoir.stored(0)[0].tolist(), int(records["insert"]["stored_sum"][0])


def canonical(weight: int) -> tuple[int, int]:
    """The pair that golden's pulses make of a weight, from rest: g⁺ and g⁻."""
    reached = pulses(levels=128, weight=0, count=weight)[0]
    return max(reached, 0), max(-reached, 0)
