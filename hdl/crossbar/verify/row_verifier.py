"""Row verifier: reads rows that the weight window has pulsed, and corrects them until they read right."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.counters import CounterIncrements
from remora.hdl.lib.fixed import count_ones
from remora.hdl.macros.pairs.registry import pair_policy
from remora.hdl.macros.program_port import SENSE
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import signed_width

BYTE = 8


def verify_counts(rows: int) -> CounterIncrements:
    """What the counters of programmed rows grow by in a cycle, of so many rows at once."""
    counters = Counter.PROGRAMMED, Counter.UNVERIFIED, Counter.CORRECTIONS
    return CounterIncrements(dict.fromkeys(counters, rows.bit_length()))


class RowVerifier(wiring.Component):
    """``start`` takes ``rows``. Each is read ``verify_reads`` times, one after the other. A row whose average lies
    within ``verify_tolerance`` is verified. Every other takes one pulse towards its weight, all of them at once, of the
    device that the policy of pairs chooses from the sense flags. Then these rows are read again. It ends when all rows
    are verified, when none of the others can take a pulse, or after ``verify_pulses`` pulses.

    Selection and weights must stay until ``done``.

    Rules W3 and W4.

    Ports:
        start: begins; only while nothing is under way.
        rows: that are programmed, at least the first.
        weights: a signed byte a row, the first in the low bits.
        pos_rest: rows whose g⁺ is at rest; right while ``sensed``, as of all four flags.
        pos_full: rows whose g⁺ is at its upper end.
        neg_rest: rows whose g⁻ is at rest.
        neg_full: rows whose g⁻ is at its upper end.
        sensed: the flags are right.
        code: of the row that is read.
        read: high for one cycle at the end of a read, with ``code``.
        clear: forgets which rows are not verified; never while rows are under way.
        reading: a read is wanted, until ``read``.
        driven: the row that is read.
        up: rows that ``pulse`` raises.
        down: rows that ``pulse`` lowers.
        side: of each row, the side of the pair that the pulse is for.
        pulse: launches a pulse.
        done: high for one cycle, the last.
        unverified: rows that are not verified; as of ``done``, until ``start`` or ``clear``.
        counts: what the counters grow by: rows with ``done``, pulses with ``pulse``.

    Args:
        count: rows of a slice.
    """

    def __init__(self, design: DesignPoint, count: int) -> None:
        self.design, self.count = design, count
        super().__init__(
            {
                "start": In(1),
                "rows": In(count),
                "weights": In(BYTE * count),
                **dict.fromkeys(SENSE, In(count)),
                "sensed": In(1),
                "code": In(signed(design.formats.adc_bits)),
                "read": In(1),
                "clear": In(1),
                "reading": Out(1),
                "driven": Out(count),
                "up": Out(count),
                "down": Out(count),
                "side": Out(count),
                "pulse": Out(1),
                "done": Out(1),
                "unverified": Out(count),
                "counts": Out(verify_counts(count)),
            }
        )

    @property
    def pulsed(self) -> tuple[Signal, ...]:
        """``up``, ``down``, ``side`` and ``pulse``."""
        return self.up, self.down, self.side, self.pulse

    def elaborate(self, platform) -> Module:
        m = Module()
        crossbar, pending = self.design.crossbar, self.unverified
        row, tries = Signal(range(max(2, self.count))), Signal(range(crossbar.verify_pulses + 1))
        below, last = Signal(self.count), Signal()
        programmed = Signal(self.count)
        left = Signal(range(max(2, crossbar.verify_reads)))
        total, error = self._error(m, row)
        choice = pair_policy(self.design).choose(below, {name: getattr(self, name) for name in SENSE})
        moved = Signal(self.count)
        m.d.comb += [
            last.eq((programmed >> row >> 1) == 0),
            self.driven.eq(Cat(row == index for index in range(self.count))),
            self.up.eq(pending & ~choice.lowers & ~choice.blocked),
            self.down.eq(pending & choice.lowers),
            self.side.eq(choice.side),
            moved.eq(self.up | self.down),
            self.counts.programmed.eq(Mux(self.done, count_ones(programmed), 0)),
            self.counts.unverified.eq(Mux(self.done, count_ones(pending), 0)),
            self.counts.corrections.eq(Mux(self.pulse, count_ones(moved), 0)),
        ]
        with m.If(self.clear):
            m.d.sync += pending.eq(0)

        def next_row() -> None:
            m.d.sync += [total.eq(0), left.eq(crossbar.verify_reads - 1), row.eq(Mux(last, 0, row + 1))]
            with m.If(last):
                m.next = "CORRECT"
            with m.Else():
                m.next = "READ"

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [row.eq(0), tries.eq(0), total.eq(0), left.eq(crossbar.verify_reads - 1)]
                with m.If(self.start):
                    m.d.sync += [pending.eq(self.rows), programmed.eq(self.rows)]
                    m.next = "READ"
            with m.State("READ"):
                with m.If(pending.bit_select(row, 1)):
                    m.d.comb += self.reading.eq(1)
                    with m.If(self.read):
                        m.d.sync += [total.eq(total + self.code), left.eq(left - 1)]
                        with m.If(left == 0):
                            m.next = "CHECK"
                with m.Else():
                    next_row()
            with m.State("CHECK"):
                tolerance = crossbar.verify_tolerance
                m.d.sync += [
                    pending.bit_select(row, 1).eq((error > tolerance) | (error < -tolerance)),
                    below.bit_select(row, 1).eq(error < 0),
                ]
                next_row()
            with m.State("CORRECT"):
                with m.If(self.sensed):
                    with m.If(moved.any() & (tries != crossbar.verify_pulses)):
                        m.d.comb += self.pulse.eq(1)
                        m.d.sync += tries.eq(tries + 1)
                        m.next = "READ"
                    with m.Else():
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
        return m

    def _error(self, m: Module, row: Signal) -> tuple[Signal, Signal]:
        """The sum of a row's codes, and by how many codes their average exceeds its weight."""
        reads, fine = self.design.crossbar.verify_reads, self.design.fine_bits
        limit = self.design.formats.adc_limit
        total = Signal(signed(signed_width(reads * limit)))
        error = Signal(signed(signed_width(limit + (1 << BYTE - 1 + fine))))
        wanted = self.weights.word_select(row, BYTE).as_signed() << fine
        average = (total + (reads >> 1)) >> (reads.bit_length() - 1)
        m.d.comb += error.eq(average - wanted)
        return total, error
