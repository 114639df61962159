"""The counters of the crossbar accelerator, and which of them a design point has."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from remora.spec.crossbar.capabilities import Capabilities


class Counter(IntEnum):
    """The 48-bit counters, in the order of their addresses; the names are those of the register map.

    Attributes:
        needs: the capability without which the hardware has no such counter; None where every design point has it.
    """

    needs: str | None

    def __new__(cls, value: int, needs: str | None = None) -> Self:
        member = int.__new__(cls, value)
        member._value_, member.needs = value, needs
        return member

    CYCLES = 0
    STEPS = 1
    SEQUENCES = 2
    STEP_CYCLES = 3
    READOUT_CYCLES = 4
    IDLE_CYCLES = 5
    ADC_SATURATIONS = 6
    WORD_SATURATIONS = 7
    PULSES = 8
    DROPPED_FRAMING = 9
    DROPPED_HEADER = 10
    DROPPED_LABEL = 11
    DROPPED_TRUNCATED = 12
    DROPPED_TOO_LONG = 13
    LEARNED = 14, "learns"
    LEARN_CYCLES = 15, "learns"
    PULSES_DROPPED = 16, "learns"
    REPLAYED = 17, "replays"
    REPLAY_CYCLES = 18, "replays"
    ACCEPTED = 19, "replays"
    INSERT_CYCLES = 20, "replays"
    PULSES_HIDDEN = 21, "learns"
    PULSES_READOUT = 22, "learns"
    PULSES_DROPPED_HIDDEN = 23, "learns"
    PULSES_DROPPED_READOUT = 24, "learns"
    DEVICES_HIDDEN = 25, "learns"
    DEVICES_READOUT = 26, "learns"
    FEEDBACK_CYCLES = 27, "learns"
    INPUT_WAIT_CYCLES = 28, "interleaves"
    OUTPUT_WAIT_CYCLES = 29, "interleaves"
    CONVERTER_WAIT_CYCLES = 30, "interleaves"
    HEALED = 31, "heals"
    HEAL_CYCLES = 32, "heals"
    PROGRAMMED = 33, "verifies"
    UNVERIFIED = 34, "verifies"
    CORRECTIONS = 35, "verifies"
    CODES = 36, "counts_codes"
    GIVEN_UP = 37, "verifies_learning"


PROGRAMMING_COUNTERS = (Counter.PROGRAMMED, Counter.UNVERIFIED, Counter.CORRECTIONS, Counter.PULSES)
"""What a weight window that verifies counts while it programs."""


def counters_of(capabilities: Capabilities) -> tuple[Counter, ...]:
    """The counters of hardware with these capabilities, in the order of their addresses."""
    return tuple(counter for counter in Counter if counter.needs is None or getattr(capabilities, counter.needs))
