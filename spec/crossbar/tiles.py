"""Section of the design point: the crossbar's tiles and their devices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from remora.spec.devices.pairs.policy import PairPolicy
from remora.spec.devices.pairs.registry import PAIRS
from remora.spec.lib.fixed import Integer
from remora.spec.lib.identity import UNLESS_DEFAULT
from remora.spec.lib.roles import ANSWERS, FREE, MEANING, RANGE
from remora.spec.lib.section import Section

MAX_TILE = 1024
"""Most rows, and most columns, of a tile."""
MAX_ADC_CYCLES = 16_384
"""Longest conversion: a counting converter of 14 bits."""
MAX_PULSE_CYCLES = 21_845
"""Longest programming pulse: a third of the longest wait for a tile."""
MOST_SPARES = 4
"""Most spare columns of a tile."""
MAX_VERIFY_PULSES = 1023
"""Most corrective pulses of a row: four passes over a device of 256 states."""
TIMEOUT_BITS = 16
"""Bits of the register that says how long the core waits for a tile."""
LEAST_TIMEOUT = 256
"""Cycles that the core waits for a tile at least, unless software sets fewer."""
STRETCH_BITS = 8
"""Bits of each field of the register that gives tiles more time."""


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
        8, ge=1, le=MAX_ADC_CYCLES, description="cycles from convert to valid, one converter a column"
    )
    pulse_cycles: Annotated[int, FREE] = Field(
        4, ge=1, le=MAX_PULSE_CYCLES, description="cycles that one programming pulse lasts"
    )
    sense_cycles: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        1, ge=1, le=255, description="cycles from a stable column to valid sense flags"
    )
    integrators: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        1, ge=1, le=2, description="integrators a bitline; one of two gathers while the other is sampled"
    )
    macro_rows: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        0, ge=0, le=MAX_TILE, description="wordlines of the macro that holds every tile; 0: as many as a tile uses"
    )
    macro_columns: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        0, ge=0, le=MAX_TILE, description="bitlines of the macro that holds every tile; 0: as many as a tile uses"
    )
    spare_columns: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        0, ge=0, le=MOST_SPARES, description="further bitlines of a tile, each of which can stand in for a bad one"
    )
    self_test: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="hardware that tests every device and converter when asked, and lists what is broken"
    )
    gain: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="a gain for the codes of each layer, which software sets against drift (rule G2)"
    )

    calibrate_offsets: Annotated[bool, ANSWERS, UNLESS_DEFAULT] = Field(
        False, description="hardware that measures the offset of every column when asked, and takes it off its codes"
    )

    bias: Annotated[Literal["row", "digital"], ANSWERS, UNLESS_DEFAULT] = Field(
        "row", description="what biases are: a row of devices, or digital words that are added to codes and do not wear"
    )

    verify_pulses: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        0,
        ge=0,
        le=MAX_VERIFY_PULSES,
        description="most corrective pulses of a row that the weight window programs; 0: none",
    )
    verify_reads: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        1, ge=1, le=16, description="reads of a row that the weight window averages, a power of two"
    )
    verify_tolerance: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        1, ge=0, le=255, description="error of a programmed row that stays, in codes of a fine read: see rule W3"
    )

    pair: Annotated[Literal["canonical", "reference"], RANGE, UNLESS_DEFAULT] = Field(
        "canonical", description="which device of a pair moves: either, one being at rest, or g⁺ beside a fixed g⁻"
    )

    @property
    def top_level(self) -> int:
        """Highest level of a device (31 by default)."""
        return self.levels - 1

    @property
    def weight_limit(self) -> int:
        """Largest magnitude of a weight in levels (31 by default)."""
        return self._policy.weight_limit(self.top_level)

    @property
    def reference_level(self) -> int:
        """Level at which g⁻ stays; 0 where pulses move it."""
        return self._policy.reference(self.top_level)

    @property
    def erase_pulses(self) -> int:
        """Most pulses a row that erase pairs in the weight window (62 by default)."""
        return self._policy.erase_pulses(self.top_level)

    @property
    def raise_pulses(self) -> int:
        """Most pulses a row that raise erased pairs to their weights (31 by default)."""
        return self._policy.raise_pulses(self.top_level)

    def pair_levels(self, weight: Integer) -> tuple[Integer, Integer]:
        """Levels of g⁺ and g⁻ that make a weight; also elementwise on an array. Rules X1 and X8."""
        return self._policy.devices(weight, self.top_level)

    @property
    def _policy(self) -> PairPolicy:
        return PAIRS[self.pair]

    @property
    def timeout(self) -> int:
        """Cycles that the core waits for a tile after a reset: 16 times the longest that it may take, as far as the
        register goes, which is 3 times or more."""
        longest = max(self.adc_cycles, self.pulse_cycles)
        return min((1 << TIMEOUT_BITS) - 1, max(LEAST_TIMEOUT, 16 * longest))
