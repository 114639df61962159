"""cocotb: counters of a whole design, of either kind, with contents that no simulation counts up to.

The bench writes the registers that hold them, takes a snapshot over the bus, and reads every bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import cocotb
from cocotb.triggers import with_timeout

from remora.spec.lib.registers import COUNTER_BITS, counter_value
from remora.spec.lib.reset import HELD_CYCLES, LATENCY_CYCLES
from remora.tb.lib.config import load_config
from remora.tb.lib.host import Host

QUIET_CYCLES = 40
"""After which nothing of an access is under way, so that each round takes as many cycles."""
LONGEST_ACCESS = 100
"""Cycles within which an access ends, with what the bench waits for around it."""
READY = ("s_axil_awready", "s_axil_wready", "s_axil_arready", "s_axis_tready")
COPIED_CYCLES = 4
"""From the response of a write that takes a snapshot, within which all is copied."""


class Counters:
    """The counters of a halted design, from inside and over the bus.

    Attributes:
        grow: names of those that grow by 1 in every cycle; the first is that of the cycles.
        shown: by register, fields that show what registers inside hold.
    """

    def __init__(self, host: Host, random: Random) -> None:
        config = load_config()
        self.host, self.random, self.grow = host, random, config["grow"]
        self.holders: Mapping[str, list[tuple[str, int]]] = config["holders"]
        self.shown: Mapping[str, Mapping[str, str]] = config["shown"]
        self.compared = 0

    def put(self, path: str, value: int) -> None:
        """Write a register inside the design."""
        handle = self.host.dut.dut
        for name in path.split("."):
            handle = getattr(handle, name)
        handle.value = value

    def fill(self, words: Mapping[str, int]) -> None:
        """Give counters these contents."""
        for name, word in words.items():
            for path, bits in self.holders[name]:
                self.put(path, word & ((1 << bits) - 1))
                word >>= bits

    def some_words(self, number: int) -> dict[str, int]:
        """Contents of all counters: every bit 0, every bit 1, or any, those of one counter unlike those of another."""
        every = (1 << COUNTER_BITS) - 1
        return {
            name: (0, every)[number] if number < 2 else self.random.getrandbits(COUNTER_BITS) for name in self.holders
        }

    async def snapshot(self) -> None:
        """Copy all counters."""
        await self.host.write("CONTROL", snapshot=1)

    async def read(self) -> dict[str, int]:
        """The copies."""
        registers, found = {each.name: each for each in self.host.registers}, {}
        for name in self.holders:
            low, high = [await self.host.read_word(registers[f"{name}_{half}"]) for half in ("LOW", "HIGH")]
            found[name] = counter_value(low, high)
        return found

    def compare(self, what: str, found: Mapping[str, int], expected: Mapping[str, int]) -> None:
        """All counters at once."""
        wrong = {name: (hex(found[name]), hex(expected[name])) for name in expected if found[name] != expected[name]}
        assert not wrong and found.keys() == expected.keys(), f"{what}: found and expected {wrong}"
        self.compared += len(expected)

    async def round(self, number: int, passed: int | None) -> int:
        """One snapshot; behind it the counters get other contents, which must not show.

        Args:
            passed: cycles from the first contents to the snapshot; None where they are not known yet.

        Returns:
            These cycles.
        """
        await self.host.cycles(QUIET_CYCLES)
        words, began = self.some_words(number), self.host.cycle()
        self.fill(words)
        await self.snapshot()
        ended = self.host.cycle()
        await self.host.cycles(COPIED_CYCLES)
        self.fill(self.some_words(self.random.randrange(3)))
        found = await self.read()
        grown = (found[self.grow[0]] - words[self.grow[0]]) % (1 << COUNTER_BITS)
        assert (grown == passed) if passed is not None else (0 < grown <= ended - began), f"{grown} cycles were counted"
        expected = {name: (word + grown * (name in self.grow)) % (1 << COUNTER_BITS) for name, word in words.items()}
        self.compare(f"round {number}", found, expected)
        return grown

    async def show(self) -> None:
        """Fields of registers that show what is held inside."""
        for name, fields in self.shown.items():
            for number in range(load_config()["rounds"]):
                widths = {field: self.host.registers[name].field(field).width for field in fields}
                values = {
                    field: (0, (1 << bits) - 1)[number] if number < 2 else self.random.getrandbits(bits)
                    for field, bits in widths.items()
                }
                for field, path in fields.items():
                    self.put(path, values[field])
                await self.host.expect(name, **values)


async def reset(host: Host) -> None:
    """The reset by the pin: nothing is taken in it, and everything from the second cycle behind it on."""
    dut, found = host.dut, []
    dut.aresetn.value = 0
    await host.cycles(HELD_CYCLES)
    dut.aresetn.value = 1
    for _ in range(LATENCY_CYCLES + 2):
        await host.edge()
        found.append([int(getattr(dut, name).value) for name in READY])
    assert found == [[0] * len(READY)] * (LATENCY_CYCLES + 1) + [[1] * len(READY)], found


@cocotb.test()
async def counters(dut) -> None:
    """Snapshots of any contents; and after the reset pin everything reads 0."""
    host = await Host.started(dut)
    bench, rounds = Counters(host, Random(cocotb.RANDOM_SEED)), load_config()["rounds"]
    longest = LONGEST_ACCESS * (rounds + 1) * 2 * (len(bench.holders) + 2)
    await with_timeout(cocotb.start_soon(compare_all(bench, rounds)), longest * host.period_ns, "ns")
    assert bench.compared == (rounds + 1) * len(bench.holders)


async def compare_all(bench: Counters, rounds: int) -> None:
    """All rounds, and what a reset leaves."""
    passed = None
    for number in range(rounds):
        passed = await bench.round(number, passed)
    await bench.show()
    await reset(bench.host)
    bench.compare("after a reset", await bench.read(), dict.fromkeys(bench.holders, 0))
    for name, fields in bench.shown.items():
        await bench.host.expect(name, **dict.fromkeys(fields, 0))
