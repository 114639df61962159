"""What every host does in a run: program, stream, wait for the end, read counters and interrupts, write its report.

It compares nothing: that is for `remora.flow.verify.run`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, TypeVar

import numpy as np

from remora.spec.lib.packets import BEAT_BYTES, Answer, decode_parts
from remora.tb.lib.host import Host
from remora.tb.lib.recording import Phase, record
from remora.tb.lib.resets import PIN
from remora.tb.lib.streams import ready_after_valid, stalls

SETTLE_POLLS = 64
"""How often a counter is read before it counts as stuck."""
DRAIN_CYCLES = 64
"""Time after the last answer in which no further one may come."""

TKEEP_MASK = (1 << BEAT_BYTES) - 1

H = TypeVar("H", bound=Host)
T = TypeVar("T")


class HostRun(ABC, Generic[H]):
    """A run of one system, on a host after reset.

    Attributes:
        config: what `remora.flow.verify.run.RunCase.prepare` gave, with ``output``, ``stall``, ``seed``,
            ``timeout_cycles`` and ``toggles``, whether the harness has the input of `Phase`; ``resets`` before the run,
            each with its ``kind`` and the ``cycles`` after which it cuts off the packets ``cut_off``.
        before: counters at the start of the stream.
    """

    def __init__(self, host: H, config: dict[str, Any]) -> None:
        self.host, self.config = host, config
        self.before: dict[Any, int] = {}

    @abstractmethod
    async def program(self) -> None:
        """Set up everything but pauses; the device is halted."""

    @abstractmethod
    async def stream(self) -> list[Answer]:
        """Send all packets; returns the parts of all answers once all has ended that the packets set going."""

    async def finish(self) -> dict[str, Any]:
        """What the report has besides, read while the device is halted."""
        return {}

    async def run(self) -> None:
        """All of it."""
        host, config = self.host, self.config
        began = perf_counter()
        for cut in config.get("resets", ()):
            await self.program()
            await self._interrupted(cut["kind"], cut["cycles"])
        record(host.dut, config, Phase.HALTED)
        await self.program()
        record(host.dut, config, Phase.NOTHING)
        programmed = perf_counter()
        if config["stall"]:
            host.source.set_pause_generator(stalls(config["seed"], config["stall"]))
            host.sink.set_pause_generator(ready_after_valid(host.dut, config["seed"] + 1, config["stall"]))
        self.before = await host.counters()
        record(host.dut, config, Phase.STREAM)
        await host.start()
        # The core runs from the cycle in which the write is answered.
        run_cycle = host.cycle()
        streamed = perf_counter()
        answers = await self.stream()
        record(host.dut, config, Phase.NOTHING)
        ended = perf_counter()
        after = await host.counters()
        await host.halt()
        await host.cycles(DRAIN_CYCLES)
        idle = host.sink.empty() and not host.dut.m_axis_tvalid.value
        assert idle, "an answer came that no packet asked for"
        if self.plays:
            packets = sum(one.last for one in answers)
            assert int(host.dut.recorded.value) == packets, "an answer came that no packet asked for"
        report = await self.finish() | {
            "counters": {counter.name: after[counter] - self.before[counter] for counter in after},
            "interrupts": await interrupts(host),
            "run_cycle": run_cycle,
            "seconds": {"program": programmed - began, "stream": ended - streamed},
            "answers": [[one.tag, one.decision, int(one.flags), one.last, *one.scores] for one in answers],
        }
        Path(config["output"]).write_text(json.dumps(report), encoding="utf-8")

    async def _interrupted(self, kind: int, cycles: int) -> None:
        """Send packets that are of no interest, and reset after so many cycles, whatever is in flight then."""
        host = self.host
        await host.start()
        for data in self.config["cut_off"]:
            host.source.send_nowait(bytes.fromhex(data))
        await host.cycles(cycles)
        # Else the sender would go on with what waits as soon as the reset ends.
        host.source.clear()
        if kind == PIN:
            await host.reset()
        else:
            # The second reset forgets a packet that the sender had in hand but began to send only after the first.
            for _ in range(2):
                await host.write("CONTROL", run=0, soft_reset=1)
                await host.source.wait()
                await host.until("busy", 0, pause_cycles=20)
            while host.dut.m_axis_tvalid.value:
                await host.edge()
            await host.halt()
        host.sink.clear()
        await host.write("INTERRUPT_STATUS", **dict.fromkeys(await host.read("INTERRUPT_STATUS"), 1))

    @property
    def plays(self) -> bool:
        """Packets are played and answers recorded beside the design, not sent and taken by the host."""
        return self.config["recorded"] is not None

    async def answer(self, index: int) -> tuple[Answer, ...]:
        """The parts of the answer of this number, in time and with a score a class each."""
        limit = self.config["timeout_cycles"]
        parts = await self.host.parts(limit)
        assert parts is not None, f"no answer number {index} within {limit} cycles"
        return parts

    async def until_recorded(self, count: int) -> None:
        """Wait until so many answers are recorded, each in time."""
        limit = self.config["timeout_cycles"]
        found = await self.host.recorded(count, limit)
        assert found >= count, f"no answer number {found} within {limit} cycles"

    def recorded_answers(self) -> list[Answer]:
        """The parts of all answers that are recorded, with a score a class each."""
        data, flags = np.fromfile(self.config["recorded"], "<u4").reshape(-1, 2).T
        ends = np.flatnonzero(flags & 1 << BEAT_BYTES) + 1
        assert (flags & TKEEP_MASK == TKEEP_MASK).all(), "an answer has a beat that is not whole"
        frames = (data[first:end] for first, end in pairwise((0, *ends.tolist())))
        classes = self.host.design.network.classes
        return [part for frame in frames for part in decode_parts(frame.tobytes(), classes)]

    async def until(
        self, read: Callable[[], Awaitable[T]], done: Callable[[T], bool], stuck: str, cycles: int | None = None
    ) -> None:
        """Read again and again until the value is ``done``; fails with ``stuck``, where ``{}`` is the last value.

        Args:
            cycles: within which it is; ``timeout_cycles`` where None.
        """
        limit = self.config["timeout_cycles"] if cycles is None else cycles
        for _ in range(SETTLE_POLLS):
            found = await read()
            if done(found):
                return
            await self.host.cycles(-(-limit // SETTLE_POLLS))
        raise AssertionError(stuck.format(found))


async def interrupts(host: Host) -> dict[str, int]:
    """Pending events by name, and the pin; then both again after writing 1 to all of them."""
    pending, pin = await host.read("INTERRUPT_STATUS"), int(host.dut.irq.value)
    await host.write("INTERRUPT_STATUS", **dict.fromkeys(pending, 1))
    await host.cycles(2)
    left = await host.read("INTERRUPT_STATUS")
    return {**pending, "pin": pin, "events_left": sum(left.values()), "pin_left": int(host.dut.irq.value)}
