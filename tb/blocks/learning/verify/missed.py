"""What pulses missed, as counts of an accumulator. Rule J3."""

from __future__ import annotations

from remora.hdl.learning.verify.missed import correction_limit
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.verify.verification import Verification
from remora.spec.lib.fixed import round_shift, saturate


def corrected(design: DesignPoint, missed: int, feedback: int) -> int:
    """What the accumulator gets for codes that were missed, at a feedback in eighths."""
    product = missed * design.learning.accumulator_level * feedback
    return saturate(round_shift(product, Verification.of(design).shift), correction_limit(design))
