"""Pauses of AXI4-Stream agents."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random


def stalls(seed: int, probability: float) -> Iterator[bool]:
    """Endless pause pattern of a stream."""
    random = Random(seed)
    while True:
        yield random.random() < probability


def ready_after_valid(dut, seed: int, probability: float) -> Iterator[bool]:
    """Pause pattern of a receiver that is never ready before something is offered: a sender must not wait for it."""
    return (pause or not dut.m_axis_tvalid.value for pause in stalls(seed, probability))
