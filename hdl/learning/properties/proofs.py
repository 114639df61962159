"""Proofs about the blocks that learn."""

from __future__ import annotations

from pathlib import Path

from remora.hdl.learning.index_unit import IndexUnit
from remora.hdl.lib.properties.proof import Bound, Checker, Mutant, Proof

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""


def proofs() -> list[Proof]:
    """All of them."""
    return [_index(1)]


def _index(attempts: int) -> Proof:
    names = ("start", "bound", "done", "index")
    late = "reg late = 0; always @(posedge clk) late <= start;"
    return Proof(
        f"index-unit-{attempts}",
        f"an index is below its bound, and comes, with {attempts} attempt(s)",
        lambda: IndexUnit(attempts),
        {
            "draw": Checker(
                "index_rules",
                {**{name: name for name in names}, "bound": "limit", "legal": "legal"},
                {"MOST_CYCLES": 20 * attempts},
                HERE,
            )
        },
        {
            "draw.below": Mutant("", {"bound": "bound + 32'd1"}),
            "draw.asked": Mutant("", {"done": "good_done | (~start & ~late & number == 0)"}, late),
            "draw.holds": Mutant("", {"index": "good_index ^ {31'd0, start}"}),
            "draw.comes": Mutant("", {"done": "1'b0"}),
        },
        constants={"limit": 32},
        wires={"legal": 1},
        assumed={"legal": "legal", "stays": "bound == limit"},
        bounded={"draw.below": Bound(48, "the hash and the comparison are too much for PDR in a quarter of an hour")},
        depth=30,
        timeout=900,
    )
