"""Whether a mutant of a module differs from it at all: a proof by induction over cycles, from reset on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from remora.flow.faults.mutants.drawn import Mutant, prepared
from remora.flow.tools.yosys import YosysError, run_yosys
from remora.spec.lib.files import write_text

Answer = Literal["equivalent", "differs", "undecided"]

LENGTHS_OF_STATES, LENGTHS_OF_OUTPUTS = 2, 4
"""Longest induction in cycles, where all flip-flops are claimed to be the same and where outputs alone are."""
TIMEOUT_S = 4
"""Of one problem for the solver."""
_REDUCED = [f"{step} gold gate" for step in ("wreduce", "splitcells", "opt_clean -purge")]
"""Takes away bits of flip-flops that no output depends on, which then need not be the same.

Flip-flops get new names, so that some may begin with different values. That hides proofs and makes none, but what then
differs says nothing."""
_PROVEN = "Induction step proven: SUCCESS!"
_FOUND = "model found for base case: FAIL!"
_FLIP_FLOP = re.compile(r"^  cell \$\w*dff\w* \$flatten\\(gold|gate)\.(\S+)\n(.*?)^  end$", re.MULTILINE | re.DOTALL)
_MADE = re.compile(r"\$flatten\\gate\.\$auto\$mutate\.cc:\d+:(\w+)\$(\d+)")
_WIRE = re.compile(r"^  wire (?:width (\d+) )?.*?(\S+)$", re.MULTILINE)
_BITS = re.compile(r"(\S+)(?: \[(\d+(?::\d+)?)\])?")


def compare(folder: Path, module: str, mutant: Mutant) -> Answer:
    """Compare a module with its mutant.

    Both hold the same in every flip-flop and memory, whatever it is, when a cycle of reset begins; from then on all
    inputs are free. Instances in the module are cut off: what they give is free and the same for both, and what they
    are given must agree. So ``equivalent`` holds wherever the module stands, while ``differs`` may need inputs that
    its surroundings never give.

    Args:
        folder: has ``bench.il``, and gets scripts and logs.
    """
    made = [
        *prepared(module),
        f"setattr -unset init {module}/w:*",
        f"memory_map {module}",
        f"copy {module} gold",
        f"mutate {' '.join(mutant.options)}",
        f"rename {module} gate",
        "expose -evert gold/c:* gate/c:*",
    ]
    try:
        answer = _prove(folder, made)
        if answer != "equivalent" and _prove(folder, [*made, *_REDUCED]) == "equivalent":
            return "equivalent"
    except YosysError:
        return "undecided"
    return answer


def _prove(folder: Path, made: list[str]) -> Answer:
    """Compare the modules ``gold`` and ``gate`` that the passes make.

    Raises:
        YosysError: Yosys refuses one.
    """
    joined = ["miter -equiv -flatten gold gate miter", "select -module miter", "write_rtlil -selected miter.il"]
    run_yosys([*made, *joined], folder, "miter")
    # The command line takes no colon in a name.
    text = _MADE.sub(r"\\\1_\2", (folder / "miter.il").read_text(encoding="utf-8"))
    write_text(folder / "miter.il", text)
    states = _states(text)
    start = [f"-set-at 1 {gold} {gate}" for gold, gate in states]
    if re.search(r"^  wire .*\\in_rst$", text, re.MULTILINE):
        start.append("-set-at 1 in_rst 1")
    same = " ".join(f"-prove {gold} {gate}" for gold, gate in states)
    sat = f"sat -timeout {TIMEOUT_S} -seq 1 -tempinduct {' '.join(start)} -prove trigger 0"
    # With all flip-flops the same as a part of the claim most inductions need one cycle.
    claim = f"{sat} -maxsteps {LENGTHS_OF_STATES} {same} miter"
    if _PROVEN in run_yosys(["read_rtlil miter.il", claim], folder, "same"):
        return "equivalent"
    said = run_yosys(["read_rtlil miter.il", f"{sat} -maxsteps {LENGTHS_OF_OUTPUTS} miter"], folder, "outputs")
    if _PROVEN in said:
        return "equivalent"
    return "differs" if _FOUND in said else "undecided"


def _states(miter: str) -> list[tuple[str, str]]:
    """Outputs of each flip-flop of both modules, in pieces that are signals of Yosys' command line."""
    widths = {name: int(width or 1) for width, name in _WIRE.findall(miter)}
    found: dict[str, dict[str, list[tuple[str, int]]]] = {"gold": {}, "gate": {}}
    for side, name, body in _FLIP_FLOP.findall(miter):
        output = re.search(r"^    connect \\Q (.*)$", body, re.MULTILINE)
        if output:
            found[side][name] = _bits(output[1], widths)
    pairs = [(found["gold"][name], found["gate"][name]) for name in found["gold"].keys() & found["gate"].keys()]
    # Once split, flip-flops of one name may have other widths.
    alike = [(gold, gate) for gold, gate in pairs if len(gold) == len(gate)]
    return [piece for gold, gate in alike for piece in _pieces(gold, gate, widths)]


def _bits(rtlil: str, widths: dict[str, int]) -> list[tuple[str, int]]:
    """Wire and index of each bit of a signal, the highest first."""
    bits = []
    for name, index in _BITS.findall(rtlil.strip("{} ")):
        high, _, low = index.partition(":") if index else (str(widths[name] - 1), "", "0")
        bits += [(name, bit) for bit in range(int(high), int(low or high) - 1, -1)]
    return bits


def _pieces(
    gold: list[tuple[str, int]], gate: list[tuple[str, int]], widths: dict[str, int]
) -> Iterator[tuple[str, str]]:
    """The two signals bit by bit, joined where both stay in one wire: the command line takes no concatenation here."""
    pairs = list(zip(gold, gate, strict=True))
    start = 0
    for end in range(1, len(pairs) + 1):
        follows = end < len(pairs) and all(
            pairs[end][side] == (pairs[end - 1][side][0], pairs[end - 1][side][1] - 1) for side in (0, 1)
        )
        if not follows:
            yield tuple(_slice(pairs[start][side], pairs[end - 1][side], widths) for side in (0, 1))  # type: ignore[misc]
            start = end


def _slice(high: tuple[str, int], low: tuple[str, int], widths: dict[str, int]) -> str:
    name = high[0]
    return name if widths[name] == high[1] - low[1] + 1 else f"{name}[{high[1]}:{low[1]}]"
