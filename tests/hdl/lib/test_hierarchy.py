"""Instances keep the names that paths are made of."""

from __future__ import annotations

import re

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.verilog import to_verilog


class Inner(wiring.Component):
    """Anything."""

    def __init__(self) -> None:
        super().__init__({"value": In(1), "inverse": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.inverse.eq(~self.value)
        return m


class Outer(wiring.Component):
    """Places ``Inner`` under a name of the caller's choice."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        super().__init__({"value": In(1), "inverse": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        inner = add_submodule(m, self.instance, Inner())
        m.d.comb += [inner.value.eq(self.value), self.inverse.eq(inner.inverse)]
        return m


def test_an_instance_keeps_its_name():
    assert "remora_inner unit (" in re.sub(" +", " ", to_verilog(Outer("unit"), "outer"))


def test_an_instance_named_like_a_signal_is_refused():
    with pytest.raises(ValueError, match="outer: no instance is called inverse, since a signal took the name"):
        to_verilog(Outer("inverse"), "outer")
