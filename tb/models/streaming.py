"""What is streamed: words of features and states in plain Python, written from the number formats."""

from __future__ import annotations

from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import round_shift


def feature_word(design: DesignPoint, byte: int) -> int:
    """Signed word that streams a feature byte: its magnitude in ``stream_bits``, rounded half up and saturated."""
    if not design.network.feature_signed:
        return min(design.formats.stream_limit, round_shift(byte, 8 - design.formats.stream_bits))
    value = max(-127, byte - 256 if byte >= 128 else byte)
    magnitude = min(design.formats.stream_limit, round_shift(2 * abs(value), 8 - design.formats.stream_bits))
    return -magnitude if value < 0 else magnitude


def stored_word(design: DesignPoint, word: int) -> int:
    """A state's word as the streamer takes it: sign above magnitude."""
    return (word < 0) << design.formats.stream_bits | abs(word)


def wordlines(design: DesignPoint, words: list[int], plane: int) -> tuple[int, int]:
    """``wl_pos`` and ``wl_neg`` that stream bit ``plane`` of all rows' words."""
    positive = sum((abs(word) >> plane & 1) << row for row, word in enumerate(words) if word > 0)
    negative = sum((abs(word) >> plane & 1) << row for row, word in enumerate(words) if word < 0)
    return positive, negative


def streamed(design: DesignPoint, stored: int) -> int:
    """The signed word of which `stored_word` is the stored form."""
    bits = design.formats.stream_bits
    size = stored & ((1 << bits) - 1)
    return -size if stored >> bits & 1 else size


def learned_words(design: DesignPoint, features: list[int], states: list[int], readout: bool) -> list[int]:
    """Signed words of rules L9 and L10, in the row order of the hidden layer: of the readout's columns those of
    features are 0.

    Args:
        features: bytes.
        states: as stored.
    """
    words = [0 if readout else feature_word(design, byte) for byte in features]
    return [*words, *(streamed(design, state) for state in states), design.formats.stream_limit]


def fold_of_rows(design: DesignPoint, words: list[int], fold: int) -> list[int]:
    """The words that the learning lanes see in a fold: 0 in lanes beyond the last row."""
    lanes = design.learning_lanes
    seen = words[fold * lanes : (fold + 1) * lanes]
    return seen + [0] * (lanes - len(seen))
