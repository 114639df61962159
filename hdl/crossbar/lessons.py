"""Lessons: what follows the readout of a sequence that learns: its update, its replays, its insertion; and healing."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.reservoir import RATIO_BITS
from remora.spec.crossbar.design import DesignPoint


class Lessons(wiring.Component):
    """``start`` begins an update. After it, ``ratio`` times while the reservoir is ``stocked``, ``draw`` asks for
    replay number ``replay_index``; with ``drawn`` the sequence runs again, ``replaying``, and comes back with
    ``start``. After the last one ``insert`` hands the new sequence to the reservoir. ``ended`` comes with the end of
    the last of these.

    ``heal`` begins a healing replay: it is drawn, runs and is learnt in the same way, and ``ended`` comes with the end
    of its update.

    Rules M2 and M11.

    Ports:
        start: the readout of a sequence that learns, or of a replay, ends in this cycle.
        done: the update has ended.
        learning: an update is under way.
        ended: the sequence is done with.
        ratio: replays after a new sequence; this and what follows in a design that replays.
        stocked: the reservoir holds a sequence.
        replaying: the sequence at hand is a replay.
        draw: asks for replay number ``replay_index``.
        replay_index: counts the replays after a new sequence.
        drawn: the replay is there, and runs from now on.
        drawing: phase between ``draw`` and ``drawn``.
        insert: hands the new sequence to the reservoir.
        inserted: the reservoir has accepted it or not.
        inserting: phase between ``insert`` and ``inserted``.
        heal: a healing replay begins, of a design that heals; never while a sequence is at hand.
        healing: the sequence at hand is a healing replay, until it has ended.
    """

    def __init__(self, design: DesignPoint) -> None:
        self.design = design
        replay = {
            "ratio": In(RATIO_BITS),
            "stocked": In(1),
            "replaying": Out(1),
            "draw": Out(1),
            "replay_index": Out(RATIO_BITS),
            "drawn": In(1),
            "drawing": Out(1),
            "insert": Out(1),
            "inserted": In(1),
            "inserting": Out(1),
        }
        super().__init__(
            {
                "start": In(1),
                "done": In(1),
                "learning": Out(1),
                "ended": Out(1),
                **(replay if design.capabilities.replays else {}),
                **({"heal": In(1), "healing": Out(1)} if design.capabilities.heals else {}),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        replays, heals = self.design.capabilities.replays, self.design.capabilities.heals
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.next = "LEARN"
                if heals:
                    with m.If(self.heal):
                        m.d.sync += [self.healing.eq(1), self.replay_index.eq(0)]
                        m.next = "DRAW"
            with m.State("LEARN"):
                m.d.comb += self.learning.eq(1)
                with m.If(self.done):
                    if heals:
                        with m.If(self.healing):
                            m.d.comb += self.ended.eq(1)
                            m.d.sync += [self.healing.eq(0), self.replaying.eq(0)]
                            m.next = "IDLE"
                        with m.Else():
                            self._replay_or_insert(m)
                    elif replays:
                        self._replay_or_insert(m)
                    else:
                        m.d.comb += self.ended.eq(1)
                        m.next = "IDLE"
            if replays:
                self._replay(m)
        return m

    def _replay_or_insert(self, m: Module) -> None:
        """After an update: the next replay, where there is one, else the insertion."""
        done = Signal(RATIO_BITS + 1)
        """Replays so far."""
        m.d.comb += done.eq(Mux(self.replaying, self.replay_index + 1, 0))
        m.next = "INSERT"
        with m.If(self.stocked & (done < self.ratio)):
            m.d.sync += self.replay_index.eq(done)
            m.next = "DRAW"

    def _replay(self, m: Module) -> None:
        with m.State("DRAW"):
            m.d.comb += [self.draw.eq(1), self.drawing.eq(1)]
            m.d.sync += self.replaying.eq(1)
            m.next = "DRAWN"
        with m.State("DRAWN"):
            m.d.comb += self.drawing.eq(1)
            with m.If(self.drawn):
                m.next = "IDLE"
        with m.State("INSERT"):
            m.d.comb += [self.insert.eq(1), self.inserting.eq(1)]
            # From here on features are the new sequence's again.
            m.d.sync += self.replaying.eq(0)
            m.next = "INSERTED"
        with m.State("INSERTED"):
            m.d.comb += [self.inserting.eq(1), self.ended.eq(self.inserted)]
            with m.If(self.inserted):
                m.next = "IDLE"
