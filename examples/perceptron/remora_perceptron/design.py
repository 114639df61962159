"""The design point of a perceptron: all that golden and hardware must agree on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from remora.spec.lib.registers import RegisterSource
from remora.spec.lib.section import Design, RecordFields, Section

FEATURE_BITS = 8


class Network(Section):
    """Sizes."""

    features: int = Field(6, ge=1, le=64, description="inputs, 8 bits each, unsigned")
    classes: int = Field(4, ge=2, le=16, description="outputs, of which the largest wins")


class Converter(Section):
    """Devices and converters."""

    levels: int = Field(32, ge=2, le=128, description="levels of a device; weights reach one less, either sign")
    adc_bits: int = Field(8, ge=2, le=16, description="bits of a converter's code, two's complement")
    adc_cycles: int = Field(8, ge=1, le=64, description="cycles of a conversion")


class PerceptronDesign(Design):
    """One layer: codes of ``x · w``, and the index of the largest code."""

    CORE: ClassVar[str] = "perceptron"

    core: Literal["perceptron"] = Field("perceptron", description="which kind of design point this is")
    network: Network = Network()
    converter: Converter = Converter()
    seed: int = Field(1, ge=0, le=2**32 - 1, description="seed of the initial weights")

    @property
    def adc_limit(self) -> int:
        """Largest magnitude of a code."""
        return 2 ** (self.converter.adc_bits - 1) - 1

    @property
    def adc_shift(self) -> int:
        """Bits that a converter drops, so that a quarter of the largest sum is full scale."""
        largest = self.network.features * (2**FEATURE_BITS - 1) * (self.converter.levels - 1)
        return max(0, (largest // 4 // self.adc_limit).bit_length())

    def counters(self) -> tuple[Any, ...]:
        """There are none."""
        return ()

    def record_fields(self) -> dict[str, RecordFields]:
        """What is compared: of every vector its answer."""
        return {"answer": [("tag", "<i4"), ("decision", "<i4"), ("scores", "<i4", (self.network.classes,))]}

    def register_source(self) -> RegisterSource:
        """Who the chip is."""
        return RegisterSource(Path(__file__).with_name("registers.rdl"), "remora_perceptron", {})
