"""What learning by direct feedback alignment agrees on: the error's format and where the feedback matrix comes from.

Error of class k with score o_k, a code: ``e_k = p_k − 255·[k = label]``, ``p_k = clip(128 + o_k · 2^error_shift, 0, 255)``,
where a negative shift rounds as ``rs``; so p is ``½ + o/4`` in 1/256, whatever a code's step is.

Feedback matrix Ψ, ±1, (classes, hidden), never stored: Ψ_kj is −1 where bit ``k mod 32`` of the draw with the learning seed,
``Purpose.FEEDBACK``, sequence 0, index j, lane ``k div 32`` is set, else +1.
"""

from __future__ import annotations

from spec.design import DesignPoint
from spec.fixed import round_shift
from spec.tables import DERIVATIVE_BITS

ERROR_LIMIT = 255
"""Largest magnitude of an error; what the label subtracts."""
ERROR_CENTRE = 128
"""p of a score of 0: one half."""
FEEDBACK_WORD_BITS = 32
"""Classes served by one draw."""


def error_shift(design: DesignPoint) -> int:
    """Left shift from a score's code to quarter units of 1/256 (1 by default); negative: ``rs`` to the right."""
    return 6 - design.adc_fraction_bits


def feedback_bound(design: DesignPoint) -> int:
    """Largest magnitude of ``f_j = Σ_k Ψ_kj e_k``."""
    return design.network.classes * ERROR_LIMIT


def delta_bound(design: DesignPoint) -> int:
    """Largest magnitude of ``δ = rs(f·d′, 8 + feedback_shift)``."""
    derivative = (1 << DERIVATIVE_BITS) - 1
    return round_shift(feedback_bound(design) * derivative, DERIVATIVE_BITS + design.learning.feedback_shift)


def gradient_bound(design: DesignPoint) -> int:
    """Largest magnitude of a gradient: ``Σ_t m_t δ_t`` of the hidden layer, ``m·e`` of the readout."""
    return design.stream_limit * max(design.network.max_steps * delta_bound(design), ERROR_LIMIT)
