# amaranth: UnusedElaboratable=no
"""The self-test with all that it shows in one word, which a bench reads at once in every cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.self_test.self_test import SelfTest
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint


class ShownSelfTest(wiring.Component):
    """The inputs of a self-test by the names of their paths, and its outputs side by side in ``shown``.

    Attributes:
        fields: names and widths of the outputs, from the low bits of ``shown`` up.
    """

    def __init__(self, design: DesignPoint) -> None:
        self._test = test = SelfTest(design)
        ports = {"__".join(path): (member, port) for path, member, port in test.signature.flatten(test)}
        self._shown = {name: port for name, (member, port) in ports.items() if member.flow is Out}
        self._given = {name: port for name, (member, port) in ports.items() if member.flow is In}
        self.fields = [(name, len(port)) for name, port in self._shown.items()]
        given = {name: In(len(port)) for name, port in self._given.items()}
        super().__init__(given | {"shown": Out(sum(width for _, width in self.fields))})

    def elaborate(self, platform) -> Module:
        m = Module()
        add_submodule(m, "self_test", self._test)
        m.d.comb += [port.eq(getattr(self, name)) for name, port in self._given.items()]
        m.d.comb += self.shown.eq(Cat(*self._shown.values()))
        return m


def fields_of(design: DesignPoint) -> list[tuple[str, int]]:
    """`ShownSelfTest.fields` of a design point."""
    return ShownSelfTest(design).fields
