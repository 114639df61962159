"""cocotb: frames that come before their tick and after it; every frame starts in the cycle in which it must."""

from __future__ import annotations

from random import Random

import cocotb

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.tb.bmru.host import BmruHost
from remora.tb.lib.config import load_config

GAP = 120
"""Cycles after which a frame is done and its answer has left."""


class Frames:
    """Frames one by one; the cycle in which each has come, and that in which its answer is offered."""

    def __init__(self, host: BmruHost, packets: list[str]) -> None:
        self.host, self.packets = host, iter(packets)
        self.come: list[int] = []
        self.answered: list[int] = []

    async def watch(self) -> None:
        """Note what happens at the pins, for ever."""
        dut, offered = self.host.dut, 0
        while True:
            await self.host.edge()
            if dut.s_axis_tvalid.value and dut.s_axis_tready.value and dut.s_axis_tlast.value:
                self.come.append(self.host.cycle())
            before, offered = offered, int(dut.m_axis_tvalid.value)
            if offered > before:
                self.answered.append(self.host.cycle())

    def send(self) -> None:
        """Offer the next frame."""
        self.host.source.send_nowait(bytes.fromhex(next(self.packets)))

    def take(self) -> list[tuple[int, int]]:
        """Both cycles of all frames since the last call."""
        assert len(self.come) == len(self.answered) > 0, f"{len(self.come)} frames, {len(self.answered)} answers"
        found = list(zip(self.come, self.answered, strict=True))
        self.come, self.answered = [], []
        return found


@cocotb.test()
async def late(dut) -> None:
    """With a period a frame starts at the first tick since the frame before started; behind that tick it starts as
    soon as it has come, as it does without a period. Ticks that no frame used count as one."""
    config = load_config()
    host, random = await BmruHost.started(dut), Random(cocotb.RANDOM_SEED)
    period, frames = config["period"], Frames(host, config["packets"])
    await host.program_codes(BmruCodes.from_chain(host.design, [int(bit) for bit in config["chain"]]))
    await host.configure(VoteSettings(**config["settings"]), 0)
    cocotb.start_soon(frames.watch())
    await host.start()
    for _ in range(config["free"]):
        frames.send()
        await host.cycles(GAP + random.randrange(GAP))
    (took,) = {answered - come for come, answered in frames.take()}
    await host.halt()
    await host.write("PACE", period=period)
    # The first frame waits for the run, and so starts with the first tick.
    frames.send()
    await host.cycles(GAP)
    await host.start()
    for number in range(config["paced"]):
        frames.send()
        # Frames that are quicker than the period wait for their ticks; then one lets ticks pass.
        await host.cycles(random.randrange(GAP, 2 * GAP) if number % 4 else random.randrange(3 * period, 5 * period))
    await host.cycles(5 * period)
    (_, first), *rest = frames.take()
    before, behind = first, 0
    for number, (come, answered) in enumerate(rest):
        tick = first + period * ((before - first) // period + 1)
        expected = max(come + took, tick)
        assert answered == expected, f"frame {number}: answered {answered - expected} cycles late"
        before, behind = answered, behind + (answered > tick)
    assert len(rest) == config["paced"] and min(behind, len(rest) - behind) > 4, (behind, len(rest))
