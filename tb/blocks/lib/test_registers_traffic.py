"""The register block against its model: the bus itself, in every order, held back, at random, and cut off by reset."""

from __future__ import annotations

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from remora.spec.lib.registers import ADDRESS_BITS, WORD_BYTES, Kind
from remora.tb.blocks.lib.registers import TIME_LIMIT, RegisterBench
from remora.tb.models.registers import ALL_BYTES, MAP, POINTERS, fields_of


@cocotb.test(**TIME_LIMIT)
async def address_and_data_in_any_order(dut) -> None:
    """Address first, data first, together: the same."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    registers = [register for register in MAP if register.writable]
    for address_latency in range(6):
        for data_latency in range(6):
            register = bench.random.choice(registers)
            latency = {"address_latency": address_latency, "data_latency": data_latency}
            await bench.write(register.address, bench.legal_word(register), **latency)
    assert bench.compared > 36


@cocotb.test(**TIME_LIMIT)
@cocotb.parametrize(name=list(POINTERS))
async def window_reads_and_writes_together(dut, name: str) -> None:
    """A read and a write of an external register in flight at once each have a place of their own."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    address, advance = MAP[name].address, POINTERS[name].advance
    for round_ in range(20):
        start = 2 * advance * round_
        for latency in (0, 1):
            bench.external.clear()
            write = cocotb.start_soon(bench.bus_write(address, 0x01020304, data_latency=latency))
            await bench.bus_read(address)
            await write
            await ClockCycles(dut.clk, 2)
            pointers, kinds = ([access[position] for access in bench.external] for position in (1, 2))
            first = 2 * start + 2 * advance * latency
            wrapped = [at % (1 << POINTERS[name].width) for at in (first, first + advance)]
            bench.compare("pointers", pointers, wrapped)
            bench.compare("accesses", sorted(kinds), ["read", "write"])
    assert bench.compared >= 80


@cocotb.test(**TIME_LIMIT)
@cocotb.parametrize(probability=[0.0, 0.7])
async def queued_accesses(dut, probability: float) -> None:
    """Accesses that follow before the response to the one before was taken: none lost, repeated or out of order."""
    bench = await RegisterBench.started(dut, seed=round(100 * probability))
    bench.start_back_pressure(probability)
    for _ in range(30):
        await bench.guard(**{name: int(bench.random.random() < 0.7) for name in MAP.guards})
        writes = [_random_write(bench) for _ in range(6)]
        expected = [bench.model.write(*write) for write in writes]
        tasks = [cocotb.start_soon(bench.bus_write(*write, **_random_latency(bench))) for write in writes]
        bench.compare("responses", [await task for task in tasks], expected)
        await bench.compare_state()
        addresses = [_random_address(bench) for _ in range(6)]
        wanted = [bench.model.read(address) for address in addresses]
        reads = [cocotb.start_soon(bench.bus_read(address)) for address in addresses]
        bench.compare("responses and words", [await task for task in reads], wanted)
        await bench.compare_state()
    assert bench.compared > 4 * 30


@cocotb.test(**TIME_LIMIT)
@cocotb.parametrize(probability=[0.0, 0.5, 0.9])
async def random_accesses(dut, probability: float) -> None:
    """Random accesses, guards, events and status while responses are held back; everything as the model says."""
    bench = await RegisterBench.started(dut, seed=round(100 * probability))
    bench.start_back_pressure(probability)
    for _ in range(400):
        await _random_action(bench)
    await bench.compare_state()
    await bench.compare_events()
    assert bench.compared > 1000


async def _random_action(bench: RegisterBench) -> None:
    random = bench.random
    action = random.choices(("write", "read", "both", "guard", "strike", "drive"), (6, 5, 2, 1, 2, 1))[0]
    if action == "write":
        await bench.write(*_random_write(bench), **_random_latency(bench))
    elif action == "read":
        await bench.read(_random_address(bench))
    elif action == "both":
        # Different registers without a pointer between them, so that the order does not matter.
        address, word = MAP["INTERRUPT_ENABLE"].address, random.getrandbits(32)
        write = cocotb.start_soon(bench.write(address, word, **_random_latency(bench)))
        await bench.read(MAP[random.choice(("ID", "STATUS", "RESET_COEFFICIENT"))].address)
        await write
    elif action == "guard":
        await bench.guard(**{name: int(random.random() < 0.7) for name in MAP.guards})
    elif action == "strike":
        await bench.strike(*random.sample(fields_of(Kind.EVENT), 3))
    else:
        driven = fields_of(Kind.STATUS, Kind.LOADED)
        await bench.drive({field.port: random.randint(0, field.maximum) for field in driven})


def _random_address(bench: RegisterBench) -> int:
    if bench.random.random() < 0.1:
        return bench.random.randrange(0, 1 << ADDRESS_BITS, WORD_BYTES)
    return bench.random.choice(MAP.registers).address


def _random_write(bench: RegisterBench) -> tuple[int, int, int]:
    writable = [register for register in MAP if register.writable]
    register = bench.random.choice(writable)
    address = register.address if bench.random.random() < 0.8 else _random_address(bench)
    word = bench.random.choice((bench.random.getrandbits(32), bench.legal_word(register)))
    return address, word, bench.random.choice((ALL_BYTES, bench.random.randint(0, ALL_BYTES)))


def _random_latency(bench: RegisterBench) -> dict[str, int]:
    return {name: bench.random.randint(0, 3) for name in ("address_latency", "data_latency")}


@cocotb.test(**TIME_LIMIT)
async def reset_at_any_cycle(dut) -> None:
    """Reset while accesses are in flight: idle, no response, reset values; and the next accesses work."""
    bench = await RegisterBench.started(dut)
    await bench.open_guards()
    for _ in range(60):
        await bench.strike(*fields_of(Kind.EVENT))
        tasks = [cocotb.start_soon(_endless_accesses(bench, kind)) for kind in ("write", "read")]
        tasks.append(bench.start_back_pressure(0.5))
        await ClockCycles(dut.clk, bench.random.randint(1, 24))
        for task in tasks:
            task.cancel()
        await bench.reset(cycles=bench.random.randint(1, 3))
        responses = int(dut.bus__bvalid.value), int(dut.bus__rvalid.value)
        bench.compare("responses after reset", responses, (0, 0))
        await bench.compare_state()
        await bench.compare_events()
        await bench.write(*_random_write(bench))
        await bench.read(_random_address(bench))
    assert bench.compared > 60 * len(fields_of(Kind.CONFIGURATION))


async def _endless_accesses(bench: RegisterBench, kind: str) -> None:
    while True:
        if kind == "write":
            await bench.bus_write(*_random_write(bench), **_random_latency(bench))
        else:
            await bench.bus_read(_random_address(bench))
        await RisingEdge(bench.dut.clk)
