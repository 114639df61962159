"""What a crossbar accelerator can do: one frozen object, which golden, hardware, testbenches and flow ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from remora.spec.crossbar.memories import has_macros
from remora.spec.lib.section import Section

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


class Capabilities(Section):
    """What the hardware of a design point has beside inference with MiRU cells; nothing is built for what is false."""

    bistable: bool = Field(
        description="analog bistable cells at the hidden layer's bitlines, instead of converters and the MiRU cell"
    )
    learns: bool = Field(description="hardware that learns on chip")
    accumulates: bool = Field(description="hardware with an accumulator a weight")
    selects: bool = Field(description="hardware that selects the hidden units that learn")
    interleaves: bool = Field(description="several sequences in flight, each in a context of its own")
    replays: bool = Field(description="hardware with a reservoir of sequences, which it replays")
    heals: bool = Field(description="hardware that replays its reservoir without new sequences")
    compensates: bool = Field(description="hardware with a map of stuck devices, which no pulse reaches")
    verifies_learning: bool = Field(
        description="hardware that reads what the pulses of an update did, and corrects accumulators by that"
    )
    reads_every_step: bool = Field(description="a readout after every step, and an answer of as many parts")
    verifies: bool = Field(description="a weight window that corrects what it has programmed until it reads right")
    counts_codes: bool = Field(description="a counter of all codes that the converters gave")
    gains: bool = Field(description="a gain for the codes of each layer, which software sets against drift")
    tests_itself: bool = Field(description="hardware that tests its devices and converters when asked")
    spares: bool = Field(description="spare columns, each of which can stand in for a bad one of its tile")
    calibrates: bool = Field(
        description="hardware that measures the offsets of its columns when asked, and takes them off"
    )
    digital_bias: bool = Field(description="biases that are digital words, added to the codes of columns")
    parity: bool = Field(
        description="hardware with parity on those memories of what was learnt that are made of macros"
    )

    @property
    def corrects(self) -> bool:
        """Hardware that adds something to the codes of its columns."""
        return self.calibrates or self.digital_bias

    @classmethod
    def of(cls, design: DesignPoint) -> Self:
        """Those of a design point."""
        learning = design.learning
        return cls(
            bistable=design.cell.bistable,
            learns=learning.enabled,
            accumulates=learning.accumulates,
            selects=learning.enabled and learning.winners != "all",
            interleaves=design.system.contexts > 1,
            replays=learning.replays,
            heals=learning.heals,
            compensates=learning.compensates,
            verifies_learning=learning.verifies,
            reads_every_step=design.network.readout == "every",
            verifies=design.crossbar.verify_pulses > 0,
            counts_codes=design.system.count_codes,
            gains=design.crossbar.gain,
            tests_itself=design.crossbar.self_test,
            spares=design.crossbar.spare_columns > 0,
            digital_bias=design.crossbar.bias == "digital",
            calibrates=design.crossbar.calibrate_offsets,
            parity=design.system.parity and has_macros(design),
        )
