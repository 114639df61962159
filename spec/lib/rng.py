"""The one random number generator: Threefry-2x32 with 13 rounds, a multiply-free counter-based hash.

A draw is a pure function of (seed, purpose, sequence, index, lane, attempt), never of time or of earlier draws, so that
golden, Verilog and the behavioural macros agree bit for bit in any order of evaluation and lanes share no state.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011;
13 rounds is the fewest that the authors report as passing BigCrush. The tests hold it against their published vectors.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.spec.lib.fixed import round_shift

ROUNDS = 13
HASH_CYCLES = ROUNDS + 1
"""Of a Threefry in hardware (``hdl/lib/threefry.py``), from its start to its done: one that takes the counter, and one
a round."""
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
KEY_PARITY = 0x1BD11BDA
WORD_MASK = 0xFFFFFFFF

LANE_BITS = 16
ATTEMPT_BITS = 8


class Purpose(IntEnum):
    """What a draw is for; keeps the streams of one seed apart. Values are part of the contract and never change."""

    FEEDBACK = 1
    INITIAL_WEIGHT = 2
    SHUFFLE = 3
    PERMUTATION = 4
    REPLAY_QUANTISER = 5
    RESERVOIR_INDEX = 6
    REPLAY_INDEX = 7
    STOCHASTIC_ROUNDING = 8
    DEVICE = 9
    SYNTHETIC_DATA = 10
    HEALING_INDEX = 11
    MIRROR_MISMATCH = 16
    BIAS_ERROR = 17
    FRAME_NOISE = 18
    READ = 20
    PROBE = 21
    PULSE = 22
    WRITE = 23
    SLOW = 24
    CONVERTER = 25
    BMRU_TRAINING = 32
    BISTABLE_TRAINING = 33
    AUGMENTATION = 34


def threefry2x32(key: tuple[ArrayLike, ArrayLike], counter: tuple[ArrayLike, ArrayLike], rounds: int = ROUNDS):
    """Hash a 64-bit counter under a 64-bit key.

    Args:
        key, counter: two 32-bit words each, integers or arrays that broadcast together.
        rounds: number of rounds; 13 everywhere in this project, other numbers for checking against published vectors.

    Returns:
        The two output words as ``uint32``, arrays of the broadcast shape.
    """
    words = [np.asarray(word) for word in (*key, *counter)]
    shape = np.broadcast_shapes(*(word.shape for word in words))
    if not shape:
        a, b, c, d = (int(word) & WORD_MASK for word in words)
        low, high = _threefry_scalar(a, b, c, d, rounds)
        return np.uint32(low), np.uint32(high)
    k0, k1, x0, x1 = (word if word.dtype == np.uint32 else word.astype(np.uint64).astype(np.uint32) for word in words)
    x0, x1 = (np.array(np.broadcast_to(word, shape)) for word in (x0, x1))
    _hash_in_place(_injections(np.atleast_1d(k0), np.atleast_1d(k1), rounds), x0, x1, rounds)
    return x0, x1


_Injections = list[tuple[NDArray[np.uint32], NDArray[np.uint32]]]
"""What is added to both words before the first round and after every fourth."""


def _injections(k0: NDArray[np.uint32], k1: NDArray[np.uint32], rounds: int = ROUNDS) -> _Injections:
    """Those of a key, whose words are at least one-dimensional."""
    schedule = k0, k1, k0 ^ k1 ^ np.uint32(KEY_PARITY)
    return [(schedule[each % 3], schedule[(each + 1) % 3] + np.uint32(each)) for each in range(rounds // 4 + 1)]


@lru_cache(64)
def _injections_of(k0: int, k1: int) -> _Injections:
    """Those of one key for all, as arrays of no dimension, which numpy adds in half the time of others."""
    pairs = _injections(np.array([k0], np.uint32), np.array([k1], np.uint32))
    return [(first.reshape(()), second.reshape(())) for first, second in pairs]


def _hash_in_place(
    injections: _Injections, x0: NDArray[np.uint32], x1: NDArray[np.uint32], rounds: int = ROUNDS
) -> None:
    """Turn the words of counters into those of the hash; the key's injections broadcast to them."""
    spare = np.empty_like(x1)
    for number in range(rounds):
        if number % 4 == 0:
            first, second = injections[number // 4]
            x0 += first
            x1 += second
        left, right = _SHIFTS[number % 8]
        x0 += x1
        np.left_shift(x1, left, spare)
        x1 >>= right
        x1 |= spare
        x1 ^= x0
    if rounds % 4 == 0:
        first, second = injections[rounds // 4]
        x0 += first
        x1 += second


_SHIFTS = [tuple(np.asarray(by, np.uint32) for by in (rotation, 32 - rotation)) for rotation in ROTATIONS]
"""As arrays, which numpy takes in half the time that it takes scalars in."""


def _threefry_scalar(k0: int, k1: int, x0: int, x1: int, rounds: int) -> tuple[int, int]:
    """The same on Python integers: ten times as fast as arrays of one element, and indices are drawn one by one."""
    schedule = (k0, k1, k0 ^ k1 ^ KEY_PARITY)
    x0, x1 = (x0 + k0) & WORD_MASK, (x1 + k1) & WORD_MASK
    for number in range(rounds):
        rotation = ROTATIONS[number % 8]
        x0 = (x0 + x1) & WORD_MASK
        x1 = ((x1 << rotation) & WORD_MASK | x1 >> (32 - rotation)) ^ x0
        if number % 4 == 3:
            injection = number // 4 + 1
            x0 = (x0 + schedule[injection % 3]) & WORD_MASK
            x1 = (x1 + schedule[(injection + 1) % 3] + injection) & WORD_MASK
    return x0, x1


def draw(
    seed: int,
    purpose: Purpose,
    sequence: ArrayLike = 0,
    index: ArrayLike = 0,
    lane: ArrayLike = 0,
    attempt: ArrayLike = 0,
) -> NDArray[np.uint32]:
    """One uniform 32-bit word for each combination of the arguments, which broadcast together.

    Args:
        seed: 0 … 2³²−1.
        purpose: which stream.
        sequence: number of the sequence, 0 … 2³²−1.
        index: column or step, 0 … 2³²−1.
        lane: 0 … 2¹⁶−1.
        attempt: number of the retry in masked rejection, 0 … 2⁸−1.

    Raises:
        ValueError: an argument lies outside its range (it would alias another draw).
    """
    return draw_pair(seed, purpose, sequence, index, lane, attempt)[0]


def draw_pair(
    seed: int,
    purpose: Purpose,
    sequence: ArrayLike = 0,
    index: ArrayLike = 0,
    lane: ArrayLike = 0,
    attempt: ArrayLike = 0,
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Both output words of a draw, for users that need more than 32 bits; the first is that of `draw`, which see."""
    for name, value, bits in (
        ("seed", seed, 32),
        ("sequence", sequence, 32),
        ("index", index, 32),
        ("lane", lane, LANE_BITS),
        ("attempt", attempt, ATTEMPT_BITS),
    ):
        if isinstance(value, int):
            low = high = value
        else:
            array = np.asarray(value)
            low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if low < 0 or high >> bits:
            raise ValueError(f"{name} lies outside 0 … 2**{bits} - 1")
    if isinstance(sequence, int) and isinstance(index, int) and isinstance(lane, int) and isinstance(attempt, int):
        key = int(purpose) << (LANE_BITS + ATTEMPT_BITS) | attempt << LANE_BITS | lane
        low, high = _threefry_scalar(seed, key, sequence, index, ROUNDS)
        return np.uint32(low), np.uint32(high)
    if not isinstance(lane, int):
        lane = np.asarray(lane, np.uint32)
    if not isinstance(attempt, int):
        attempt = np.asarray(attempt, np.uint32)
    return threefry2x32(
        (seed, int(purpose) << (LANE_BITS + ATTEMPT_BITS) | attempt << LANE_BITS | lane), (sequence, index)
    )


FEW = 6
"""Draws that integers one by one give sooner than an array of them."""


def draw_pairs(
    seed: int, purpose: Purpose, sequences: NDArray[np.integer], indices: NDArray[np.integer], lane: int = 0
) -> NDArray[np.uint32]:
    """As `draw_pair`, of attempt 0, in less time: the arguments are in their ranges, which nothing checks.

    Args:
        sequences, indices: of shapes that broadcast together, one of each for a draw.

    Returns:
        (2, …), first words and second ones.
    """
    key = int(purpose) << (LANE_BITS + ATTEMPT_BITS) | lane
    if indices.ndim == 1 and len(indices) <= FEW and sequences.shape == indices.shape:
        counters = zip(sequences.tolist(), indices.tolist(), strict=True)
        words = [_threefry_scalar(seed, key, sequence, index, ROUNDS) for sequence, index in counters]
        return np.array(words, np.uint32).reshape(-1, 2).T
    drawn = np.empty((2, *np.broadcast_shapes(sequences.shape, indices.shape)), np.uint32)
    drawn[0], drawn[1] = sequences, indices
    _hash_in_place(_injections_of(seed, key), drawn[0], drawn[1])
    return drawn


def uniform_index(
    seed: int, purpose: Purpose, bound: int, sequence: int = 0, index: int = 0, attempts: int = 1 << ATTEMPT_BITS
) -> int:
    """An unbiased index in ``0 … bound − 1`` by masked rejection, the attempt being part of the key.

    After the last of 2⁸ attempts (probability below 2⁻²⁵⁶) the low bits modulo ``bound`` are taken, so that hardware
    always ends. They are less than twice the bound, so the remainder is one subtraction.

    Args:
        attempts: fewer only to see the last one happen.

    Raises:
        ValueError: ``bound`` is not in 1 … 2³².
    """
    if not 1 <= bound <= 1 << 32:
        raise ValueError(f"bound is {bound}; it must be in 1 … 2**32")
    mask = (1 << (bound - 1).bit_length()) - 1
    candidate = 0
    for attempt in range(attempts):
        candidate = int(draw(seed, purpose, sequence, index, 0, attempt)) & mask
        if candidate < bound:
            return candidate
    return candidate % bound


def permutation(seed: int, purpose: Purpose, size: int, sequence: int = 0) -> NDArray[np.int64]:
    """A permutation of ``0 … size − 1``: the order of one 32-bit draw each, ties to the lower index."""
    return np.argsort(draw(seed, purpose, sequence, np.arange(size)), kind="stable")


NORMAL_CENTRE = 510
"""Mean of the sum of four bytes."""
NORMAL_FACTOR, NORMAL_SHIFT = 443, 16
"""Their ratio is 1 over the standard deviation of the sum of four uniform bytes, 147.8, to 0.1 %."""


def normal_integer(word: ArrayLike, amplitude: ArrayLike) -> NDArray[np.int64]:
    """Nearly normal integers of mean 0 and rms ``amplitude``, for what hardware models draw: the sum of four bytes.

    ``rs((Σ bytes − 510) · amplitude · 443, 16)``; no magnitude exceeds 3.45 times the amplitude.

    Args:
        word: draws, any shape.
        amplitude: one for all, or one a word, below 2^40 in magnitude; 32-bit arithmetic is wide enough to 4095.
    """
    return scaled_deviate(deviate(np.asarray(word, np.uint32)), amplitude)


def deviate(word: NDArray[np.uint32]) -> NDArray[np.int64]:
    """What `normal_integer` scales: the sum of the four bytes of words, less its mean."""
    pairs = (word & _EVEN_BYTES) + (word >> _BYTE & _EVEN_BYTES)
    return ((pairs & _LOW_HALF) + (pairs >> _HALF)).astype(np.int64) - NORMAL_CENTRE


def scaled_deviate(deviates: NDArray[np.integer], amplitude: ArrayLike) -> NDArray[np.int64]:
    """`normal_integer` of the words that have these `deviate`."""
    return round_shift(deviates * (np.asarray(amplitude) * NORMAL_FACTOR), NORMAL_SHIFT)


def most_normal(amplitude: int) -> int:
    """What no magnitude of `normal_integer` of this amplitude exceeds."""
    return (NORMAL_CENTRE * amplitude * NORMAL_FACTOR >> NORMAL_SHIFT) + 1


_EVEN_BYTES, _LOW_HALF = np.asarray(0x00FF00FF, np.uint32), np.asarray(0xFFFF, np.uint32)
_BYTE, _HALF = np.asarray(8, np.uint32), np.asarray(16, np.uint32)


def normal(seed: int, purpose: Purpose, index: ArrayLike, lane: ArrayLike = 0) -> NDArray[np.float64]:
    """Standard normal draws (Box–Muller) for initial weights; floating point, hence never compared with hardware."""
    first = (draw(seed, purpose, 0, index, lane).astype(np.float64) + 0.5) / 2.0**32
    second = draw(seed, purpose, 1, index, lane).astype(np.float64) / 2.0**32
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)
