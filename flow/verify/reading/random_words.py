"""Random numbers from a key and a counter: rules R1 to R5."""

from __future__ import annotations

from remora.flow.verify.reading.integers import rs

WORD = 0xFFFFFFFF
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
ATTEMPTS = 256
FEEDBACK, REPLAY_QUANTISER, RESERVOIR_INDEX, REPLAY_INDEX, STOCHASTIC_ROUNDING, HEALING_INDEX = 1, 5, 6, 7, 8, 11
MIRROR_MISMATCH, BIAS_ERROR, FRAME_NOISE = 16, 17, 18
READ, PROBE, PULSE, WRITE, SLOW = 20, 21, 22, 23, 24
"""Purposes. Rule R3."""


def words(
    seed: int, purpose: int, *, sequence: int = 0, index: int = 0, lane: int = 0, attempt: int = 0
) -> tuple[int, int]:
    """The two words of a draw. Rules R1 and R2."""
    key = [seed, (purpose << 24) + (attempt << 16) + lane]
    key.append(key[0] ^ key[1] ^ 0x1BD11BDA)
    left, right = (sequence + key[0]) & WORD, (index + key[1]) & WORD
    for turn in range(13):
        left = (left + right) & WORD
        by = ROTATIONS[turn % 8]
        right = ((right << by | right >> (32 - by)) & WORD) ^ left
        if turn % 4 == 3:
            turns = (turn + 1) // 4
            left = (left + key[turns % 3]) & WORD
            right = (right + key[(turns + 1) % 3] + turns) & WORD
    return left, right


def below(bound: int, seed: int, purpose: int, *, sequence: int = 0, index: int = 0) -> int:
    """An index 0 … ``bound`` − 1 by masked rejection. Rule R4."""
    mask = (1 << (bound - 1).bit_length()) - 1
    found = 0
    for attempt in range(ATTEMPTS):
        found = words(seed, purpose, sequence=sequence, index=index, attempt=attempt)[0] & mask
        if found < bound:
            return found
    return found - bound


def normal(word: int, amplitude: int) -> int:
    """A nearly normal integer. Rule R5."""
    total = sum(word >> 8 * byte & 255 for byte in range(4))
    return rs((total - 510) * amplitude * 443, 16)
