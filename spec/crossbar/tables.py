"""Tables that hardware and golden both read: the candidate and its derivative, indexed by the magnitude of a code.

Computed with decimal arithmetic to 40 digits, so that every platform rounds alike.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


DERIVATIVE_BITS = 8


@cache
def candidate_table(design: DesignPoint) -> tuple[int, ...]:
    """Candidate magnitudes ``min(2^n − 1, round(2^n · tanh(code / step)))`` for ``code = 0 … adc_limit``, Q0.n.

    The candidate is odd: ``c = sign(code) · table[|code|]``.
    """
    scale = 1 << design.formats.state_bits
    return tuple(min(design.formats.state_limit, round(scale * tanh)) for tanh in _tanh(design))


@cache
def derivative_table(design: DesignPoint) -> tuple[int, ...]:
    """``d′ = min(255, round(256 · (1 − tanh²)))`` for ``|code| = 0 … adc_limit``."""
    scale = 1 << DERIVATIVE_BITS
    return tuple(min(scale - 1, round(scale * (1 - tanh * tanh))) for tanh in _tanh(design))


def _tanh(design: DesignPoint) -> list[Decimal]:
    with localcontext() as context:
        context.prec = 40
        step = Decimal(2) ** -design.formats.adc_fraction_bits
        doubled = [(2 * step * code).exp() for code in range(design.formats.adc_limit + 1)]
        return [(value - 1) / (value + 1) for value in doubled]
