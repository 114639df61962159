"""Stimuli for rare events: a test looks for the right moment, and goes on until the event has happened often enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from random import Random

from cocotb.triggers import RisingEdge

from remora.tb.lib.host import Host

WAITED = 8


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


def rounds(least: int, seen: set, wanted: set, what: str) -> Iterator[int]:
    """Numbers of rounds: ``least`` of them, and then more until everything that is wanted was seen.

    Raises:
        AssertionError: it was not in twenty times as many.
    """
    for number in range(20 * least):
        if number >= least and wanted <= seen:
            return
        yield number
    raise AssertionError(f"{what}: never seen in {20 * least} rounds: {wanted - seen}")


def delays(random: Random, cycles: int) -> Iterator[int]:
    """Numbers of cycles for ever; ``cycles`` of them in a row are 0 … ``cycles`` − 1 in some order.

    A register tells of an update only some cycles late, and the one after it would be later than a short update's last
    column. A delay after the first sight of an update therefore finds every moment of it.
    """
    return cycle(random.sample(range(cycles), cycles))


async def during_an_update(host: Host, random: Random, longest_cycles: int) -> None:
    """Return while a new update is at work on one of its columns but the last, or after ``longest_cycles``."""
    network, began = host.design.network, host.cycle()
    committed = random.randrange(network.hidden + network.classes - 1)
    # LEARN_PROGRESS tells of an update that a reset cut until a new one begins, which may read the same.
    old = await host.read("UPDATES")
    new = False
    while host.cycle() < began + longest_cycles:
        new = new or await host.read("UPDATES") != old
        if new:
            progress = await host.read("LEARN_PROGRESS")
            if progress["updating"] and progress["columns"] >= committed:
                return


async def between_packets(dut, longest_cycles: int) -> None:
    """Return while the first beat of a packet has waited for ``WAITED`` cycles, as it does where the buffer is full, or
    after ``longest_cycles`` without one."""
    ended, waited = True, 0
    for _ in range(longest_cycles):
        await RisingEdge(dut.aclk)
        if int(dut.s_axis_tvalid.value) and int(dut.s_axis_tready.value):
            ended, waited = bool(int(dut.s_axis_tlast.value)), 0
        elif int(dut.s_axis_tvalid.value) and ended:
            waited += 1
            if waited == WAITED:
                return
