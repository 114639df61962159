"""What a policy of pairs answers the controllers that program crossbars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from amaranth.hdl import Value


class Choice(NamedTuple):
    """What becomes of a pulse of the weight of each row.

    Attributes:
        lowers: rows whose chosen device is lowered.
        blocked: of the other rows, those whose pulse is dropped; the rest raise the chosen device.
        side: the chosen device, 0 for g⁺ and 1 for g⁻.
    """

    lowers: Value
    blocked: Value
    side: Value


class PairPolicy(Protocol):
    """A policy of pairs; combinational, and without state."""

    def choose(self, raises: Value, sense: Mapping[str, Value]) -> Choice:
        """Which device a pulse of a weight reaches, and which way; a bit a row.

        Args:
            raises: rows whose weight the pulse raises.
            sense: the flags, by the names of `remora.hdl.macros.program_port.SENSE`.
        """
