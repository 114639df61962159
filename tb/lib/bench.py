"""Bench of a block test: instances of ``tests.support.simulate_cases`` by name, seeded data, counted comparisons.

Time: a test writes inputs right after a rising edge and reads outputs right after the next one, which still shows them
as they were in the cycle that just ended. So one wait a cycle is enough, for combinational and for registered outputs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from copy import copy
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from remora.spec.presets import parse_design
from remora.tb.lib.clocks import start_clock
from remora.tb.lib.config import load_config

PERIOD_NS = 10
TIMEOUT_MS = 4
"""Simulated time after which a test hangs: 400,000 cycles."""


class Block:
    """One instance: its ports by name, the design point of its case, and its further parameters."""

    def __init__(self, dut, name: str, parameters: dict[str, Any]) -> None:
        self.name = name
        self.parameters = {key: value for key, value in parameters.items() if key != "design"}
        # Of the class that the block is built for, which its test module knows.
        self.design: Any = parse_design(parameters["design"], name) if "design" in parameters else None
        self._dut = dut

        self._handles: dict[str, Any] = {}

    def part(self, interface: str) -> Block:
        """The ports of one interface of the block, under their names in it."""
        part = copy(self)
        part.name, part._handles = f"{self.name}__{interface}", {}
        return part

    def handle(self, port: str):
        """cocotb's handle of a port."""
        if port not in self._handles:
            self._handles[port] = getattr(self._dut, f"{self.name}__{port}")
        return self._handles[port]

    def put(self, **values: int) -> None:
        """Write ports."""
        for port, value in values.items():
            self.handle(port).value = value

    def get(self, port: str) -> int:
        """A port as an unsigned number."""
        return int(self.handle(port).value)

    def get_known(self, port: str) -> int | None:
        """A port as an unsigned number, or None where a bit is unknown, which only a four-state simulator shows."""
        value = self.handle(port).value
        return int(value) if value.is_resolvable else None

    def get_signed(self, port: str) -> int:
        """A port as a two's complement number."""
        return self.handle(port).value.to_signed()


class BlockBench:
    """A running simulation of several instances.

    Attributes:
        random: seeded by the run and the test's name.
        compared: how many comparisons were made so far.
    """

    def __init__(self, dut, name: str) -> None:
        self.dut, self.config = dut, load_config()
        self.random = Random(f"{cocotb.RANDOM_SEED} {name}")
        self.blocks = [Block(dut, name, parameters) for name, parameters in self.config["cases"].items()]
        self.compared = 0

    async def start(self) -> None:
        """Start the clock with all inputs 0, through a reset."""
        for name in self.config["inputs"]:
            getattr(self.dut, name).value = 0
        start_clock(self.dut.clk, self.dut.rst, PERIOD_NS, asserted=1)
        await self.reset()

    async def reset(self, cycles: int = 2) -> None:
        """Reset all instances."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, cycles)
        self.dut.rst.value = 0

    async def cycle(self, cycles: int = 1) -> None:
        """Wait for rising edges."""
        await (RisingEdge(self.dut.clk) if cycles == 1 else ClockCycles(self.dut.clk, cycles))

    def compare(self, block: Block | str, what: str, found: Any, expected: Any) -> None:
        """Count one comparison; fail with both sides."""
        self.compared += 1
        if found != expected:
            name = block if isinstance(block, str) else block.name
            raise AssertionError(f"{name}: {what}: found {found}, expected {expected} (comparison {self.compared})")

    def compare_ports(self, block: Block, what: str, expected: Mapping[str, int]) -> None:
        """Compare ports, unsigned numbers by name; fail with those that differ."""
        assert expected, f"{block.name}: {what}: no port is named"
        found = {name: block.get(name) for name in expected}
        wrong = [name for name in expected if found[name] != expected[name]]
        wanted = {name: expected[name] for name in wrong}
        self.compare(block, f"{what}, what differs", {name: found[name] for name in wrong}, wanted)

    async def each(
        self, drive: Callable[[Block], Coroutine[Any, Any, object]], blocks: Iterable[Block] | None = None
    ) -> None:
        """Run ``drive`` on all instances at once and wait for all."""
        tasks = [cocotb.start_soon(drive(block)) for block in (self.blocks if blocks is None else blocks)]
        assert tasks, "no instance to drive"
        for task in tasks:
            await task

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random.random() < probability

    def pauses(self, probability: float) -> Iterator[bool]:
        """Endless pause generator of an AXI4-Stream agent."""
        source = Random(self.random.random())
        while True:
            yield source.random() < probability


def block_test(function: Callable[[BlockBench], Awaitable[None]], timeout_ms: int = TIMEOUT_MS):
    """cocotb test of a started bench, which fails if nothing was compared; ``timeout_ms`` is of simulated time."""

    async def test(dut) -> None:
        bench = BlockBench(dut, function.__name__)
        await bench.start()
        await function(bench)
        assert bench.compared > 0, "the test compared nothing"

    for attribute in ("__name__", "__qualname__", "__doc__", "__module__"):
        setattr(test, attribute, getattr(function, attribute))
    return cocotb.test(timeout_time=timeout_ms, timeout_unit="ms")(test)


def pack(values: Sequence[int], bits: int) -> int:
    """A word of ``bits`` bits each, the first value in the low bits, two's complement."""
    mask, word = (1 << bits) - 1, 0
    for value in reversed(values):
        word = word << bits | (value & mask)
    return word


def unpack(word: int, bits: int, count: int) -> list[int]:
    """The unsigned values that ``pack`` joined."""
    mask = (1 << bits) - 1
    return [word >> index * bits & mask for index in range(count)]


def unpack_signed(word: int, bits: int, count: int) -> list[int]:
    """The two's complement values that ``pack`` joined."""
    half = 1 << (bits - 1)
    return [(value ^ half) - half for value in unpack(word, bits, count)]


def some_word(random: Random, bits: int) -> int:
    """A word of no bit, all, a single one, all but one, or any."""
    every, one = (1 << bits) - 1, 1 << random.randrange(bits)
    return random.choice((0, every, one, every ^ one, random.getrandbits(bits)))


def some_integers(random: Random, low: int, high: int, count: int) -> list[int]:
    """``count`` values in ``low … high``: all lowest, all highest, all zero, alternating ends, ends or anything."""
    zero = min(max(0, low), high)
    kind = random.randrange(7)
    if kind < 3:
        return [(low, high, zero)[kind]] * count
    if kind == 3:
        return [(low, high)[index % 2] for index in range(count)]
    if kind == 4:
        return [random.choice((low, zero, high)) for _ in range(count)]
    return [random.randint(low, high) for _ in range(count)]
