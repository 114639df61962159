"""The register map, compiled from SystemRDL for a design point: what hardware, drivers and documents read.

A design point names its source (`RegisterSource`); what all sources share is in ``shared_registers.rdl``.

Nothing is compiled on import; ``register_map(design)`` compiles once a design point and process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache
from pathlib import Path

from remora.spec.lib.section import Design

WORD_BITS = 32
WORD_BYTES = WORD_BITS // 8
WORD_MASK = (1 << WORD_BITS) - 1
ADDRESS_BITS = 12
"""Bits of a byte address on the register bus: one 4 KiB region."""
COUNTER_BITS = 48
"""Width of every hardware counter."""


@dataclass(frozen=True)
class RegisterSource:
    """SystemRDL of a register map.

    Attributes:
        file: compiled after ``shared_registers.rdl``, whose properties and components it uses; it includes files
            beside it.
        top: name of its address map.
        parameters: of the address map, besides those that every map has, the two words of the hash.
    """

    file: Path
    top: str
    parameters: Mapping[str, int | str]


class Response(IntEnum):
    """Responses on AXI4-Lite."""

    OKAY = 0
    SLVERR = 2
    DECERR = 3


class Kind(Enum):
    """What a field does; the values are for people."""

    CONSTANT = "constant"
    """Software reads; never changes."""
    STATUS = "read only"
    """Software reads what hardware drives."""
    CONFIGURATION = "read and write"
    """Software writes and reads, hardware reads."""
    LOADED = "read and load"
    """Hardware holds and changes it, software reads it and may load another value."""
    PULSE = "write 1 for a pulse"
    """Software writes 1 for a pulse of one cycle; reads 0."""
    EVENT = "write 1 to clear"
    """Hardware sets, software reads and clears by writing 1."""
    EXTERNAL = "external"
    """Software writes and reads; the value lives outside the register block."""


@dataclass(frozen=True)
class Field:
    """Bits ``lsb + width − 1 … lsb`` of a register."""

    name: str
    register: str
    lsb: int
    width: int
    kind: Kind
    reset: int
    minimum: int
    """Smallest legal value; a write below it is refused with SLVERR and changes nothing."""
    maximum: int
    """Largest legal value; likewise."""
    advance: int
    """Added, modulo ``2^width``, on each accepted access to ``advanced_by``; 0 where there is none."""
    advanced_by: str | None
    """Name of the register whose accesses advance the field."""
    enabled_by: str | None
    """Port of the field that lets this event raise the interrupt line."""
    guard: str | None
    """Name of the hardware guard that must be high for a write that sets bits of the field to be accepted."""
    description: str

    @property
    def mask(self) -> int:
        """The field's bits in its register."""
        return ((1 << self.width) - 1) << self.lsb

    @property
    def limited(self) -> bool:
        """Not every value that fits is legal."""
        return self.minimum > 0 or self.maximum < (1 << self.width) - 1

    @property
    def port(self) -> str:
        """Name of the register block's member for this field."""
        return f"{self.register}_{self.name}".lower()

    def encode(self, value: int) -> int:
        """Put ``value`` at the field's place.

        Raises:
            ValueError: it is below ``minimum`` or above ``maximum``.
        """
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{self.register}.{self.name} is {value}; it must be in {self.minimum} … {self.maximum}")
        return int(value) << self.lsb

    def decode(self, word: int) -> int:
        """The field's value in a register's word."""
        return (word & self.mask) >> self.lsb


@dataclass(frozen=True)
class Register:
    """A 32-bit word at a byte address."""

    name: str
    address: int
    fields: tuple[Field, ...]
    guard: str | None
    """Name of the hardware guard that must be high for a write to be accepted."""
    title: str
    description: str

    @property
    def external(self) -> bool:
        """The value lives outside the register block."""
        return any(field.kind is Kind.EXTERNAL for field in self.fields)

    @property
    def writable(self) -> bool:
        """A write can do something; writes to other registers answer SLVERR."""
        return any(field.kind not in (Kind.CONSTANT, Kind.STATUS) for field in self.fields)

    @property
    def reset(self) -> int:
        """Word after reset; bits that hardware drives count as 0."""
        return sum(field.reset << field.lsb for field in self.fields)

    def field(self, name: str) -> Field:
        """A field by name.

        Raises:
            KeyError: the register has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        known = ", ".join(field.name for field in self.fields)
        raise KeyError(f"register {self.name} has no field {name}; it has {known}")

    def encode(self, **values: int) -> int:
        """Word that holds the named fields; the others are 0.

        Raises:
            KeyError: a field does not exist.
            ValueError: a value is out of the field's range.
        """
        return sum(self.field(name).encode(value) for name, value in values.items())

    def decode(self, word: int) -> dict[str, int]:
        """Values of all fields in ``word``."""
        return {field.name: field.decode(word) for field in self.fields}


@dataclass(frozen=True)
class RegisterMap:
    """All registers of a design point, by address."""

    registers: tuple[Register, ...]

    def __iter__(self):
        return iter(self.registers)

    def __len__(self) -> int:
        return len(self.registers)

    def __getitem__(self, name: str) -> Register:
        """A register by name.

        Raises:
            KeyError: there is no such register.
        """
        for register in self.registers:
            if register.name == name:
                return register
        raise KeyError(f"there is no register {name}")

    def counter(self, counter: IntEnum) -> tuple[Register, Register]:
        """Low and high word of a counter."""
        return self[f"{counter.name}_LOW"], self[f"{counter.name}_HIGH"]

    @property
    def guards(self) -> tuple[str, ...]:
        """Names of all guards, sorted."""
        owners: list[Register | Field] = [
            *self.registers,
            *(field for register in self.registers for field in register.fields),
        ]
        return tuple(sorted({owner.guard for owner in owners if owner.guard}))


def counter_value(low: int, high: int) -> int:
    """A counter's value from its two words as read."""
    return (low | high << WORD_BITS) & ((1 << COUNTER_BITS) - 1)


@cache
def register_map(design: Design) -> RegisterMap:
    """The register map of a design point. The first call for a design point compiles the RDL (about 0.1 s)."""
    from remora.spec.lib.rdl import compile_registers

    return RegisterMap(compile_registers(design))
