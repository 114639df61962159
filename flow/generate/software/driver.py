"""The driver in C of a design point: files that all kinds of accelerators share, that of its kind, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from remora.flow.generate.parts import Document
from remora.spec.lib.section import Design

SHARED = ("remora_chip.h", "remora_chip.c", "remora_access.h")
FOLDER, SOURCES = "software", Path(__file__).parent


def driver_documents(kind: str, sizes: str) -> dict[str, Document]:
    """Every file of a driver, by its key among the files of the sidecar.

    Args:
        kind: of the accelerator: ``<kind>_driver.c`` and ``.h`` beside this file are its own.
        sizes: text of ``remora_design.h``.
    """
    sources = {name: name for name in SHARED} | {f"remora_driver.{end}": f"{kind}_driver.{end}" for end in "hc"}
    documents = {
        name.removeprefix("remora_").replace(".", "_"): Document(
            f"{FOLDER}/{name}", (SOURCES / source).read_text(encoding="utf-8")
        )
        for name, source in sources.items()
    }
    return {**documents, "driver_sizes": Document(f"{FOLDER}/remora_design.h", sizes)}


def sizes_header(design: Design, sizes: Mapping[str, tuple[int, str]], further: str = "") -> str:
    """``remora_design.h``: macros for sizes, each a value and what it is, and further text."""
    lines = [
        f"// Sizes of design point {design.name}, hash {design.hash}",
        "#ifndef REMORA_DESIGN_H",
        "#define REMORA_DESIGN_H",
        "",
        *(f"#define REMORA_{name} {value} // {meaning}" for name, (value, meaning) in sizes.items()),
        "",
        *([further] if further else []),
        "#endif",
        "",
    ]
    return "\n".join(lines)
