"""The SystemVerilog package of a trace: its records as packed structs, and the widths of what the monitors watch."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from remora.spec.lib.trace import UNCOMPARED, field_names

PACKAGE = "remora_trace"
KEYWORDS = frozenset({"sequence", "context", "output", "input", "event"})
"""Names of fields that SystemVerilog keeps for itself; in the package an underscore follows them."""
PADDING = UNCOMPARED[1]


def trace_package(kinds: Mapping[str, np.dtype], widths: Mapping[str, int], constants: Mapping[str, int]) -> str:
    """Text of the package ``remora_trace``.

    For every kind of record ``<kind>_t``, a packed struct, the first field in the low bits, with an array for a field
    with a shape; ``<KIND>_<FIELD>``, the length of that array; and ``<KIND>_PADDED``, 1 where the last word is filled.

    Args:
        kinds: record dtypes, of `remora.spec.lib.trace.record_types`.
        widths: bits of each signal that a monitor watches, as ``<SIGNAL>_BITS``.
        constants: further numbers, by name.
    """
    numbers = {f"{name.upper()}_BITS": width for name, width in widths.items()}
    assert not numbers.keys() & constants.keys(), "a constant has the name of a signal's width"
    numbers |= constants
    lines, structs = [], []
    for kind, dtype in kinds.items():
        members = []
        for name in field_names(dtype):
            base, shape = dtype[name].base, dtype[name].shape
            count = f"[{prod(shape) - 1}:0]" if shape else ""
            if shape:
                numbers[f"{kind}_{name}".upper()] = prod(shape)
            member = f"{name}_" if name in KEYWORDS else name
            members.append(f"    logic {count}[{8 * base.itemsize - 1}:0] {member};")
        lines.append(f"  localparam bit {kind.upper()}_PADDED = {int(PADDING in field_names(dtype))};")
        # The first member of a packed struct is in the high bits.
        structs.append("  typedef struct packed {\n" + "\n".join(reversed(members)) + f"\n  }} {kind}_t;")
    # A decimal number without a size has 32 bits with a sign.
    named = [f"  localparam int {name} = 32'd{value};" for name, value in numbers.items()]
    body = "\n".join([*named, *lines, *structs])
    return f"`timescale 1ns / 1ps\npackage {PACKAGE};\n{body}\nendpackage\n"
