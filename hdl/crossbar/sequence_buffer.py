"""Sequence buffer: takes packets from AXI4-Stream, checks them, and holds two sequences for the engine."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.step_packer import StepPacker
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.hdl.lib.sequence import Sequence
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag

BANKS = 2


class SequenceBuffer(wiring.Component):
    """Store and forward, double-buffered: one sequence is received while another is read.

    Packets are described in :mod:`remora.spec.lib.packets`. A packet that is wrong is consumed to its end and
    forgotten; ``dropped[cause]`` is then high for one cycle (lowest cause only). A stream beat is accepted on every
    cycle while a bank is free, except for two cycles after a packet's end and below four features, where a step a cycle
    is stored.

    Ports:
        stream: packets.
        sequence: the older of the sequences held; ``free`` for one cycle frees its bank.
        abort: forgets the sequences held and the packet being received, whose rest is swallowed, not counted.
        dropped: one bit a cause, high for one cycle when a packet is dropped.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "stream": In(AxiStream(BEAT_BYTES)),
                "sequence": Out(Sequence(design)),
                "abort": In(1),
                "dropped": Out(len(Drop)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        network, stream, sequence = self.design.network, self.stream, self.sequence
        reader = sequence.steps
        packer = add_submodule(m, "packer", StepPacker(self.design))
        memory = add_submodule(
            m, "memory", Memory(width=FEATURE_BITS * network.features, depth=BANKS * network.max_steps)
        )

        full = Signal(BANKS)
        write_bank, read_bank = Signal(), Signal()
        lengths, headers = [Signal.like(reader.length) for _ in range(BANKS)], [Signal(32) for _ in range(BANKS)]

        # Steps of this packet, up to one more than fits.
        steps = Signal(range(network.max_steps + 2))
        header = Signal(32)
        framing = Signal()
        aborted = Signal()

        beat = stream.tvalid & stream.tready
        whole = stream.tkeep.all()
        # Bytes fill a last beat from below, without holes.
        well_framed = whole | (
            stream.tlast & ((stream.tkeep == 0b0001) | (stream.tkeep == 0b0011) | (stream.tkeep == 0b0111))
        )
        m.d.comb += [
            packer.beat_data.eq(stream.tdata),
            packer.beat_count.eq(Mux(whole, 4, stream.tkeep[0] + stream.tkeep[1] + stream.tkeep[2])),
            packer.beat_last.eq(stream.tlast),
        ]

        fits = steps < network.max_steps
        m.d.comb += [
            memory.write.eq(packer.step_valid & fits),
            memory.write_address.eq(Mux(write_bank, network.max_steps, 0) + steps),
            memory.write_data.eq(packer.step_data),
        ]
        with m.If(packer.step_valid & (steps <= network.max_steps)):
            m.d.sync += steps.eq(steps + 1)

        causes = Signal(len(Drop))
        label, flags = header[:16], header[16:24]
        m.d.comb += [
            causes[Drop.FRAMING].eq(framing),
            causes[Drop.HEADER].eq(self._refused(flags)),
            causes[Drop.LABEL].eq(flags[_bit(Flag.LABEL_VALID)] & (label >= network.classes)),
            causes[Drop.TRUNCATED].eq(packer.remainder | (steps == 0)),
            causes[Drop.TOO_LONG].eq(steps > network.max_steps),
        ]

        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += stream.tready.eq(~full.bit_select(write_bank, 1))
                m.d.sync += steps.eq(0)
                with m.If(beat):
                    m.d.sync += [header.eq(stream.tdata), framing.eq(~whole), aborted.eq(self.abort)]
                    m.next = "BODY"
                    with m.If(stream.tlast):
                        m.next = "VERDICT"
            with m.State("BODY"):
                m.d.comb += [stream.tready.eq(packer.beat_ready), packer.beat_valid.eq(stream.tvalid)]
                with m.If(beat & ~well_framed):
                    m.d.sync += framing.eq(1)
                with m.If(self.abort):
                    m.d.sync += aborted.eq(1)
                with m.If(packer.done):
                    self._check(m, aborted | self.abort, causes, full, write_bank, lengths, headers, steps, header)
                    m.next = "HEADER"
            with m.State("VERDICT"):
                # A packet of one beat, which the packer never saw.
                self._check(m, aborted | self.abort, causes, full, write_bank, lengths, headers, steps, header)
                m.next = "HEADER"

        m.d.comb += [
            reader.available.eq(full.bit_select(read_bank, 1)),
            reader.length.eq(Mux(read_bank, lengths[1], lengths[0])),
            Cat(sequence.label, sequence.flags, sequence.tag).eq(Mux(read_bank, headers[1], headers[0])),
            memory.read.eq(reader.read),
            memory.read_address.eq(Mux(read_bank, network.max_steps, 0) + reader.step),
            sequence.features.eq(memory.read_data),
        ]
        with m.If(reader.free):
            m.d.sync += [full.bit_select(read_bank, 1).eq(0), read_bank.eq(~read_bank)]
        with m.If(self.abort):
            m.d.sync += [full.eq(0), write_bank.eq(0), read_bank.eq(0)]
        return m

    def _refused(self, flags: Value) -> Value:
        """Nothing to do, or nothing that can be done."""
        infer, learn, labelled = (flags[_bit(flag)] for flag in (Flag.INFER, Flag.LEARN, Flag.LABEL_VALID))
        if not self.design.capabilities.learns:
            return ~infer | learn
        return Mux(learn, ~labelled, ~infer)

    def _check(self, m, aborted, causes, full, write_bank, lengths, headers, steps, header) -> None:
        """At a packet's end: keep it, or forget it and name the first cause."""
        with m.If(aborted):
            pass
        with m.Elif(causes.any()):
            m.d.comb += self.dropped.eq(causes & (~causes + 1)[: len(Drop)])
        with m.Else():
            m.d.sync += [full.bit_select(write_bank, 1).eq(1), write_bank.eq(~write_bank)]
            for bank in range(BANKS):
                with m.If(write_bank == Const(bank, 1)):
                    m.d.sync += [lengths[bank].eq(steps), headers[bank].eq(header)]


def _bit(flag: Flag) -> int:
    return flag.bit_length() - 1
