"""An independent reading of ``docs/reference/arithmetic.md`` in plain integers: numbers, tables and random numbers.

The modules ``scalar_*`` share no code with `golden` and `spec`; of a design point they read fields, nothing derived.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache

WORD = 2**32
FEEDBACK, QUANTISER, RESERVOIR_INDEX, REPLAY_INDEX, ROUNDING, HEALING_INDEX = 1, 5, 6, 7, 8, 11
MISMATCH, BIAS_ERROR, NOISE = 16, 17, 18
"""Purposes, rule R3."""


def rs(value: int, shift: int) -> int:
    """Rule N2."""
    return value if shift == 0 else (value + 2 ** (shift - 1)) // 2**shift


def clip(value: int, low: int, high: int) -> int:
    """Rule N3, where the ends are −L and L."""
    return low if value < low else high if value > high else value


def largest_weight(design) -> int:
    """E of rule F1."""
    return (design.crossbar.levels - 1) // (2 if design.crossbar.pair == "reference" else 1)


def word(value: int, shift: int, limit: int) -> int:
    """Rule N4."""
    magnitude = min(limit, rs(abs(value), shift))
    return -magnitude if value < 0 else magnitude


def largest(values: list[int]) -> int:
    """Index of the largest, rule N5."""
    return max(range(len(values)), key=lambda index: (values[index], -index))


@cache
def _tanh(magnitude: int, fraction_bits: int) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        falling = (-2 * magnitude / Decimal(2) ** fraction_bits).exp()
        return (1 - falling) / (1 + falling)


@cache
def candidate(code: int, fraction_bits: int, state_bits: int) -> int:
    """Rule C1."""
    nearest = int(_tanh(abs(code), fraction_bits) * 2**state_bits + Decimal("0.5"))
    return min(2**state_bits - 1, nearest) * (-1 if code < 0 else 1)


@cache
def derivative(code: int, fraction_bits: int) -> int:
    """Rule L7."""
    return min(255, int((1 - _tanh(abs(code), fraction_bits) ** 2) * 256 + Decimal("0.5")))


@cache
def draw(seed: int, purpose: int, sequence: int = 0, index: int = 0, lane: int = 0, attempt: int = 0):
    """Both words of a draw, rules R1 and R2."""
    key = [seed, purpose * 2**24 + attempt * 2**16 + lane]
    key.append(key[0] ^ key[1] ^ 0x1BD11BDA)
    a, b = (sequence + key[0]) % WORD, (index + key[1]) % WORD
    for step in range(13):
        turn = (13, 15, 26, 6, 17, 29, 16, 24)[step % 8]
        a = (a + b) % WORD
        b = ((b << turn) % WORD + (b >> (32 - turn))) ^ a
        if step % 4 == 3:
            block = (step + 1) // 4
            a, b = (a + key[block % 3]) % WORD, (b + key[(block + 1) % 3] + block) % WORD
    return a, b


def index_below(bound: int, seed: int, purpose: int, sequence: int, index: int = 0) -> int:
    """Rule R4."""
    size = 1
    while size < bound:
        size *= 2
    found = 0
    for attempt in range(256):
        found = draw(seed, purpose, sequence, index, 0, attempt)[0] % size
        if found < bound:
            return found
    return found - bound


def nearly_normal(amplitude: int, drawn: int) -> int:
    """Rule R5."""
    return rs((sum(drawn.to_bytes(4, "little")) - 510) * amplitude * 443, 16)
