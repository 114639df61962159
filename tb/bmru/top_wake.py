"""cocotb: the enable of the gated clock and every READY, cycle by cycle, against an account of what the pins show.

No codes are loaded, so that packets are taken and dropped, and nothing is at work that the pins do not show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import cocotb
from cocotb.triggers import RisingEdge, Timer

from remora.spec.bmru.cycles import AWAKE_AFTER
from remora.spec.lib.registers import Response, register_map
from remora.spec.lib.reset import HELD_CYCLES, LATENCY_CYCLES
from remora.spec.presets import parse_design
from remora.tb.lib.clocks import start_clock
from remora.tb.lib.config import load_config

PERIOD_NS = 10
OFFERS = {"aw": "s_axil_aw", "w": "s_axil_w", "ar": "s_axil_ar", "packets": "s_axis_t"}
"""What pins of a channel to the design begin with."""
ANSWERS = {"b": "s_axil_b", "r": "s_axil_r"}
"""The same of channels that answer."""
OUTPUTS = (
    *(f"{pins}ready" for pins in OFFERS.values()), *(f"{pins}valid" for pins in ANSWERS.values()), "m_axis_tvalid",
)  # fmt: skip
RATES = (0.005, 0.02, 0.3, 1.0)
"""How likely an idle channel offers something in a cycle."""


@dataclass
class Account:
    """What follows from what was offered and taken since a reset.

    Attributes:
        enabled: the gated clock ticks at the end of this cycle.
        left: cycles for which it goes on with nothing to do.
        held: channels whose transfer is taken and not yet made use of.
        answering: channels with an answer on offer.
        fresh: this is the first cycle after the reset, in which nothing is taken.
    """

    enabled: bool = True
    left: int = AWAKE_AFTER
    held: set[str] = field(default_factory=set)
    answering: set[str] = field(default_factory=set)
    fresh: bool = True

    def taking(self) -> set[str]:
        """Channels that would be taken if the clock ran."""
        return set() if self.fresh else set(OFFERS) - self.held

    def outputs(self) -> dict[str, int]:
        """Pins in this cycle."""
        ready = {f"{pins}ready": int(self.enabled and channel in self.taking()) for channel, pins in OFFERS.items()}
        valid = {f"{pins}valid": int(channel in self.answering) for channel, pins in ANSWERS.items()}
        return ready | valid | {"m_axis_tvalid": 0, "clock_enable": int(self.enabled)}

    def advance(self, offered: set[str], accepting: set[str], last: bool) -> None:
        """The end of a cycle.

        Args:
            offered: channels with VALID.
            accepting: channels that answer and have READY.
            last: a beat that is offered is the last of its packet.
        """
        asked = bool(self.answering or offered & self.taking())
        if self.enabled:
            self._tick((offered & self.taking()) - (set() if last else {"packets"}), accepting)
        self.enabled, self.left = asked or self.left > 0, AWAKE_AFTER if asked else max(self.left - 1, 0)

    def _tick(self, taken: set[str], accepting: set[str]) -> None:
        """The gated clock ticks: accesses that wait are made where their answer has room, a write before a read; and a
        whole packet is checked."""
        room = {channel for channel in ANSWERS if channel not in self.answering or channel in accepting}
        self.answering -= accepting
        if {"aw", "w"} <= self.held and "b" in room:
            self.held -= {"aw", "w"}
            self.answering.add("b")
        elif "ar" in self.held and "r" in room:
            self.held -= {"ar"}
            self.answering.add("r")
        self.held = self.held - {"packets"} | taken
        self.fresh = False


class WakeBench:
    """Drives all inputs of the design itself.

    Attributes:
        compared: cycles in which all pins were compared. ``slept``: those of them in which the clock stood.
        woken: how often each channel alone woke it.
    """

    def __init__(self, dut, random: Random) -> None:
        self.dut, self.random = dut, random
        self.register = register_map(parse_design(load_config()["design"], "config"))["INTERRUPT_ENABLE"]
        self.compared, self.slept, self.woken = 0, 0, dict.fromkeys(OFFERS, 0)
        self.offered: set[str] = set()
        self.accepting: set[str] = set()
        self.account = Account()
        dut.play.value = dut.play_registers.value = 0
        dut.m_axis_tready.value, dut.s_axis_tkeep.value, dut.s_axis_tlast.value = 1, 15, 0
        self.drive()
        start_clock(dut.aclk, dut.aresetn, PERIOD_NS, asserted=0)

    def drive(self) -> None:
        """Show what is offered and accepted at the pins."""
        for channel, pins in OFFERS.items():
            getattr(self.dut, f"{pins}valid").value = int(channel in self.offered)
        for channel, pins in ANSWERS.items():
            getattr(self.dut, f"{pins}ready").value = int(channel in self.accepting)

    def offer(self, channel: str) -> None:
        """Begin a transfer: an access to a register whose content sets nothing going, or a beat of a packet."""
        self.offered.add(channel)
        if channel in ("aw", "ar"):
            getattr(self.dut, f"s_axil_{channel}addr").value = self.register.address
        elif channel == "w":
            self.dut.s_axil_wdata.value = self.random.getrandbits(32) & sum(each.mask for each in self.register.fields)
            self.dut.s_axil_wstrb.value = self.random.randrange(16)
        else:
            self.dut.s_axis_tdata.value = self.random.getrandbits(32)
            self.dut.s_axis_tlast.value = self.random.randrange(2)

    async def edge(self) -> None:
        """Wait for a rising edge."""
        await RisingEdge(self.dut.aclk)

    def found(self, *names: str) -> dict[str, int]:
        """Outputs as they were in the cycle that just ended."""
        return {name: int(getattr(self.dut, name).value) for name in names}

    def compare(self, what: str, found: dict[str, int], expected: dict[str, int]) -> None:
        """Pins by name."""
        wrong = {name: value for name, value in found.items() if value != expected[name]}
        assert not wrong, f"{what}: found {wrong}, expected { ({name: expected[name] for name in wrong}) }"
        self.compared += 1

    async def cycle(self, offers: float, accepts: float) -> None:
        """One cycle with new offers, compared with the account."""
        account = self.account
        for channel in sorted(set(OFFERS) - self.offered):
            if self.random.random() < offers:
                self.offer(channel)
        self.accepting = {channel for channel in ANSWERS if self.random.random() < accepts}
        self.drive()
        await self.edge()
        expected = account.outputs()
        self.compare(f"with {sorted(self.offered)} offered", self.found(*expected), expected)
        self.slept += not account.enabled
        asked = self.offered & account.taking()
        if not account.enabled and len(asked) == 1:
            self.woken[next(iter(asked))] += 1
        for answer in (("bresp",) * ("b" in account.answering)) + (("rresp",) * ("r" in account.answering)):
            assert int(getattr(self.dut, f"s_axil_{answer}").value) == Response.OKAY, answer
        taken = self.offered & account.taking() if account.enabled else set()
        account.advance(self.offered, self.accepting, bool(self.dut.s_axis_tlast.value))
        self.offered -= taken

    async def reset(self) -> None:
        """The pin falls at any moment of a cycle and rises right behind an edge; from then on everything is offered."""
        await Timer(self.random.randrange(1, PERIOD_NS), "ns")
        self.offered, self.accepting = set(), set()
        self.drive()
        self.dut.aresetn.value = 0
        await Timer(100, "ps")
        nothing = dict.fromkeys(OUTPUTS, 0)
        self.compare("as soon as the pin falls", self.found(*OUTPUTS), nothing)
        for number in range(HELD_CYCLES):
            await self.edge()
            self.compare("in reset", self.found(*OUTPUTS), nothing)
            if number > 1:
                self.compare("in reset", self.found("clock_enable"), {"clock_enable": 1})
        self.dut.aresetn.value = 1
        for channel in OFFERS if self.random.random() < 0.5 else ():
            self.offer(channel)
        self.drive()
        for number in range(LATENCY_CYCLES):
            await self.edge()
            expected = nothing | {"clock_enable": 1}
            self.compare(f"{number + 1} cycles after the pin rose", self.found(*expected), expected)
        self.account = Account()


@cocotb.test()
async def wakes(dut) -> None:
    """Any offers at any rate, alone and together, from resets at any moment on."""
    bench, config = WakeBench(dut, Random(cocotb.RANDOM_SEED)), load_config()
    await bench.edge()
    for _ in range(config["resets"]):
        await bench.reset()
        for _ in range(config["phases"]):
            offers, accepts = bench.random.choice(RATES), bench.random.choice((0.1, 0.5, 1.0))
            for _ in range(config["cycles"]):
                await bench.cycle(offers, accepts)
    assert bench.compared > config["resets"] * config["phases"] * config["cycles"]
    assert bench.slept > bench.compared // 10 and all(bench.woken.values()), (bench.slept, bench.woken)
