"""Signatures of the two AXI4 buses, and how a top component gets their standard port names.

Both signatures are seen from the initiator: it drives ``valid``. A subordinate's port is ``In(signature)``.
Amaranth joins the names of nested members with two underscores; ``flat_members`` makes members with the single one that
tools expect, and ``connect_flat`` wires them to the nested interface of a submodule.
"""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class AxiStream(wiring.Signature):
    """AXI4-Stream, little-endian bytes, seen from the initiator.

    A beat passes in a cycle in which ``tvalid`` and ``tready`` are high. ``tvalid`` stays high and the beat stays the
    same until it has passed.

    Ports:
        tdata: ``8·bytes`` bits.
        tkeep: the bytes that count.
        tlast: the beat is the packet's last.
        tvalid: there is a beat.
        tready: the subordinate takes it.
    """

    def __init__(self, data_bytes: int = 4) -> None:
        if data_bytes < 1:
            raise ValueError(f"data_bytes is {data_bytes}; it must be 1 or more")
        self.data_bytes = data_bytes
        super().__init__(
            {
                "tdata": Out(8 * data_bytes),
                "tkeep": Out(data_bytes),
                "tlast": Out(1),
                "tvalid": Out(1),
                "tready": In(1),
            }
        )


class AxiLite(wiring.Signature):
    """AXI4-Lite, 32-bit data, byte addresses of ``address_bits``, without protection signals, seen from the initiator.

    Five channels, each with ``valid`` and ``ready``: write address, write data, write response, read address, read
    data.

    Ports:
        awaddr: byte address of a write.
        wdata: word that is written.
        wstrb: the bytes that are written.
        bresp: response to a write.
        araddr: byte address of a read.
        rdata: word that is read.
        rresp: response to a read.
        <channel>valid: there is a transfer.
        <channel>ready: the transfer is taken.
    """

    def __init__(self, address_bits: int) -> None:
        if address_bits < 3:
            raise ValueError(f"address_bits is {address_bits}; it must be 3 or more")
        self.address_bits = address_bits
        super().__init__(
            {
                "awaddr": Out(address_bits),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(32),
                "wstrb": Out(4),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
                "araddr": Out(address_bits),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(32),
                "rresp": In(2),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


def flat_members(prefix: str, member: wiring.Member) -> dict[str, wiring.Member]:
    """Members ``<prefix>_<name>`` of a component that replace the one nested ``member``.

    Args:
        prefix: such as ``s_axil``; ports become ``s_axil_awvalid`` and so on.
        member: ``In(signature)`` for a subordinate's port, ``Out(signature)`` for an initiator's; plain signals only.
    """
    signature = member.signature  # Already flipped by In.
    return {f"{prefix}_{name}": each for name, each in signature.members.items()}


def connect_flat(m: Module, component: wiring.Component, prefix: str, interface: wiring.PureInterface) -> None:
    """Pass the flat members of ``component`` through to the nested interface of one of its submodules, combinationally.

    Args:
        m: module of ``component``.
        component: has members made by ``flat_members`` with ``prefix`` and the same flow as the submodule's port.
        interface: the submodule's port, seen from outside, such as ``submodule.bus``.
    """
    for name, member in interface.signature.members.items():
        outside, inside = getattr(component, f"{prefix}_{name}"), getattr(interface, name)
        if member.flow is In:
            m.d.comb += inside.eq(outside)
        else:
            m.d.comb += outside.eq(inside)
