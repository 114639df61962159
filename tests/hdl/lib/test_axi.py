"""Signatures of the buses and the flat ports of a top component."""

from __future__ import annotations

import re

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from remora.hdl.lib.axi import AxiLite, AxiStream, connect_flat, flat_members
from remora.hdl.lib.verilog import to_verilog


class Wire(wiring.Component):
    """A stream goes in and comes out."""

    def __init__(self) -> None:
        super().__init__({"source": In(AxiStream()), "sink": Out(AxiStream())})

    def elaborate(self, platform) -> Module:
        m = Module()
        wiring.connect(m, wiring.flipped(self.source), wiring.flipped(self.sink))
        return m


class Top(wiring.Component):
    """The same with flat ports."""

    def __init__(self) -> None:
        super().__init__(flat_members("s_axis", In(AxiStream())) | flat_members("m_axis", Out(AxiStream())))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.wire = wire = Wire()
        connect_flat(m, self, "s_axis", wire.source)
        connect_flat(m, self, "m_axis", wire.sink)
        return m


def test_flat_ports_have_standard_names_and_directions():
    text = to_verilog(Top(), "top").partition("module top(")[2]
    ports = dict(reversed(found) for found in re.findall(r"^  (input|output) (?:\[.*?\] )?(\w+);", text, re.MULTILINE))
    initiator = {"tdata": "output", "tkeep": "output", "tlast": "output", "tvalid": "output", "tready": "input"}
    other = {"input": "output", "output": "input"}
    expected = {f"m_axis_{name}": direction for name, direction in initiator.items()}
    expected |= {f"s_axis_{name}": other[direction] for name, direction in initiator.items()}
    assert ports == expected


def test_flat_ports_reach_the_submodule():
    top, seen = Top(), []

    async def bench(ctx) -> None:
        for value in (0xDEADBEEF, 0x12345678):
            ctx.set(top.s_axis_tdata, value)
            ctx.set(top.m_axis_tready, value & 1)
            await ctx.delay(1e-9)
            seen.append((ctx.get(top.m_axis_tdata), ctx.get(top.s_axis_tready)))

    simulator = Simulator(top)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [(0xDEADBEEF, 1), (0x12345678, 0)]


def test_register_port_is_that_of_a_subordinate():
    members = flat_members("s_axil", In(AxiLite(12)))
    assert len(members) == 17
    assert (members["s_axil_awaddr"].flow, members["s_axil_awaddr"].shape) == (In, 12)
    assert {name for name, member in members.items() if member.flow is Out} == {
        f"s_axil_{name}" for name in ("awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp", "rvalid")
    }


@pytest.mark.parametrize(("make", "argument"), [(AxiStream, 0), (AxiLite, 2)])
def test_sizes_that_cannot_be_are_refused(make, argument):
    with pytest.raises(ValueError, match=f"is {argument}; it must be"):
        make(argument)
