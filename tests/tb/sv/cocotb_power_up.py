"""cocotb side of ``test_power_up``."""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from remora.tb.lib.clocks import start_clock
from remora.tb.lib.config import load_config

NOISY_CYCLES = 12


def idle(dut) -> None:
    """Inputs other than clock and reset at 0."""
    for name in ("noise", "live", "play"):
        getattr(dut, name).value = 0


@cocotb.test()
async def noise_before_the_reset(dut) -> None:
    """The reset comes late; before it everything is strobed on and off."""
    idle(dut)
    start_clock(dut.clk, dut.aresetn, 10, asserted=1)  # not asserted: the level is the wrong one
    for cycle in range(NOISY_CYCLES):
        dut.noise.value = int(cycle % 4 < 2)
        await RisingEdge(dut.clk)
        beats = dut.remora_packet_player__tvalid.value, dut.remora_answer_recorder__tready.value
        assert not any(map(int, beats)), "a beat before the first reset"
    dut.noise.value = 0
    dut.aresetn.value = 0
    await ClockCycles(dut.clk, 3)
    dut.aresetn.value = 1
    await ClockCycles(dut.clk, 2)
    dut.play.value = 1
    beats = []
    for _ in range(8):
        await RisingEdge(dut.clk)
        dut.play.value = 0
        if int(dut.remora_packet_player__tvalid.value):
            beats.append(int(dut.remora_packet_player__tdata.value))
    assert beats == load_config()["beats"], "the player did not play the file from its first beat on"


@cocotb.test()
async def strobes_after_the_reset(dut) -> None:
    """After a reset the same strobes are records."""
    idle(dut)
    start_clock(dut.clk, dut.aresetn, 10, asserted=0)
    await ClockCycles(dut.clk, 3)
    dut.aresetn.value = 1
    await ClockCycles(dut.clk, 2)
    dut.live.value = 1
    await ClockCycles(dut.clk, 4)
    dut.live.value = 0
    await ClockCycles(dut.clk, 2)
    dut.aresetn.value = 0
    await ClockCycles(dut.clk, 2)


@cocotb.test()
async def clean_start(dut) -> None:
    """As every bench starts."""
    idle(dut)
    start_clock(dut.clk, dut.aresetn, 10, asserted=0)
    await ClockCycles(dut.clk, 2)
    assert int(dut.edges_at_0.value) == 0, "a rising edge at time 0"


@cocotb.test()
async def ordinary_start(dut) -> None:
    """As no bench may start."""
    idle(dut)
    dut.aresetn.value = 0
    Clock(dut.clk, 10, unit="ns", impl="gpi").start(start_high=False)
    await ClockCycles(dut.clk, 2)
    if int(dut.edges_at_0.value):
        print("edge at 0")
