"""Bench of the register block: an AXI4-Lite master that nobody here wrote, the model, and watchers of the pins."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb_bus.drivers.amba import AXI4LiteMaster, AXIProtocolError

from remora.spec.lib.registers import Field, Kind, Register, Response
from remora.tb.lib.bench import PERIOD_NS
from remora.tb.lib.clocks import start_clock
from remora.tb.models.registers import ALL_BYTES, MAP, POINTERS, Model, external_value, fields_of

TIME_LIMIT: Any = {"timeout_time": 2, "timeout_unit": "ms"}
"""Of every test: a lost response is a failure, not a wait without end."""


class Master(AXI4LiteMaster):
    """The library's master, whose accesses in flight can be abandoned, as a reset does."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self._channels: list[cocotb.task.Task] = []

    async def _send_write_address(self, *arguments) -> None:
        self._channels.append(cocotb.task.current_task())
        await super()._send_write_address(*arguments)

    async def _send_write_data(self, *arguments) -> None:
        self._channels.append(cocotb.task.current_task())
        await super()._send_write_data(*arguments)

    def abandon(self) -> None:
        """Stop driving; the tasks that wait for an access must be cancelled as well."""
        for channel in self._channels:
            channel.cancel()


class RegisterBench:
    """Drives the block and the model alike, and counts what it compares."""

    def __init__(self, dut, seed: int) -> None:
        self.dut, self.model = dut, Model()
        self.random = Random(f"{cocotb.RANDOM_SEED} {seed}")
        self.master = self._new_master()
        self.compared = 0
        self.pulses: Counter[str] = Counter()
        self.external: list[tuple] = []
        self.loads: list[tuple[str, int]] = []
        self.cycle = 0
        self.write_answered_at = 0

    def _new_master(self) -> Master:
        return Master(self.dut, "bus", self.dut.clk, bus_separator="__")

    @classmethod
    async def started(cls, dut, seed: int = 1) -> RegisterBench:
        """A bench out of reset, its watchers running; random by the seed of the run and this one."""
        bench = cls(dut, seed)
        for port in [*bench.model.inputs, *(field.port for field in fields_of(Kind.EVENT))]:
            getattr(dut, port).value = 0
        for name in MAP.guards:
            getattr(dut, f"guard_{name}").value = 0
        for name in POINTERS:
            getattr(dut, f"{name}_read_value".lower()).value = external_value(name, 0)
            cocotb.start_soon(bench._answer_external(name))
        start_clock(dut.clk, dut.rst, PERIOD_NS, asserted=1)
        await bench.reset()
        cocotb.start_soon(bench._watch())
        return bench

    async def reset(self, cycles: int = 2) -> None:
        """Reset block and model; tasks that wait for an access must have been cancelled."""
        self.master.abandon()
        self.master = self._new_master()
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, cycles)
        await FallingEdge(self.dut.clk)
        handshakes = ("awready", "wready", "arready", "bvalid", "rvalid")
        self.compare("bus in reset", [int(getattr(self.dut, f"bus__{name}").value) for name in handshakes], [0] * 5)
        self.dut.rst.value = 0
        self.model.reset()
        self.pulses.clear()
        self.external.clear()
        self.loads.clear()
        await RisingEdge(self.dut.clk)

    # Bus --------------------------------------------------------------------------------------------------------------
    async def bus_write(self, address: int, data: int, strobes: int = ALL_BYTES, **latency: int) -> Response:
        """Write on the bus only."""
        try:
            await self.master.write(address, data, byte_enable=strobes, **latency)
        except AXIProtocolError as error:
            return Response(int(error.xresp))
        return Response.OKAY

    async def bus_read(self, address: int) -> tuple[Response, int]:
        """Read on the bus only; the word of a refused read is given as 0."""
        try:
            return Response.OKAY, int(await self.master.read(address))
        except AXIProtocolError as error:
            return Response(int(error.xresp)), 0

    async def write(self, address: int, data: int, strobes: int = ALL_BYTES, **latency: int) -> Response:
        """Write block and model, compare response and state."""
        expected = self.model.write(address, data, strobes)
        found = await self.bus_write(address, data, strobes, **latency)
        self.compare(f"write of {data:#010x}, strobes {strobes:04b}, to {address:#05x}: response", found, expected)
        await self.compare_state()
        return found

    async def read(self, address: int) -> tuple[Response, int]:
        """Read block and model, compare response and word."""
        expected = self.model.read(address)
        found = await self.bus_read(address)
        self.compare(f"read of {address:#05x}: response and word", found, expected)
        return found

    # Pins -------------------------------------------------------------------------------------------------------------
    async def drive(self, ports: dict[str, int]) -> None:
        """Drive status fields; they hold until they are driven again."""
        self.model.inputs |= ports
        for port, value in ports.items():
            getattr(self.dut, port).value = value
        await RisingEdge(self.dut.clk)

    async def guard(self, **levels: int) -> None:
        """Drive guards."""
        self.model.guards |= levels
        for name, level in levels.items():
            getattr(self.dut, f"guard_{name}").value = level
        await RisingEdge(self.dut.clk)

    async def open_guards(self) -> None:
        """Allow every guarded write."""
        await self.guard(**dict.fromkeys(MAP.guards, 1))

    async def fill(self) -> None:
        """Open the guards and take every stored field away from its reset value, so that any change shows."""
        await self.open_guards()
        for register in MAP:
            fields = [field for field in register.fields if field.kind is Kind.CONFIGURATION]
            if fields:
                word = sum(field.encode(self._other_than_reset(field)) for field in fields)
                await self.write(register.address, word)
        await self.strike(*fields_of(Kind.EVENT))

    def legal_word(self, register: Register) -> int:
        """A random word whose every field is within its maximum."""
        return sum(self.random.randint(field.minimum, field.maximum) << field.lsb for field in register.fields)

    def _other_than_reset(self, field: Field) -> int:
        return self.random.choice([value for value in (1, field.maximum // 3, field.maximum) if value != field.reset])

    async def strike(self, *events: Field) -> None:
        """Strobe events for one cycle."""
        for event in events:
            getattr(self.dut, event.port).value = 1
        await RisingEdge(self.dut.clk)
        for event in events:
            getattr(self.dut, event.port).value = 0
            self.model.stored[event.port] = 1

    def compare(self, what: str, found, expected) -> None:
        """Count one comparison and fail with both sides."""
        self.compared += 1
        assert found == expected, f"{what}: found {found}, expected {expected}"

    async def compare_state(self) -> None:
        """Compare every output, once pulses and the interrupt line have settled."""
        await ClockCycles(self.dut.clk, 3)
        await FallingEdge(self.dut.clk)
        for field in fields_of(Kind.CONFIGURATION):
            self.compare(field.port, int(getattr(self.dut, field.port).value), self.model.stored[field.port])
        self.compare("irq", int(self.dut.irq.value), self.model.interrupt())
        self.compare("cycles of pulses", +self.pulses, +self.model.pulses)
        self.compare("external accesses", self.external, self.model.external)
        self.compare("loads", self.loads, self.model.loads)

    async def compare_events(self) -> None:
        """Compare the events, which only the bus shows."""
        for name in sorted({field.register for field in fields_of(Kind.EVENT)}):
            await self.read(MAP[name].address)

    def start_back_pressure(self, probability: float) -> cocotb.task.Task:
        """Hold ``bready`` and ``rready`` low, each in this share of the cycles, until the task is cancelled."""
        return cocotb.start_soon(self._press_back(probability))

    async def _press_back(self, probability: float) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.dut.bus__bready.value = int(self.random.random() >= probability)
            self.dut.bus__rready.value = int(self.random.random() >= probability)

    # Watchers ---------------------------------------------------------------------------------------------------------
    async def _answer_external(self, name: str) -> None:
        pointer, answer = getattr(self.dut, POINTERS[name].port), getattr(self.dut, f"{name}_read_value".lower())
        while True:
            await pointer.value_change
            answer.value = external_value(name, int(pointer.value))

    async def _watch(self) -> None:
        """In the middle of every cycle: count pulses, log external accesses, hold responses to the protocol."""
        dut, pulses = self.dut, [(field.port, getattr(self.dut, field.port)) for field in fields_of(Kind.PULSE)]
        answered = 0
        waiting: dict[str, Any] = {}
        while True:
            await FallingEdge(dut.clk)
            self.cycle += 1
            if int(dut.rst.value):
                answered, waiting = 0, {}
                continue
            for port, handle in pulses:
                self.pulses[port] += int(handle.value)
            self._log_external()
            if int(dut.bus__bvalid.value) and not answered:
                self.write_answered_at = self.cycle
            answered = int(dut.bus__bvalid.value) and not int(dut.bus__bready.value)
            waiting = self._hold(waiting)

    def _log_external(self) -> None:
        def value(port: str) -> int:
            return int(getattr(self.dut, port.lower()).value)

        for name, pointer in POINTERS.items():
            if value(f"{name}_write"):
                write = (value(f"{name}_write_value"), value(f"{name}_write_strobes"))
                self.external.append((name, value(pointer.port), "write", *write))
            if value(f"{name}_read"):
                self.external.append((name, value(pointer.port), "read"))
        for field in fields_of(Kind.LOADED):
            if value(f"{field.port}_load"):
                self.loads.append((field.port, value(f"{field.port}_loaded")))

    def _hold(self, waiting: dict[str, tuple]) -> dict[str, tuple]:
        """A response that was not taken in the cycle before must still be there, the same."""
        dut = self.dut
        for channel, response in waiting.items():
            self.compare(f"held response on {channel}", self._response(channel), response)
        ready = {"b": dut.bus__bready, "r": dut.bus__rready}
        responses = {channel: self._response(channel) for channel in ready if not int(ready[channel].value)}
        return {channel: response for channel, response in responses.items() if response[0]}

    def _response(self, channel: str) -> tuple[int, ...]:
        signals = {"b": ("bvalid", "bresp"), "r": ("rvalid", "rresp", "rdata")}[channel]
        return tuple(int(getattr(self.dut, f"bus__{name}").value) for name in signals)
