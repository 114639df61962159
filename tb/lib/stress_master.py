"""An AXI4-Lite master that uses every freedom of the protocol, driven pin by pin."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from cocotb.triggers import RisingEdge

from remora.spec.lib.registers import Response

SENT, TAKEN = ("aw", "w", "ar"), ("b", "r")
CHANNELS = (*SENT, *TAKEN)
TIMEOUT_CYCLES = 4000
"""Cycles after which a batch counts as stuck."""


@dataclass(frozen=True)
class ChannelRates:
    """In which share of the cycles each channel is willing: to offer what is next, or to take a response."""

    aw: float
    w: float
    ar: float
    b: float
    r: float


RATES = tuple(
    ChannelRates(aw, w, ar, b, r)
    for (aw, w), (b, r), ar in product(((1, 0.1), (0.1, 1), (0.5, 0.5), (1, 1)), ((1, 1), (0.1, 0.1)), (1, 0.3))
)
"""Addresses long before their data, long after, at random, at once; responses taken at once and held back."""


class StressMaster:
    """Takes a bus over from its agent, which must be idle.

    Attributes:
        seen: cycles in which something inconvenient happened, by name: ``address_first``, ``data_first``: one of the
            two was taken and the other is still to come; ``two_in_flight``: a write is offered while the response to
            another is not taken; ``held``: a response waits; ``both``: a write and a read are answered in one cycle.
    """

    def __init__(self, dut, prefix: str, random: Random) -> None:
        self._dut, self._prefix, self._random = dut, prefix, random
        self.seen = dict.fromkeys(("address_first", "data_first", "two_in_flight", "held", "both"), 0)

    def pin(self, name: str):
        """A pin of the bus."""
        return getattr(self._dut, f"{self._prefix}_{name}")

    def _get(self, name: str) -> int:
        return int(self.pin(name).value)

    async def batch(
        self, writes: Sequence[tuple[int, int, int]], reads: Sequence[int], rates: ChannelRates
    ) -> tuple[list[Response], list[tuple[Response, int]]]:
        """Writes (address, data, strobes) and reads at once, each in order; all responses, with the words read."""
        queues = {
            "aw": deque({"awaddr": address} for address, _, _ in writes),
            "w": deque({"wdata": data, "wstrb": strobes} for _, data, strobes in writes),
            "ar": deque({"araddr": address} for address in reads),
        }
        passed = dict.fromkeys(CHANNELS, 0)
        written, read = [], []
        waiting: dict[str, tuple] = {}
        self._drive(queues, rates)
        for _ in range(TIMEOUT_CYCLES):
            await RisingEdge(self._dut.aclk)
            moved = [name for name in CHANNELS if self._get(f"{name}valid") and self._get(f"{name}ready")]
            for name in moved:
                passed[name] += 1
                if name in SENT:
                    queues[name].popleft()
                    self.pin(f"{name}valid").value = 0
            self._look(passed, moved, waiting)
            if "b" in moved:
                written.append(Response(self._get("bresp")))
            if "r" in moved:
                read.append((Response(self._get("rresp")), self._get("rdata")))
            waiting = {name: self._response(name) for name in TAKEN if self._get(f"{name}valid") and name not in moved}
            if len(written) == len(writes) and len(read) == len(reads):
                self._rest()
                return written, read
            self._drive(queues, rates, moved)
        raise AssertionError(
            f"{len(written)} of {len(writes)} writes and {len(read)} of {len(reads)} reads are answered"
        )

    def _drive(self, queues: dict[str, deque], rates: ChannelRates, moved: Sequence[str] = SENT) -> None:
        """Offer what is next, and keep on offer what was not taken."""
        for name in SENT:
            offered = name not in moved and self._get(f"{name}valid")
            if not offered and queues[name] and self._random.random() < getattr(rates, name):
                self.pin(f"{name}valid").value = 1
                for pin, value in queues[name][0].items():
                    self.pin(pin).value = value
        for name in TAKEN:
            self.pin(f"{name}ready").value = int(self._random.random() < getattr(rates, name))

    def _rest(self) -> None:
        """As an idle agent leaves the bus."""
        for name in TAKEN:
            self.pin(f"{name}ready").value = 1

    def _response(self, name: str) -> tuple[int, ...]:
        return (self._get("bresp"),) if name == "b" else (self._get("rresp"), self._get("rdata"))

    def _look(self, passed: dict[str, int], moved: Sequence[str], waiting: dict[str, tuple]) -> None:
        """What this cycle shows, and what a subordinate must never do."""
        answered = passed["b"] + self._get("bvalid") - ("b" in moved)
        before = {name: passed[name] - (name in moved) for name in SENT}
        assert answered <= min(before["aw"], before["w"]), "a write is answered before its address and data were taken"
        assert passed["r"] + self._get("rvalid") - ("r" in moved) <= before["ar"], (
            "a read is answered before its address"
        )
        for name, response in waiting.items():
            assert self._get(f"{name}valid") and self._response(name) == response, (
                f"{name}: a response that waits changed"
            )
        self.seen["address_first"] += before["aw"] > before["w"]
        self.seen["data_first"] += before["w"] > before["aw"]
        offered = self._get("awvalid") or self._get("wvalid")
        self.seen["two_in_flight"] += bool(offered and answered > passed["b"] - ("b" in moved))
        self.seen["held"] += len(waiting) > 0
        self.seen["both"] += "b" in moved and "r" in moved
