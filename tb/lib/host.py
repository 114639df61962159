"""The host: what software does to a Remora through its buses, on agents that are kept elsewhere."""

from __future__ import annotations

import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout
from cocotb.utils import get_sim_time
from cocotb_bus.drivers.amba import AXI4LiteMaster, AXIProtocolError
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.lib.packets import Answer, decode_answer
from remora.spec.lib.registers import Register, Response, counter_value, register_map
from remora.tb.lib.clocks import start_clock

ROWS_PER_WORD = 4


POLLS = 10_000
"""How often STATUS is asked before the hardware counts as stuck."""


class StuckError(AssertionError):
    """The hardware does not reach a state in any reasonable time."""


class WindowError(AssertionError):
    """The weight window says that devices do not hold their weights."""


class Host:
    """Drives the harness of :mod:`remora.flow.verify.harness`.

    Attributes:
        source, sink: AXI4-Stream agents of packets and answers, 32 bits wide.
        bulk: agent of packets with the wide beats that make long runs fast; use it or `source`, never both at once.
        axil: AXI4-Lite master.
    """

    def __init__(self, dut, design: DesignPoint) -> None:
        self.dut, self.design, self.registers = dut, design, register_map(design)
        self.period_ns = 2 * max(1, round(500 / design.system.clock_mhz))
        start_clock(dut.aclk, dut.aresetn, self.period_ns, asserted=0)
        self.source, self.bulk, self.sink = (
            agent(AxiStreamBus.from_prefix(dut, prefix), dut.aclk, dut.aresetn, reset_active_level=False)
            for agent, prefix in ((AxiStreamSource, "s_axis"), (AxiStreamSource, "s_bulk"), (AxiStreamSink, "m_axis"))
        )
        self.renew_bus()

    def renew_bus(self) -> None:
        """A new AXI4-Lite master, idle: the old one would wait for ever for the answer to what a reset dropped."""
        self.axil = AXI4LiteMaster(self.dut, "s_axil", self.dut.aclk)

    async def reset(self, cycles: int = 4) -> None:
        """Hold the reset for some cycles and release it."""
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, cycles)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)

    # Registers --------------------------------------------------------------------------------------------------------
    async def write(self, name: str, **fields: int) -> None:
        """Write a register by field; fields that are not named are written 0."""
        register = self.registers[name]
        await self.axil.write(register.address, register.encode(**fields))

    async def read(self, name: str) -> dict[str, int]:
        """Read a register's fields."""
        register = self.registers[name]
        return register.decode(await self.read_word(register))

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
            await ClockCycles(self.dut.aclk, pause_cycles)
        raise StuckError(f"{register}.{field} is not {value} after {POLLS * pause_cycles} cycles")

    async def counters(self) -> dict[Counter, int]:
        """All counters at one instant."""
        control = await self.read("CONTROL")
        await self.write("CONTROL", run=control["run"], snapshot=1)
        values = {}
        for counter in self.design.counters():
            low, high = [await self.read_word(register) for register in self.registers.counter(counter)]
            values[counter] = counter_value(low, high)
        return values

    # Weights ----------------------------------------------------------------------------------------------------------
    async def program(self, weights: Weights) -> None:
        """Program every column of every tile through the weight window, and the thresholds of bistable cells.

        The device must be halted.

        Raises:
            WindowError: a column does not verify.
        """
        if weights.thresholds is not None:
            await self.write_thresholds(weights.thresholds)
        for tile in all_tiles(self.design):
            levels = _of_tile(weights, tile)
            for column in range(tile.columns):
                await self.program_column(tile, column, levels[:, column])

    async def program_column(self, tile: Tile, column: int, levels: NDArray) -> None:
        """Program one column with one weight a row and check that it verifies.

        Raises:
            WindowError: it does not.
        """
        await self.write_column(tile, column, levels)
        mismatches = (await self.read("WINDOW_STATUS"))["mismatches"]
        if mismatches:
            raise WindowError(f"{tile.name} column {column}: {mismatches} devices do not hold their weight")

    async def write_column(self, tile: Tile, column: int, levels: NDArray) -> None:
        """Program one column and wait for the end, whatever it is."""
        await self.begin_column(tile, column, levels)
        await self._finish()

    async def begin_column(self, tile: Tile, column: int, levels: NDArray) -> None:
        """Start to program one column."""
        await self._select(tile, column)
        padded = np.zeros(-(-len(levels) // ROWS_PER_WORD) * ROWS_PER_WORD, np.int8)
        padded[: len(levels)] = levels
        data = self.registers["WINDOW_DATA"].address
        for word in padded.view("<u4"):
            await self.axil.write(data, int(word), sync=False)
        await self.write("WINDOW_CONTROL", commit=1)

    async def read_column(self, tile: Tile, column: int) -> NDArray[np.int8]:
        """Read one column back, a weight a row."""
        await self._select(tile, column)
        await self.write("WINDOW_CONTROL", read=1)
        await self._finish()
        await self.write("WINDOW_POINTER", row=0)
        words = -(-tile.rows // ROWS_PER_WORD)
        values = [await self.read_word(self.registers["WINDOW_DATA"]) for _ in range(words)]
        return np.array(values, "<u4").view(np.int8)[: tile.rows]

    async def write_thresholds(self, thresholds: NDArray, first: int = 0) -> None:
        """Load low and high thresholds (2, n) of the cells from unit ``first`` on."""
        await self.write("CELL_POINTER", unit=first)
        for pair in np.asarray(thresholds, np.int32).T:
            for name, value in zip(("CELL_LOW", "CELL_HIGH"), pair, strict=True):
                await self.write(name, value=int(value) & 0xFFFFFFFF)

    async def read_thresholds(self) -> NDArray[np.int32]:
        """Read the thresholds of all cells back, (2, hidden)."""
        await self.write("CELL_POINTER", unit=0)
        pairs = [
            [(await self.read(name))["value"] for name in ("CELL_LOW", "CELL_HIGH")]
            for _ in range(self.design.network.hidden)
        ]
        return np.array(pairs, np.uint32).view(np.int32).T

    async def read_weights(self) -> Weights:
        """Read every device back, and the thresholds of bistable cells."""
        hidden = np.zeros((self.design.hidden_rows, self.design.network.hidden), np.int16)
        readout = np.zeros((self.design.readout_rows, self.design.network.classes), np.int16)
        for tile in all_tiles(self.design):
            target = hidden if tile.layer is Layer.HIDDEN else readout
            for column in range(tile.columns):
                target[tile.row_slice, tile.first_column + column] = await self.read_column(tile, column)
        return Weights(hidden, readout, await self.read_thresholds() if self.design.capabilities.bistable else None)

    async def _select(self, tile: Tile, column: int) -> None:
        await self.write("WINDOW_SELECT", layer=int(tile.layer), tile=tile.index, column=column)
        await self.write("WINDOW_POINTER", row=0)

    async def _finish(self) -> None:
        # A column takes time with its rows; asking costs more than waiting a little too long.
        await self.until("window_busy", 0, pause_cycles=100 + 2 * self.design.crossbar.rows)

    # Packets ----------------------------------------------------------------------------------------------------------
    async def answer(self, timeout_cycles: int | None = None) -> Answer | None:
        """The next answer; None where it does not come within ``timeout_cycles``."""
        try:
            waiting = self.sink.recv()
            limit_ns = timeout_cycles * self.period_ns if timeout_cycles else None
            frame = await (with_timeout(waiting, limit_ns, "ns") if limit_ns else waiting)
        except SimTimeoutError:
            return None
        return decode_answer(bytes(frame.tdata))

    def cycle(self) -> int:
        """Number of the rising edge that came last, as the trace counts them."""
        return int(get_sim_time("ns") // self.period_ns)

    async def cycles(self, count: int) -> None:
        """Let time pass."""
        await ClockCycles(self.dut.aclk, count)

    async def edge(self) -> None:
        """Wait for one clock edge."""
        await RisingEdge(self.dut.aclk)


def _of_tile(weights: Weights, tile: Tile) -> NDArray:
    layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
    return layer[tile.row_slice, tile.column_slice]
