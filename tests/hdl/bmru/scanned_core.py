"""A scan loader with the BMRU core behind it, and wires between them on which bits can be flipped."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.core import CoreMacro
from remora.hdl.bmru.scan_loader import ScanHost, ScanLoader
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.spec.bmru.design import BmruDesign

CHAIN_STROBES = ("scan_enable", "scan_capture", "scan_latch")


class ScannedCore(wiring.Component):
    """The loader's ``host``, ``flip_in`` and ``flip_out`` to invert what goes into the chain and what comes out, the
    strobes of the chain to watch, and ``trusted``, ``doubted``."""

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        watched = {name: Out(1) for name in (*CHAIN_STROBES, "trusted", "doubted")}
        super().__init__({"host": In(ScanHost()), "flip_in": In(1), "flip_out": In(1), **watched})

    def elaborate(self, platform) -> Module:
        m = Module()
        loader = add_submodule(m, "loader", ScanLoader(self.design))
        core = add_submodule(m, "core", CoreMacro(self.design))
        pass_on(m, self.host, loader.host)
        for name in CHAIN_STROBES:
            m.d.comb += [getattr(core, name).eq(getattr(loader, name)), getattr(self, name).eq(getattr(loader, name))]
        m.d.comb += [
            core.scan_in.eq(loader.scan_in ^ self.flip_in),
            loader.scan_out.eq(core.scan_out ^ self.flip_out),
            self.trusted.eq(loader.trusted),
            self.doubted.eq(loader.doubted),
        ]
        return m
