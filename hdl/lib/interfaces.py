"""Interfaces between components: typed signatures, and how a component drives one or passes it on."""

from __future__ import annotations

from amaranth.hdl import Module, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In


def drive(m: Module, interface: wiring.PureInterface, **sources: ValueLike) -> None:
    """Drive every input of a submodule's interface, seen from outside, combinationally.

    Raises:
        ValueError: an input has no source, or a source has no input.
    """
    inputs = {name for name, member in interface.signature.members.items() if member.flow is In}
    if wrong := inputs ^ sources.keys():
        raise ValueError(f"inputs without a source, or sources without an input: {', '.join(sorted(wrong))}")
    m.d.comb += [getattr(interface, name).eq(source) for name, source in sources.items()]


def pass_on(m: Module, outer: wiring.PureInterface, inner: wiring.PureInterface) -> None:
    """Connect a component's own interface with that of one of its submodules, in the same direction."""
    wiring.connect(m, wiring.flipped(outer), inner)
