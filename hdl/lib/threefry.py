"""Threefry: the random number generator of :mod:`remora.spec.lib.rng` in hardware, one round a cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.lib.rng import KEY_PARITY, ROTATIONS, ROUNDS

WORD = 32


class Threefry(wiring.Component):
    """Threefry-2x32 of a 64-bit counter under a 64-bit key; no multiplier.

    Rule R1.

    Ports:
        start: takes the counter, in cycle t; one at any time starts anew.
        key_0: first word of the key, stable from t until ``done``.
        key_1: second word of the key, stable in the same way.
        counter_0: first word of the counter.
        counter_1: second word of the counter.
        done: low from t + 1 and high from t + `remora.spec.lib.rng.HASH_CYCLES` until the next start.
        word: first word of the hash, with ``done``.
        second_word: second word of the hash, with ``done``.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "key_0": In(WORD),
                "key_1": In(WORD),
                "counter_0": In(WORD),
                "counter_1": In(WORD),
                "done": Out(1),
                "word": Out(WORD),
                "second_word": Out(WORD),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        x0, x1 = Signal(WORD), Signal(WORD)
        number, running = Signal(range(ROUNDS)), Signal()
        schedule = (self.key_0, self.key_1, self.key_0 ^ self.key_1 ^ KEY_PARITY)

        rotated, mixed_0, mixed_1 = Signal(WORD), Signal(WORD), Signal(WORD)
        with m.Switch(number[:3]):
            for index, rotation in enumerate(ROTATIONS):
                with m.Case(index):
                    m.d.comb += rotated.eq(x1.rotate_left(rotation))
        m.d.comb += [mixed_0.eq(x0 + x1), mixed_1.eq(rotated ^ mixed_0)]

        with m.If(self.start):
            m.d.sync += [
                x0.eq(self.counter_0 + self.key_0),
                x1.eq(self.counter_1 + self.key_1),
                number.eq(0),
                running.eq(1),
                self.done.eq(0),
            ]
        with m.Elif(running):
            m.d.sync += [x0.eq(mixed_0), x1.eq(mixed_1), number.eq(number + 1)]
            # The key enters anew after every fourth round.
            with m.Switch(number):
                for after in range(3, ROUNDS, 4):
                    injection = after // 4 + 1
                    with m.Case(after):
                        m.d.sync += [
                            x0.eq(mixed_0 + schedule[injection % 3]),
                            x1.eq(mixed_1 + schedule[(injection + 1) % 3] + injection),
                        ]
            with m.If(number == ROUNDS - 1):
                m.d.sync += [running.eq(0), self.done.eq(1)]
        m.d.comb += [self.word.eq(x0), self.second_word.eq(x1)]
        return m
