"""The host: what software does to a design through its buses, whatever the system, on agents kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self, overload

import cocotb
from cocotb.triggers import (
    ClockCycles,
    FallingEdge,
    First,
    RisingEdge,
    SimTimeoutError,
    Timer,
    ValueChange,
    with_timeout,
)
from cocotb.utils import get_sim_time
from cocotb_bus.drivers.amba import AXI4LiteMaster, AXIProtocolError
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from remora.spec.lib.packets import Answer, decode_answer, decode_parts
from remora.spec.lib.registers import Register, Response, counter_value, register_map
from remora.spec.lib.reset import HELD_CYCLES, LATENCY_CYCLES
from remora.spec.presets import parse_design
from remora.tb.lib.clocks import start_clock
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover
from remora.tb.lib.register_script import Access, RegisterScript, recorded_words

POLLS = 10_000
"""How often STATUS is asked before the hardware counts as stuck."""


class StuckError(AssertionError):
    """The hardware does not reach a state in any reasonable time."""


class ScriptError(AssertionError):
    """An access of a script does not give what it must."""


class Host:
    """Drives a harness of :mod:`remora.flow.verify.harness`.

    Attributes:
        source, sink: AXI4-Stream agents of packets and answers, 32 bits wide.
        axil: AXI4-Lite master.
        script_path: file that the simulation was told with ``+remora_registers``, through which scripts are played.
            Where it is None, the master carries them out.
    """

    script_path: Path | None = None

    def __init__(self, dut, design) -> None:
        self.dut, self.design, self.registers = dut, design, register_map(design)
        dut.play.value = dut.play_registers.value = 0
        self.period_ns = 2 * max(1, round(500 / design.system.clock_mhz))
        start_clock(dut.aclk, dut.aresetn, self.period_ns, asserted=0)
        self.source, self.sink = self.agent(AxiStreamSource, "s_axis"), self.agent(AxiStreamSink, "m_axis")
        self.renew_bus()

    @classmethod
    async def started(cls, dut) -> Self:
        """A host of the configured design, after reset, halted."""
        host = cls(dut, parse_design(load_config()["design"], "config"))
        await host.reset()
        return host

    def agent(self, kind: type, prefix: str) -> Any:
        """An AXI4-Stream agent on the pins that begin with ``prefix``."""
        dut = self.dut
        return kind(AxiStreamBus.from_prefix(dut, prefix), dut.aclk, dut.aresetn, reset_active_level=False)

    def renew_bus(self) -> None:
        """A new AXI4-Lite master, idle: the old one would wait for ever for the answer to what a reset dropped."""
        self.axil = AXI4LiteMaster(self.dut, "s_axil", self.dut.aclk)

    async def reset(self, cycles: int = HELD_CYCLES) -> None:
        """Hold the reset pin for some cycles, release it, and wait until the reset has ended."""
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, cycles)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, LATENCY_CYCLES + 2)

    # Registers --------------------------------------------------------------------------------------------------------
    async def write(self, name: str, **fields: int) -> None:
        """Write a register by field; fields that are not named are written 0."""
        register = self.registers[name]
        await self.axil.write(register.address, register.encode(**fields))

    async def read(self, name: str) -> dict[str, int]:
        """Read a register's fields."""
        register = self.registers[name]
        fields = register.decode(await self.read_word(register))
        if name == "INTERRUPT_STATUS":
            for source in (each for each, pending in fields.items() if pending):
                cover("interrupts", source=source, pin=bool(int(self.dut.irq.value)))
        return fields

    async def read_word(self, register: Register) -> int:
        """Read a register's word."""
        return int(await self.axil.read(register.address))

    async def refused(self, name: str, **fields: int) -> None:
        """Write a register; the write must answer SLVERR."""
        await self.refused_word(name, self.registers[name].encode(**fields))

    async def refused_word(self, name: str, word: int) -> None:
        """Write a register's word; the write must answer SLVERR."""
        try:
            await self.axil.write(self.registers[name].address, word)
        except AXIProtocolError as error:
            assert Response(int(error.xresp)) == Response.SLVERR, f"{name}: {error.xresp}"
            return
        raise AssertionError(f"a write of {word:#x} to {name} was taken")

    async def expect(self, name: str, **fields: int) -> None:
        """Fields of a register have these values."""
        content = await self.read(name)
        found = {field: content[field] for field in fields}
        assert found == fields, f"{name}: found {found}, expected {fields}"

    async def start(self) -> None:
        """Let sequences run."""
        await self.write("CONTROL", run=1)

    async def halt(self) -> None:
        """Stop after the sequence in flight and wait until its answer has left."""
        await self.write("CONTROL", run=0)
        await self.until("halted", 1, pause_cycles=20)

    async def until(self, field: str, value: int, pause_cycles: int, register: str = "STATUS") -> None:
        """Poll a field of STATUS, or of another register.

        Raises:
            StuckError: it does not take the value; what it waits for would be done many times over.
        """
        for _ in range(POLLS):
            if (await self.read(register))[field] == value:
                return
            await self.cycles(pause_cycles)
        raise StuckError(f"{register}.{field} is not {value} after {POLLS * pause_cycles} cycles")

    async def counters(self) -> dict[Any, int]:
        """All counters at one instant."""
        control = await self.read("CONTROL")
        await self.write("CONTROL", run=control["run"], snapshot=1)
        values = {}
        for counter in self.design.counters():
            low, high = [await self.read_word(register) for register in self.registers.counter(counter)]
            values[counter] = counter_value(low, high)
        return values

    @property
    def stuck_cycles(self) -> int:
        """Cycles within which an access of a script that is played must end."""
        return POLLS

    async def make(self, script: RegisterScript, pause_cycles: int = 1) -> list[int]:
        """Make the accesses of a script, played where that is possible.

        Args:
            pause_cycles: of the master, between two reads that wait for bits.

        Returns:
            The words that it records.

        Raises:
            ScriptError: bits that must have a value have another one, or a played access answers an error.
            StuckError: bits never take their value.
        """
        if self.script_path:
            return await self.play_registers(script, self.script_path, self.stuck_cycles)
        return await self.carry_out(script, pause_cycles)

    async def carry_out(self, script: RegisterScript, pause_cycles: int = 1) -> list[int]:
        """Make the accesses of a script, by the master; otherwise as `make`."""
        recorded = []
        for step in script.steps:
            if step.access is Access.WRITE:
                await self.axil.write(step.address, step.value, sync=False)
                continue
            for _ in range(POLLS if step.access is Access.UNTIL else 1):
                word = int(await self.axil.read(step.address))
                if word & step.mask == step.value:
                    break
                await self.cycles(pause_cycles)
            else:
                if step.access is Access.EXPECT:
                    raise ScriptError(step.about)
                raise StuckError(f"bits {step.mask:#x} at {step.address:#x} are not {step.value:#x}")
            if step.access is Access.RECORD:
                recorded.append(word)
        return recorded

    async def play_registers(self, script: RegisterScript, path: Path, stuck_cycles: int) -> list[int]:
        """Let a script be played beside the design, which costs far less than the master; otherwise as `make`.

        Args:
            path: of the file that the simulation is told with ``+remora_registers``.
            stuck_cycles: cycles within which an access must end.
        """
        dut, steps = self.dut, script.steps
        script.save(path)
        dut.play_registers.value = 1
        await ClockCycles(dut.aclk, 2)
        dut.play_registers.value = 0
        done = -1
        while int(dut.registers_playing.value):
            if done == (done := int(dut.registers_done.value)):
                raise StuckError(f"access {done} of a script, at {steps[done].address:#x}, does not end")
            await First(FallingEdge(dut.registers_playing), Timer(stuck_cycles * self.period_ns, "ns"))
        await self.edge()
        done = int(dut.registers_done.value)
        if int(dut.registers_failed.value):
            raise ScriptError(steps[done].about or f"access {done}, at {steps[done].address:#x}, answers an error")
        assert done == len(steps), f"{done} of {len(steps)} accesses were made"
        recorded = recorded_words(path)
        assert len(recorded) == script.records, f"{len(recorded)} of {script.records} words were recorded"
        return recorded

    # Packets ----------------------------------------------------------------------------------------------------------
    @overload
    async def answer(self) -> Answer: ...
    @overload
    async def answer(self, timeout_cycles: int) -> Answer | None: ...
    async def answer(self, timeout_cycles: int | None = None) -> Answer | None:
        """The next answer, of one part; None where it does not come within ``timeout_cycles``."""
        data = await self._packet(timeout_cycles)
        return None if data is None else decode_answer(data)

    async def parts(self, timeout_cycles: int | None = None) -> tuple[Answer, ...] | None:
        """The parts of the next answer; None where it does not come within ``timeout_cycles``."""
        data = await self._packet(timeout_cycles)
        return None if data is None else decode_parts(data, self.design.network.classes)

    async def _packet(self, timeout_cycles: int | None) -> bytes | None:
        try:
            waiting = self.sink.recv()
            limit_ns = timeout_cycles * self.period_ns if timeout_cycles else None
            frame = await (with_timeout(waiting, limit_ns, "ns") if limit_ns else waiting)
        except SimTimeoutError:
            return None
        return bytes(frame.tdata)

    def play(self) -> None:
        """Start the packet player, for one cycle."""
        cocotb.start_soon(self._play())

    async def _play(self) -> None:
        self.dut.play.value = 1
        await RisingEdge(self.dut.aclk)
        self.dut.play.value = 0

    async def recorded(self, count: int, timeout_cycles: int) -> int:
        """Wait until so many answers are recorded, each at most ``timeout_cycles`` after the one before.

        Returns:
            How many are recorded: fewer where none came in time.
        """
        while (found := int(self.dut.recorded.value)) < count:
            change, limit_ns = ValueChange(self.dut.recorded), timeout_cycles * self.period_ns
            if await First(change, Timer(limit_ns, "ns")) is not change:
                break
        return found

    def cycle(self) -> int:
        """Number of the rising edge that came last, as the trace counts them."""
        return int(get_sim_time("ns") // self.period_ns)

    async def cycles(self, count: int) -> None:
        """Let time pass, from a rising edge to the last of ``count`` further ones.

        One wake-up instead of one a cycle, which costs more than the simulation of a cycle does.
        """
        if count > 1:
            await Timer((2 * count - 1) * (self.period_ns // 2), "ns")
        await RisingEdge(self.dut.aclk)

    async def edge(self) -> None:
        """Wait for one clock edge."""
        await RisingEdge(self.dut.aclk)
