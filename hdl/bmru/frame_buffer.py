"""Frame buffer: takes frames from AXI4-Stream, checks and saturates them, and holds one for the sequencer."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.clip_tracker import ClipTracker
from remora.hdl.bmru.settings import VoteSettings
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.fixed import saturate
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.bmru.design import STREAM_FEATURE_BITS, BmruDesign
from remora.spec.bmru.frames import FEATURE_BYTES, FrameDrop, FrameFlag
from remora.spec.lib.packets import BEAT_BYTES

PER_BEAT = BEAT_BYTES // FEATURE_BYTES


class FrameBuffer(wiring.Component):
    """Store and forward. Packets are described in `remora.spec.bmru.frames`.

    A packet that is wrong is consumed to its end and forgotten. The next packet is received only after ``free``.

    Rule A7.

    Ports:
        stream: packets.
        configured: settings of the next clip.
        programmed: frames may be kept.
        available: a good packet is held, until ``free``.
        features: codes of the DACs, feature 0 in the low bits.
        first: the frame is its clip's first.
        last: the frame is its clip's last.
        tag: of the packet.
        settings: of the clip, from its first frame on.
        free: ends the packet held; high for one cycle.
        abort: forgets the frame held, the clip, and the packet being received, whose rest is swallowed, not counted.
        dropped: one bit a cause, high for one cycle when a packet is dropped; the lowest cause only.
        saturated: when a packet is kept, how many of its features lay beyond the DAC's codes.
        cut: when a packet is kept, it cuts a clip off; high for one cycle.
        in_clip: a clip is open after the packets kept so far.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        features = design.network.features
        super().__init__(
            {
                "stream": In(AxiStream(BEAT_BYTES)),
                "configured": In(VoteSettings()),
                "programmed": In(1),
                "available": Out(1),
                "features": Out(features * design.formats.feature_bits),
                "first": Out(1),
                "last": Out(1),
                "tag": Out(8),
                "settings": Out(VoteSettings()),
                "free": In(1),
                "abort": In(1),
                "dropped": Out(len(FrameDrop)),
                "saturated": Out(range(features + 1)),
                "cut": Out(1),
                "in_clip": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        stream, needed = self.stream, self.design.network.features * FEATURE_BYTES
        tracker = add_submodule(m, "tracker", ClipTracker(), reset=self.abort)
        wiring.connect(m, wiring.flipped(self.configured), tracker.configured)
        wiring.connect(m, tracker.settings, wiring.flipped(self.settings))

        flags, framing, aborted = Signal(8), Signal(), Signal()
        length = Signal(range(needed + BEAT_BYTES + 1))  # in bytes; stops once it is too large
        beat, whole = Signal(), Signal()
        well_framed = whole | (
            stream.tlast & ((stream.tkeep == 0b0001) | (stream.tkeep == 0b0011) | (stream.tkeep == 0b0111))
        )
        m.d.comb += [beat.eq(stream.tvalid & stream.tready), whole.eq(stream.tkeep.all())]

        causes = Signal(len(FrameDrop))
        m.d.comb += [
            tracker.starts.eq(flags[_bit(FrameFlag.START)]),
            tracker.ends.eq(flags[_bit(FrameFlag.END)]),
            causes[FrameDrop.FRAMING].eq(framing),
            causes[FrameDrop.SHORT].eq(length < needed),
            causes[FrameDrop.LONG].eq(length > needed),
            causes[FrameDrop.UNPROGRAMMED].eq(~self.programmed),
            causes[FrameDrop.OUTSIDE].eq(tracker.outside),
            self.in_clip.eq(tracker.open),
        ]
        beyond, carried = Signal.like(self.saturated), Signal(range(BEAT_BYTES + 1))
        m.d.comb += carried.eq(Mux(whole, BEAT_BYTES, stream.tkeep[0] + stream.tkeep[1] + stream.tkeep[2]))

        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += stream.tready.eq(~self.available)
                with m.If(beat):
                    m.d.sync += [
                        flags.eq(stream.tdata[16:24]), self.tag.eq(stream.tdata[24:]), framing.eq(~whole),
                        length.eq(0), beyond.eq(0), aborted.eq(self.abort),
                    ]  # fmt: skip
                    m.next = "BODY"
                    with m.If(stream.tlast):
                        m.next = "VERDICT"
            with m.State("BODY"):
                m.d.comb += stream.tready.eq(1)
                with m.If(self.abort):
                    m.d.sync += aborted.eq(1)
                with m.If(beat):
                    with m.If(~well_framed):
                        m.d.sync += framing.eq(1)
                    with m.If(length <= needed):
                        m.d.sync += length.eq(length + carried)
                    m.d.sync += beyond.eq(beyond + self._store(m, length))
                    with m.If(stream.tlast):
                        m.next = "VERDICT"
            with m.State("VERDICT"):
                m.next = "HEADER"
                with m.If(aborted | self.abort):
                    pass
                with m.Elif(causes.any()):
                    m.d.comb += self.dropped.eq(causes & (~causes + 1)[: len(FrameDrop)])
                with m.Else():
                    m.d.comb += [tracker.accept.eq(1), self.cut.eq(tracker.cut), self.saturated.eq(beyond)]
                    m.d.sync += [self.available.eq(1), self.first.eq(tracker.starts), self.last.eq(tracker.last)]
        with m.If(self.free | self.abort):
            m.d.sync += self.available.eq(0)
        return m

    def _store(self, m: Module, length: Value) -> Value:
        """Store the features of a beat, by how many bytes came before; returns how many of them were saturated."""
        bits, limit = self.design.formats.feature_bits, self.design.formats.feature_limit
        over = []
        for lane in range(PER_BEAT):
            value = Signal(signed(STREAM_FEATURE_BITS), name=f"value_{lane}")
            code = Signal(signed(bits), name=f"code_{lane}")
            there = Signal(name=f"there_{lane}")
            m.d.comb += [
                value.eq(self.stream.tdata.word_select(lane, STREAM_FEATURE_BITS)),
                code.eq(saturate(value, limit)),
                there.eq(length < (self.design.network.features - lane) * FEATURE_BYTES),
            ]
            over.append(there & (code != value))
            for index in range(lane, self.design.network.features, PER_BEAT):
                with m.If(length == (index - lane) * FEATURE_BYTES):
                    m.d.sync += self.features.word_select(index, bits).eq(code)
        return Cat(over)[0] + Cat(over)[1]


def _bit(flag: FrameFlag) -> int:
    return flag.bit_length() - 1
