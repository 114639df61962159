"""The bit streamer in front of the hidden layer's tiles: what a step's arithmetic is made of, without the sequencer."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.bit_streamer import BitStreamer
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.macros.program_port import program_port
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


class StreamedLayer(wiring.Component):
    """Ports of a ``BitStreamer`` and a ``CrossbarArray`` joined at the wordlines; integrates while ``enable``.

    ``code``: of ``lanes`` columns, the first ones.
    """

    def __init__(self, design: DesignPoint, lanes: int) -> None:
        self._streamer, self._array = BitStreamer(design), CrossbarArray(design, Layer.HIDDEN, lanes)
        self._passed = {
            self._streamer: ("features", "words", "first", "plane", "enable"),
            self._array: ("sample", "convert", "code", "selected_code", "valid"),
        }
        members = {name: block.signature.members[name] for block, names in self._passed.items() for name in names}
        super().__init__({**members, "program": In(program_port(design))})

    def elaborate(self, platform) -> Module:
        m = Module()
        streamer, array = add_submodule(m, "streamer", self._streamer), add_submodule(m, "array", self._array)
        for block, names in self._passed.items():
            for name in names:
                outside, inside = getattr(self, name), getattr(block, name)
                m.d.comb += outside.eq(inside) if block.signature.members[name].flow is Out else inside.eq(outside)
        wiring.connect(m, wiring.flipped(self.program), array.program)
        m.d.comb += [
            array.wl_pos.eq(streamer.wl_pos),
            array.wl_neg.eq(streamer.wl_neg),
            array.plane.eq(self.plane),
            array.integrate.eq(self.enable),
        ]
        return m
