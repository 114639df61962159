"""Verilog that binds the macros of a netlist, which have parameters, to the cells of the Liberty and LEF abstracts.

Synthesis reads it in place of the blackboxes: a module of each macro, with its parameters and ports, that places the
cell of its shape.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from remora.flow.generate.macros.shapes import MacroShape
from remora.hdl.lib.verilog import TIME_SCALE

_DEFAULT = re.compile(r"parameter (\w+) = (\d+)")


def bindings(shapes: Iterable[MacroShape], blackboxes: dict[str, str]) -> str:
    """Verilog-2005 of a module for each macro that the shapes are of.

    Args:
        blackboxes: text of the blackbox of each macro, whose parameters and ports the module has.
    """
    by_module: dict[str, list[MacroShape]] = defaultdict(list)
    for shape in shapes:
        by_module[shape.module].append(shape)
    modules = (_module(blackboxes[module], found) for module, found in by_module.items())
    return "\n".join([TIME_SCALE, *modules])


def _module(blackbox: str, shapes: Sequence[MacroShape]) -> str:
    head, _, _ = blackbox[blackbox.index("\nmodule ") + 1 :].partition(");\n")
    lines = [f"{head});", "  generate"]
    for number, shape in enumerate(shapes):
        pins = ", ".join(f".{name}({name})" for name in shape.ports)
        lines.append(f"  {'else ' if number else ''}if ({_chosen(shape.parameters)}) begin : {shape.cell}")
        lines += [f"    {shape.cell} cell_of_shape ({_wrapped(pins, ', ')});", "  end"]
    if defaults := {name: value for name, value in _DEFAULT.findall(head) if name in shapes[0].parameters}:
        # Readers elaborate a module with its defaults too, whether or not a netlist has it so.
        lines.append(f"  else if ({_chosen(defaults)}) begin : defaults\n  end")
    lines.append(f"  else begin : unknown\n    {shapes[0].module}_has_no_cell_of_this_shape unknown ();\n  end")
    return "\n".join([*lines, "  endgenerate", "endmodule", ""])


def _chosen(parameters: Mapping[str, int | str]) -> str:
    return _wrapped(" && ".join(f"{name} == {value}" for name, value in parameters.items()) or "1", " && ")


def _wrapped(text: str, separator: str) -> str:
    """The text with a line for every few of its parts."""
    parts = text.split(separator)
    groups = [separator.join(parts[start : start + 5]) for start in range(0, len(parts), 5)]
    return f"{separator.rstrip()}\n      ".join(groups)
