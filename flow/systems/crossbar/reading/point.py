"""Numbers that follow from the fields of a design point: rules F1, F4, X2, X4, W3 and B7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt, tanh
from typing import Any

from remora.flow.verify.reading.integers import rm, rs


@dataclass(frozen=True)
class Point:
    """A design point.

    Attributes:
        sizes: features, hidden units and classes are ``features``, ``hidden`` and ``classes``.
        words, state, code: largest magnitudes M, H and O. ``step_bits``: a. ``weight``: E. ``shift``: s.
        hidden_tiles, readout_tiles: first row and number of rows of each row tile.
    """

    fields: Mapping[str, Mapping[str, Any]]
    features: int
    hidden: int
    classes: int
    words: int
    state: int
    code: int
    step_bits: int
    weight: int
    shift: int
    hidden_tiles: tuple[tuple[int, int], ...]
    readout_tiles: tuple[tuple[int, int], ...]
    bistable: bool
    digital: bool

    @classmethod
    def of(cls, fields: Mapping[str, Mapping[str, Any]]) -> Point:
        """From the values of the fields, section by section."""
        network, formats, crossbar = fields["network"], fields["formats"], fields["crossbar"]
        features, hidden = network["features"], network["hidden"]
        bistable = fields["cell"]["kind"] == "bmru"
        step_bits = formats["adc_bits"] - 1 - formats["adc_range_log2"]
        top = crossbar["levels"] - 1
        rows = features + 1 if bistable else features + hidden + 1
        return cls(
            fields, features, hidden, network["classes"],
            words=2 ** formats["stream_bits"] - 1,
            state=2 ** formats["state_bits"] - 1,
            code=2 ** (formats["adc_bits"] - 1) - 1,
            step_bits=step_bits,
            weight=top >> 1 if crossbar["pair"] == "reference" else top,
            shift=formats["stream_bits"] + crossbar["level_bits"] - step_bits,
            hidden_tiles=tiles(rows, crossbar["rows"]),
            readout_tiles=tiles(hidden + 1, crossbar["rows"]),
            bistable=bistable,
            digital=crossbar["bias"] == "digital",
        )  # fmt: skip

    @property
    def hidden_rows(self) -> int:
        """Rows of the hidden layer. Rule F4."""
        return self.features + 1 if self.bistable else self.features + self.hidden + 1

    @property
    def readout_shift(self) -> int:
        """What the readout's converter drops: s, or r of rule B7."""
        if not self.bistable:
            return self.shift
        dropped, walk = 0, self.weight * (isqrt(self.hidden) + 1) // 4
        while self.code << dropped < walk:
            dropped += 1
        return dropped

    @property
    def fine_bits(self) -> int:
        """f: a level weighs 2^f codes in a fine read. Rule W3."""
        bits = 0
        while self.weight << (bits + 1) <= self.code:
            bits += 1
        return bits

    def argument(self, magnitude: int) -> float:
        """What a code stands for in the argument of the candidate. Rule F1."""
        return magnitude * 2.0**-self.step_bits

    def candidates(self) -> list[int]:
        """Candidate of each magnitude of a code. Rule C1."""
        scale = self.state + 1
        return [min(self.state, round(scale * tanh(self.argument(k)))) for k in range(self.code + 1)]

    def derivatives(self) -> list[int]:
        """d′ of each magnitude of a code. Rule L7."""
        return [min(255, round(256 * (1 - tanh(self.argument(k)) ** 2))) for k in range(self.code + 1)]

    def feature_word(self, byte: int) -> int:
        """The word that a feature streams as. Rules F2 and F3."""
        bits = 8 - self.fields["formats"]["stream_bits"]
        if self.fields["network"]["feature_signed"]:
            return rm(2 * max(byte, -127), bits, self.words)
        return min(self.words, rs(byte, bits))


def tiles(rows: int, most: int) -> tuple[tuple[int, int], ...]:
    """First row and number of rows of each row tile. Rule X2."""
    return tuple((first, min(most, rows - first)) for first in range(0, rows, most))
