"""Both sides of a sequence buffer: an agent that sends packets, and a reader that takes sequences and notes drops."""

from __future__ import annotations

import logging
from random import Random

import cocotb
from cocotb.triggers import ReadOnly
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSource

from remora.spec.lib.packets import BEAT_BYTES, Drop
from remora.tb.lib.bench import Block, BlockBench
from remora.tb.models.packets import Beat, Sequence, parse

TIMEOUT_CYCLES = 20_000
"""Cycles after which a sequence is held to be lost."""


def frame_of(beats: list[Beat]) -> AxiStreamFrame:
    """A packet for the agent, TKEEP as given."""
    data = b"".join(word.to_bytes(BEAT_BYTES, "little") for word, _ in beats)
    return AxiStreamFrame(data, tkeep=[keep >> lane & 1 for _, keep in beats for lane in range(BEAT_BYTES)])


class BufferBench:
    """One sequence buffer, its source, and what must still come out of it."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random = bench, block, Random(f"{bench.random.random()} {block.name}")
        bus = AxiStreamBus.from_prefix(bench.dut, f"{block.name}__stream", bus_separator="__")
        self.source = AxiStreamSource(bus, bench.dut.clk, bench.dut.rst)
        self.source.log.setLevel(logging.ERROR)  # it prints every packet that a reset takes from it
        self.drops: list[Drop] = []
        self.expected: list[Sequence] = []
        self.expected_drops: list[Drop] = []
        cocotb.start_soon(self._note_drops())

    def send(self, beats: list[Beat]) -> None:
        """Queue a packet."""
        result = parse(self.block.design, beats)
        if isinstance(result, Drop):
            self.expected_drops.append(result)
        else:
            self.expected.append(result)
        self.source.send_nowait(frame_of(beats))

    async def read_all(self, delay: int) -> None:
        """Read every sequence that must come, each after up to ``delay`` cycles, then compare the drops.

        As many as there are contexts are taken before any is freed, and they are freed in any order.
        """
        while self.expected:
            count = self.random.randint(1, min(self.block.design.system.contexts, len(self.expected)))
            taken = [await self.take(delay) for _ in range(count)]
            self.random.shuffle(taken)
            for bank, sequence in taken:
                await self._read(bank, sequence, delay)
        while len(self.drops) < len(self.expected_drops) or not self.source.idle():
            await self._cycle_within("drops")
        await self.bench.cycle(6)
        self.bench.compare(self.block, "drops", self.drops, self.expected_drops)
        self.bench.compare(self.block, "available at the end", self.block.get("sequences__arrived__available"), 0)

    async def read_one(self, delay: int) -> None:
        """Take the next sequence: its description, all its steps in any order, and free it."""
        await self._read(*await self.take(delay), delay)

    async def take(self, delay: int) -> tuple[int, Sequence]:
        """Take the next sequence; returns its bank."""
        self.waited = 0
        while not self.block.get("sequences__arrived__available"):
            await self._cycle_within("a sequence")
        await self.bench.cycle(self.random.randint(1, 1 + delay))
        sequence = self.expected.pop(0)
        found = tuple(self.block.get(f"sequences__arrived__{port}") for port in ("available", "length", "flags"))
        self.bench.compare(self.block, "available, length, flags", found, (1, len(sequence.steps), sequence.flags))
        bank = self.block.get("sequences__arrived__bank")
        self.block.put(sequences__arrived__take=1)
        await self.bench.cycle()
        self.block.put(sequences__arrived__take=0)
        await self.bench.cycle()
        return bank, sequence

    async def _read(self, bank: int, sequence: Sequence, delay: int) -> None:
        await self._compare_description(bank, sequence)
        order = list(range(len(sequence.steps)))
        if delay:
            self.random.shuffle(order)
        for step in order:
            await self._read_step(bank, sequence, step, hold=self.random.randint(0, min(delay, 2)))
        await self._compare_description(bank, sequence)
        self.block.put(sequences__header__free=1)
        await self.bench.cycle()
        self.block.put(sequences__header__free=0)
        await self.bench.cycle()

    async def _compare_description(self, bank: int, sequence: Sequence) -> None:
        self.block.put(sequences__header__bank=bank)
        await self.bench.cycle()
        found = tuple(self.block.get(f"sequences__header__{port}") for port in ("length", "label", "flags", "tag"))
        expected = (len(sequence.steps), sequence.label, sequence.flags, sequence.tag)
        self.bench.compare(self.block, "length, label, flags, tag", found, expected)

    async def _read_step(self, bank: int, sequence: Sequence, step: int, hold: int) -> None:
        self.block.put(sequences__reader__read=1, sequences__reader__bank=bank, sequences__reader__step=step)
        await self.bench.cycle()
        other = self.random.randrange(self.block.design.network.max_steps)
        banks = self.block.design.banks
        self.block.put(
            sequences__reader__read=0, sequences__reader__step=other,
            sequences__reader__bank=self.random.randrange(banks),
        )  # fmt: skip
        for _ in range(1 + hold):
            await self.bench.cycle()
            found = self.block.get("sequences__reader__features")
            features = found.to_bytes(self.block.design.network.features, "little")
            self.bench.compare(self.block, f"features of step {step}", features, sequence.steps[step])

    async def _cycle_within(self, what: str) -> None:
        self.waited = getattr(self, "waited", 0) + 1
        if self.waited > TIMEOUT_CYCLES:
            raise AssertionError(
                f"{self.block.name}: no sign of {what} for {TIMEOUT_CYCLES} cycles; drops so far {self.drops}"
            )
        await self.bench.cycle()

    async def _note_drops(self) -> None:
        """``dropped`` is high for one cycle a packet, and low before the next: each change away from 0 is a drop."""
        handle = self.block.handle("dropped")
        while True:
            await handle.value_change
            await ReadOnly()
            causes = int(handle.value)
            if causes:
                self.bench.compare(self.block, f"number of causes in {causes:05b}", causes.bit_count(), 1)
                self.drops.append(Drop(causes.bit_length() - 1))
