"""What software people get of the register map: a C header and a document, both from the one SystemRDL file."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from remora.spec.lib.rdl import compiled_rdl
from remora.spec.lib.registers import Field, Kind, Register, register_map
from remora.spec.lib.section import Design

HEADER_NAME = "remora_registers.h"
GUARDS = {
    "halted": "the core is halted",
    "window": "the core is halted, the weight window idle, and its selection names a column and a slice that exist",
    "discharged": "no integrator holds what the weight window has driven",
    "memory": "the core is halted, the memory window idle, and its selection names a word and a slice that exist",
    "memory_idle": "the core is halted, and the memory window idle",
    "memory_word": "the memory that is selected may hold the word in the window (rule M10)",
    "cells": "the core is halted, the weight window idle, and the unit exists",
    "spare": "the core is halted, the weight window idle, and the tile and the spare column exist",
    "scan": "the core is halted, the scan window idle",
    "scan_word": "a load waits for a word",
}
"""What a guard waits for."""


def c_header(design: Design) -> str:
    """C header of the register map: a struct ``remora_t``, and mask, position, width and reset value of every field.

    For C99 and C++11 and what came after them. Registers are ``volatile``, each a word of 32 bits at its natural place.
    The same design point always gives the same bytes.
    """
    from peakrdl_cheader.c_standards import CStandard
    from peakrdl_cheader.exporter import CHeaderExporter

    with TemporaryDirectory() as directory:
        path = Path(directory, HEADER_NAME)  # The exporter takes the include guard from the file's name.
        # Names by hierarchy: names by type would carry every parameter of the design point.
        CHeaderExporter().export(compiled_rdl(design), str(path), std=CStandard.gnu11, reuse_typedefs=False)
        return f"// Registers of {_identity(design)}\n{_portable(path.read_text(encoding='utf-8'))}"


_PORTABLE = (
    # A register is read and written as often as the program says.
    (r"^( +)uint32_t (\w+);$", r"\1volatile uint32_t \2;"),
    # Every member is whole words, so the layout is the same without packing, which is an extension of some compilers
    # and lets them access a word by bytes.
    (r"struct __attribute__ \(\(__packed__\)\)", "struct"),
    # An array of negative length is an error in every standard.
    (r'^static_assert\((sizeof\((\w+)\) == \w+), "[^"]*"\);$', r"typedef char \2_has_this_size[(\1) ? 1 : -1];"),
    (r"^#include <assert.h>\n", ""),
)
"""What the exporter writes → what C99 and C++11 take and hardware needs."""


def _portable(header: str) -> str:
    for pattern, replacement in _PORTABLE:
        header, count = re.subn(pattern, replacement, header, flags=re.MULTILINE)
        if not count:
            raise AssertionError(f"the exporter's header has nothing like {pattern}")
    return header


def register_markdown(design: Design) -> str:
    """The register map as a Markdown document. The same design point always gives the same bytes."""
    registers = register_map(design)
    counters = [word for counter in design.counters() for word in registers.counter(counter)]
    others = [register for register in registers if register not in counters]
    parts = [_introduction(design), _summary(others), *map(_section, others), _counters(counters)]
    return "\n\n".join(parts) + "\n"


def _identity(design: Design) -> str:
    return f"design point {design.name}, hash {design.hash}"


def _introduction(design: Design) -> str:
    guards = ", ".join(f"`{name}`, {GUARDS[name]}" for name in register_map(design).guards)
    return f"""\
# Registers

Registers of {_identity(design)}.

All registers are 32 bits wide, on AXI4-Lite. The low two address bits are ignored; bytes without write strobe are left
alone; bits without a field read 0 and ignore what is written. An access that is refused changes nothing:

| response | reason |
| --- | --- |
| DECERR | there is no register at the address |
| SLVERR | write to a register that has only read-only fields |
| SLVERR | write while the register's guard is low, or of a 1 to a field while its guard is low: {guards} |
| SLVERR | write that would leave a field above its maximum |"""


def _summary(registers: list[Register]) -> str:
    rows = (
        (f"0x{each.address:03X}", f"[{each.name}](#{each.name.lower()})", f"0x{each.reset:08X}", each.title)
        for each in registers
    )
    return _table(("address", "register", "after reset", "meaning"), rows)


def _section(register: Register) -> str:
    rows = (
        (
            f"{field.lsb + field.width - 1}:{field.lsb}" if field.width > 1 else str(field.lsb),
            f"`{field.name}`",
            field.kind.value,
            _reset(field),
            str(field.maximum) if field.maximum < (1 << field.width) - 1 else "",
            field.description + _guarded(field),
        )
        for field in reversed(register.fields)
    )
    table = _table(("bits", "field", "access", "after reset", "maximum", "meaning"), rows)
    described = register.description + _guarded(register)
    return f"## {register.name}\n\nAddress 0x{register.address:03X}. {described}\n\n{table}"


def _guarded(owner: Register | Field) -> str:
    what = "A 1 needs" if isinstance(owner, Field) else "Writes need"
    return f" {what} guard `{owner.guard}`." if owner.guard else ""


def _reset(field: Field) -> str:
    if field.kind in (Kind.STATUS, Kind.EXTERNAL):
        return ""
    return str(field.reset) if field.width <= 16 else f"0x{field.reset:08X}"


def _counters(counters: list[Register]) -> str:
    rows = ((f"0x{each.address:03X}", each.name, each.description) for each in counters)
    return f"""\
## Counters

48 bits each, in two words, read only. Write 1 to `CONTROL.snapshot` to copy all of them at one instant, then read.

{_table(("address", "register", "meaning"), rows)}"""


def _table(head: tuple[str, ...], rows) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
