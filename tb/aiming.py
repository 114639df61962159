"""Moments at which a reset is to come, found by looking rather than by luck, and a list of what has not been hit yet."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from cocotb.triggers import RisingEdge

from tb.host import Host


class Missing:
    """How often each thing must still happen; true while one of them must.

    Args:
        needed: times by name, such as ``{"cut": 3}``.
    """

    def __init__(self, needed: Mapping[str, int]) -> None:
        self._left = dict(needed)

    def happened(self, **times: int) -> None:
        """Count what happened; names that nobody needs are ignored."""
        for name, count in times.items():
            if name in self._left:
                self._left[name] -= count

    def __bool__(self) -> bool:
        return any(left > 0 for left in self._left.values())


async def during_an_update(host: Host, random: Random, longest_cycles: int) -> None:
    """Return while an update is at work on one of its columns but the last, or after ``longest_cycles`` without one."""
    network, began = host.design.network, host.cycle()
    committed = random.randrange(network.hidden + network.classes - 1)
    while host.cycle() < began + longest_cycles:
        progress = await host.read("LEARN_PROGRESS")
        if progress["updating"] and progress["columns"] >= committed:
            return


async def between_packets(dut, longest_cycles: int) -> None:
    """Return while the first beat of a packet is offered and not taken, or after ``longest_cycles`` without one."""
    ended = True
    for _ in range(longest_cycles):
        await RisingEdge(dut.aclk)
        if not int(dut.s_axis_tvalid.value):
            continue
        if int(dut.s_axis_tready.value):
            ended = bool(int(dut.s_axis_tlast.value))
        elif ended:
            return
