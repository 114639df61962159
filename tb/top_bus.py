"""cocotb: the registers of a whole design, of either kind, against the model of the register block.

The AXI4-Lite master uses every freedom that the protocol gives; it also goes on behind soft resets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

import cocotb
import numpy as np

from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.frames import FrameFlag, encode_frame
from remora.spec.lib.packets import Flag, encode_packet
from remora.spec.lib.registers import ADDRESS_BITS, WORD_BYTES, Kind, Register, Response
from remora.tb.bmru.host import BmruHost
from remora.tb.crossbar.top_window import started
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover
from remora.tb.lib.host import Host
from remora.tb.lib.stress_master import RATES, ChannelRates, StressMaster
from remora.tb.models.registers import ALL_BYTES, WORD_MASK, Model

BATCH, LONGEST_WAIT = 5, 400
KNOWN = (Kind.CONSTANT, Kind.CONFIGURATION, Kind.LOADED, Kind.PULSE)
"""Kinds of fields whose value the model knows while nothing is at work."""


class Bus:
    """Batches of accesses through the pins, and what the model makes of them.

    Attributes:
        compared: responses and words so far. ``responses``: how often each was given to a write.
    """

    def __init__(self, host: Host, random: Random) -> None:
        self.host, self.random = host, random
        self.master = StressMaster(host.dut, "s_axil", random)
        self.model = Model(host.registers)
        # Nothing is at work, and commands, which would be, are not among the accesses.
        self._guard(1)
        self.compared, self.responses = 0, dict.fromkeys(Response, 0)

    def _guard(self, open_: int) -> None:
        """Let the model take or refuse what is guarded by nothing being at work."""
        self.model.guards |= {name: open_ for name in ("halted", "memory_idle") if name in self.model.guards}

    @property
    def quiet(self) -> list[Register]:
        """Registers whose writes set nothing going."""
        return [
            register for register in self.host.registers if not any(each.kind is Kind.PULSE for each in register.fields)
        ]

    def address(self, register: Register | None = None) -> int:
        """Of a register, or any, mapped or not; every byte of the word."""
        word = register.address if register else self.random.randrange(0, 1 << ADDRESS_BITS, WORD_BYTES)
        return word + self.random.randrange(WORD_BYTES)

    def a_write(self) -> tuple[int, int, int]:
        """Address, data and strobes; half of the data are legal, a quarter of the strobes partial, some none."""
        register = self.random.choice(self.quiet)
        legal = sum(self.random.randint(each.minimum, each.maximum) << each.lsb for each in register.fields)
        data = self.random.choice((legal, self.random.getrandbits(32)))
        strobes = self.random.choice((ALL_BYTES, ALL_BYTES, self.random.randint(0, ALL_BYTES), 0))
        return self.address(self._unmapped_or(register)), data, strobes

    def _unmapped_or(self, register: Register) -> Register | None:
        """The register; now and then None, for any address that a command is not at."""
        return None if self.random.random() < 0.15 else register

    def some_writes(self) -> list[tuple[int, int, int]]:
        """A batch, none of it a command."""
        writes = [self.a_write() for _ in range(BATCH)]
        quiet = {None, *(register.name for register in self.quiet)}
        return [each for each in writes if getattr(self.model.register_at(each[0]), "name", None) in quiet]

    def some_reads(self, writes: list[tuple[int, int, int]]) -> list[int]:
        """A batch that no write of the other can change, whichever comes first."""
        touched = {self.model.register_at(address) for address, _, _ in writes}
        pointed = {
            self.model.pointers[each.name].register for each in touched if each and each.name in self.model.pointers
        }
        chosen = [self.random.choice(self.host.registers.registers) for _ in range(BATCH)]
        reads = [
            self.address(self._unmapped_or(register))
            for register in chosen
            if register not in touched and register.name not in pointed and not register.external
        ]
        return [each for each in reads if self._apart(each, touched, pointed)]

    def _apart(self, address: int, touched: set, pointed: set) -> bool:
        register = self.model.register_at(address)
        return register is None or not (register in touched or register.name in pointed or register.external)

    async def batch(self, writes: list, reads: list, rates: ChannelRates, sure: bool = True) -> None:
        """Both at once; not ``sure``: a guarded write may be taken or refused, and the model follows."""
        written, read = await self.master.batch(writes, reads, rates)
        for access, response in zip(writes, written, strict=True):
            register = self.model.register_at(access[0])
            if not sure and register and register.guard:
                self._guard(int(response is Response.OKAY))
            expected = self.model.write(*access)
            self._guard(1)
            self._follow_loads()
            self.responses[response] += 1
            strobes = {0: "none", ALL_BYTES: "all"}.get(access[2], "some")
            cover("bus", access="write", response=response, strobes=strobes, core="quiet" if sure else "resetting")
            self._compare(
                f"write of {access[1]:#010x}, strobes {access[2]:04b}, to {access[0]:#05x}", response, expected
            )
        for address, (response, word) in zip(reads, read, strict=True):
            expected, wanted = self.model.read(address)
            mask = self.mask(address)
            cover("bus", access="read", response=response, core="quiet" if sure else "resetting")
            self._compare(f"read of {address:#05x}", (response, word & mask), (expected, wanted & mask))

    def _follow_loads(self) -> None:
        """What is loaded is what is read: nothing else changes it while nothing is at work."""
        self.model.inputs |= dict(self.model.loads)
        self.model.loads.clear()

    def mask(self, address: int) -> int:
        """Bits that the model knows."""
        register = self.model.register_at(address)
        fields = register.fields if register else ()
        unknown = sum(field.mask for field in fields if field.kind not in KNOWN)
        return WORD_MASK & ~unknown if register else 0

    def _compare(self, what: str, found, expected) -> None:
        self.compared += 1
        assert found == expected, f"{what}: found {found}, expected {expected}"

    def steady(self, address: int) -> bool:
        """The register, if any, holds nothing that hardware changes while it works."""
        register = self.model.register_at(address)
        return register is None or all(field.kind is not Kind.LOADED for field in register.fields)

    async def adopt(self, *kinds: Kind) -> None:
        """Take over into the model what fields of these kinds hold; configuration and loaded fields by default."""
        for register in self.host.registers:
            content = await self.host.read(register.name) if not register.external else {}
            for field in register.fields:
                if field.kind in (kinds or (Kind.CONFIGURATION, Kind.LOADED)):
                    target = self.model.inputs if field.kind is Kind.LOADED else self.model.stored
                    target[field.port] = content[field.name]

    async def compare_all(self) -> None:
        """Every register, at full rate."""
        addresses = [register.address for register in self.host.registers if not register.external]
        await self.batch([], addresses, ChannelRates(1, 1, 1, 1, 1))


async def every_rate(bus: Bus, rounds: int) -> None:
    """Every set of rates, with accesses of every kind; and all of it was seen."""
    for number in range(rounds):
        writes = bus.some_writes()
        await bus.batch(writes, bus.some_reads(writes), RATES[number % len(RATES)])
        if number % len(RATES) == 0:
            await bus.compare_all()
    await bus.compare_all()
    assert all(bus.master.seen.values()), bus.master.seen
    for order, seen in bus.master.seen.items():
        cover("bus", order=order if seen else None)
    assert all(bus.responses[each] for each in (Response.OKAY, Response.SLVERR, Response.DECERR)), bus.responses


async def behind_soft_resets(bus: Bus, offer: Callable[[], Awaitable[None]], resets: int) -> None:
    """A soft reset while the design works, with other writes and reads right behind it in flight.

    Args:
        offer: hands packets to the source, while the design is halted, that keep it at work beyond ``LONGEST_WAIT``.
    """
    host, control = bus.host, bus.host.registers["CONTROL"]
    for number in range(resets):
        await offer()
        await bus.adopt()
        await host.start()
        await host.cycles(bus.random.randrange(LONGEST_WAIT))
        await host.until("busy", 1, pause_cycles=1)
        # Else the sender would go on with what waits as soon as the reset ends.
        host.source.clear()
        behind = [each for each in bus.some_writes() if bus.steady(each[0])]
        writes = [(control.address, control.encode(soft_reset=1), ALL_BYTES), *behind]
        reads = [each for each in bus.some_reads(writes) if bus.steady(each)]
        await bus.batch(writes, reads, RATES[number % len(RATES)], sure=False)
        await host.source.wait()
        await host.until("busy", 0, pause_cycles=20)
        # Forgets the packet that the sender had in hand.
        await host.write("CONTROL", soft_reset=1)
        await host.halt()
        await bus.adopt(Kind.LOADED)
        await bus.compare_all()


async def after_the_pin(bus: Bus) -> None:
    """Everything at its reset value."""
    await bus.host.reset()
    bus.model.reset()
    bus.model.inputs = dict.fromkeys(bus.model.inputs, 0)
    await bus.compare_all()


@cocotb.test()
async def quiet(dut) -> None:
    """A design that does not learn, while nothing is at work."""
    host, _, config = await started(dut)
    bus = Bus(host, Random(cocotb.RANDOM_SEED))
    await bus.compare_all()
    await every_rate(bus, config["rounds"])
    await after_the_pin(bus)
    assert bus.compared > 10 * config["rounds"]


@cocotb.test()
async def crossbar(dut) -> None:
    """A design that learns."""
    host, design, config = await started(dut)
    bus = Bus(host, Random(cocotb.RANDOM_SEED))
    network, draws = design.network, np.random.default_rng(cocotb.RANDOM_SEED)
    await bus.compare_all()
    await every_rate(bus, config["rounds"])
    await after_the_pin(bus)

    async def offer() -> None:
        for label in range(4):
            x = draws.integers(0, 128, (network.max_steps, network.features))
            host.source.send_nowait(encode_packet(x, label=label % network.classes, flags=Flag.LEARN | Flag.INFER))

    await behind_soft_resets(bus, offer, config["resets"])
    await after_the_pin(bus)
    assert bus.compared > 10 * config["rounds"]


@cocotb.test()
async def bmru(dut) -> None:
    """The BMRU core's controller."""
    host = await BmruHost.started(dut)
    config, design = load_config(), host.design
    bus = Bus(host, Random(cocotb.RANDOM_SEED))
    await bus.compare_all()
    await every_rate(bus, config["rounds"])
    await after_the_pin(bus)
    await host.program_codes(BmruCodes.from_chain(design, [int(bit) for bit in config["chain"]]))

    async def offer() -> None:
        await host.write("PACE", period=0)
        for _ in range(2 * LONGEST_WAIT // design.cycles.awake):
            features = [bus.random.randint(-9, 9) for _ in range(design.network.features)]
            host.source.send_nowait(encode_frame(features, FrameFlag.START))

    await behind_soft_resets(bus, offer, config["resets"])
    await after_the_pin(bus)
    assert bus.compared > 10 * config["rounds"]
