"""Scan loader: brings codes into the BMRU core's chain, and finds out whether they arrived."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import chain_bits
from remora.spec.lib.registers import WORD_BITS, WORD_BYTES

CRC_START = 0xFFFFFFFF
CRC_POLYNOMIAL = 0xEDB88320
"""Of CRC-32 (IEEE 802.3), reflected, as `remora.spec.bmru.scan.check_word` has it."""


class ScanHost(wiring.Signature):
    """The way to the codes, seen from the registers; see the scan window in ``spec/bmru/registers.rdl``.

    Ports:
        load: command: takes words, shifts them in, checks and latches them.
        verify: command: checks the latches.
        read: command: shows the latches.
        check: the check word that a load or a verification must give.
        data_write: while ``wants_word``, gives a word.
        data_value: that word.
        data_strobes: the bytes of it that count.
        data_read: while ``has_word``, takes a word.
        data_read_value: that word.
        busy: a command is under way.
        wants_word: a load takes a word.
        has_word: a read has a word.
        written_wrong: until the next load or verification, the check word of what was written was wrong.
        chain_wrong: in the same way, that of the chain.
        latches_wrong: in the same way, that of the latches.
        found: the last check word.
        done: high for one cycle at the end of a command.
        failed: with ``done``, a check word was wrong.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "load": Out(1),
                "verify": Out(1),
                "read": Out(1),
                "check": Out(WORD_BITS),
                "data_write": Out(1),
                "data_value": Out(WORD_BITS),
                "data_strobes": Out(WORD_BYTES),
                "data_read": Out(1),
                "data_read_value": In(WORD_BITS),
                "busy": In(1),
                "wants_word": In(1),
                "has_word": In(1),
                "written_wrong": In(1),
                "chain_wrong": In(1),
                "latches_wrong": In(1),
                "found": In(WORD_BITS),
                "done": In(1),
                "failed": In(1),
            }
        )


class ScanLoader(wiring.Component):
    """Three commands, each a strobe while not ``busy``; of several at once the first counts.

    ``load``: words are shifted in. After the last bit the check word of what was written is compared with ``check``;
    then that of the chain, which is shifted round once; only then are the codes latched, captured again, and shifted
    round once more. ``verify``: the last part alone. ``read``: the latches are captured and shifted round.

    The strobes of the chain are those of `remora.hdl.bmru.core.CoreMacro`; a pass takes a cycle a bit, whole words,
    and one more to shift round. They come straight from flip-flops.

    Rules A2 to A4.

    Ports:
        host: what the registers set and read.
        doubted: for one cycle when a load or a verification begins.
        trusted: for one cycle when one ends well.
        scan_enable: shifts the chain by a bit.
        scan_in: the bit that enters it.
        scan_capture: the chain takes the latches.
        scan_latch: the latches take the chain.
        scan_out: the bit that leaves it.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        super().__init__(
            {
                "host": In(ScanHost()),
                "doubted": Out(1),
                "trusted": Out(1),
                "scan_enable": Out(1),
                "scan_in": Out(1),
                "scan_capture": Out(1),
                "scan_latch": Out(1),
                "scan_out": In(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m, host = Module(), self.host
        bits = chain_bits(self.design)
        word, crc = Signal(WORD_BITS), Signal(WORD_BITS, init=CRC_START)
        shifted = Signal(range(bits + 1))  # bits of this pass so far
        position = Signal(range(WORD_BITS))  # in the word
        inside = Signal()  # this bit is one of the chain, not one that fills the last word
        latched, reading = Signal(), Signal()
        mask = Cat(strobe.replicate(8) for strobe in host.data_strobes)
        m.d.comb += [inside.eq(shifted != bits), host.data_read_value.eq(word), host.busy.eq(1)]
        # The strobes of the chain are registers: what a state asks for, the chain does in the next cycle.
        m.d.sync += [self.scan_enable.eq(0), self.scan_capture.eq(0), self.scan_latch.eq(0)]
        leaving, was_inside = Signal(), Signal()  # the chain shows a bit, or what fills its last word
        m.d.sync += leaving.eq(0)

        def begin_pass() -> None:
            m.d.sync += [crc.eq(CRC_START), shifted.eq(0), position.eq(0)]

        def shift() -> None:
            m.d.sync += [self.scan_enable.eq(inside), shifted.eq(shifted + inside), position.eq(position + 1)]

        def shift_round() -> None:
            shift()
            m.d.sync += [leaving.eq(1), was_inside.eq(inside)]

        def check(bit: Value) -> None:
            m.d.sync += crc.eq((crc >> 1) ^ Mux(crc[0] ^ bit, CRC_POLYNOMIAL, 0))

        whole, ended = position == WORD_BITS - 1, shifted + inside == bits
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += host.busy.eq(0)
                begin_pass()
                with m.If(host.load | host.verify):
                    m.d.comb += self.doubted.eq(1)
                    m.d.sync += [latched.eq(~host.load), reading.eq(0)]
                    m.d.sync += Cat(host.written_wrong, host.chain_wrong, host.latches_wrong).eq(0)
                    m.next = "CAPTURE"
                    with m.If(host.load):
                        m.next = "FILL"
                with m.Elif(host.read):
                    m.d.sync += reading.eq(1)
                    m.next = "CAPTURE"
            with m.State("FILL"):
                m.d.comb += host.wants_word.eq(1)
                with m.If(host.data_write):
                    m.d.sync += word.eq(host.data_value & mask)
                    m.next = "SHIFT"
            with m.State("SHIFT"):
                shift()
                check(word[0] & inside)
                m.d.sync += [self.scan_in.eq(word[0]), word.eq(word >> 1)]
                with m.If(whole):
                    m.next = "FILL"
                    with m.If(ended):
                        m.next = "CHECK_WRITTEN"
            with m.State("CHECK_WRITTEN"):
                m.d.sync += host.found.eq(~crc)
                begin_pass()
                m.next = "ROTATE"
                with m.If(~crc != host.check):
                    m.d.sync += host.written_wrong.eq(1)
                    m.next = "FAILED"
            with m.State("CAPTURE"):
                m.d.sync += self.scan_capture.eq(1)
                begin_pass()
                m.next = "ROTATE"
                with m.If(reading):
                    m.next = "FETCH"
            with m.State("ROTATE"):
                shift_round()
                with m.If(whole & ended):
                    m.next = "LEAVE"
            with m.State("LEAVE"):  # in which the last bit does
                m.next = "CHECK_CHAIN"
                with m.If(reading):
                    m.next = "HOLD"
            with m.State("CHECK_CHAIN"):
                m.d.sync += host.found.eq(~crc)
                with m.If(~crc != host.check):
                    m.d.sync += [host.chain_wrong.eq(~latched), host.latches_wrong.eq(latched)]
                    m.next = "FAILED"
                with m.Elif(latched):
                    m.d.comb += self.trusted.eq(1)
                    m.next = "DONE"
                with m.Else():
                    m.next = "LATCH"
            with m.State("LATCH"):
                m.d.sync += [self.scan_latch.eq(1), latched.eq(1)]
                m.next = "CAPTURE"
            with m.State("FETCH"):
                shift_round()
                with m.If(whole):
                    m.next = "LEAVE"
            with m.State("HOLD"):
                m.d.comb += host.has_word.eq(1)
                with m.If(host.data_read):
                    m.next = "FETCH"
                    with m.If(~inside):
                        m.d.sync += host.found.eq(~crc)
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += host.done.eq(1)
                m.next = "IDLE"
            with m.State("FAILED"):
                m.d.comb += [host.done.eq(1), host.failed.eq(1)]
                m.next = "IDLE"

        with m.If(leaving):
            bit = self.scan_out & was_inside
            check(bit)
            m.d.sync += [word.eq(Cat(word[1:], bit)), self.scan_in.eq(bit)]
            # A bit enters a shift after it left, so the chain is whole again after one shift more than it has bits.
            with m.If(was_inside & ~inside):
                m.d.sync += self.scan_enable.eq(1)
        return m
