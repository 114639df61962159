"""Blocks and what became of their mutants, as ``tests/hdl/mutants.json`` has it."""

from __future__ import annotations

import json

from docs.pages.tables import table
from remora.flow.faults.mutants.recipe import ROOT, known_blocks


def mutants() -> str:
    """A row a block, the sum, and which blocks have not been run."""
    ran = json.loads((ROOT / "tests" / "hdl" / "mutants.json").read_text(encoding="utf-8"))
    counts = {
        name: (entry["mutants"], len(entry["equivalent"]), len(entry["survived"]) + len(entry["undecided"]))
        for name, entry in ran.items()
    }
    known = known_blocks()
    rows = [_row(f"`{name}`", *counts[name]) for name in known if name in counts]
    total = _row(f"all {len(counts)}", *(sum(column) for column in zip(*counts.values(), strict=True)))
    text = table(("block", "mutants", "equivalent", "killed", "survived", "share killed"), [*rows, total])
    if left := [f"`{name}`" for name in known if name not in counts]:
        text += f"\n\nNot run yet, of {len(known)} blocks: {', '.join(left)}."
    return text


def _row(name: str, mutants: int, equivalent: int, survived: int) -> tuple[str, int, int, int, int, str]:
    different = mutants - equivalent
    return name, mutants, equivalent, different - survived, survived, f"{1 - survived / max(1, different):.1%}"
