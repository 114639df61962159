"""Parameters of the macros, from their blackboxes."""

from __future__ import annotations

import re
from pathlib import Path

from docs.pages.tables import table

FOLDER = Path(__file__).parents[2] / "hdl" / "macros"


def parameters(macro: str) -> str:
    """A table of a macro's parameters with the defaults of its blackbox."""
    source = (FOLDER / f"{macro}_blackbox.v").read_text(encoding="utf-8")
    found = re.findall(r"^\s*parameter\s+(?:\[[^\]]*\]\s*)?(\w+)\s*=\s*([^,\n]+?),?$", source, re.MULTILINE)
    return table(("parameter", "default"), [(f"`{name}`", f"`{value}`") for name, value in found])
