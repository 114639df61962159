"""The design point of the BMRU accelerator: a whole FQ-BMRU network in current mode, programmed over a scan chain.

``docs/reference/bmru.md`` has the contract in words, rules A1 to A20 of ``docs/reference/arithmetic.md`` have the
formulas, and `remora.spec.bmru.scan` the order of the codes. Currents are integers in picoamperes: one unit of the
model is `UNIT_PA`. Nothing rounds but ``rs`` (`remora.spec.lib.fixed.round_shift`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.cycles import BmruCycles
from remora.spec.bmru.records import record_fields
from remora.spec.bmru.register_parameters import register_source
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.identity import UNLESS_DEFAULT, IdentityMark
from remora.spec.lib.macro_memories import MOST_SMALL_BITS, SMALL_BITS
from remora.spec.lib.registers import COUNTER_BITS, RegisterSource
from remora.spec.lib.roles import ANSWERS, FREE, MEANING
from remora.spec.lib.section import Design, RecordFields, Section

FORMER_CORE = "analog"
"""What files of version 0.1 say in ``core``. It stays in the identity, so that hashes stay."""
UNIT_PA = 1000
"""Picoamperes of one unit of the model: 1 nA."""
MATCHING_BITS = 10
"""Errors of devices are in 2^−n of their value."""
STREAM_FEATURE_BITS = 16
"""Bits of a feature in the input stream: two's complement, in steps of the DAC; saturated to the DAC's codes."""
CHARGE_BITS = COUNTER_BITS
"""Width of the charge counter, which wraps."""


class Network(Section):
    """Sizes of the network: features → width, then blocks of width × width, then width → classes."""

    features: Annotated[int, MEANING] = Field(13, ge=1, le=256, description="inputs a frame")
    width: Annotated[int, MEANING] = Field(4, ge=1, le=512, description="cells of a block, d")
    blocks: Annotated[int, MEANING] = Field(2, ge=1, le=8, description="blocks of cells, one after another")
    classes: Annotated[int, MEANING] = Field(2, ge=1, le=16, description="outputs")

    @property
    def cells(self) -> int:
        """Bistable cells of all blocks."""
        return self.blocks * self.width

    @property
    def parameters(self) -> int:
        """Learned parameters, each one circuit element: 170 for 13 features, width 4, 2 blocks and 2 classes."""
        block = 2 * self.width * (self.width + 1) + 3 * self.width
        return self.width * (self.features + 1) + self.blocks * block + self.classes * (self.width + 1)

    @property
    def nodes(self) -> int:
        """Node currents that settle: of the input layer, two layers a block, and the output layer."""
        return self.width * (1 + 2 * self.blocks) + self.classes

    @property
    def class_bits(self) -> int:
        """Bits of the winning class."""
        return unsigned_width(self.classes - 1)


class Formats(Section):
    """Codes and currents."""

    ratio_bits: Annotated[int, ANSWERS] = Field(8, ge=2, le=10, description="bits of a mirror ratio, of either rail")
    ratio_fraction: Annotated[int, ANSWERS] = Field(5, ge=0, le=10, description="a ratio's step is 2^−n")
    bias_bits: Annotated[int, ANSWERS] = Field(10, ge=2, le=12, description="bits of a bias current")
    bias_step_pa: Annotated[int, ANSWERS] = Field(10, ge=1, le=1000, description="step of a bias current, in pA")
    feature_bits: Annotated[int, ANSWERS] = Field(
        10, ge=2, le=STREAM_FEATURE_BITS, description="bits of a feature's DAC code, sign included"
    )
    feature_step_pa: Annotated[int, ANSWERS] = Field(
        10, ge=1, le=1000, description="step of a feature's current, in pA"
    )
    node_bits: Annotated[int, ANSWERS] = Field(
        18, ge=10, le=22, description="a node's current saturates at ±(2^n − 1) pA"
    )

    @property
    def ratio_limit(self) -> int:
        """Largest code of a mirror ratio (255 by default: a weight of 7.97)."""
        return (1 << self.ratio_bits) - 1

    @property
    def bias_limit(self) -> int:
        """Largest code of a bias current (1023 by default: 10.23 nA)."""
        return (1 << self.bias_bits) - 1

    @property
    def feature_limit(self) -> int:
        """Largest magnitude of a feature's DAC code (511 by default: 5.11 nA)."""
        return (1 << (self.feature_bits - 1)) - 1

    @property
    def node_limit(self) -> int:
        """Largest magnitude of a node's current, in pA."""
        return (1 << self.node_bits) - 1

    @property
    def weight_shift(self) -> int:
        """``rs`` shift from a sum of devices times currents to a current (15 by default)."""
        return self.ratio_fraction + MATCHING_BITS


class Cell(Section):
    """The hysteretic cell."""

    kind: Annotated[Literal["fq-bmru"], MEANING] = Field(
        "fq-bmru", description="first-quadrant bistable memory recurrent unit"
    )
    leakage_pa: Annotated[int, ANSWERS] = Field(5, ge=0, le=1000, description="output of a cell that is not set, in pA")


class Settling(Section):
    """How nodes follow their targets, and how long a frame waits for them."""

    factor: Annotated[int, ANSWERS] = Field(
        3, ge=1, le=256, description="each cycle y += (target − y)·factor / 2^shift"
    )
    shift: Annotated[int, ANSWERS] = Field(2, ge=0, le=8, description="see factor, which is at most 2^shift")
    phase_cycles: Annotated[int, ANSWERS] = Field(
        12, ge=1, le=63, description="cycles before the cells of a block decide, and before the outputs are sampled"
    )


class Vote(Section):
    """How frames make a decision: values of the registers after reset."""

    frames: Annotated[int, ANSWERS] = Field(
        101, ge=1, le=1023, description="frames of a clip, and of the sliding window"
    )
    sliding: Annotated[bool, ANSWERS] = Field(
        False, description="vote over the last frames at every frame instead of once a clip"
    )
    wake_class: Annotated[int, ANSWERS] = Field(1, ge=0, le=15, description="class whose majority raises the wake-up")

    @property
    def wake_votes(self) -> int:
        """Fewest votes that raise the wake-up, until software says otherwise: more than half of a whole clip."""
        return self.frames // 2 + 1


class Nonidealities(Section):
    """What separates the circuit from its codes, each switched on its own; off is ideal."""

    seed: Annotated[int, ANSWERS] = Field(1, ge=0, le=2**32 - 1, description="seed of every draw of the core")
    mismatch: Annotated[bool, ANSWERS] = Field(False, description="mirrors differ from their ratio")
    mismatch_amplitude: Annotated[int, ANSWERS] = Field(
        20, ge=1, le=255, description="rms error of a mirror's ratio, in 1/1024 of it"
    )
    bias_error: Annotated[bool, ANSWERS] = Field(False, description="bias currents differ from their code")
    bias_error_amplitude: Annotated[int, ANSWERS] = Field(
        20, ge=1, le=255, description="rms error of a bias current, in 1/1024 of it"
    )
    noise: Annotated[bool, ANSWERS] = Field(False, description="every node has a noise current, drawn anew each frame")
    noise_pa: Annotated[int, ANSWERS] = Field(20, ge=1, le=4095, description="rms noise current of a node, in pA")

    @property
    def mismatch_rms(self) -> int:
        """Rms error of mirrors in 1/1024; 0 when it is switched off."""
        return self.mismatch_amplitude if self.mismatch else 0

    @property
    def bias_error_rms(self) -> int:
        """Rms error of bias currents in 1/1024; 0 when it is switched off."""
        return self.bias_error_amplitude if self.bias_error else 0

    @property
    def noise_rms_pa(self) -> int:
        """Rms noise current of nodes in pA; 0 when it is switched off."""
        return self.noise_pa if self.noise else 0


class System(Section):
    """What surrounds the core."""

    clock_hz: Annotated[int, FREE] = Field(32768, ge=1000, le=10**8, description="clock of the controller in Hz")
    frame_ms: Annotated[int, FREE] = Field(10, ge=1, le=1000, description="time from frame to frame, in ms")
    awake_cycles: Annotated[int, FREE] = Field(
        64, ge=2, le=4096, description="most cycles that the controller is awake a frame"
    )
    supply_mv: Annotated[int, FREE] = Field(
        1800, ge=100, le=5000, description="supply of the core in mV, for power; changes no logic"
    )
    small_memory_bits: Annotated[int, FREE, UNLESS_DEFAULT] = Field(
        SMALL_BITS, ge=0, le=MOST_SMALL_BITS, description="most bits of a memory that is made of flip-flops, no macro"
    )
    test_pin: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="a pin that bypasses the tree of the reset and clock gates, for scan"
    )
    memory_test: Annotated[bool, FREE, UNLESS_DEFAULT] = Field(
        False, description="a port that writes and reads every memory macro, for a test of the memories"
    )

    @property
    def clock_mhz(self) -> float:
        """The clock in MHz."""
        return self.clock_hz * 1e-6


class BmruDesign(Design):
    """Everything that golden, hardware and testbenches of the BMRU accelerator must agree on."""

    CORE: ClassVar[str] = "bmru"
    FORMER_CORE: ClassVar[str | None] = FORMER_CORE

    core: Annotated[Literal["bmru"], MEANING, IdentityMark(written=FORMER_CORE)] = Field(
        "bmru", description="which kind of design point this is"
    )
    network: Network = Network()
    formats: Formats = Formats()
    cell: Cell = Cell()
    settling: Settling = Settling()
    vote: Vote = Vote()
    nonidealities: Nonidealities = Nonidealities()
    system: System = System()

    def faults(self) -> Iterator[str]:
        """See the base."""
        if self.settling.factor > 1 << self.settling.shift:
            yield (
                f"settling.factor is {self.settling.factor} with settling.shift = {self.settling.shift}: a node would "
                f"overshoot its target; use 1…{1 << self.settling.shift}"
            )
        settle, awake = self.cycles.settle, self.cycles.awake
        if awake > self.system.awake_cycles:
            yield (
                f"settling.phase_cycles = {self.settling.phase_cycles} with {self.network.blocks} blocks settles for "
                f"{settle} cycles of a frame, which is awake for {awake - settle} more, but "
                f"system.awake_cycles is {self.system.awake_cycles}: use fewer phase_cycles or more awake_cycles"
            )
        if self.system.awake_cycles > self.cycles.frame:
            yield (
                f"system.awake_cycles is {self.system.awake_cycles}, but a frame of system.frame_ms = "
                f"{self.system.frame_ms} has {self.cycles.frame} cycles of system.clock_hz = {self.system.clock_hz}: "
                f"use at most {self.cycles.frame}"
            )
        if self.vote.wake_class >= max(2, self.network.classes):
            yield (
                f"vote.wake_class is {self.vote.wake_class} but network.classes is {self.network.classes}: "
                f"use 0…{max(1, self.network.classes - 1)}"
            )
        formats = self.formats
        if (reach := formats.feature_limit * formats.feature_step_pa) > formats.node_limit:
            yield (
                f"formats.feature_bits = {formats.feature_bits} of feature_step_pa = {formats.feature_step_pa} reach "
                f"{reach} pA, beyond the {formats.node_limit} pA of formats.node_bits = {formats.node_bits}: use fewer "
                "feature_bits, smaller steps or more node_bits"
            )

    def unheeded(self) -> dict[str, str]:
        """Fields that change nothing of this design point's hardware → why."""
        amplitudes = {"mismatch": "mismatch_amplitude", "bias_error": "bias_error_amplitude", "noise": "noise_pa"}
        off = [switch for switch in amplitudes if not getattr(self.nonidealities, switch)]
        found = {f"nonidealities.{amplitudes[switch]}": f"nonidealities.{switch} is false" for switch in off}
        if len(off) == len(amplitudes):
            found["nonidealities.seed"] = "every non-ideality is off"
        return found

    # Counters, trace, registers ---------------------------------------------------------------------------------------
    def counters(self) -> tuple[BmruCounter, ...]:
        """Counters of the controller."""
        return tuple(BmruCounter)

    def record_fields(self) -> dict[str, RecordFields]:
        """Fields of the trace's records, as `remora.spec.bmru.records` describes them."""
        return record_fields(self)

    def register_source(self) -> RegisterSource:
        """SystemRDL of the register map, and its parameters."""
        return register_source(self)

    # Number formats ---------------------------------------------------------------------------------------------------
    @property
    def sum_bound(self) -> int:
        """Largest magnitude of a layer's sum before rounding; below 2⁵³ whatever is legal, so exact in float64 too.

        An error of a device is smaller than the device itself. What a layer sees is a node, which saturates, or a cell
        that is set, which puts out its gain and does not.
        """
        inputs = max(self.network.features, self.network.width)
        formats = self.formats
        gain = 2 * formats.bias_limit * formats.bias_step_pa
        current = max(formats.node_limit, gain)
        device = formats.ratio_limit << (MATCHING_BITS + 1)
        bias = gain << formats.weight_shift
        return inputs * current * device + bias

    @property
    def has_test_pin(self) -> bool:
        """The top has the input ``test_mode``."""
        return self.system.test_pin

    @property
    def has_memory_test(self) -> bool:
        """The top has the port of the memory test."""
        return self.system.memory_test

    @property
    def cycles(self) -> BmruCycles:
        """Cycles of a frame, equation by equation."""
        return BmruCycles(self)

    def power_nw(self, charge: float, frames: int) -> float:
        """Mean power in nW of a charge in pA·cycles drawn over a number of frames.

        Raises:
            ValueError: ``frames`` is not 1 or more.
        """
        if frames < 1:
            raise ValueError(f"frames is {frames}; power is a mean over at least 1 frame")
        return charge / (frames * self.cycles.frame) * self.system.supply_mv * 1e-6
