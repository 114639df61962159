"""Clip tracker: which frame is the first and the last of its clip, in the order of the stream."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.settings import VOTE_BITS, VoteSettings


class ClipTracker(wiring.Component):
    """Looks at the flags of the frame at hand, and keeps the open clip and its settings.

    Rule V1.

    Ports:
        configured: settings of the next clip.
        starts: the frame starts a clip.
        ends: the frame ends its clip.
        accept: the frame becomes part of its clip.
        outside: combinational; no clip is open and the frame starts none.
        last: combinational; the frame ends its clip: by its flag, or as the one that makes it as long as ``frames``
            says, unless the vote slides.
        cut: combinational; the frame starts a clip while another is open.
        open: a clip has started and not ended.
        settings: those of the open clip, taken from ``configured`` by the frame that started it.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "configured": In(VoteSettings()),
                "starts": In(1),
                "ends": In(1),
                "accept": In(1),
                "outside": Out(1),
                "last": Out(1),
                "cut": Out(1),
                "open": Out(1),
                "settings": Out(VoteSettings()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Saturates: a clip of a sliding vote may have any length.
        count, following = Signal(VOTE_BITS + 1), Signal(VOTE_BITS + 1)
        source = self.configured
        sliding = Mux(self.starts, source.sliding, self.settings.sliding)
        frames = Mux(self.starts, source.frames, self.settings.frames)
        m.d.comb += [
            following.eq(Mux(self.starts, 1, Mux(count.all(), count, count + 1))),
            self.outside.eq(~self.starts & ~self.open),
            self.cut.eq(self.starts & self.open),
            self.last.eq(self.ends | (~sliding & (following >= frames))),
        ]
        with m.If(self.accept):
            m.d.sync += [count.eq(following), self.open.eq(~self.last)]
            with m.If(self.starts):
                for name in source.signature.members:
                    m.d.sync += getattr(self.settings, name).eq(getattr(source, name))
        return m
