"""How the sequencer and learning order each other's work."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.reservoir import RATIO_BITS
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class LearningControl(wiring.Signature):
    """What a sequencer and learning tell each other, seen from the sequencer; the latter half where the design replays,
    the last two where it heals.

    Ports:
        context_index: of the step at hand.
        step: the step at hand, whose words are streamed.
        keep_words: the words of the step are complete.
        start: the update of the sequence begins; its readout ends in this cycle.
        done: the update has ended.
        learning: an update is under way.
        holding: a reset would do harm now, to weights or reservoir.
        ratio: replays after a new sequence.
        stocked: the reservoir holds a sequence.
        next_sequence: with ``start`` of a new sequence.
        replaying: the sequence at hand is a replay.
        draw: asks for replay number ``replay_index``.
        replay_index: counts the replays after a new sequence.
        drawn: the replay is there.
        drawing: phase between ``draw`` and ``drawn``.
        insert: hands the new sequence to the reservoir.
        inserted: the reservoir has accepted it or not.
        inserting: phase between ``insert`` and ``inserted``.
        heal: a healing replay is asked for, and the reservoir holds a sequence.
        healing: the sequence at hand is a healing replay.
    """

    def __init__(self, design: DesignPoint) -> None:
        replay = {
            "ratio": In(RATIO_BITS),
            "stocked": In(1),
            "next_sequence": Out(1),
            "replaying": Out(1),
            "draw": Out(1),
            "replay_index": Out(RATIO_BITS),
            "drawn": In(1),
            "drawing": Out(1),
            "insert": Out(1),
            "inserted": In(1),
            "inserting": Out(1),
        }
        healing = {"heal": In(1), "healing": Out(1)}
        super().__init__(
            {
                "context_index": Out(unsigned_width(design.system.contexts - 1)),
                "step": Out(unsigned_width(design.network.max_steps - 1)),
                "keep_words": Out(1),
                "start": Out(1),
                "done": In(1),
                "learning": Out(1),
                "holding": Out(1),
                **(replay if design.capabilities.replays else {}),
                **(healing if design.capabilities.heals else {}),
            }
        )
