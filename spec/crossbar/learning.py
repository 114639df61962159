"""On-chip learning and replay: the section of the design point, constants, shifts, bounds and layouts of memories.

The rules are in ``docs/reference/arithmetic.md``: L1 to L17 for an update, J1 to J3 to verify
it, P1 to P5 for pulses, M1 to M16 for replay.
Names here are those of the rules: the sequence number n, the update number q, a class's error e, a unit's feedback f,
δ and χ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from remora.spec.crossbar.column_groups import accumulator_rows, rounded_rows
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.network import MAX_HIDDEN
from remora.spec.crossbar.tables import DERIVATIVE_BITS
from remora.spec.crossbar.update_rules.registry import update_rule_names, update_rules
from remora.spec.lib.fixed import Integer, round_shift, unsigned_width
from remora.spec.lib.identity import UNLESS_DEFAULT
from remora.spec.lib.one_of import OneOf
from remora.spec.lib.roles import ACCUMULATORS, FREE, LEARNING, RANGE
from remora.spec.lib.section import Section

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

MAX_LANES = 2049
"""Most rows of a column, the bias line included."""
MAX_COLUMNS = 4
"""Most columns that learn at once."""
REPLAY_BITS = 4
"""Width of a stored feature."""

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

MOST_RATE_SHIFT = 3
"""Most bits by which a setting makes a layer's rate smaller than the design's."""

ROUNDING_SLICE_BITS = 16
"""Width of a slice; no level is larger."""
ROUNDING_LAYER_BIT = 16
"""Bit of a rounding draw's index from which the layer's number stands."""

REPLAY_FACTOR = (1 << REPLAY_BITS) - 1
"""The quantiser's factor, and the largest stored feature."""
REPLAY_SHIFT = 8
"""Bits that the quantiser drops; its random number is as wide."""
REPLAY_STEP = 17
"""A stored feature stands for so many units of a byte."""
QUANTISER_BYTES = 4
"""Features served by one draw of the quantiser."""
ACCURACY_BITS = 16
"""Width of the reservoir accuracy."""
MOST_ACCURACY = (1 << ACCURACY_BITS) - 1
"""Reservoir accuracy of a chip whose replays are all decided rightly, and after reset."""
ACCURACY_SHIFT = 8
"""The reservoir accuracy moves by 2^−n of the way: it is a mean of about the last 2^n replays."""
MOST_HEALING_REPLAYS = 2**32 - 1
"""Most healing replays that software asks for at once."""
HEALING_RATE_SHIFT = 2
"""Further right shift of a layer's rate in healing, after reset: a quarter."""
VERIFY_FEEDBACK_SHIFT = 3
"""The feedback of verified learning is in 2^−n."""
MOST_VERIFY_FEEDBACK = 1 << VERIFY_FEEDBACK_SHIFT
"""Feedback that gives an accumulator back all that its pulses missed."""
DEVICES_OF_PAIR = 2
"""Marks of a weight in the fault map."""
SIGN_FLIP = 0x80
"""Two's complement ⊕ this is offset binary."""


class Learning(Section):
    """On-chip learning by direct feedback alignment, and replay; ``docs/reference/arithmetic.md`` has the rules."""

    enabled: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="hardware that learns on chip; without, it only infers"
    )
    seed: Annotated[int, LEARNING] = Field(
        1, ge=0, le=2**32 - 1, description="seed of feedback matrix, initial weights and every later draw"
    )
    feedback_shift: Annotated[int, LEARNING] = Field(1, ge=0, le=8, description="feedback is ±2^−n")
    hidden_shift: Annotated[int, LEARNING] = Field(
        10, ge=0, le=24, description="learning rate of hidden weights and biases, 2^−n"
    )
    readout_shift: Annotated[int, LEARNING] = Field(7, ge=0, le=24, description="learning rate of the readout, 2^−n")
    accumulator_level: Annotated[int, ACCUMULATORS] = Field(
        1024, ge=2, le=16384, description="accumulator counts that make one conductance level"
    )
    accumulator_bits: Annotated[int, RANGE] = Field(16, ge=8, le=24, description="width of an accumulator")
    max_pulses: Annotated[int, LEARNING] = Field(
        2, ge=1, le=15, description="pulses a weight may receive in one update"
    )
    update: Annotated[str, OneOf(update_rule_names), ACCUMULATORS] = Field(
        "accumulate",
        description="gradients gather in an accumulator a weight, or are rounded stochastically to pulses at once",
    )
    winners: Annotated[Annotated[int, Field(ge=1, le=MAX_HIDDEN)] | Literal["all"], LEARNING] = Field(
        "all", description="hidden units that learn from a sequence: those of the largest feedback, or all"
    )
    lanes: Annotated[Annotated[int, Field(ge=1, le=MAX_LANES)] | Literal["all"], FREE, UNLESS_DEFAULT] = Field(
        "all", description="rows of a column that learn at once: fewer lanes, less area, more cycles"
    )
    columns: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        1, ge=1, le=MAX_COLUMNS, description="columns that learn at once: more columns, more area, fewer cycles"
    )
    multipliers: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="lanes of the gradient multiply, as suits an FPGA, in place of adding multiples of δ"
    )
    replay_capacity: Annotated[int, RANGE] = Field(
        0, ge=0, le=65536, description="sequences that the reservoir holds; 0 is no replay and no memory"
    )
    replay_ratio: Annotated[int, LEARNING] = Field(1, ge=1, le=255, description="sequences replayed after each new one")
    healing: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="hardware that replays the reservoir without new sequences, when asked or by itself"
    )
    compensation: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="hardware with a map of stuck devices: no pulse reaches these, their partners take them"
    )
    verify_reads: Annotated[int, LEARNING, UNLESS_DEFAULT] = Field(
        0, ge=0, le=16, description="reads of a weight before and after its pulses, which verify them; 0: none"
    )
    verify_feedback: Annotated[int, LEARNING, UNLESS_DEFAULT] = Field(
        8, ge=0, le=MOST_VERIFY_FEEDBACK, description="eighths of what pulses missed that return to the accumulator"
    )
    verify_give_up: Annotated[int, LEARNING, UNLESS_DEFAULT] = Field(
        1, ge=1, le=15, description="pulses in one update without a quarter of a level after which a weight is given up"
    )

    @property
    def accumulates(self) -> bool:
        """It has an accumulator a weight."""
        return self.enabled and update_rules()[self.update].accumulates

    @property
    def replays(self) -> bool:
        """It has a reservoir."""
        return self.enabled and self.replay_capacity > 0

    @property
    def heals(self) -> bool:
        """It replays the reservoir without new sequences."""
        return self.replays and self.healing

    @property
    def verifies(self) -> bool:
        """It reads what pulses did, and corrects accumulators by that."""
        return self.accumulates and self.verify_reads > 0

    @property
    def compensates(self) -> bool:
        """It has a fault map."""
        return self.enabled and self.compensation

    def legal_level(self, wanted: float, most: int) -> int:
        """The ``accumulator_level`` nearest to a level, at most ``most``, that suits ``update``."""
        return update_rules()[self.update].legal_level(wanted, most)

    @field_validator("winners", "lanes", mode="plain")
    @classmethod
    def _all_or_some(cls, value: Any, info: ValidationInfo) -> int | str:
        # The validator of a union would report one error for each of its members.
        most = MAX_HIDDEN if info.field_name == "winners" else MAX_LANES
        if value == "all" or (type(value) is int and 1 <= value <= most):
            return value
        raise ValueError(f'should be "all" or a whole number in 1…{most}')


def error_shift(design: DesignPoint) -> int:
    """Left shift from a score's code to quarter units of 1/256 (1 by default); negative: ``rs`` to the right."""
    return 6 - design.formats.adc_fraction_bits


def rounding_index(layer: Layer, column: Integer) -> Integer:
    """Index of the draws that round a column by rule L15; also elementwise on an array of columns."""
    return int(layer) << ROUNDING_LAYER_BIT | column


def pulse_shift(design: DesignPoint) -> int:
    """Bits of a random number of rule L15: log2 of ``accumulator_level``, which is a power of two there."""
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
    return design.formats.stream_limit * max(design.network.max_steps * delta_bound(design), ERROR_LIMIT)


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
    """Width of a word of accumulators: those of the rows that are rounded in one cycle, the first in the low bits."""
    return design.learning.accumulator_bits * rounded_rows(design)


def accumulator_words(design: DesignPoint) -> int:
    """Words of accumulators, the columns of the readout after those of the hidden layer; which rows those of a column
    hold is in `accumulator_rows`, of which the readout's are the last of the hidden layer's."""
    return (design.network.hidden + design.network.classes) * len(accumulator_rows(design))


def fault_word_bits(design: DesignPoint) -> int:
    """Width of a word of the fault map: a mark for each device of a column, g⁺ of a row before its g⁻. Rule M16."""
    return DEVICES_OF_PAIR * design.hidden_rows


def fault_words(design: DesignPoint) -> int:
    """Words of the fault map, the columns of the readout after those of the hidden layer."""
    return design.network.hidden + design.network.classes
