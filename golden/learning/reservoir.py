"""The replay memory: a uniform sample of all sequences so far, four bits a feature, rules M1 to M7.

Source: J. S. Vitter, "Random sampling with a reservoir", 1985, algorithm R.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import (
    QUANTISER_BYTES,
    REPLAY_FACTOR,
    REPLAY_SHIFT,
    REPLAY_STEP,
    SEQUENCE_LIMIT,
    SIGN_FLIP,
)
from remora.spec.lib.rng import Purpose, draw, uniform_index


@dataclass(frozen=True)
class ReservoirState:
    """Content of a reservoir between sequences, slots in order.

    Attributes:
        presented: n, new training sequences since reset or clear.
        frozen: nothing is inserted.
        features: (filled, max_steps, features) uint8, 0 … 15; zero beyond a sequence's end.
        steps: (filled,) int64, 1 … max_steps; `labels`: (filled,) int64.
    """

    presented: int
    frozen: bool
    features: NDArray[np.uint8]
    steps: NDArray[np.int64]
    labels: NDArray[np.int64]

    @classmethod
    def empty(cls, design: DesignPoint) -> ReservoirState:
        """As after reset."""
        network, none = design.network, np.zeros(0, np.int64)
        return cls(0, False, np.zeros((0, network.max_steps, network.features), np.uint8), none, none)

    def check(self, design: DesignPoint) -> ReservoirState:
        """Return this state if it fits the design point.

        Raises:
            ValueError: a shape, dtype or value is wrong; the message says what was found and what is legal.
        """
        network, filled = design.network, len(self.steps)
        if self.features.shape != (filled, network.max_steps, network.features) or self.labels.shape != (filled,):
            raise ValueError(
                f"the reservoir's features, steps and labels have shapes {self.features.shape}, {self.steps.shape}, "
                f"{self.labels.shape}; expected (filled, {network.max_steps}, {network.features}) and twice (filled,)"
            )
        if filled > design.learning.replay_capacity:
            raise ValueError(f"{filled} sequences exceed the reservoir's capacity of {design.learning.replay_capacity}")
        if not filled <= self.presented <= SEQUENCE_LIMIT:
            raise ValueError(
                f"the sequence number is {self.presented}; with {filled} held it must be in {filled}…2**32 − 1"
            )
        for name, array, low, high in (
            ("feature", self.features, 0, REPLAY_FACTOR),
            ("number of steps", self.steps, 1, network.max_steps),
            ("label", self.labels, 0, network.classes - 1),
        ):
            if not np.issubdtype(array.dtype, np.integer) or (filled and not low <= array.min() <= array.max() <= high):
                raise ValueError(f"a {name} of the reservoir is no whole number in {low}…{high}")
        return self


class Reservoir:
    """The memory and its draws.

    Attributes:
        presented: n, the number of the present sequence.
        filled: slots that hold a sequence.
        seed: of the draws; may be set.
        ratio: sequences replayed after each new one; may be set.
        frozen: may be set; then nothing is inserted, and what is held stays.

    Args:
        state: to start from; empty where None.

    Raises:
        ValueError: the state does not fit the design point.
    """

    def __init__(self, design: DesignPoint, state: ReservoirState | None = None):
        state = (state or ReservoirState.empty(design)).check(design)
        network, learning = design.network, design.learning
        self.seed, self._capacity, self.ratio = learning.seed, learning.replay_capacity, learning.replay_ratio
        self._signed = network.feature_signed
        self._features = np.zeros((self._capacity, network.max_steps, network.features), np.uint8)
        self._steps, self._labels = np.zeros((2, self._capacity), np.int64)
        self.presented, self.filled, self.frozen = state.presented, len(state.steps), state.frozen
        for memory, content in (
            (self._features, state.features),
            (self._steps, state.steps),
            (self._labels, state.labels),
        ):
            memory[: self.filled] = content

    @property
    def state(self) -> ReservoirState:
        """Present content, copied."""
        held = slice(self.filled)
        features, steps, labels = self._features[held].copy(), self._steps[held].copy(), self._labels[held].copy()
        return ReservoirState(self.presented, self.frozen, features, steps, labels)

    def clear(self) -> None:
        """Forget every sequence and n, as reset does. Rule M7."""
        self.presented = self.filled = 0

    def next_sequence(self) -> None:
        """A new training sequence has come: n goes up. Rule M1."""
        self.presented = min(self.presented + 1, SEQUENCE_LIMIT)

    def drawn_slots(self) -> list[int]:
        """Slots to replay after the present sequence, ``replay_ratio`` of them, or none where nothing is held.

        Rules M3 and R4.
        """
        if not self.filled:
            return []
        return [
            uniform_index(self.seed, Purpose.REPLAY_INDEX, self.filled, self.presented, replay_index)
            for replay_index in range(self.ratio)
        ]

    def healing_slot(self, updates: int) -> int:
        """Slot of a healing replay; something must be held. Rules M11 and R4.

        Args:
            updates: q before its own update.
        """
        return uniform_index(self.seed, Purpose.HEALING_INDEX, self.filled, updates)

    def sequence(self, slot: int) -> tuple[NDArray, int]:
        """Features (steps, features) as they are replayed, uint8, or int8 where signed, and the label.

        Raises:
            IndexError: the slot holds nothing.
        """
        if not 0 <= slot < self.filled:
            raise IndexError(f"slot {slot} holds nothing; {self.filled} are filled")
        stored, label = self.stored(slot)
        return restored(stored, self._signed), label

    def stored(self, slot: int) -> tuple[NDArray[np.uint8], int]:
        """Features (steps, features) as they are held, 0 … 15, and the label; ``slot`` must hold something."""
        return self._features[slot, : self._steps[slot]], int(self._labels[slot])

    def insert(self, x: NDArray, label: int) -> int | None:
        """Accept the present sequence, or refuse it: the slot that it takes, None where refused. Rules M4 and M7."""
        if self.frozen or not self._capacity:
            return None
        slot = self.filled
        if slot == self._capacity:
            slot = uniform_index(self.seed, Purpose.RESERVOIR_INDEX, self.presented, self.presented)
            if slot >= self._capacity:
                return None
        self.filled = max(self.filled, slot + 1)
        self._features[slot, : len(x)] = quantised(self.seed, self.presented, x)
        self._features[slot, len(x) :] = 0
        self._steps[slot], self._labels[slot] = len(x), label
        return slot


def quantised(seed: int, sequence: int, x: NDArray) -> NDArray[np.uint8]:
    """Features (steps, features), uint8 or int8, as sequence number ``sequence`` would store them: 0 … 15. Rule M5."""
    step, lane = np.ogrid[: x.shape[0], : -(-x.shape[1] // QUANTISER_BYTES)]
    words = draw(seed, Purpose.REPLAY_QUANTISER, sequence, step, lane)
    shifts = np.arange(0, 8 * QUANTISER_BYTES, 8, dtype=np.uint32)
    random = ((words[..., None] >> shifts) & np.uint32(0xFF)).reshape(len(x), -1)[:, : x.shape[1]]
    unsigned = x.view(np.uint8) ^ np.uint8(SIGN_FLIP) if x.dtype == np.int8 else x
    return ((REPLAY_FACTOR * unsigned.astype(np.uint32) + random) >> np.uint32(REPLAY_SHIFT)).astype(np.uint8)


def restored(stored: NDArray[np.uint8], signed: bool) -> NDArray:
    """Stored features as they are replayed: uint8, or int8 where signed. Rule M6."""
    replayed = stored * np.uint8(REPLAY_STEP)
    return (replayed ^ np.uint8(SIGN_FLIP)).view(np.int8) if signed else replayed
