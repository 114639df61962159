"""The register block against its model: what each kind of register does, and what it refuses."""

from __future__ import annotations

from itertools import product

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge

from remora.spec.lib.registers import ADDRESS_BITS, WORD_BYTES, WORD_MASK, Kind, Response
from remora.tb.blocks.lib.registers import TIME_LIMIT, RegisterBench
from remora.tb.models.registers import ALL_BYTES, DESIGN, FIELDS, MAP, fields_of


@cocotb.test(**TIME_LIMIT)
async def reset_values(dut) -> None:
    """Every register reads its reset value."""
    bench = await RegisterBench.started(dut)
    for register in MAP:
        if not register.external:
            response, word = await bench.read(register.address)
            bench.compare(f"{register.name} after reset", (response, word), (Response.OKAY, register.reset))
    await bench.compare_state()
    assert bench.compared > 2 * (len(MAP) - 1)
    coefficients = int(dut.reset_coefficient_value.value), int(dut.update_coefficient_value.value)
    bench.compare("coefficients", coefficients, (DESIGN.cell.reset_coefficient, DESIGN.cell.update_coefficient))


@cocotb.test(**TIME_LIMIT)
async def status_reads_what_hardware_drives(dut) -> None:
    """Read-only fields show the pins at the time of the read, each at its own place."""
    bench = await RegisterBench.started(dut)
    fields = fields_of(Kind.STATUS, Kind.LOADED)
    registers = [MAP[name] for name in sorted({field.register for field in fields})]
    for _ in range(8):
        await bench.drive({field.port: bench.random.randint(0, field.maximum) for field in fields})
        for register in registers:
            await bench.read(register.address)
    assert bench.compared > 8 * len(registers) > 0


@cocotb.test(**TIME_LIMIT)
async def writes_with_every_strobe(dut) -> None:
    """Every register, every combination of strobes: written, or refused and nothing changed."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    responses = {Response.OKAY: 0, Response.SLVERR: 0}
    for register in MAP:
        for strobes in range(ALL_BYTES + 1):
            reserved = WORD_MASK & ~sum(field.mask for field in register.fields)
            word = bench.legal_word(register) | bench.random.getrandbits(32) & reserved
            responses[await bench.write(register.address, word, strobes)] += 1
            await bench.read(register.address)
    assert sum(responses.values()) == 16 * len(MAP) and min(responses.values()) > 0


@cocotb.test(**TIME_LIMIT)
async def read_only_registers_refuse(dut) -> None:
    """A write to a register of read-only fields is an SLVERR whatever it carries."""
    bench = await RegisterBench.started(dut)
    await bench.fill()
    registers = [register for register in MAP if not register.writable]
    for register in registers:
        for word, strobes in ((0, ALL_BYTES), (WORD_MASK, ALL_BYTES), (WORD_MASK, 0)):
            bench.compare(register.name, await bench.write(register.address, word, strobes), Response.SLVERR)
        bench.compare(register.name, (await bench.read(register.address))[1], register.reset)
    await bench.compare_events()
    assert len(registers) > 30


@cocotb.test(**TIME_LIMIT)
async def unmapped_addresses_refuse(dut) -> None:
    """Every address without a register answers DECERR to reads and writes."""
    bench = await RegisterBench.started(dut)
    await bench.fill()
    mapped = {register.address for register in MAP}
    unmapped = [address for address in range(0, 1 << ADDRESS_BITS, WORD_BYTES) if address not in mapped]
    for address in unmapped:
        bench.compare(f"write to {address:#x}", await bench.bus_write(address, WORD_MASK), Response.DECERR)
        bench.compare(f"read of {address:#x}", (await bench.bus_read(address))[0], Response.DECERR)
    await bench.compare_state()
    await bench.compare_events()
    assert len(unmapped) == (1 << ADDRESS_BITS) // WORD_BYTES - len(MAP)


@cocotb.test(**TIME_LIMIT)
async def low_address_bits_are_ignored(dut) -> None:
    """A byte address inside a word reaches that word; the master moves data and strobes to the byte's lane."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    registers = [register for register in MAP if any(field.kind is Kind.CONFIGURATION for field in register.fields)]
    for register in registers:
        for offset in range(1, WORD_BYTES):
            word, strobes = bench.random.getrandbits(32), ALL_BYTES << offset & ALL_BYTES
            expected = bench.model.write(register.address, word, strobes)
            found = await bench.bus_write(register.address + offset, word >> 8 * offset)
            bench.compare(f"write to {register.name} + {offset}", found, expected)
            await bench.compare_state()
            _, whole = bench.model.read(register.address)
            read = await bench.bus_read(register.address + offset)
            bench.compare(f"read of {register.name} + {offset}", read, (Response.OKAY, whole >> 8 * offset))
    assert bench.compared > 9 * len(registers) > 0


@cocotb.test(**TIME_LIMIT)
async def events_stick_until_cleared(dut) -> None:
    """An event bit is set by its strobe alone, cleared by its 1 alone, and reaches the interrupt line if enabled."""
    bench = await RegisterBench.started(dut)
    for event in fields_of(Kind.EVENT):
        status = MAP[event.register]
        enable = next(each for each in FIELDS if each.port == event.enabled_by)
        await bench.strike(event)
        await bench.compare_state()
        bench.compare("irq without enable", int(dut.irq.value), 0)
        await bench.write(MAP[enable.register].address, enable.mask)
        bench.compare("irq with enable", int(dut.irq.value), 1)
        await bench.write(status.address, WORD_MASK ^ event.mask)
        await bench.write(status.address, event.mask, ALL_BYTES ^ 1 << event.lsb // 8)
        bench.compare("event kept", (await bench.read(status.address))[1], event.mask)
        await bench.write(status.address, event.mask)
        bench.compare("irq after clear", int(dut.irq.value), 0)
        bench.compare("event cleared", (await bench.read(status.address))[1], 0)
    assert bench.compared > 7 * len(fields_of(Kind.EVENT)) > 0


@cocotb.test(**TIME_LIMIT)
async def event_wins_over_clear(dut) -> None:
    """A strobe before the cycle of the clearing is cleared; in that cycle or later, it is kept."""
    bench = await RegisterBench.started(dut)
    event = fields_of(Kind.EVENT)[-1]
    address, kept = MAP[event.register].address, []
    for delay in range(8):
        await bench.bus_write(address, event.mask)
        await ClockCycles(dut.clk, 4)
        clearing = cocotb.start_soon(bench.bus_write(address, event.mask))
        await ClockCycles(dut.clk, 1 + delay)
        struck_at = bench.cycle + 1
        await bench.strike(event)
        await clearing
        # The write takes effect in the cycle before its response shows.
        expected = struck_at >= bench.write_answered_at - 1
        kept.append(bool((await bench.bus_read(address))[1] & event.mask))
        bench.compare(f"event {delay} cycles after the start of its clearing is kept", kept[-1], expected)
    assert sorted(kept) == kept and set(kept) == {False, True}


@cocotb.test(**TIME_LIMIT)
async def pulses_last_one_cycle(dut) -> None:
    """Each pulse is high for exactly one cycle a write of 1, for none without its strobe, and reads 0."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    for pulse in fields_of(Kind.PULSE):
        address, before = MAP[pulse.register].address, bench.pulses[pulse.port]
        await bench.write(address, pulse.mask)
        await bench.write(address, pulse.mask, ALL_BYTES ^ 1 << pulse.lsb // 8)
        await bench.write(address, 0)
        bench.compare(f"cycles of {pulse.port}", bench.pulses[pulse.port] - before, 1)
        await bench.read(address)
    assert bench.compared > 5 * len(fields_of(Kind.PULSE)) > 0


@cocotb.test(**TIME_LIMIT)
async def timing(dut) -> None:
    """Pulses and values show with the response; the interrupt line two cycles after the strobe."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    writing = cocotb.start_soon(bench.bus_write(MAP["CONTROL"].address, WORD_MASK))
    signals = (dut.bus__bvalid, dut.control_run, dut.control_snapshot, dut.control_soft_reset)
    seen = await _samples(dut, 8, *signals)
    await writing
    for signal, found in zip(signals[1:], seen[1:], strict=True):
        bench.compare(signal._name, found.index(1), seen[0].index(1))
    await bench.bus_write(MAP["INTERRUPT_ENABLE"].address, WORD_MASK)
    event = fields_of(Kind.EVENT)[0]
    striking = cocotb.start_soon(bench.strike(event))
    strobe, irq = await _samples(dut, 8, getattr(dut, event.port), dut.irq)
    await striking
    bench.compare("irq", irq.index(1), strobe.index(1) + 2)


async def _samples(dut, cycles: int, *signals) -> list[list[int]]:
    """Levels of signals in the middle of each cycle."""
    seen = []
    for _ in range(cycles):
        await FallingEdge(dut.clk)
        seen.append([int(signal.value) for signal in signals])
    return [list(levels) for levels in zip(*seen, strict=True)]


@cocotb.test(**TIME_LIMIT)
async def guards_refuse(dut) -> None:
    """A guarded register takes writes with its own guard and with no other."""
    bench = await RegisterBench.started(dut)
    await bench.fill()
    guarded = [register for register in MAP if register.guard]
    for register in guarded:
        guards = {register.guard, *(field.guard for field in register.fields)}
        for own, others in ((0, 0), (0, 1), (1, 0), (1, 1)):
            await bench.guard(**{name: own if name in guards else others for name in MAP.guards})
            word = bench.legal_word(register)
            expected = Response.OKAY if own else Response.SLVERR
            bench.compare(f"{register.name}, guard {own}", await bench.write(register.address, word), expected)
            await bench.read(register.address)
    assert len(guarded) > 0
    await guarded_fields_refuse(bench)


async def guarded_fields_refuse(bench: RegisterBench) -> None:
    """A guarded field takes bits with its own guard alone; with none of its bits set, a write needs no such guard."""
    fields = [field for register in MAP for field in register.fields if field.guard]
    for field in fields:
        register = MAP[field.register]
        others = sum(each.mask for each in register.fields if each.guard != field.guard)
        for own in (0, 1):
            await bench.open_guards()
            await bench.guard(**{field.guard: own})
            for word, strobes in product((0, others, field.mask, field.mask | others), (0b0000, 0b1111)):
                expected = Response.OKAY if own or not (word & field.mask and strobes) else Response.SLVERR
                found = await bench.write(register.address, word, strobes)
                bench.compare(f"{field.port}, guard {own}, {word:#x}", found, expected)
    await bench.open_guards()
    window = {"control_run", "window_control_commit", "window_control_read"}
    assert {field.port for field in fields} == {"memory_control_store", *window}


@cocotb.test(**TIME_LIMIT)
async def maxima_refuse(dut) -> None:
    """The ends of the legal values are taken and one beyond is not, also where a byte completes a word that was
    legal."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    limited = [field for field in fields_of(Kind.CONFIGURATION, Kind.LOADED) if field.limited]
    for field in limited:
        address, largest = MAP[field.register].address, field.mask >> field.lsb
        for value in (0, field.minimum, field.maximum, field.maximum + 1, largest, field.maximum - 1):
            expected = Response.OKAY if field.minimum <= value <= field.maximum else Response.SLVERR
            bench.compare(f"{field.port} = {value}", await bench.write(address, value << field.lsb), expected)
        # What hardware holds follows the write; here the bench does.
        if field.kind is Kind.LOADED:
            await bench.drive({field.port: field.maximum})
        await bench.write(address, field.encode(field.maximum))
        completed = field.maximum & ~0xFF | 0xFF
        expected = Response.OKAY if completed <= field.maximum else Response.SLVERR
        bench.compare("one byte", await bench.write(address, 0xFF, strobes=1), expected)
        bench.compare("no byte", await bench.write(address, WORD_MASK, strobes=0), Response.OKAY)
    assert {field.register for field in limited} >= {"RESET_COEFFICIENT", "WINNERS", "FILLED"}
