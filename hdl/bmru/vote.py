"""Vote: counts the classes of the frames of a clip or of a sliding window, and raises the wake-up."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.bmru.settings import VOTE_BITS, VoteSettings
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.spec.bmru.design import BmruDesign


class Vote(wiring.Component):
    """Counts the classes of frames, and takes the vote over them.

    Rules V2 to V5.

    Ports:
        settings: of the clip, with ``prepare``.
        prepare: a frame begins.
        first: with ``prepare``, it is its clip's first.
        last: with ``prepare``, it is its clip's last.
        take: ``winner`` is valid, some cycles after ``prepare``.
        winner: the class of the frame.
        decide: the cycle after ``take``, in which the results are valid.
        frame_class: the winner taken; it stays until the next ``take``, as ``votes`` and ``majority`` do.
        votes: how many frames chose each class, class 0 in the low bits, of the clip so far, or of the last ``frames``
            frames of it where the vote slides.
        majority: the class with most, ties to the lower.
        voted: with ``decide``, the vote is taken: at the end of a clip, or at every frame where it slides.
        ended: with ``decide``, the clip ends.
        wake: with ``voted``, the majority is the wake class with at least ``threshold`` votes, and it was not so at the
            vote before in this clip.
    """

    def __init__(self, design: BmruDesign) -> None:
        self.design, classes = design, design.network.classes
        super().__init__(
            {
                "settings": In(VoteSettings()),
                "prepare": In(1),
                "first": In(1),
                "last": In(1),
                "take": In(1),
                "winner": In(design.network.class_bits),
                "decide": In(1),
                "frame_class": Out(design.network.class_bits),
                "votes": Out(classes * VOTE_BITS),
                "majority": Out(design.network.class_bits),
                "voted": Out(1),
                "ended": Out(1),
                "wake": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        depth = self.design.vote.frames
        small = self.design.system.small_memory_bits
        window = add_submodule(m, "window", Memory(width=self.design.network.class_bits, depth=depth, small_bits=small))
        frames, sliding = Signal(VOTE_BITS), Signal()
        wake_class, threshold = Signal.like(self.settings.wake_class), Signal(VOTE_BITS)
        last, was_awake = Signal(), Signal()
        filled = Signal(VOTE_BITS)  # frames in the window, or of the clip
        pointer = Signal(range(max(2, depth)))
        counts = [Signal(VOTE_BITS, name=f"count_{index}") for index in range(self.design.network.classes)]
        m.d.comb += [
            window.read.eq(self.prepare),
            window.read_address.eq(pointer),
            window.write.eq(self.take),
            window.write_address.eq(pointer),
            window.write_data.eq(self.winner),
            self.votes.eq(Cat(counts)),
        ]
        with m.If(self.prepare):
            m.d.sync += last.eq(self.last)
            with m.If(self.first):
                m.d.sync += [
                    frames.eq(self.settings.frames), sliding.eq(self.settings.sliding),
                    wake_class.eq(self.settings.wake_class), threshold.eq(self.settings.threshold),
                    filled.eq(0), pointer.eq(0), was_awake.eq(0), *(count.eq(0) for count in counts),
                ]  # fmt: skip
        full = Signal()
        m.d.comb += full.eq(sliding & (filled >= frames) & (filled != 0))
        with m.If(self.take):
            m.d.sync += [
                self.frame_class.eq(self.winner),
                filled.eq(filled + Mux(full, 0, 1)),
                pointer.eq(Mux(pointer + 1 >= frames, 0, pointer + 1)),
            ]
            for index, count in enumerate(counts):
                gained, lost = self.winner == index, full & (window.read_data == index)
                m.d.sync += count.eq(count + gained - lost)

        majority, most = _largest(counts)
        wanted = Signal()
        m.d.comb += [
            self.majority.eq(majority),
            self.voted.eq(self.decide & (sliding | last)),
            self.ended.eq(self.decide & last),
            # The wake class may lie beyond the classes, and then never wins.
            wanted.eq((majority == wake_class) & (most >= threshold)),
            self.wake.eq(self.voted & wanted & ~was_awake),
        ]
        with m.If(self.voted):
            m.d.sync += was_awake.eq(wanted)
        return m


def _largest(counts: list[Signal]) -> tuple[Value, Value]:
    """Index and value of the largest, ties to the lower index: a tree of comparisons."""
    entries: list[tuple[Value, Value]] = [(Const(index, 4), count) for index, count in enumerate(counts)]
    while len(entries) > 1:
        entries = [_larger(*entries[i : i + 2]) for i in range(0, len(entries), 2)]
    return entries[0]


def _larger(lower: tuple[Value, Value], higher: tuple[Value, Value] | None = None) -> tuple[Value, Value]:
    if higher is None:
        return lower
    better = higher[1] > lower[1]
    return Mux(better, higher[0], lower[0]), Mux(better, higher[1], lower[1])
