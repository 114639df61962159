"""What the examples of healing call: replays of the reservoir without a new sequence, and the accuracy that asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from remora.golden.crossbar.weights import initial_weights
from remora.golden.learning.healing import HealingState
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint


def taught(design: DesignPoint) -> ReplayTrainer:
    """A learner that has learnt two sequences of one step, and replayed one: q is 3."""
    trainer = ReplayTrainer(design, initial_weights(design))
    for label in range(2):
        trainer.train_sequence(np.full((1, design.network.features), 200 * label, np.uint8), label)
    return trainer


def healed(trainer: ReplayTrainer, count: int) -> tuple[list[int], int, int]:
    """Slots of healing replays, and q and n after them."""
    slots = [each.slot for each in trainer.heal(count)]
    return slots, trainer.dfa.updates, trainer.reservoir.presented


def healing_rates(trainer: ReplayTrainer, hidden: int, readout: int) -> list[tuple[int, int]]:
    """Rate shifts by which a healing replay learns and by which learning goes on, at ordinary shifts of 1 and 0."""
    seen: list[LearningSettings] = []

    def train(x, label, slot, until):
        seen.append(trainer.dfa.settings)
        return trainer.dfa.train_sequence(x, label, until=until)

    trainer.settings = replace(
        trainer.settings, hidden_rate_shift=1, heal_hidden_rate_shift=hidden, heal_readout_rate_shift=readout
    )
    trainer.heal(1, train)
    return [(each.hidden_rate_shift, each.readout_rate_shift) for each in (*seen, trainer.settings)]


def accuracies(a: int, decided: str) -> list[int]:
    """a after each replay, decided rightly (``+``) or wrongly (``-``)."""
    design = DesignPoint(name="example")
    state, found = HealingState(accuracy=a), []
    for sign in decided:
        state = state.replayed(sign == "+", LearningSettings.of(design))
        found.append(state.accuracy)
    return found


def policy(a: int, decided: str, start: int, stop: int, h: int = 0) -> list[tuple[int, int]]:
    """a and h after each replay."""
    settings = replace(LearningSettings.of(DesignPoint(name="example")), heal_start=start, heal_stop=stop)
    state, found = HealingState(accuracy=a, policy=bool(h)), []
    for sign in decided:
        state = state.replayed(sign == "+", settings)
        found.append((state.accuracy, int(state.policy)))
    return found


def soft_reset(count: int, begun: int) -> tuple[int, bool]:
    """What is left of healing replays that were asked for, and whether they go on, after a soft reset."""
    state = HealingState().asked(count)
    for _ in range(begun):
        state = state.begun()
    state = state.reset()
    return state.left, state.run
