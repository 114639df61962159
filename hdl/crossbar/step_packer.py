"""Step packer: from 32-bit beats to one word a step."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.lib.packets import BEAT_BYTES


class StepPacker(wiring.Component):
    """Cuts the bytes of a packet, contiguous across steps, into steps of ``features`` bytes.

    One beat a cycle from four features up, one step a cycle below. Steps cannot be stalled.

    Rule N6.

    Ports:
        beat_data: bytes of a beat, the first in the low byte.
        beat_count: how many of them count; fewer than four only in a packet's last beat.
        beat_last: the beat is the packet's last.
        beat_valid: there is a beat.
        beat_ready: the beat is taken.
        step_data: the bytes of a step.
        step_valid: high for one cycle a step.
        done: high for one cycle when the last beat's steps are out; the packer is then empty again.
        remainder: with ``done``, bytes are left over.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.features = design.network.features
        super().__init__(
            {
                "beat_data": In(8 * BEAT_BYTES),
                "beat_count": In(range(BEAT_BYTES + 1)),
                "beat_last": In(1),
                "beat_valid": In(1),
                "beat_ready": Out(1),
                "step_data": Out(FEATURE_BITS * self.features),
                "step_valid": Out(1),
                "done": Out(1),
                "remainder": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        features = self.features
        # The newest beat enters at the top, so that a step's end is at most three bytes below it.
        shift = Signal(8 * (features + BEAT_BYTES - 1), reset_less=True)
        level = Signal(range(features + BEAT_BYTES))
        """Bytes that wait, of this step and later ones."""
        padding = Signal(range(BEAT_BYTES + 1))
        """Bytes that the last beat was short of four."""
        last = Signal()

        complete = Signal()
        start = Signal(range(BEAT_BYTES))
        after_step = Signal.like(level)
        m.d.comb += [
            complete.eq(level >= features),
            start.eq(features + BEAT_BYTES - 1 - level - padding),
            after_step.eq(Mux(complete, level - features, level)),
            self.step_valid.eq(complete),
            self.beat_ready.eq(~last & (after_step < features)),
            self.done.eq(last & ~complete),
            self.remainder.eq(level != 0),
        ]
        with m.Switch(start):
            for byte in range(BEAT_BYTES):
                with m.Case(byte):
                    m.d.comb += self.step_data.eq(shift[8 * byte : 8 * (byte + features)])
        m.d.sync += level.eq(after_step)
        with m.If(self.beat_valid & self.beat_ready):
            m.d.sync += [
                shift.eq(Cat(shift, self.beat_data)[32:]),
                level.eq(after_step + self.beat_count),
                padding.eq(BEAT_BYTES - self.beat_count),
                last.eq(self.beat_last),
            ]
        with m.If(self.done):
            m.d.sync += [level.eq(0), last.eq(0), padding.eq(0)]
        return m
