"""What the registers set and read of learning."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.reservoir import RATIO_BITS
from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, MOST_VERIFY_FEEDBACK
from remora.spec.lib.fixed import unsigned_width

COLUMNS_BITS = 16


class LearningHost(wiring.Signature):
    """Settings and progress of learning, seen from the registers; settings change only while the core is halted.

    Ports:
        seed: of all random numbers.
        hidden_rate_shift: halvings of the hidden layer's rate.
        readout_rate_shift: halvings of the readout's rate.
        winners: hidden units that learn, of a design that selects.
        verify_feedback: eighths of what pulses missed that return to accumulators, of a design that verifies.
        load_updates: sets ``updates`` to ``updates_value``; only while the core is halted.
        updates_value: what is loaded.
        updates: q, the number of the present or last update.
        columns_done: columns of that update that are committed or skipped.
        updating: the last update was cut short, after ``columns_done`` columns, or is under way.
    """

    def __init__(self, design: DesignPoint) -> None:
        feedback = unsigned_width(MOST_VERIFY_FEEDBACK)
        super().__init__(
            {
                "seed": Out(WORD),
                "hidden_rate_shift": Out(MOST_RATE_SHIFT.bit_length()),
                "readout_rate_shift": Out(MOST_RATE_SHIFT.bit_length()),
                **({"winners": Out(unsigned_width(design.network.hidden))} if design.capabilities.selects else {}),
                **({"verify_feedback": Out(feedback)} if design.capabilities.verifies_learning else {}),
                "load_updates": Out(1),
                "updates_value": Out(WORD),
                "updates": In(WORD),
                "columns_done": In(COLUMNS_BITS),
                "updating": In(1),
            }
        )


class ReplayHost(wiring.Signature):
    """Settings and counts of the reservoir, seen from the registers; all change only while the core is halted.

    Ports:
        ratio: replays after a new sequence.
        freeze: the reservoir accepts nothing more.
        clear: sets ``presented`` and ``filled`` to 0.
        load: sets them to ``presented_value`` and ``filled_value``.
        presented_value: what is loaded.
        filled_value: what is loaded.
        presented: n, the number of training sequences so far.
        filled: how many sequences are held.
        pending: sequence n was begun and not inserted.
    """

    def __init__(self, design: DesignPoint) -> None:
        filled = unsigned_width(design.learning.replay_capacity)
        super().__init__(
            {
                "ratio": Out(RATIO_BITS),
                "freeze": Out(1),
                "clear": Out(1),
                "load": Out(1),
                "presented_value": Out(WORD),
                "filled_value": Out(filled),
                "presented": In(WORD),
                "filled": In(filled),
                "pending": In(1),
            }
        )
