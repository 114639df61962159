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
_OTHER_PROCESS = re.compile(r"^ *always_comb\b.*", re.MULTILINE)
_ASSIGNED = re.compile(r"^ *(\\\S+ |\w+)(?: ?\[\d+(?::\d+)?\])? = ", re.MULTILINE)
_ONE_STATEMENT = re.compile(r"\s*(?:\\\S+ |\w+) = ([^;]*);\s*")
_NO_CODE = re.compile(r"(\\\S+ )|/\*.*?\*/|\(\*.*?\*\)", re.DOTALL)
_LITERAL = re.compile(r"(\\\S+ )|\d*'s?[bodh][0-9a-fxz?_]+", re.IGNORECASE)
_NAME = re.compile(r"\\\S+ |(?<![\w$])\$?[A-Za-z_][\w$]*")
_ASSIGNMENT_SIGN = re.compile(r"(?<![=!<>])=(?!=)")
_KEYWORDS = frozenset(("begin", "end", "if", "else", "case", "casez", "endcase", "default"))


def settle(systemverilog: str) -> str:
    """The netlist as Verilog-2005, with a continuous assignment for every ``always_comb``.

    The assignment is of a function of what the process reads, or of a constant where the process reads nothing.

    Args:
        systemverilog: as Yosys writes it, one declaration or statement a line.

    Raises:
        ValueError: a process assigns nothing, more than one signal, or a signal that is not declared as a plain vector;
            it reads what it assigns; it has a name that is neither declared as a plain vector nor a keyword, such as a
            memory or a system function; it has only constants and yet several statements; or it is written in another
            form than Yosys'.
    """
    text = _MODULE.sub(lambda module: _settle_module(module[0]), systemverilog)
    if left := _OTHER_PROCESS.search(text):
        raise ValueError(f"a process has another form than 'always_comb begin … end': {left[0].strip()}")
    return text.replace("  always_ff @(", "  always @(")


def _settle_module(text: str) -> str:
    declared = dict((name, shape) for shape, name in _DECLARATION.findall(text))
    settled: list[str] = []

    def replace(process: re.Match) -> str:
        target, reads = _target_and_reads(process[1], declared)
        settled.append(target)
        if not reads:
            return _constant(target, process[1])
        return _assignment(len(settled), target, reads, process[1], declared)

    text = _PROCESS.sub(replace, text)
    for name in settled:
        text = text.replace(f"\n  reg {declared[name]}{name};\n", f"\n  wire {declared[name]}{name};\n", 1)
    return text


def _target_and_reads(body: str, declared: dict[str, str]) -> tuple[str, list[str]]:
    """The signal that a process assigns, and those that it reads, in the order in which they first appear."""
    code = _without(_NO_CODE, body)
    targets = list(dict.fromkeys(_ASSIGNED.findall(code)))
    code = _ASSIGNED.sub("", code)
    read = list(dict.fromkeys(_NAME.findall(_without(_LITERAL, code))))
    if len(targets) != 1 or _ASSIGNMENT_SIGN.search(_NAME.sub("", code)):
        raise ValueError(f"a process assigns other than one signal, or one in an unknown form: {_short(body)}")
    if targets[0] in read:
        raise ValueError(f"a process reads what it assigns: {targets[0]}")
    for name in (*targets, *read):
        if name not in declared and name not in _KEYWORDS:
            raise ValueError(f"a process has a name that is not declared as a plain vector: {name}")
    return targets[0], [name for name in read if name in declared]


def _without(pattern: re.Pattern, code: str) -> str:
    """The code without what the pattern finds; escaped names, its first group, stay, whatever characters they have."""
    return pattern.sub(lambda found: found[1] or " ", code)


def _short(body: str) -> str:
    return textwrap.shorten(body, 100, placeholder=" …")


def _constant(target: str, body: str) -> str:
    """The assignment of a constant: Verilog-2005 has no function without inputs."""
    statement = _ONE_STATEMENT.fullmatch(body)
    if statement is None:
        raise ValueError(f"a process of constants has more than one plain statement: {_short(body)}")
    return f"  assign {target} = {statement[1]};"


def _assignment(number: int, target: str, reads: list[str], body: str, declared: dict[str, str]) -> str:
    """The function of a process, inside which signals keep their names, and the assignment of its value."""
    function, shape = f"settled_{number}", declared[target]
    inputs = "".join(f"    input {declared[name]}{name};\n" for name in reads)
    return (
        f"  function automatic {shape}{function};\n{inputs}    reg {shape}{target};\n    begin\n"
        f"{textwrap.indent(body, '  ')}      {function} = {target};\n    end\n  endfunction\n"
        f"  assign {target} = {function}({', '.join(reads)});"
    )
