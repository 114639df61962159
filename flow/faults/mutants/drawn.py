"""Mutants of one module, drawn by Yosys, and the module with all of them in it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from remora.flow.tools.yosys import run_yosys

CHOICE = "remora_mutant"
"""Input of a mutated module: the number of the mutant that is awake, counted from 1; 0 for none."""
CLOCKS = ("CLK", "RD_CLK", "WR_CLK", "clk")
"""Ports that no mutant touches: clocks are no logic of a block."""
OVERDRAW = 2
"""So many times the mutants wanted are drawn, since some touch a clock."""
ROOT = Path(__file__).resolve().parents[3]
"""Folder above the layers, of which source lines are told."""
_INSTANCES = "hdl/lib/hierarchy.py"


@dataclass(frozen=True)
class Mutant:
    """One mistake in a module."""

    key: str
    """Twelve hexadecimal digits made of what the mutant does and of the text of its source lines, so that it stays as
    it is while lines move."""
    options: tuple[str, ...]
    """Of Yosys' ``mutate``, which make it."""
    does: str
    """What it does, in one line: mode, port and wire."""
    lines: tuple[str, ...]
    """Where in the sources: ``hdl/crossbar/sequencer.py:212``, the innermost first."""


def prepared(module: str) -> list[str]:
    """Passes that bring a module of ``bench.il`` into the form in which it is mutated."""
    # A memory made of a case statement has initial values, and Yosys cannot write mutants of these.
    return ["read_rtlil bench.il", *(f"{step} {module}" for step in ("proc -norom", "opt_expr", "opt_clean"))]


def draw(folder: Path, module: str, count: int, seed: int) -> list[Mutant]:
    """Mutants of a module, spread over its cells, wires and source lines; the same for the same seed.

    Args:
        folder: has ``bench.il``, RTLIL of the module and of all that it instantiates, and gets scripts and logs.
        count: how many; all where there are fewer.

    Raises:
        YosysError: Yosys refuses the module.
    """
    listed = f"mutate -list {OVERDRAW * count} -seed {seed} -o drawn.txt {module}"
    run_yosys([*prepared(module), listed, f"select {module}", "write_rtlil -selected module.il"], folder, "draw")
    cells = re.findall(r"^  cell (\S+) (\S+)$", (folder / "module.il").read_text(encoding="utf-8"), re.MULTILINE)
    types = {name.removeprefix("\\"): kind.removeprefix("\\") for kind, name in cells}
    found = [_options(line) for line in (folder / "drawn.txt").read_text(encoding="utf-8").splitlines() if line]
    usable = [options for options in found if options["port"][0] not in CLOCKS]
    if len(usable) > count:
        usable = Random(seed).sample(usable, count)
    seen: Counter[str] = Counter()
    return [_mutant(options, types, seen) for options in usable]


def mutated_module(folder: Path, module: str, mutants: Sequence[Mutant]) -> str:
    """Verilog of the module with all mutants in it; its input ``CHOICE`` wakes the N-th, counted from 1.

    Raises:
        YosysError: Yosys cannot make a mutant.
    """
    width = len(mutants).bit_length()
    made = [
        f"mutate {' '.join(mutant.options)} -ctrl {CHOICE} {width} {number}" for number, mutant in enumerate(mutants, 1)
    ]
    last = [f"setattr -unset init {module}/w:*", f"select {module}"]
    written = "write_verilog -sv -norename -noattr -selected mutated.v"
    run_yosys([*prepared(module), *made, *last, written], folder, "mutate")
    text = (folder / "mutated.v").read_text(encoding="utf-8")
    for name in re.findall(r"^  function .*(\\\$\S+ );$", text, re.MULTILINE):
        # Icarus Verilog takes a function whose name begins so for one of its own.
        text = text.replace(name, f"chosen_{re.sub('[^0-9a-z]', '_', name[2:-1])} ")
    return text


def _options(line: str) -> dict[str, list[str]]:
    """Options of a line that ``mutate -list`` wrote, each with its values."""
    words = line.split()[1:]
    options: dict[str, list[str]] = {}
    for name, value in zip(words[::2], words[1::2], strict=True):
        options.setdefault(name.removeprefix("-"), []).append(value)
    return options


def _mutant(options: dict[str, list[str]], types: dict[str, str], seen: Counter[str]) -> Mutant:
    made = [name for name in ("mode", "module", "cell", "port", "portbit", "ctrlbit") if name in options]
    plain = {name: values[0] for name, values in options.items() if name != "src"}
    sources = [source for source in options.get("src", []) for source in source.split("|")]
    lines = [found for source in sources if (found := _line(source)) and not found[0].startswith(_INSTANCES)]
    cell = plain["cell"] if not plain["cell"].startswith("$") else ""
    kind = types.get(plain["cell"], "")
    wire = f"{plain['wire'].lstrip(chr(92))}[{plain['wirebit']}]" if "wire" in plain else ""
    control = f" by its bit {plain['ctrlbit']}" if "ctrlbit" in plain else ""
    what = f"{plain['mode']}{control} at {cell or kind}.{plain['port']}[{plain['portbit']}]"
    does = f"{what}, wire {wire}" if wire else what
    content = "\n".join([does, *(text for _, text in lines)])
    seen[content] += 1
    key = hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:12]
    chosen = tuple(word for name in made for word in (f"-{name}", options[name][0]))
    return Mutant(key, chosen, does, tuple(dict.fromkeys(where for where, _ in reversed(lines))))


def _line(source: str) -> tuple[str, str] | None:
    """File relative to the project with the number of a line, and the text of that line; None outside the project."""
    found = re.fullmatch(r"(.+):(\d+)(?:\.\d+.*)?", source)
    if not found:
        return None
    path, number = Path(found[1]).resolve(), int(found[2])
    if not path.is_file() or not path.is_relative_to(ROOT) or "site-packages" in path.parts:
        return None
    name = path.relative_to(ROOT).as_posix()
    texts = path.read_text(encoding="utf-8").splitlines()
    return f"{name}:{number}", texts[number - 1].strip() if number <= len(texts) else ""
