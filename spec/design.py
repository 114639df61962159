"""The design point: one frozen, validated description from which golden, hardware and testbenches take every number.

Sections nest as in the TOML files (see ``spec/presets/``). Derived quantities are properties, so that no width, shift
or bound is ever written twice. Sizes may be any number from 1; nothing needs to be a power of two.
"""

from __future__ import annotations

from math import ceil, isqrt
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spec.design_rules import faults, unheeded
from spec.fixed import signed_width, unsigned_width
from spec.roles import ACCUMULATORS, ANSWERS, FREE, GATES, LEARNING, MEANING, RANGE, THRESHOLDS
from spec.section import Design, Section

COEFFICIENT_BITS = 8
"""Fraction bits of the reset and update coefficients."""
FEATURE_BITS = 8
"""Bits of a feature in a packet: one byte."""
COUNTER_BITS = 48
"""Width of every hardware counter."""
MAX_HIDDEN = 1024
"""Largest number of hidden units."""
MAX_TILE = 1024
"""Most rows, and most columns, of a tile."""
MAX_LANES = 2049
"""Most rows of a column, the bias line included."""
REPLAY_BITS = 4
"""Width of a stored feature."""


class Network(Section):
    """Sizes of the recurrent network."""

    features: Annotated[int, MEANING] = Field(28, ge=1, le=1024, description="inputs a step, n_x")
    hidden: Annotated[int, MEANING] = Field(100, ge=1, le=MAX_HIDDEN, description="hidden units, n_h")
    classes: Annotated[int, MEANING] = Field(10, ge=1, le=256, description="outputs, n_o")
    max_steps: Annotated[int, RANGE] = Field(28, ge=1, le=4096, description="longest sequence, in steps")
    feature_signed: Annotated[bool, MEANING] = Field(
        False, description="features are two's complement -127…127 instead of 0…255"
    )


class Cell(Section):
    """The cell that turns a converted column into a state."""

    kind: Annotated[Literal["miru", "bmru"], MEANING] = Field(
        "miru", description="Minion Recurrent Unit, or analog Bistable Memory Recurrent Unit; the rest is of miru alone"
    )
    lanes: Annotated[int, FREE] = Field(
        20, ge=1, le=1024, description="hidden units updated in one cycle; more lanes, fewer cycles"
    )
    reset_coefficient: Annotated[int, GATES] = Field(
        128, ge=0, le=256, description="β in 1/256, value after reset of the register"
    )
    update_coefficient: Annotated[int, GATES] = Field(
        8, ge=0, le=256, description="u = 256·(1 − λ), value after reset of the register"
    )


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


class Crossbar(Section):
    """The memristive tile and its devices."""

    rows: Annotated[int, ANSWERS] = Field(160, ge=1, le=MAX_TILE, description="wordlines of a tile")
    columns: Annotated[int, FREE] = Field(128, ge=1, le=MAX_TILE, description="bitlines of a tile")
    levels: Annotated[int, RANGE] = Field(
        32, ge=2, le=128, description="conductance levels of one device, rest included"
    )
    level_bits: Annotated[int, MEANING] = Field(4, ge=0, le=8, description="a level is a weight of 2^−n")
    fraction_bits: Annotated[int, FREE] = Field(
        11, ge=0, le=16, description="bits of conductance below one level (device non-idealities)"
    )
    adc_cycles: Annotated[int, FREE] = Field(
        8, ge=1, le=64, description="cycles from convert to valid, one converter a column"
    )
    pulse_cycles: Annotated[int, FREE] = Field(4, ge=1, le=255, description="cycles that one programming pulse lasts")


class Learning(Section):
    """On-chip learning by direct feedback alignment, and what is replayed; the rules are in ``docs/arithmetic.md``."""

    enabled: Annotated[bool, FREE] = Field(False, description="hardware that learns on chip; without, it only infers")
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
    update: Annotated[Literal["accumulate", "direct"], ACCUMULATORS] = Field(
        "accumulate",
        description="gradients gather in an accumulator a weight, or are rounded stochastically to pulses at once",
    )
    winners: Annotated[Annotated[int, Field(ge=1, le=MAX_HIDDEN)] | Literal["all"], LEARNING] = Field(
        "all", description="hidden units that learn from a sequence: those of the largest feedback, or all"
    )
    lanes: Annotated[Annotated[int, Field(ge=1, le=MAX_LANES)] | Literal["all"], FREE] = Field(
        "all", description="rows of a column that learn at once: fewer lanes, less area, more cycles"
    )
    replay_capacity: Annotated[int, RANGE] = Field(
        0, ge=0, le=65536, description="sequences that the reservoir holds; 0 is no replay and no memory"
    )
    replay_ratio: Annotated[int, LEARNING] = Field(1, ge=1, le=255, description="sequences replayed after each new one")

    @field_validator("winners", "lanes", mode="plain")
    @classmethod
    def _all_or_some(cls, value: Any, info: ValidationInfo) -> int | str:
        # The validator of a union would report one error for each of its members.
        most = MAX_HIDDEN if info.field_name == "winners" else MAX_LANES
        if value == "all" or (type(value) is int and 1 <= value <= most):
            return value
        raise ValueError(f'should be "all" or a whole number in 1…{most}')


class System(Section):
    """What surrounds the core."""

    clock_mhz: Annotated[float, FREE] = Field(
        20.0, ge=0.001, le=2000, description="clock in MHz, for GOPS and times; changes no logic"
    )
    contexts: Annotated[int, FREE] = Field(
        1, ge=1, le=1, description="sequences in flight; interleaving is not built yet, so 1"
    )


class DesignPoint(Design):
    """Everything that golden, hardware and testbenches must agree on."""

    network: Network = Network()
    cell: Cell = Cell()
    formats: Formats = Formats()
    crossbar: Crossbar = Crossbar()
    learning: Learning = Learning()
    system: System = System()

    @model_validator(mode="after")
    def _consistent(self) -> DesignPoint:
        if found := list(faults(self)):
            raise ValueError("; ".join(found))
        return self

    def unheeded(self) -> dict[str, str]:
        """Fields that change nothing of this design point's hardware → why."""
        return unheeded(self)

    @property
    def bistable(self) -> bool:
        """Analog bistable cells at the hidden layer's bitlines, instead of converters and the MiRU cell."""
        return self.cell.kind == "bmru"

    # Rows and tiles ---------------------------------------------------------------------------------------------------
    @property
    def wordlines(self) -> int:
        """Wordlines that the streamer drives: features, states, bias."""
        return self.network.features + self.network.hidden + 1

    @property
    def hidden_rows(self) -> int:
        """Wordlines of the hidden layer: features, states, bias; bistable cells remember, so theirs has no states."""
        return self.network.features + 1 if self.bistable else self.wordlines

    @property
    def readout_rows(self) -> int:
        """Wordlines of the readout: states, bias. They are the last ones that the streamer drives."""
        return self.network.hidden + 1

    @property
    def hidden_tiles(self) -> int:
        """Tiles of the hidden layer."""
        return ceil(self.hidden_rows / self.crossbar.rows) * ceil(self.network.hidden / self.crossbar.columns)

    @property
    def readout_tiles(self) -> int:
        """Tiles of the readout layer."""
        return ceil(self.readout_rows / self.crossbar.rows) * ceil(self.network.classes / self.crossbar.columns)

    @property
    def folds(self) -> int:
        """Passes of the cell lanes over the hidden units in one step."""
        return ceil(self.network.hidden / self.cell.lanes)

    # Number formats ---------------------------------------------------------------------------------------------------
    @property
    def stream_limit(self) -> int:
        """Largest magnitude of a streamed word; also what the bias line streams."""
        return (1 << self.formats.stream_bits) - 1

    @property
    def feature_shift(self) -> int:
        """``rs`` shift from a feature's 8-bit magnitude to a streamed word."""
        return FEATURE_BITS - self.formats.stream_bits

    @property
    def word_shift(self) -> int:
        """``rs`` shift from ``|h|·b`` to a streamed word (15 by default)."""
        return self.formats.state_bits + COEFFICIENT_BITS - self.formats.stream_bits

    @property
    def readout_word_shift(self) -> int:
        """``rs`` shift from ``|h|`` to a word streamed to the readout (7 by default)."""
        return self.formats.state_bits - self.formats.stream_bits

    @property
    def state_limit(self) -> int:
        """Largest magnitude of state and candidate, ``2^n − 1``."""
        return (1 << self.formats.state_bits) - 1

    @property
    def adc_limit(self) -> int:
        """Largest magnitude of a code (127 by default)."""
        return (1 << (self.formats.adc_bits - 1)) - 1

    @property
    def adc_fraction_bits(self) -> int:
        """A code step is ``2^−n`` of the candidate's argument (5 by default: 1/32)."""
        return self.formats.adc_bits - 1 - self.formats.adc_range_log2

    @property
    def adc_shift(self) -> int:
        """``rs`` shift from a bitline sum in units of whole levels to a code (7 by default)."""
        return self.formats.stream_bits + self.crossbar.level_bits - self.adc_fraction_bits

    @property
    def readout_planes(self) -> int:
        """Bit planes of a word streamed to the readout: the state of a bistable cell is one bit."""
        return 1 if self.bistable else self.formats.stream_bits

    @property
    def readout_adc_shift(self) -> int:
        """``rs`` shift from a readout's bitline sum to a code; that of the hidden layer, but for bistable cells.

        One plane of bits gives sums far smaller than eight do. There, what fits the converter is a random walk over
        all rows whose steps are a quarter of the largest weight, which is what training gives; more saturates.
        """
        if not self.bistable:
            return self.adc_shift
        walk = self.weight_limit * (isqrt(self.readout_rows - 1) + 1) // 4
        return max(0, -(-walk // self.adc_limit) - 1).bit_length()

    @property
    def sum_limit(self) -> int:
        """Largest magnitude of a hidden unit's bitline sum over all row tiles, in whole levels."""
        return self.stream_limit * self.hidden_rows * self.weight_limit

    @property
    def threshold_limit(self) -> int:
        """Largest magnitude of a bistable cell's threshold: beyond every sum, so larger ones would say the same."""
        return self.sum_limit + 1

    @property
    def threshold_bits(self) -> int:
        """Width of a threshold."""
        return signed_width(self.threshold_limit)

    @property
    def weight_limit(self) -> int:
        """Largest magnitude of a weight in levels (31 by default)."""
        return self.crossbar.levels - 1

    @property
    def winners(self) -> int:
        """Hidden units that learn from one sequence."""
        return self.network.hidden if self.learning.winners == "all" else self.learning.winners

    @property
    def selects(self) -> bool:
        """Hardware that selects the hidden units that learn."""
        return self.learning.enabled and self.learning.winners != "all"

    @property
    def accumulates(self) -> bool:
        """Hardware with an accumulator a weight."""
        return self.learning.enabled and self.learning.update == "accumulate"

    @property
    def learning_lanes(self) -> int:
        """Rows of a column that learn at once."""
        return self.hidden_rows if self.learning.lanes == "all" else self.learning.lanes

    @property
    def learning_folds(self) -> int:
        """Passes of the learning lanes over the rows of a column."""
        return ceil(self.hidden_rows / self.learning_lanes)

    @property
    def replays(self) -> bool:
        """Hardware with a reservoir, of which nothing is built where its capacity is 0."""
        return self.learning.enabled and self.learning.replay_capacity > 0

    @property
    def replay_bytes(self) -> int:
        """Bytes of the replay memory: features of `REPLAY_BITS`, and of each sequence its label and its steps."""
        network = self.network
        head = unsigned_width(network.classes - 1) + unsigned_width(network.max_steps)
        bits = network.max_steps * network.features * REPLAY_BITS + head
        return -(-self.learning.replay_capacity * bits // 8)

    @property
    def macs_per_step(self) -> int:
        """Multiply-accumulates of one step of the hidden layer, bias included."""
        return self.hidden_rows * self.network.hidden

    @property
    def macs_per_readout(self) -> int:
        """Multiply-accumulates of one readout, bias included."""
        return self.readout_rows * self.network.classes

    # Timing -----------------------------------------------------------------------------------------------------------
    @property
    def step_cycles(self) -> int:
        """Cycles of a step, first plane to last state: planes, sample, conversion, folds, commit.

        Bistable cells need neither conversion nor folds.
        """
        if self.bistable:
            return self.formats.stream_bits + 2
        return self.formats.stream_bits + 1 + self.crossbar.adc_cycles + self.folds + 1

    @property
    def readout_cycles(self) -> int:
        """Cycles of a readout: planes, sample, conversion, one a class, hand-over; more where the last answer still
        waits."""
        return self.readout_planes + 1 + self.crossbar.adc_cycles + self.network.classes + 1

    # Identity ---------------------------------------------------------------------------------------------------------
    def identity(self) -> dict:
        """What makes this design point another than its neighbours.

        A switch that is off does not enter, so that hardware without a capability keeps its identity when the
        capability is invented; nor does what a bistable cell does not have.
        """
        content = super().identity()
        if not self.learning.enabled:
            del content["learning"]["enabled"]
        if self.learning.lanes == "all":
            del content["learning"]["lanes"]
        if self.bistable:
            content["cell"] = {"kind": self.cell.kind}
        return content
