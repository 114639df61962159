"""What on-chip learning agrees on, formula by formula; `docs/learning.md` tells it as a story.

**Counts.** The update number q (`UPDATE_COUNT_BITS` bits) goes up by one for every sequence trained on, new or
replayed, before its update uses it, and wraps; the sequence number n goes up by one for every new training sequence,
before anything uses it, and stays at `SEQUENCE_LIMIT`. Both are 0 after reset, so the first of each is 1. `clear`
sets n to 0, never q.

**Error** of class k with score o_k, a code: ``e_k = p_k − 255·[k = label]``, ``p_k = clip(128 + o_k · 2^error_shift,
0, 255)``, where a negative shift rounds as ``rs``; so p is ``½ + o/4`` in 1/256, whatever a code's step is.

**Feedback** f = Ψᵀ e. Ψ, ±1, (classes, hidden), is never stored: Ψ_kj is −1 where bit ``k mod 32`` of the draw with
the learning seed, ``Purpose.FEEDBACK``, sequence 0, index j, lane ``k div 32`` is set, else +1.

**Winners.** The ``winners`` hidden units of largest |f_j| learn, ties to the lower index. The other columns of the
hidden layer are skipped whole: no gradient, no χ changed, no pulse. The readout always learns.

**Gradient**, exact: hidden ``G_ij = Σ_t m_ti δ_tj``, ``δ_tj = rs(f_j · d′(code_tj), 8 + feedback_shift)``, m the
words as streamed; readout ``G_ik = m_i e_k``. Its step is ``S = rs(G, s + slower)`` with s = ``hidden_shift`` or
``readout_shift`` and a setting of the layer, ``slower``, 0 … `SLOWEST`, 0 after reset.

**Update "accumulate"**: ``χ ← sat(χ − S)``; ``n = min(|χ| div level, max_pulses)``; pulses ``sign(χ)·n``; ``χ ← χ −
sign(χ)·n·level``, also where a full pair drops the pulses.

**Update "direct"** has no χ: pulses ``−sign(S) · min((|S| + r) >> log2(level), max_pulses)``, level a power of two, r
uniform in 0 … level − 1. For row i of column j, where the readout's rows count as the last of the hidden layer's, r is
the 16-bit slice ``i mod 4`` of the two words of the draw with the learning seed, ``Purpose.STOCHASTIC_ROUNDING``,
sequence q, index `rounding_index`, lane ``i div 4``, masked to ``level − 1``. Slices 0 and 1 are the low and the high
half of the first word, 2 and 3 those of the second.

**Replay**, for one new training sequence: (1) n goes up; (2) it is trained on as it came; (3) where the reservoir
holds anything, ``replay_ratio`` sequences are trained on: the r-th (from 0) is that of slot ``uniform_index(seed,
REPLAY_INDEX, filled, sequence=n, index=r)``; (4) it is offered, unless the reservoir is frozen: while ``filled <
capacity`` it takes slot ``filled``; else ``j = uniform_index(seed, RESERVOIR_INDEX, n, sequence=n)`` and it replaces
slot j where ``j < capacity``. So (3) sees the reservoir as it was, and of n sequences offered each is held with
probability capacity/n. `freeze` stops only (4): learning, replay and n go on. `clear` empties the reservoir and sets
n to 0, as after reset.

**Replay quantiser**, when a sequence is stored: a feature byte u becomes ``v = (15·u + r) >> 8`` and is replayed as
``17·v``, whose mean over r is exactly 255/256 of u. r is byte ``feature mod 4`` (0 the lowest) of the draw with the
learning seed, ``Purpose.REPLAY_QUANTISER``, sequence n, index the step, lane ``feature div 4``. A signed feature is
taken in offset binary, ``u = x + 128`` (the top bit flipped), and replayed as ``17·v − 128``; −128 counts as −127
when it is streamed, as everywhere. Number of steps and label are stored beside.

**Reservoir memories.** Word ``slot · max_steps + step`` of the steps holds a step's features, the first in the low
bits; word ``slot`` of the heads the label in the low `head_label_bits`, the number of steps above. What lies beyond a
sequence's end, and slots from ``filled`` on, mean nothing.
"""

from __future__ import annotations

from spec.design import DesignPoint
from spec.fixed import round_shift, unsigned_width
from spec.layout import Layer
from spec.tables import DERIVATIVE_BITS

ERROR_LIMIT = 255
"""Largest magnitude of an error; what the label subtracts."""
ERROR_CENTRE = 128
"""p of a score of 0: one half."""
FEEDBACK_WORD_BITS = 32
"""Classes served by one draw."""

UPDATE_COUNT_BITS = 32
"""Width of the update number q, which wraps."""
SEQUENCE_LIMIT = 2**32 - 1
"""Where the sequence number n stays."""

SLOWEST = 3
"""Most bits by which a setting makes a layer's rate smaller than the design's."""

ROUNDING_SLICE_BITS = 16
"""Width of a slice; no level is larger."""
ROUNDING_LAYER_BIT = 16
"""Bit of a rounding draw's index from which the layer's number stands."""

REPLAY_BITS = 4
"""Width of a stored feature."""
REPLAY_FACTOR = (1 << REPLAY_BITS) - 1
"""The quantiser's factor, and the largest stored feature."""
REPLAY_SHIFT = 8
"""Bits that the quantiser drops; its random number is as wide."""
REPLAY_STEP = 17
"""A stored feature stands for so many units of a byte."""
QUANTISER_BYTES = 4
"""Features served by one draw of the quantiser."""
SIGN_FLIP = 0x80
"""Two's complement ⊕ this is offset binary."""


def error_shift(design: DesignPoint) -> int:
    """Left shift from a score's code to quarter units of 1/256 (1 by default); negative: ``rs`` to the right."""
    return 6 - design.adc_fraction_bits


def rounding_index(layer: Layer, column: int) -> int:
    """Index of the draws that round a column in "direct"; also elementwise on an array of columns."""
    return int(layer) << ROUNDING_LAYER_BIT | column


def pulse_shift(design: DesignPoint) -> int:
    """Right shift from counts to pulses in "direct": log2 of ``accumulator_level``."""
    return design.learning.accumulator_level.bit_length() - 1


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


def reservoir_step_bits(design: DesignPoint) -> int:
    """Width of a stored step."""
    return REPLAY_BITS * design.network.features


def reservoir_step_words(design: DesignPoint) -> int:
    """Words of the reservoir's step memory."""
    return design.learning.replay_capacity * design.network.max_steps


def head_label_bits(design: DesignPoint) -> int:
    """Width of a stored label."""
    return unsigned_width(design.network.classes - 1)


def head_bits(design: DesignPoint) -> int:
    """Width of a stored head: label and number of steps."""
    return head_label_bits(design) + unsigned_width(design.network.max_steps)


def accumulator_word_bits(design: DesignPoint) -> int:
    """Width of a word of accumulators: those of one fold of a column, lane 0 in the low bits."""
    return design.learning.accumulator_bits * design.learning_lanes


def accumulator_words(design: DesignPoint) -> int:
    """Words of accumulators: word ``column·folds + fold``, the readout's columns after those of the hidden layer; row
    ``fold·lanes + lane``, of which the readout's are the last of the hidden layer's."""
    return (design.network.hidden + design.network.classes) * design.learning_folds
