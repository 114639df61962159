"""Section of the design point: number formats of the datapath."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from remora.spec.lib.roles import ANSWERS, THRESHOLDS
from remora.spec.lib.section import Section

COEFFICIENT_BITS = 8
"""Fraction bits of the reset and update coefficients."""
FEATURE_BITS = 8
"""Bits of a feature in a packet: one byte."""


class Formats(Section):
    """Number formats of the datapath."""

    stream_bits: Annotated[int, THRESHOLDS] = Field(
        8, ge=2, le=8, description="magnitude bits of a streamed word = bit planes a step"
    )
    state_bits: Annotated[int, ANSWERS] = Field(
        15, ge=10, le=15, description="fraction bits of state and candidate, Q0.n"
    )
    adc_bits: Annotated[int, ANSWERS] = Field(
        8, ge=4, le=10, description="bits of a code, sign included; codes span ±(2^(n−1) − 1)"
    )
    adc_range_log2: Annotated[int, ANSWERS] = Field(
        2, ge=0, le=4, description="full scale of the converter is ±2^n in units of the candidate's argument"
    )

    @property
    def stream_limit(self) -> int:
        """Largest magnitude of a streamed word; also what the bias line streams."""
        return (1 << self.stream_bits) - 1

    @property
    def feature_shift(self) -> int:
        """``rs`` shift from a feature's 8-bit magnitude to a streamed word."""
        return FEATURE_BITS - self.stream_bits

    @property
    def word_shift(self) -> int:
        """``rs`` shift from ``|h|·b`` to a streamed word (15 by default)."""
        return self.state_bits + COEFFICIENT_BITS - self.stream_bits

    @property
    def readout_word_shift(self) -> int:
        """``rs`` shift from ``|h|`` to a word streamed to the readout (7 by default)."""
        return self.state_bits - self.stream_bits

    @property
    def state_limit(self) -> int:
        """Largest magnitude of state and candidate, ``2^n − 1``."""
        return (1 << self.state_bits) - 1

    @property
    def adc_limit(self) -> int:
        """Largest magnitude of a code (127 by default)."""
        return (1 << (self.adc_bits - 1)) - 1

    @property
    def adc_fraction_bits(self) -> int:
        """A code step is ``2^−n`` of the candidate's argument (5 by default: 1/32)."""
        return self.adc_bits - 1 - self.adc_range_log2
