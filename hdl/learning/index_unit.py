"""Index unit: an unbiased index below a bound, by masked rejection of random words."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.threefry import WORD, Threefry
from remora.spec.lib.rng import ATTEMPT_BITS, LANE_BITS

PURPOSE_BITS = WORD - ATTEMPT_BITS - LANE_BITS


class IndexUnit(wiring.Component):
    """:func:`remora.spec.lib.rng.uniform_index` for any bound of 1 … 2³² − 1; the attempt is part of the key, so no
    state is kept.

    The inputs are stable from ``start`` until ``done``, `remora.spec.crossbar.cycles.DRAW` cycles later and as many
    more for every attempt that is rejected (fewer than one on average). A word that is rejected at the last attempt is
    less than twice the bound, so its remainder is one subtraction.

    Rules R2 and R4.

    Ports:
        start: draws an index; high for one cycle.
        seed: of the random numbers.
        purpose: of the draw, as of `remora.spec.lib.rng.Purpose`.
        bound: the index is below it.
        number: of the sequence, n.
        replay_index: of the draw among those of this sequence.
        done: high for one cycle, with ``index``.
        index: holds until the next start.

    Args:
        attempts: as of ``uniform_index``.
    """

    def __init__(self, attempts: int = 1 << ATTEMPT_BITS) -> None:
        self.attempts = attempts
        super().__init__(
            {
                "start": In(1),
                "seed": In(WORD),
                "purpose": In(PURPOSE_BITS),
                "bound": In(WORD),
                "number": In(WORD),
                "replay_index": In(WORD),
                "done": Out(1),
                "index": Out(WORD),
            }
        )

    @property
    def module_name(self) -> str:
        """Units of fewer attempts have another name."""
        return "index_unit" if self.attempts == 1 << ATTEMPT_BITS else f"index_unit_{self.attempts}"

    def elaborate(self, platform) -> Module:
        m = Module()
        hash_ = add_submodule(m, "hash", Threefry())
        attempt = Signal(ATTEMPT_BITS)
        # The bound is there long before the first word is, so what is made of it waits in flip-flops.
        bound, largest, mask, candidate = Signal(WORD), Signal(WORD), Signal(WORD), Signal(WORD)
        smeared: Value = largest
        for shift in (1, 2, 4, 8, 16):
            smeared = smeared | smeared >> shift
        accepted = candidate < bound
        m.d.sync += [bound.eq(self.bound), largest.eq(bound - 1), mask.eq(smeared)]
        m.d.comb += [
            hash_.key_0.eq(self.seed),
            hash_.key_1.eq(Cat(Const(0, LANE_BITS), attempt, self.purpose)),
            hash_.counter_0.eq(self.number),
            hash_.counter_1.eq(self.replay_index),
            candidate.eq(hash_.word & mask),
        ]
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.comb += hash_.start.eq(1)
                    m.next = "HASH"
            with m.State("HASH"):
                with m.If(hash_.done):
                    m.d.sync += attempt.eq(attempt + 1)
                    m.next = "AGAIN"
                    with m.If(accepted | (attempt == self.attempts - 1)):
                        m.d.sync += [self.index.eq(Mux(accepted, candidate, candidate - bound)), attempt.eq(0)]
                        m.next = "DONE"
            with m.State("AGAIN"):
                m.d.comb += hash_.start.eq(1)
                m.next = "HASH"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m
