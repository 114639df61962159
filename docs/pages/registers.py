"""Register maps, from the SystemRDL sources."""

from __future__ import annotations

from docs.pages.designs import documented
from remora.flow.generate.registers import register_markdown


def registers(name: str) -> str:
    """The register document of a design point that the site documents, its headings one level lower."""
    lines = register_markdown(documented(name)).splitlines()
    assert lines[0] == "# Registers"
    return "\n".join(lines[1:])
