"""Sequence buffer: takes packets from AXI4-Stream, checks them, and holds their sequences for the engine."""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.crossbar.step_packer import StepPacker
from remora.hdl.lib.axi import AxiStream
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.hdl.lib.sequence import Sequences
from remora.hdl.lib.steps import lowest
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag


class SequenceBuffer(wiring.Component):
    """Store and forward: one sequence is received while others are read, each in a bank of its own.

    There is one bank more than contexts. Banks become free in any order, and a packet goes into the lowest free one; a
    queue of bank numbers keeps the order of arrival.

    Packets are described in :mod:`remora.spec.lib.packets`. A packet that is wrong is consumed to its end and
    forgotten; ``dropped[cause]`` is then high for one cycle (lowest cause only). A stream beat is accepted on every
    cycle while a bank is free, except for two cycles after a packet's end and below four features, where a step a cycle
    is stored.

    Ports:
        stream: packets.
        sequences: those that are held.
        abort: forgets the sequences held and the packet being received, whose rest is swallowed, not counted.
        dropped: one bit a cause, high for one cycle when a packet is dropped.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        super().__init__(
            {
                "stream": In(AxiStream(BEAT_BYTES)),
                "sequences": Out(Sequences(design)),
                "abort": In(1),
                "dropped": Out(len(Drop)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        network, stream, banks = self.design.network, self.stream, self.design.banks
        reader, header_port = self.sequences.reader, self.sequences.header
        packer = add_submodule(m, "packer", StepPacker(self.design))
        small = self.design.system.small_memory_bits
        width, depth = FEATURE_BITS * network.features, banks * network.max_steps
        memory = add_submodule(m, "memory", Memory(width=width, depth=depth, small_bits=small))

        # Banks that hold a sequence, and the bank that takes the next packet.
        full, write_bank = Signal(banks), Signal.like(reader.bank)
        lengths = Array(
            Signal.like(header_port.length, name=f"length_{bank}", reset_less=True) for bank in range(banks)
        )
        headers = Array(Signal(32, name=f"header_{bank}", reset_less=True) for bank in range(banks))

        # Steps of this packet, up to one more than fits.
        steps = Signal(range(network.max_steps + 2))
        header = Signal(32, reset_less=True)
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
            memory.write_address.eq(write_bank * network.max_steps + steps),
            memory.write_data.eq(packer.step_data),
        ]
        with m.If(packer.step_valid & (steps <= network.max_steps)):
            m.d.sync += steps.eq(steps + 1)

        causes, accepted = Signal(len(Drop)), Signal()
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
                m.d.comb += stream.tready.eq(~full.all())
                m.d.sync += steps.eq(0)
                with m.If(beat):
                    m.d.sync += [header.eq(stream.tdata), framing.eq(~whole), aborted.eq(self.abort)]
                    m.d.sync += write_bank.eq(lowest(m, ~full, "free_bank"))
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
                    self._check(m, aborted | self.abort, causes, accepted)
                    m.next = "HEADER"
            with m.State("VERDICT"):
                # A packet of one beat, which the packer never saw.
                self._check(m, aborted | self.abort, causes, accepted)
                m.next = "HEADER"

        arrived = self._arrived(m, accepted, write_bank, lengths, headers)
        m.d.comb += [
            header_port.length.eq(lengths[header_port.bank]),
            Cat(header_port.label, header_port.flags, header_port.tag).eq(headers[header_port.bank]),
            memory.read.eq(reader.read),
            memory.read_address.eq(reader.bank * network.max_steps + reader.step),
            reader.features.eq(memory.read_data),
        ]
        with m.If(accepted):
            m.d.sync += [
                full.bit_select(write_bank, 1).eq(1),
                lengths[write_bank].eq(steps),
                headers[write_bank].eq(header),
            ]
        with m.If(header_port.free):
            m.d.sync += full.bit_select(header_port.bank, 1).eq(0)
        with m.If(self.abort):
            m.d.sync += [full.eq(0), arrived.eq(0)]
        return m

    def _arrived(self, m: Module, accepted: Signal, write_bank: Signal, lengths: Array, headers: Array) -> Signal:
        """The queue of the banks whose sequences wait, the oldest first; returns how many there are."""
        port, banks = self.sequences.arrived, self.design.banks
        queue, count = (
            [Signal.like(write_bank, name=f"arrived_{entry}") for entry in range(banks)],
            Signal(range(banks + 1)),
        )
        m.d.comb += [
            port.available.eq(count != 0),
            port.bank.eq(queue[0]),
            port.length.eq(lengths[port.bank]),
            port.flags.eq(headers[port.bank][16:24]),
        ]
        m.d.sync += count.eq(count + accepted - port.take)
        with m.If(port.take):
            m.d.sync += [entry.eq(behind) for entry, behind in pairwise(queue)]
        end = Signal.like(count)
        m.d.comb += end.eq(count - port.take)
        for index, entry in enumerate(queue):
            with m.If(accepted & (end == index)):
                m.d.sync += entry.eq(write_bank)
        return count

    def _refused(self, flags: Value) -> Value:
        """Nothing to do, or nothing that can be done."""
        infer, learn, labelled = (flags[_bit(flag)] for flag in (Flag.INFER, Flag.LEARN, Flag.LABEL_VALID))
        if not self.design.capabilities.learns:
            return ~infer | learn
        return Mux(learn, ~labelled, ~infer)

    def _check(self, m: Module, aborted: Value, causes: Signal, accepted: Signal) -> None:
        """At a packet's end: keep it, or forget it and name the first cause."""
        with m.If(aborted):
            pass
        with m.Elif(causes.any()):
            m.d.comb += self.dropped.eq(causes & (~causes + 1)[: len(Drop)])
        with m.Else():
            m.d.comb += accepted.eq(1)


def _bit(flag: Flag) -> int:
    return flag.bit_length() - 1
