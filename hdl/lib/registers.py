"""The register block: AXI4-Lite on one side, one signal a field on the other. Built from the map, names no register."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.axi import AxiLite
from remora.spec.lib.registers import ADDRESS_BITS, WORD_BITS, WORD_BYTES, Field, Kind, Register, Response, register_map
from remora.spec.lib.section import Design

_LOADED_PORTS = ("load", "loaded")
_WORD_ADDRESS = slice(2, ADDRESS_BITS)


@dataclass
class _Access:
    """A bus access in the one cycle in which it happens."""

    attempt: Signal
    """The access happens in this cycle."""
    address: Signal
    """Word address; stable from before ``attempt``."""
    response: Signal
    """Answer, decided in the cycle of ``attempt``."""
    data: Signal
    """Word written, stable, or word read, decided in the cycle of ``attempt``."""
    strobes: Signal | None = None
    """One a byte; of a write."""


@dataclass
class _Decoded:
    """An access to one register in the cycle in which it happens."""

    written: Signal
    """A write to it is accepted."""
    read: Signal
    """It is read."""


class RegisterBlock(wiring.Component):
    """All registers of a design point behind an AXI4-Lite port.

    Address and data of a write are accepted in any order, one of each at a time; a read and a write may be in flight
    together. Responses are held until they are taken. The low two address bits are ignored. DECERR: no register there.
    SLVERR, and nothing changed: write to a register without a writable field, or while its guard is low, or that sets
    bits of a field while the field's guard is low, or that would leave a field below its minimum or above its maximum.
    Bytes without strobe are left alone. In reset and in the cycle after, nothing is accepted.

    Timing. A write takes effect in one cycle *t*, at the earliest the one after address and data were both accepted:
    guards are sampled in *t*, external strobes are high in *t*, configuration and pulses show in *t* + 1, like
    ``bvalid``. A read likewise samples in one cycle, and its data show in the next. Reads and writes never happen in
    the same cycle. A field that advances with accesses to an external register shows in *t* the value that belongs to
    the access, in *t* + 1 the next. Reset: accesses in flight are forgotten, fields return to their reset values.

    Ports:
        bus: byte addresses of 12 bits.
        irq: an enabled event is pending; registered, so one cycle after the event bit or its enable.
        guard_<name>: allows writes to the registers and fields under that guard.
        <register>_write: of an external register, strobe of a write.
        <register>_write_value: of an external register, the word that is written.
        <register>_write_strobes: of an external register, the bytes that are written.
        <register>_read: of an external register, strobe of a read.
        <register>_read_value: of an external register, the word that is read in the cycle of the strobe.
        <field>_load: of a loaded field, strobe in the cycle in which software writes.
        <field>_loaded: of a loaded field, what that leaves.
        <register>_<field>: a configuration field's value; a pulse field, high for one cycle; what software reads of a
            status or loaded field; what sets the bit of an event field, also in the cycle in which software clears it.
    """

    def __init__(self, design: Design) -> None:
        self._map = register_map(design)
        members: dict[str, wiring.Member] = {"bus": In(AxiLite(ADDRESS_BITS)), "irq": Out(1)}
        members |= {f"guard_{name}": In(1) for name in self._map.guards}
        for register in self._map:
            members |= _register_members(register)
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        """Bus channels, then fields, then what is answered."""
        m = Module()
        awake = Signal()
        m.d.sync += awake.eq(1)
        write = self._write_channels(m, awake)
        read = self._read_channels(m, awake, write)
        accesses = {register.name: self._decode(m, register, write, read) for register in self._map}
        fields = [field for register in self._map for field in register.fields]
        readable = {field.port: self._build_field(m, field, write, accesses) for field in fields}
        self._answer_writes(m, write, accesses)
        self._answer_reads(m, read, readable)
        self._raise_interrupt(m, [field for field in fields if field.enabled_by], readable)
        return m

    # Bus --------------------------------------------------------------------------------------------------------------
    def _write_channels(self, m: Module, awake: Signal) -> _Access:
        bus = self.bus
        address_held, data_held = Signal(), Signal()
        access = _Access(
            attempt=Signal(name="write_attempt"),
            address=Signal(ADDRESS_BITS - 2, name="write_address", reset_less=True),
            response=Signal(2, name="write_response"),
            data=Signal(WORD_BITS, name="write_data", reset_less=True),
            strobes=Signal(WORD_BYTES, name="write_strobes", reset_less=True),
        )
        m.d.comb += [
            bus.awready.eq(awake & ~address_held),
            bus.wready.eq(awake & ~data_held),
            access.attempt.eq(address_held & data_held & (~bus.bvalid | bus.bready)),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [address_held.eq(1), access.address.eq(bus.awaddr[_WORD_ADDRESS])]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [data_held.eq(1), access.data.eq(bus.wdata), access.strobes.eq(bus.wstrb)]
        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(access.attempt):
            m.d.sync += [address_held.eq(0), data_held.eq(0), bus.bvalid.eq(1), bus.bresp.eq(access.response)]
        return access

    def _read_channels(self, m: Module, awake: Signal, write: _Access) -> _Access:
        bus = self.bus
        address_held = Signal()
        access = _Access(
            attempt=Signal(name="read_attempt"),
            address=Signal(ADDRESS_BITS - 2, name="read_address", reset_less=True),
            response=Signal(2, name="read_response"),
            data=Signal(WORD_BITS, name="read_data"),
        )
        m.d.comb += [
            bus.arready.eq(awake & ~address_held),
            # Never beside a write, so that an access that advances a pointer sees no other.
            access.attempt.eq(address_held & (~bus.rvalid | bus.rready) & ~write.attempt),
        ]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [address_held.eq(1), access.address.eq(bus.araddr[_WORD_ADDRESS])]
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(access.attempt):
            m.d.sync += [address_held.eq(0), bus.rvalid.eq(1), bus.rdata.eq(access.data), bus.rresp.eq(access.response)]
        return access

    def _answer_writes(self, m: Module, write: _Access, accesses: dict[str, _Decoded]) -> None:
        m.d.comb += write.response.eq(Response.DECERR)
        with m.Switch(write.address):
            for register in self._map:
                with m.Case(register.address // WORD_BYTES):
                    accepted = accesses[register.name].written
                    m.d.comb += write.response.eq(Mux(accepted, Response.OKAY, Response.SLVERR))

    def _answer_reads(self, m: Module, read: _Access, readable: dict[str, Value]) -> None:
        m.d.comb += read.response.eq(Response.DECERR)
        with m.Switch(read.address):
            for register in self._map:
                with m.Case(register.address // WORD_BYTES):
                    m.d.comb += read.response.eq(Response.OKAY)
                    for field in register.fields:
                        bits = slice(field.lsb, field.lsb + field.width)
                        m.d.comb += read.data[bits].eq(readable[field.port])

    # Registers --------------------------------------------------------------------------------------------------------
    def _decode(self, m: Module, register: Register, write: _Access, read: _Access) -> _Decoded:
        port, word = register.name.lower(), register.address // WORD_BYTES
        decoded = _Decoded(Signal(name=f"{port}_accepts_write"), Signal(name=f"{port}_accepts_read"))
        m.d.comb += decoded.read.eq(read.attempt & (read.address == word))
        if register.writable:
            guard = getattr(self, f"guard_{register.guard}") if register.guard else Const(1)
            legal = [self._is_legal(field, write) for field in register.fields if field.limited]
            legal += [self._is_allowed(field, write) for field in register.fields if field.guard]
            m.d.comb += decoded.written.eq(reduce(and_, legal, write.attempt & (write.address == word) & guard))
        if register.external:
            m.d.comb += [
                getattr(self, f"{port}_write").eq(decoded.written),
                getattr(self, f"{port}_write_value").eq(write.data),
                getattr(self, f"{port}_write_strobes").eq(write.strobes),
                getattr(self, f"{port}_read").eq(decoded.read),
            ]
        return decoded

    def _merged(self, field: Field, write: _Access) -> Value:
        """The field after a write: old bits in bytes without strobe."""
        data, mask = _written_bits(field, write)
        return (getattr(self, field.port) & ~mask) | (data & mask)

    def _is_legal(self, field: Field, write: _Access) -> Value:
        merged = self._merged(field, write)
        return (merged >= field.minimum) & (merged <= field.maximum) if field.minimum else merged <= field.maximum

    def _is_allowed(self, field: Field, write: _Access) -> Value:
        data, mask = _written_bits(field, write)
        return ~(data & mask).any() | getattr(self, f"guard_{field.guard}")

    def _build_field(self, m: Module, field: Field, write: _Access, accesses: dict[str, _Decoded]) -> Value:
        """Build one field; returns what software reads."""
        if field.kind is Kind.CONSTANT:
            return Const(field.reset, field.width)
        if field.kind is Kind.EXTERNAL:
            return getattr(self, f"{field.register}_read_value".lower())[field.lsb : field.lsb + field.width]
        member, written = getattr(self, field.port), accesses[field.register].written
        if field.kind is Kind.STATUS:
            return member
        if field.kind is Kind.LOADED:
            load, value = (getattr(self, f"{field.port}_{name}") for name in _LOADED_PORTS)
            m.d.comb += [load.eq(written), value.eq(self._merged(field, write))]
            return member
        data, mask = _written_bits(field, write)
        cleared_or_set = Mux(written, data & mask, 0)
        if field.kind is Kind.PULSE:
            m.d.sync += member.eq(cleared_or_set)
            return Const(0, field.width)
        if field.kind is Kind.EVENT:
            pending = Signal(field.width, init=field.reset, name=f"{field.port}_pending")
            m.d.sync += pending.eq((pending & ~cleared_or_set) | member)
            return pending
        if field.advanced_by:
            access = accesses[field.advanced_by]
            with m.If(access.written | access.read):
                m.d.sync += member.eq(member + field.advance)
        with m.If(written):
            m.d.sync += member.eq(self._merged(field, write))
        return member

    def _raise_interrupt(self, m: Module, events: list[Field], readable: dict[str, Value]) -> None:
        m.d.sync += self.irq.eq(
            Cat(readable[event.port] & getattr(self, str(event.enabled_by)) for event in events).any()
        )


def _register_members(register: Register) -> dict[str, wiring.Member]:
    if register.external:
        port = register.name.lower()
        return {
            f"{port}_write": Out(1), f"{port}_write_value": Out(WORD_BITS), f"{port}_write_strobes": Out(WORD_BYTES),
            f"{port}_read": Out(1), f"{port}_read_value": In(WORD_BITS),
        }  # fmt: skip
    members = {}
    for field in register.fields:
        if field.kind in (Kind.CONFIGURATION, Kind.PULSE):
            members[field.port] = Out(field.width, init=field.reset)  # type: ignore[call-arg]  # the stubs lack init
        elif field.kind in (Kind.STATUS, Kind.EVENT, Kind.LOADED):
            members[field.port] = In(field.width)
        if field.kind is Kind.LOADED:
            load, value = (f"{field.port}_{name}" for name in _LOADED_PORTS)
            members |= {load: Out(1), value: Out(field.width)}
    return members


def _written_bits(field: Field, write: _Access) -> tuple[Value, Value]:
    """The bus bits at the field's place and which of them have a strobe."""
    mask = Cat(strobe.replicate(8) for strobe in write.strobes)
    bits = slice(field.lsb, field.lsb + field.width)
    return write.data[bits], mask[bits]
