"""How many signals meet at the widest blocks of a design point, which must stay within what the generator takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from remora.spec.lib.fixed import signed_width, unsigned_width

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

MOST_BITS = 1 << 16
"""Most bits that Amaranth takes into a module together, or out of an instance."""
RESERVE = 1024
"""Bits of a block's other ports, which grow with no size or hardly: clocks, strobes, indices, errors of the classes."""
SENSE_FLAGS = 4
"""Flags a row of a layer that a tile senses."""


@dataclass(frozen=True)
class Bundle:
    """The ports of one direction of a block that grows with the design point.

    Attributes:
        name: what they carry, for people.
        module: the block's Verilog module. direction: ``input`` or ``output``.
        bits: of all of them together, at most.
        remedy: which field makes them fewer, and what to set it to.
    """

    name: str
    module: str
    direction: str
    bits: int
    remedy: str


def bundles(design: DesignPoint) -> Iterator[Bundle]:
    """The blocks that may pass `MOST_BITS`; all others stay below at every legal size."""
    yield from _of_tiles(design)
    if design.learning.enabled:
        yield from _of_lanes(design)


def too_wide(design: DesignPoint) -> Iterator[str]:
    """Each bundle that the generator does not take, with the remedy."""
    for bundle in bundles(design):
        if bundle.bits > MOST_BITS:
            yield f"the {bundle.name} are {bundle.bits} bits, and a block takes {MOST_BITS}: {bundle.remedy}"


def _of_tiles(design: DesignPoint) -> Iterator[Bundle]:
    network, formats, crossbar = design.network, design.formats, design.crossbar

    def hidden_codes(rows: int) -> int:
        return formats.adc_bits * network.hidden * ceil(design.hidden_rows / rows)

    def window(rows: int) -> int:
        readout = formats.adc_bits * network.classes * ceil(design.readout_rows / rows)
        return hidden_codes(rows) + readout + 2 * SENSE_FLAGS * rows + RESERVE

    def array(rows: int) -> int:
        # As `remora.spec.crossbar.layout.current_bits`, of tiles with so many rows.
        largest = design.stream_limit * min(rows, design.hidden_rows) * design.weight_limit
        word = signed_width(largest << design.crossbar.fraction_bits)
        current = word * network.hidden * ceil(design.hidden_rows / rows) if design.bistable else 0
        return hidden_codes(rows) + current + SENSE_FLAGS * rows + RESERVE

    remedy = _more_rows(lambda rows: max(window(rows), array(rows)))
    for name, module, direction, bits in (
        ("codes of both layers' row tiles", "weight_window", "input", window),
        ("codes and currents of the hidden layer's row tiles", "crossbar_array_hidden", "output", array),
    ):
        yield Bundle(name, module, direction, bits(crossbar.rows), remedy)


def _more_rows(bits: Callable[[int], int]) -> str:
    """The remedy where so many bits come of so many rows a tile."""
    from remora.spec.crossbar.tiles import MAX_TILE

    fitting = next((rows for rows in range(1, MAX_TILE + 1) if bits(rows) <= MOST_BITS), None)
    return f"use crossbar.rows of {fitting}" if fitting else "use fewer network.hidden"


def _of_lanes(design: DesignPoint) -> Iterator[Bundle]:
    from remora.spec.crossbar.learning import gradient_bound
    from remora.spec.crossbar.tiles import MAX_TILE

    learning, lanes = design.learning, design.learning_lanes
    gradient, accumulator = signed_width(gradient_bound(design)), 0
    if learning.update == "accumulate":
        accumulator = learning.accumulator_bits
    pulses = unsigned_width(learning.max_pulses) + 1
    # The engine shows accumulators to whoever compares them and to the host, and drives both layers' rows.
    # Counted for the largest tile, so that the remedy holds whatever else is changed.
    engine_rest = 6 * MAX_TILE + 9 * design.network.classes + RESERVE
    for name, module, lane, rest in (
        ("gradients and accumulators of a column", "learning_engine", gradient + 2 * accumulator, engine_rest),
        ("results of the learning lanes", "outer_product", gradient + accumulator + pulses, RESERVE),
    ):
        most = (MOST_BITS - rest) // lane
        # "direct" takes lanes by four where there are fewer lanes than rows.
        yield Bundle(name, module, "output", lane * lanes + rest, f"use at most {most - most % 4} learning.lanes")
