"""The bit streamer in front of the hidden layer's tiles: what a step's arithmetic is made of, without the sequencer."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring

from remora.hdl.crossbar.bit_streamer import BitStreamer
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


class StreamedLayer(wiring.Component):
    """Ports of a ``BitStreamer`` and a ``CrossbarArray`` joined at the wordlines; integrates while ``control.enable``.

    ``columns``: ``lanes`` of them, the first ones.
    """

    def __init__(self, design: DesignPoint, lanes: int) -> None:
        self._streamer, self._array = BitStreamer(design), CrossbarArray(design, Layer.HIDDEN, lanes)
        of_streamer, of_array = self._streamer.signature.members, self._array.signature.members
        members = {name: of_streamer[name] for name in ("features", "words", "control")}
        super().__init__(
            members | {name: of_array[name] for name in ("strobes", "columns", "selected_code", "program")}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        streamer, array = add_submodule(m, "streamer", self._streamer), add_submodule(m, "array", self._array)
        pass_on(m, self.control, streamer.control)
        pass_on(m, self.columns, array.columns)
        pass_on(m, self.program, array.program)
        m.d.comb += [
            streamer.features.eq(self.features),
            streamer.words.eq(self.words),
            array.wl_pos.eq(streamer.wl_pos),
            array.wl_neg.eq(streamer.wl_neg),
            array.plane.eq(self.control.plane),
            array.strobes.integrate.eq(self.control.enable),
            array.strobes.sample.eq(self.strobes.sample),
            array.strobes.convert.eq(self.strobes.convert),
            self.strobes.valid.eq(array.strobes.valid),
            self.selected_code.eq(array.selected_code),
        ]
        return m
