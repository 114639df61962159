"""Sections of the design point: the sizes of the recurrent network, its cell, and what surrounds the core."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from remora.spec.lib.identity import OF_MIRU, UNLESS_DEFAULT
from remora.spec.lib.macro_memories import MOST_SMALL_BITS, SMALL_BITS
from remora.spec.lib.roles import FREE, GATES, MEANING, RANGE
from remora.spec.lib.section import Section

MAX_HIDDEN = 1024
"""Largest number of hidden units."""
MAX_CONTEXTS = 8
"""Most sequences in flight."""


class Network(Section):
    """Sizes of the recurrent network."""

    features: Annotated[int, MEANING] = Field(28, ge=1, le=1024, description="inputs a step, n_x")
    hidden: Annotated[int, MEANING] = Field(100, ge=1, le=MAX_HIDDEN, description="hidden units, n_h")
    classes: Annotated[int, MEANING] = Field(10, ge=1, le=256, description="outputs, n_o")
    max_steps: Annotated[int, RANGE] = Field(28, ge=1, le=4096, description="longest sequence, in steps")
    feature_signed: Annotated[bool, MEANING] = Field(
        False, description="features are two's complement -127…127 instead of 0…255"
    )
    readout: Annotated[Literal["last", "every"], FREE, UNLESS_DEFAULT] = Field(
        "last", description="steps after which scores are read out and answered: a sequence's last one, or every one"
    )


class Cell(Section):
    """The cell that turns a converted column into a state."""

    kind: Annotated[Literal["miru", "bmru"], MEANING] = Field(
        "miru", description="Minion Recurrent Unit, or analog Bistable Memory Recurrent Unit; the rest is of miru alone"
    )
    lanes: Annotated[int, FREE, OF_MIRU] = Field(
        20, ge=1, le=1024, description="hidden units updated in one cycle; more lanes, fewer cycles"
    )
    reset_coefficient: Annotated[int, GATES, OF_MIRU] = Field(
        128, ge=0, le=256, description="β in 1/256, value after reset of the register"
    )
    update_coefficient: Annotated[int, GATES, OF_MIRU] = Field(
        8, ge=0, le=256, description="u = 256·(1 − λ), value after reset of the register"
    )

    @property
    def bistable(self) -> bool:
        """The cell stands at the bitline and is analog, without a converter."""
        return self.kind == "bmru"


class System(Section):
    """What surrounds the core."""

    clock_mhz: Annotated[float, FREE] = Field(
        20.0, ge=0.001, le=2000, description="clock in MHz, for GOPS and times; changes no logic"
    )
    contexts: Annotated[int, FREE] = Field(1, ge=1, le=MAX_CONTEXTS, description="sequences in flight at once")
    small_memory_bits: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        SMALL_BITS, ge=0, le=MOST_SMALL_BITS, description="most bits of a memory that is made of flip-flops, no macro"
    )
    parity: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False,
        description="a parity bit a word in the macros of accumulators and reservoir, checked at each read",
    )
    count_codes: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="a counter of all codes of the converters, beside that of those that saturate"
    )
    test_pin: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="a pin that bypasses the tree of the reset and clock gates, for scan"
    )
    memory_test: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="a port that writes and reads every memory macro, for a test of the memories"
    )
