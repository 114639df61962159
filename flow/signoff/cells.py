"""What sign-off has to know of the standard cells, from their Liberty file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

_CELL = re.compile(r"^cell \((\w+)\)", re.MULTILINE)
_PIN = re.compile(r"^  pin\s*\((\w+)\)", re.MULTILINE)
_ATTRIBUTE = r"^\s*{name} : \"?([^\";]+)\"?;"


@dataclass(frozen=True)
class StandardCell:
    """A cell.

    Attributes:
        area: in µm².
        clock: clock pin of a flip-flop; empty of any other cell.
        functions: output → function of the inputs, as Liberty writes it; empty of a flip-flop.
    """

    area: float
    clock: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)

    @property
    def buffers(self) -> str:
        """Input that the output repeats; empty where the cell is no buffer."""
        functions = set(self.functions.values())
        return functions.pop() if len(functions) == 1 and all(re.fullmatch(r"\w+", one) for one in functions) else ""

    def value(self, output: str, known: Mapping[str, bool]) -> bool | None:
        """Value of an output where inputs in ``known`` are constant; None where the others decide."""
        text = expression(self.functions[output])
        free = sorted(set(re.findall(r"\b[A-Z]\w*\b", text)) - known.keys())
        code = compile(text, output, "eval")
        seen = {
            bool(eval(code, {"__builtins__": {}}, dict(known) | dict(zip(free, values, strict=True))))
            for values in product((False, True), repeat=len(free))
        }
        return seen.pop() if len(seen) == 1 else None


def read_cells(path: Path) -> dict[str, StandardCell]:
    """The cells of a Liberty file.

    Raises:
        OSError: it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    starts = list(_CELL.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    return {start[1]: _cell(text[start.end() : end]) for start, end in zip(starts, ends, strict=True)}


def expression(function: str) -> str:
    """Python for a function of Liberty, which writes ``!`` for not, ``+`` for or, ``^`` for xor, a blank for and."""
    words = {"!": " not ", "+": " or ", "^": " != "}
    found: list[str] = []
    for token in re.findall(r"\w+|[!+^()]", function):
        starts = token not in ("+", "^", ")")
        if found and starts and found[-1] not in ("!", "+", "^", "("):
            found.append("and")
        found.append(token)
    return "".join(words.get(token, f" {token} ") for token in found).strip()


def _cell(text: str) -> StandardCell:
    pins = list(_PIN.finditer(text))
    ends = [pin.start() for pin in pins[1:]] + [len(text)]
    clock, functions = "", {}
    for pin, end in zip(pins, ends, strict=True):
        inside = text[pin.end() : end]
        if re.search(_ATTRIBUTE.format(name="clock"), inside, re.MULTILINE):
            clock = pin[1]
        if function := re.search(_ATTRIBUTE.format(name="function"), inside, re.MULTILINE):
            functions[pin[1]] = function[1]
    area = re.search(_ATTRIBUTE.format(name="area"), text, re.MULTILINE)
    return StandardCell(float(area[1]) if area else 0.0, clock, {} if clock else functions)
