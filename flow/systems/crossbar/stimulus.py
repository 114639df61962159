"""What goes into a run of the simulated hardware: sequences, weights, coefficients, packets that must be dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights, random_weights
from remora.golden.data.load import SequenceSet
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag, encode_packet

NO_LABEL = -1
"""Label of a sequence whose packet carries none."""


@dataclass(frozen=True)
class BadPacket:
    """A packet that the hardware must drop.

    Attributes:
        before: index of the sequence that it precedes on the stream.
        data: its bytes. ``keep``: one a byte, False where TKEEP leaves a hole; None for no hole.
        cause: under which it must be counted.
    """

    before: int
    data: bytes
    cause: Drop
    keep: tuple[bool, ...] | None = None


@dataclass(frozen=True)
class ReplayCommand:
    """What the host tells the reservoir between two sequences, while the core is halted.

    Attributes:
        before: index of the sequence before which.
        ratio: sequences replayed after each new one, 0 … 255. ``freeze``: keep no further ones. ``clear``: forget all.
        heal: healing replays that are asked for then, and have ended before the sequence comes; none where the
            reservoir is empty.
    """

    before: int
    ratio: int
    freeze: bool = False
    clear: bool = False
    heal: int = 0


@dataclass(frozen=True)
class Stimulus:
    """S sequences with their lengths, labels (``NO_LABEL``: none) and tags, the weights, the coefficients, bad packets
    in the order of the stream, and what is asked of each sequence: flags ``LEARN`` and ``INFER``, inference of all
    where None; commands to the reservoir in the order of the stream; indices of sequences before which all that is
    learnt is read back and compared, as it is at the end; and how many healing replays follow the last sequence, none
    where the reservoir is empty. Real devices start from ``devices``, or freshly programmed where it is None, and are
    aged by ``age`` ticks before the first sequence, which is number ``first_place`` of the stream. Spare columns stand
    in for others as ``spares`` says, for none where it is None."""

    features: NDArray
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    weights: Weights
    coefficients: Coefficients
    bad: tuple[BadPacket, ...] = ()
    asked: NDArray[np.int64] | None = None
    commands: tuple[ReplayCommand, ...] = ()
    readbacks: tuple[int, ...] = ()
    heal: int = 0
    age: int = 0
    first_place: int = 0
    devices: DeviceState | None = None
    spares: SpareMap | None = None

    @classmethod
    def of(cls, data: SequenceSet, weights: Weights, coefficients: Coefficients, asked: Flag = Flag.INFER) -> Stimulus:
        """All sequences of a set, the same asked of each."""
        every = np.full(len(data), int(asked))
        return cls(data.x, data.steps, data.y.astype(np.int64), weights, coefficients, asked=every)

    def part(self, first: int, last: int) -> Stimulus:
        """Sequences ``first`` … ``last`` − 1, which nothing but sequences may follow or precede.

        Raises:
            ValueError: there are bad packets, commands or readbacks.
        """
        if self.bad or self.commands or self.readbacks:
            raise ValueError("a stimulus with bad packets, commands or readbacks has no parts")
        where = slice(first, last)
        asked = None if self.asked is None else self.asked[where]
        return replace(
            self,
            features=self.features[where],
            lengths=self.lengths[where],
            labels=self.labels[where],
            asked=asked,
            first_place=self.first_place + first,
        )

    @property
    def spares_in_use(self) -> SpareMap | None:
        """What spare columns stand in for: as the chip of ``devices`` has them, where there is one."""
        return self.devices.spares if self.devices else self.spares

    @property
    def tags(self) -> NDArray[np.int64]:
        """Running number modulo 256."""
        return np.arange(len(self.features)) % 256

    @property
    def flags(self) -> NDArray[np.int64]:
        """Header flags of each sequence."""
        asked = np.full(len(self), int(Flag.INFER)) if self.asked is None else self.asked
        return asked | np.where(self.labels == NO_LABEL, 0, int(Flag.LABEL_VALID))

    def packet(self, index: int) -> bytes:
        """Bytes of the packet that carries a sequence."""
        label = None if self.labels[index] == NO_LABEL else int(self.labels[index])
        x = self.features[index, : self.lengths[index]]
        return encode_packet(x, tag=int(self.tags[index]), label=label, flags=Flag(int(self.flags[index])))

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which sequences are answered."""
        return self.flags & Flag.INFER != 0

    @property
    def learns(self) -> NDArray[np.bool_]:
        """Which sequences are learnt."""
        return self.flags & Flag.LEARN != 0

    def __len__(self) -> int:
        return len(self.features)


def stress_stimulus(design: DesignPoint, sequences: int, coefficients: Coefficients, seed: int) -> Stimulus:
    """Stressful weights and sequences of every length and kind: see ``stress_weights`` and ``stress_features``."""
    random = np.random.default_rng(seed)
    longest = design.network.max_steps
    lengths = random.integers(1, longest + 1, sequences)
    lengths[:2] = (longest, 1)[: len(lengths)]
    labels = random.integers(NO_LABEL, design.network.classes, sequences)
    return Stimulus(
        stress_features(design, sequences, random), lengths, labels, stress_weights(design, seed), coefficients
    )


def learning_stimulus(design: DesignPoint, sequences: int, coefficients: Coefficients, seed: int) -> Stimulus:
    """``stress_stimulus`` of which most sequences are learnt, some of these without an answer, in any order."""
    stimulus = stress_stimulus(design, sequences, coefficients, seed)
    random = np.random.default_rng(seed + 1)
    both = Flag.LEARN | Flag.INFER
    asked = random.choice([Flag.LEARN, Flag.INFER, both, both], sequences).astype(np.int64)
    labels = np.where(asked & Flag.LEARN, random.integers(0, design.network.classes, sequences), stimulus.labels)
    return replace(stimulus, labels=labels, asked=asked)


def with_replay_commands(stimulus: Stimulus, ratios: Sequence[int], seed: int) -> Stimulus:
    """The stimulus with a command before about every third sequence: another ratio, every third frozen, every fifth
    cleared."""
    random = np.random.default_rng(seed)
    numbers = np.flatnonzero(random.random(len(stimulus)) < 1 / 3).tolist()
    commands = (
        ReplayCommand(before, int(random.choice(ratios)), freeze=number % 3 == 1, clear=number % 5 == 3)
        for number, before in enumerate(numbers)
    )
    return replace(stimulus, commands=tuple(commands))


def with_healing(stimulus: Stimulus, counts: Sequence[int]) -> Stimulus:
    """The stimulus with so many healing replays at each of its commands, in turn, and at the end as many as there are
    at the most."""
    heals = (replace(command, heal=counts[n % len(counts)]) for n, command in enumerate(stimulus.commands))
    return replace(stimulus, commands=tuple(heals), heal=max(counts))


def stress_weights(design: DesignPoint, seed: int) -> Weights:
    """Random weights over the full range; but the first hidden unit's are at the upper end, the second's at the lower.

    So conversions and words saturate. The last class repeats the first, so that scores tie."""
    weights = random_weights(design, seed)
    weights.hidden[:, :1] = design.crossbar.weight_limit
    weights.hidden[:, 1:2] = -design.crossbar.weight_limit
    weights.readout[:, -1] = weights.readout[:, 0]
    return weights


def stress_features(design: DesignPoint, sequences: int, random: np.random.Generator) -> NDArray:
    """Features (S, max_steps, features): random, full scale, alternating between the ends, zero or sparse in turn."""
    network = design.network
    shape = (network.max_steps, network.features)
    low, high, dtype = (-128, 127, np.int8) if network.feature_signed else (0, 255, np.uint8)
    alternating = np.where(np.indices(shape).sum(axis=0) % 2, low, high)

    def one(kind: int) -> NDArray:
        noise = random.integers(low, high + 1, shape)
        return (noise, np.full(shape, high), alternating, np.zeros(shape), noise * (random.random(shape) < 0.2))[kind]

    return np.array([one(index % 5) for index in range(sequences)], dtype)


def with_bad_packets(design: DesignPoint, stimulus: Stimulus, seed: int, share: float = 1.0) -> Stimulus:
    """The stimulus with one packet of every kind in ``bad_packets`` before some of its sequences.

    Args:
        share: of the sequences that a bad packet precedes; every kind is taken, several before one sequence if need be.
    """
    random = np.random.default_rng(seed)
    kinds = list(bad_packets(design, random))
    numbers = np.sort(random.integers(0, len(stimulus), max(len(kinds), round(share * len(stimulus)))))
    order = [kinds[index % len(kinds)] for index in random.permutation(len(numbers))]
    return replace(
        stimulus, bad=tuple(replace(kind, before=int(before)) for kind, before in zip(order, numbers, strict=True))
    )


def bad_packets(design: DesignPoint, random: np.random.Generator) -> Iterator[BadPacket]:
    """Every way in which a packet can be wrong, at position 0."""
    network, learn, infer, valid = design.network, Flag.LEARN, Flag.INFER, Flag.LABEL_VALID

    def packet(steps: int, extra: int = 0, flags: Flag = infer, label: int = 0) -> bytes:
        payload = random.integers(0, 256, steps * network.features + extra, np.uint8)
        header = encode_packet(np.empty((0, 1), np.uint8), tag=int(random.integers(256)), flags=flags)
        return label.to_bytes(2, "little") + header[2:] + payload.tobytes()

    def holes(data: bytes, *positions: int) -> tuple[bool, ...]:
        return tuple(position not in positions for position in range(len(data)))

    longest, some = network.max_steps, int(random.integers(1, network.max_steps + 1))
    yield BadPacket(0, packet(0), Drop.TRUNCATED)
    yield BadPacket(0, packet(longest + 1), Drop.TOO_LONG)
    yield BadPacket(
        0, packet(2 * longest + 2, int(network.features > 1)), Drop.TRUNCATED if network.features > 1 else Drop.TOO_LONG
    )
    if network.features > 1:
        yield BadPacket(0, packet(0, 1), Drop.TRUNCATED)
        yield BadPacket(0, packet(some - 1, network.features - 1), Drop.TRUNCATED)
        yield BadPacket(0, packet(longest, 1), Drop.TRUNCATED)
    yield BadPacket(0, packet(some, flags=infer | valid, label=network.classes), Drop.LABEL)
    yield BadPacket(0, packet(some, flags=infer | valid, label=0xFFFF), Drop.LABEL)
    yield BadPacket(0, packet(some, flags=Flag(0)), Drop.HEADER)
    yield BadPacket(0, packet(some, flags=learn), Drop.HEADER)
    yield BadPacket(0, packet(some, flags=learn | infer), Drop.HEADER)
    # The first cause counts where several apply.
    learning = design.capabilities.learns
    yield BadPacket(0, packet(longest + 1, flags=learn | valid, label=0xFFFF), Drop.LABEL if learning else Drop.HEADER)
    yield BadPacket(0, packet(longest + 1, flags=infer | valid, label=0xFFFF), Drop.LABEL)
    data = packet(max(some, -(-2 * BEAT_BYTES // network.features)))
    yield BadPacket(0, data, Drop.FRAMING, holes(data, 0))
    yield BadPacket(0, data, Drop.FRAMING, holes(data, BEAT_BYTES + 3))
    yield BadPacket(0, data, Drop.FRAMING, holes(data, *range(BEAT_BYTES, 2 * BEAT_BYTES)))
    yield BadPacket(0, data[: 2 * BEAT_BYTES], Drop.FRAMING, holes(data[: 2 * BEAT_BYTES], BEAT_BYTES + 1))
    yield BadPacket(0, data[:2], Drop.FRAMING)
