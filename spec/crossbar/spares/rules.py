"""What spare columns demand of the other fields of a design point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from remora.spec.crossbar.tiles import MAX_TILE

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint


def spare_faults(design: DesignPoint) -> Iterator[str]:
    """Each way in which spare columns do not fit the design point, with the remedy."""
    network, spares = design.network, design.crossbar.spare_columns
    if not spares:
        return
    if design.capabilities.bistable:
        yield (
            f'crossbar.spare_columns is {spares}, but with cell.kind = "bmru" cells stand at the bitlines themselves, '
            'and no multiplexer can lead a spare\'s current to them: use cell.kind = "miru", or leave spare_columns out'
        )
    used = min(design.crossbar.columns, max(network.hidden, network.classes))
    if used + spares > MAX_TILE:
        yield (
            f"crossbar.spare_columns is {spares}, so that the largest tile has {used + spares} bitlines: "
            f"use crossbar.columns of at most {MAX_TILE - spares}"
        )
