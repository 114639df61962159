"""How many signals meet at the widest blocks of a design point, which must stay within what the generator takes.

Only learning has such blocks: everywhere else buses end inside a block before they grow with two sizes at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from remora.spec.crossbar.learning import gradient_bound
from remora.spec.crossbar.tiles import MAX_TILE
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.fixed import signed_width, unsigned_width

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

MOST_BITS = 1 << 16
"""Most bits that Amaranth takes into a module together, or out of an instance."""
RESERVE = 1024
"""Bits of a block's other ports, which grow with no size or hardly: clocks, strobes, indices, errors of the classes."""


@dataclass(frozen=True)
class Bundle:
    """The output ports of a block of learning, which grow with its lanes.

    Attributes:
        name: what they carry, for people.
        module: the block's Verilog module.
        bits: of all of them together, at most.
        most_lanes: most ``learning.lanes`` with which they fit.
    """

    name: str
    module: str
    bits: int
    most_lanes: int


def bundles(design: DesignPoint) -> Iterator[Bundle]:
    """The blocks that may pass `MOST_BITS`; all others stay below at every legal size."""
    learning, lanes = design.learning, design.learning_lanes
    if not learning.enabled:
        return
    gradient, accumulator = signed_width(gradient_bound(design)), 0
    if update_rule(design).accumulates:
        accumulator = learning.accumulator_bits
    pulses = unsigned_width(learning.max_pulses) + 1
    # The engine shows accumulators to whoever compares them and to the host, and drives both layers' rows.
    # Counted for the largest tile, so that the remedy holds whatever else is changed.
    engine_rest = 6 * MAX_TILE + 9 * design.network.classes + RESERVE
    gradients = gradient * learning.columns
    for name, module, lane, rest in (
        ("gradients and accumulators of a group", "learning_engine", gradients + 2 * accumulator, engine_rest),
        ("pulses of a column", "pulse_queue", pulses, RESERVE),
    ):
        most = (MOST_BITS - rest) // lane
        # A draw of rule L15 takes lanes by four where there are fewer lanes than rows.
        yield Bundle(name, module, lane * lanes + rest, most - most % 4)


def too_wide(design: DesignPoint) -> Iterator[str]:
    """What the generator does not take of the bundles, with the remedy that mends them all."""
    found = list(bundles(design))
    widest = max(found, key=lambda bundle: bundle.bits, default=None)
    if widest and widest.bits > MOST_BITS:
        yield (
            f"learning.lanes is {design.learning.lanes}, so the {widest.name} are {widest.bits} bits, and a block "
            f"takes {MOST_BITS}: use at most {min(bundle.most_lanes for bundle in found)} learning.lanes"
        )
