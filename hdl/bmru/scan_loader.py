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

HOST_MEMBERS = {
    "load": In(1),
    "verify": In(1),
    "read": In(1),
    "check": In(WORD_BITS),
    "data_write": In(1),
    "data_value": In(WORD_BITS),
    "data_strobes": In(WORD_BYTES),
    "data_read": In(1),
    "data_read_value": Out(WORD_BITS),
    "busy": Out(1),
    "wants_word": Out(1),
    "has_word": Out(1),
    "written_wrong": Out(1),
    "chain_wrong": Out(1),
    "latches_wrong": Out(1),
    "found": Out(WORD_BITS),
    "done": Out(1),
    "failed": Out(1),
}
"""The registers' side; see the scan window in ``spec/bmru/registers.rdl``."""


class ScanLoader(wiring.Component):
    """Three commands, each a strobe while not ``busy``; of several at once the first counts.

    ``load``: a word is taken with ``data_write`` while ``wants_word``, and shifted in. After the last bit the check
    word of what was written is compared with ``check``; then that of the chain, which is shifted round once; only then
    are the codes latched, captured again, and shifted round once more. ``verify``: the last part alone. ``read``: the
    latches are captured and shifted round, ``data_read_value`` has the next word while ``has_word``; ``data_read``
    takes it.

    ``done`` for one cycle at the end, with ``failed`` where a check word was wrong; ``written_wrong``, ``chain_wrong``
    or ``latches_wrong`` then says which until the next load or verification, and ``found`` the last check word.
    ``doubted`` for one cycle when a load or a verification begins, ``trusted`` when one ends well.

    The strobes of the chain are those of `remora.hdl.bmru.core.CoreMacro`; a pass takes a cycle a bit, whole words.

    Rules A2 to A4.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design = design
        super().__init__(
            {
                **HOST_MEMBERS,
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
        m = Module()
        bits = chain_bits(self.design)
        word, crc = Signal(WORD_BITS), Signal(WORD_BITS, init=CRC_START)
        shifted = Signal(range(bits + 1))  # bits of this pass so far
        position = Signal(range(WORD_BITS))  # in the word
        inside = Signal()  # this bit is one of the chain, not one that fills the last word
        latched, reading = Signal(), Signal()
        bit, mask = Signal(), Cat(strobe.replicate(8) for strobe in self.data_strobes)
        m.d.comb += [inside.eq(shifted != bits), self.data_read_value.eq(word), self.busy.eq(1)]

        def begin_pass() -> None:
            m.d.sync += [crc.eq(CRC_START), shifted.eq(0), position.eq(0)]

        def pass_bit(value: Value) -> None:
            """Shift by one bit, count it, check it."""
            m.d.comb += [bit.eq(value & inside), self.scan_enable.eq(inside), self.scan_in.eq(bit)]
            m.d.sync += [
                crc.eq((crc >> 1) ^ Mux(crc[0] ^ bit, CRC_POLYNOMIAL, 0)),
                shifted.eq(shifted + inside),
                position.eq(position + 1),
            ]

        whole, ended = position == WORD_BITS - 1, shifted + inside == bits
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                begin_pass()
                with m.If(self.load | self.verify):
                    m.d.comb += self.doubted.eq(1)
                    m.d.sync += [latched.eq(~self.load), reading.eq(0)]
                    m.d.sync += Cat(self.written_wrong, self.chain_wrong, self.latches_wrong).eq(0)
                    m.next = "CAPTURE"
                    with m.If(self.load):
                        m.next = "FILL"
                with m.Elif(self.read):
                    m.d.sync += reading.eq(1)
                    m.next = "CAPTURE"
            with m.State("FILL"):
                m.d.comb += self.wants_word.eq(1)
                with m.If(self.data_write):
                    m.d.sync += word.eq(self.data_value & mask)
                    m.next = "SHIFT"
            with m.State("SHIFT"):
                pass_bit(word[0])
                m.d.sync += word.eq(word >> 1)
                with m.If(whole):
                    m.next = "FILL"
                    with m.If(ended):
                        m.next = "CHECK_WRITTEN"
            with m.State("CHECK_WRITTEN"):
                m.d.sync += self.found.eq(~crc)
                begin_pass()
                m.next = "ROTATE"
                with m.If(~crc != self.check):
                    m.d.sync += self.written_wrong.eq(1)
                    m.next = "FAILED"
            with m.State("CAPTURE"):
                m.d.comb += self.scan_capture.eq(1)
                begin_pass()
                m.next = "ROTATE"
                with m.If(reading):
                    m.next = "FETCH"
            with m.State("ROTATE"):
                pass_bit(self.scan_out)
                with m.If(whole & ended):
                    m.next = "CHECK_CHAIN"
            with m.State("CHECK_CHAIN"):
                m.d.sync += self.found.eq(~crc)
                with m.If(~crc != self.check):
                    m.d.sync += [self.chain_wrong.eq(~latched), self.latches_wrong.eq(latched)]
                    m.next = "FAILED"
                with m.Elif(latched):
                    m.d.comb += self.trusted.eq(1)
                    m.next = "DONE"
                with m.Else():
                    m.next = "LATCH"
            with m.State("LATCH"):
                m.d.comb += self.scan_latch.eq(1)
                m.d.sync += latched.eq(1)
                m.next = "CAPTURE"
            with m.State("FETCH"):
                pass_bit(self.scan_out)
                m.d.sync += word.eq(Cat(word[1:], bit))
                with m.If(whole):
                    m.next = "HOLD"
            with m.State("HOLD"):
                m.d.comb += self.has_word.eq(1)
                with m.If(self.data_read):
                    m.next = "FETCH"
                    with m.If(~inside):
                        m.d.sync += self.found.eq(~crc)
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
            with m.State("FAILED"):
                m.d.comb += [self.done.eq(1), self.failed.eq(1)]
                m.next = "IDLE"
        return m
