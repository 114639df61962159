"""Reference model of the register block: one access at a time, read from the register map alone."""

from __future__ import annotations

from collections import Counter

from remora.spec.crossbar.design import Cell, Crossbar, DesignPoint, Learning, Network
from remora.spec.lib.registers import (
    WORD_BYTES,
    WORD_MASK,
    Field,
    Kind,
    Register,
    RegisterMap,
    Response,
    register_map,
)

DESIGN = DesignPoint(
    name="registers",
    network=Network(features=5, hidden=7, classes=3, max_steps=9, feature_signed=True),
    cell=Cell(lanes=2, reset_coefficient=200, update_coefficient=3),
    crossbar=Crossbar(rows=4, columns=3),
    learning=Learning(enabled=True, seed=0x1234567, winners=4, replay_capacity=1000, replay_ratio=6, healing=True),
)
"""Everything built, in sizes that all differ, so that a constant at the wrong place shows."""
MAP = register_map(DESIGN)
FIELDS = tuple(field for register in MAP for field in register.fields)
ALL_BYTES = (1 << WORD_BYTES) - 1


def fields_of(*kinds: Kind, registers: RegisterMap = MAP) -> list[Field]:
    """Every field of these kinds."""
    return [field for register in registers for field in register.fields if field.kind in kinds]


def pointers_of(registers: RegisterMap) -> dict[str, Field]:
    """By external register, the field that advances with its accesses."""
    return {field.advanced_by: field for register in registers for field in register.fields if field.advanced_by}


def byte_mask(strobes: int) -> int:
    """Bits of the bytes whose strobe is set."""
    return sum(0xFF << 8 * byte for byte in range(WORD_BYTES) if strobes >> byte & 1)


def external_value(register: str, pointer: int) -> int:
    """What the bench answers to a read of an external register at a pointer; no two alike."""
    return (pointer * 0x9E3779B1 + 0x7F4A7C15 + len(register) * 0x01000193) & WORD_MASK


POINTERS = pointers_of(MAP)


class Model:
    """What software and hardware must see, one access at a time.

    Attributes:
        inputs: what hardware drives, by port. ``guards``: which guarded writes it allows, by name.
        stored: configuration and events by port. ``pulses``, ``external``, ``loads``: what came out so far.
    """

    def __init__(self, registers: RegisterMap = MAP) -> None:
        self.registers, self.pointers = registers, pointers_of(registers)
        self.inputs = {field.port: 0 for field in self._fields(Kind.STATUS, Kind.LOADED)}
        self.guards = {name: 0 for name in registers.guards}
        self.reset()

    def _fields(self, *kinds: Kind) -> list[Field]:
        return fields_of(*kinds, registers=self.registers)

    def reset(self) -> None:
        """As after reset; what hardware drives stays."""
        self.stored = {field.port: field.reset for field in self._fields(Kind.CONFIGURATION, Kind.EVENT)}
        self.pulses: Counter[str] = Counter()
        self.external: list[tuple] = []
        self.loads: list[tuple[str, int]] = []

    def read(self, address: int) -> tuple[Response, int]:
        """Response and word; the word of a refused read is not specified and given as 0."""
        register = self.register_at(address)
        if register is None:
            return Response.DECERR, 0
        word = sum(self._readable(field) << field.lsb for field in register.fields)
        self._access_external(register, ("read",))
        return Response.OKAY, word

    def write(self, address: int, data: int, strobes: int = ALL_BYTES) -> Response:
        """Response; where it is not OKAY nothing has changed."""
        register = self.register_at(address)
        if register is None:
            return Response.DECERR
        if all(field.kind in (Kind.CONSTANT, Kind.STATUS) for field in register.fields):
            return Response.SLVERR
        if register.guard is not None and not self.guards[register.guard]:
            return Response.SLVERR
        mask = byte_mask(strobes)
        guarded = (field for field in register.fields if field.guard and not self.guards[field.guard])
        if any(field.decode(data & mask) for field in guarded):
            return Response.SLVERR
        kept = {
            field: (self.stored if field.kind is Kind.CONFIGURATION else self.inputs)[field.port]
            for field in register.fields
            if field.kind in (Kind.CONFIGURATION, Kind.LOADED)
        }
        merged = {field: field.decode(old << field.lsb & ~mask | data & mask) for field, old in kept.items()}
        if any(not field.minimum <= value <= field.maximum for field, value in merged.items()):
            return Response.SLVERR
        self.stored |= {field.port: value for field, value in merged.items() if field.kind is Kind.CONFIGURATION}
        self.loads += [(field.port, value) for field, value in merged.items() if field.kind is Kind.LOADED]
        for field in register.fields:
            ones = field.decode(data & mask)
            if field.kind is Kind.EVENT:
                self.stored[field.port] &= ~ones
            elif field.kind is Kind.PULSE:
                self.pulses[field.port] += ones
        self._access_external(register, ("write", data, strobes))
        return Response.OKAY

    def interrupt(self) -> int:
        """The interrupt line, once it has settled."""
        events = self._fields(Kind.EVENT)
        return int(any(self.stored[event.port] & self.stored[str(event.enabled_by)] for event in events))

    def _readable(self, field: Field) -> int:
        if field.kind is Kind.CONSTANT:
            return field.reset
        if field.kind is Kind.PULSE:
            return 0
        if field.kind is Kind.EXTERNAL:
            pointer = self.pointers.get(field.register)
            return field.decode(external_value(field.register, self.stored[pointer.port] if pointer else 0))
        return (self.inputs if field.kind in (Kind.STATUS, Kind.LOADED) else self.stored)[field.port]

    def _access_external(self, register: Register, access: tuple) -> None:
        if register.name in self.pointers:
            pointer = self.pointers[register.name]
            self.external.append((register.name, self.stored[pointer.port], *access))
            self.stored[pointer.port] = (self.stored[pointer.port] + pointer.advance) % (1 << pointer.width)

    def register_at(self, address: int) -> Register | None:
        """The register that an address falls into."""
        word = address // WORD_BYTES * WORD_BYTES
        return next((register for register in self.registers if register.address == word), None)
