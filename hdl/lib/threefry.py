"""Threefry: the random number generator of :mod:`remora.spec.lib.rng` in hardware, one round a cycle or all at once."""

from __future__ import annotations

from contextlib import nullcontext

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.rng import HASH_CYCLES, KEY_PARITY, LANE_BITS, ROTATIONS, ROUNDS

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


class ThreefryPipeline(wiring.Component):
    """The same hash with a stage a round: a start in every cycle, whose numbers come out in the same order.

    A draw carries its lane along; whatever else the key holds is stable while any draw is under way.

    Rule R1.

    Ports:
        start: takes the counter and the lane, in cycle t.
        key_0: first word of the key.
        key_1: second word of the key but for the lane, which is its low `LANE_BITS`.
        lane: of this draw.
        counter_0: first word of the counter.
        counter_1: second word of the counter.
        done: high in cycle t + `remora.spec.lib.rng.HASH_CYCLES`.
        word: first word of the hash, with ``done``.
        second_word: second word of the hash, with ``done``.

        advance: of a hash that waits, every draw goes on by a stage; while low, none begins.

    Args:
        lanes: how many lanes are drawn for; a lane is below it.
        waits: whether it waits. Then a draw takes so many cycles in which ``advance`` is high.
    """

    def __init__(self, lanes: int, waits: bool = False) -> None:
        self.lane_bits, self.waits = unsigned_width(lanes - 1), waits
        self.module_name = f"threefry_{'waiting_' if waits else ''}pipeline_{lanes}"
        super().__init__(
            {
                "start": In(1),
                "key_0": In(WORD),
                "key_1": In(WORD - LANE_BITS),
                "lane": In(self.lane_bits),
                "counter_0": In(WORD),
                "counter_1": In(WORD),
                "done": Out(1),
                "word": Out(WORD),
                "second_word": Out(WORD),
                **({"advance": In(1)} if waits else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        with m.If(self.advance) if self.waits else nullcontext():
            done, word, second_word = self._stages(m)
        m.d.comb += [self.done.eq(done), self.word.eq(word), self.second_word.eq(second_word)]
        return m

    def _stages(self, m: Module) -> tuple[Value, Value, Value]:
        """A stage that takes the counter, and one a round."""
        started = Signal(HASH_CYCLES)
        m.d.sync += started.eq(Cat(self.start, started))

        def stage(name: str, x0: Value, x1: Value, lane: Value) -> tuple[Signal, Signal, Signal]:
            # Numbers that nobody asked for are of no use, so no reset need reach them.
            kept = (
                Signal(WORD, name=f"x0_{name}", reset_less=True),
                Signal(WORD, name=f"x1_{name}", reset_less=True),
                Signal(self.lane_bits, name=f"lane_{name}", reset_less=True),
            )
            m.d.sync += [signal.eq(value) for signal, value in zip(kept, (x0, x1, lane), strict=True)]
            return kept

        def schedule(lane: Value) -> tuple[Value, Value, Value]:
            key_1 = Cat(lane, Const(0, LANE_BITS - self.lane_bits), self.key_1)
            return self.key_0, key_1, self.key_0 ^ key_1 ^ KEY_PARITY

        k0, k1, _ = schedule(self.lane)
        x0, x1, lane = stage("counter", self.counter_0 + k0, self.counter_1 + k1, self.lane)
        for number in range(ROUNDS):
            mixed_0 = (x0 + x1)[:WORD]
            mixed_1 = x1.rotate_left(ROTATIONS[number % len(ROTATIONS)]) ^ mixed_0
            if number % 4 == 3:
                injection, keys = number // 4 + 1, schedule(lane)
                mixed_0, mixed_1 = mixed_0 + keys[injection % 3], mixed_1 + keys[(injection + 1) % 3] + injection
            x0, x1, lane = stage(str(number), mixed_0, mixed_1, lane)
        return started[-1], x0, x1
