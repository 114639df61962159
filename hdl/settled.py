"""Combinational processes of a netlist as functions, so that every simulator settles them alike.

An ``always @*`` waits for an event on what it reads. Where all of that is constant from the start none comes, and in a
four-state simulator its output stays x. A continuous assignment has its value at time 0 in every simulator. One of a
function also changes once a settling, where a process shows its default first: a process that is woken by bits it does
not read, as ``always_comb`` is in Icarus Verilog 11, would otherwise wake its neighbours without end.
"""

from __future__ import annotations

import re
import textwrap

_MODULE = re.compile(r"^module .*?^endmodule$", re.MULTILINE | re.DOTALL)
_DECLARATION = re.compile(r"^  (?:reg|wire) ((?:signed )?(?:\[\d+:\d+\] )?)(\\\S+ |\w+);$", re.MULTILINE)
_PROCESS = re.compile(r"^  always_comb begin\n(.*?)^  end$", re.MULTILINE | re.DOTALL)
_ASSIGNED = re.compile(r"^ *(\\\S+ |\w+)(?: ?\[\d+(?::\d+)?\])? = ", re.MULTILINE)
_NO_NAMES = re.compile(r"/\*.*?\*/|\(\*.*?\*\)|\d*'s?[bodh][0-9a-fxz?_]+", re.DOTALL)
_NAME = re.compile(r"\\\S+ |\b[A-Za-z_][\w$]*")


def settle(systemverilog: str) -> str:
    """The netlist as Verilog-2005, with a continuous assignment for every ``always_comb``.

    The assignment is of a function of what the process reads.

    Raises:
        ValueError: a process assigns more than one signal, or reads what it assigns.
    """
    return _MODULE.sub(lambda module: _settle_module(module[0]), systemverilog).replace("  always_ff @(", "  always @(")


def _settle_module(text: str) -> str:
    declared = dict((name, shape) for shape, name in _DECLARATION.findall(text))
    settled: list[str] = []

    def replace(process: re.Match) -> str:
        body = process[1]
        (target, *more) = dict.fromkeys(_ASSIGNED.findall(body))
        read = dict.fromkeys(_NAME.findall(_ASSIGNED.sub("", _NO_NAMES.sub(" ", body))))
        if more or target in read:
            raise ValueError(f"a process assigns more than one signal, or reads what it assigns: {target}, {more}")
        settled.append(target)
        return _assignment(len(settled), target, [name for name in read if name in declared], body, declared)

    text = _PROCESS.sub(replace, text)
    for name in settled:
        text = text.replace(f"\n  reg {declared[name]}{name};\n", f"\n  wire {declared[name]}{name};\n", 1)
    return text


def _assignment(number: int, target: str, reads: list[str], body: str, declared: dict[str, str]) -> str:
    """The function of a process, inside which signals keep their names, and the assignment of its value."""
    function, shape = f"settled_{number}", declared[target]
    inputs = "".join(f"    input {declared[name]}{name};\n" for name in reads)
    return (
        f"  function automatic {shape}{function};\n{inputs}    reg {shape}{target};\n    begin\n"
        f"{textwrap.indent(body, '  ')}      {function} = {target};\n    end\n  endfunction\n"
        f"  assign {target} = {function}({', '.join(reads)});"
    )
