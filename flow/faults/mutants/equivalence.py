"""Whether mutants of a module differ from it at all: a proof by induction over cycles for each, from reset on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from remora.flow.faults.mutants.drawn import Mutant, prepared
from remora.flow.tools.yosys import YosysError, run_yosys
from remora.spec.lib.files import write_text

Answer = Literal["equivalent", "differs", "undecided"]

LENGTHS_OF_STATES, LENGTHS_OF_OUTPUTS = 2, 4
"""Longest induction in cycles, where all flip-flops are claimed to be the same and where outputs alone are."""
TIMEOUT_S = 12
"""Of one problem for the solver, by the clock on the wall; a machine with much else to do decides less."""
AT_ONCE = 10
"""Mutants of one run of Yosys, which starts once and reads the bench once for all of them."""
_REDUCED = [f"{step} gold gate" for step in ("wreduce", "splitcells", "opt_clean -purge")]
"""Takes away bits of flip-flops that no output depends on, which then need not be the same.

Flip-flops get new names, so that some may begin with different values. That hides proofs and makes none, but what then
differs says nothing."""
_MARK = "remora-mutant"
_PROVEN = "Induction step proven: SUCCESS!"
_FOUND = "model found for base case: FAIL!"
_FLIP_FLOP = re.compile(r"^  cell \$\w*dff\w* \$flatten\\(gold|gate)\.(\S+)\n(.*?)^  end$", re.MULTILINE | re.DOTALL)
_MADE = re.compile(r"\$flatten\\gate\.\$auto\$mutate\.cc:\d+:(\w+)\$(\d+)")
_WIRE = re.compile(r"^  wire (?:width (\d+) )?.*?(\S+)$", re.MULTILINE)
_BITS = re.compile(r"(\S+)(?: \[(\d+(?::\d+)?)\])?")


def compare(folder: Path, module: str, mutants: Sequence[Mutant]) -> dict[str, Answer]:
    """Compare a module with each of its mutants.

    Both hold the same in every flip-flop and memory, whatever it is, when a cycle of reset begins; from then on all
    inputs are free. Instances in the module are cut off: what they give is free and the same for both, and what they
    are given must agree. So ``equivalent`` holds wherever the module stands, while ``differs`` may need inputs that
    its surroundings never give.

    Args:
        folder: has ``bench.il``, and gets scripts and logs.

    Returns:
        Answer by key.
    """
    answers: dict[str, Answer] = {}
    for start in range(0, len(mutants), AT_ONCE):
        batch = mutants[start : start + AT_ONCE]
        found = _prove(folder, module, batch, [])
        open_ones = [mutant for mutant in batch if found[mutant.key] != "equivalent"]
        reduced = _prove(folder, module, open_ones, _REDUCED) if open_ones else {}
        proven = {key: answer for key, answer in reduced.items() if answer == "equivalent"}
        answers |= {**found, **proven}
    return answers


def _prove(folder: Path, module: str, mutants: Sequence[Mutant], reduced: Sequence[str]) -> dict[str, Answer]:
    """Compare a module with mutants after the passes ``reduced``; one that Yosys refuses is undecided."""
    try:
        states = _miters(folder, module, mutants, reduced)
        # With all flip-flops the same as a part of the claim most inductions need one cycle.
        claims = {
            key: " ".join([f"-maxsteps {LENGTHS_OF_STATES}", *(f"-prove {gold} {gate}" for gold, gate in pairs)])
            for key, pairs in states.items()
        }
        said = _sat(folder, states, claims, "same")
        left = {key: f"-maxsteps {LENGTHS_OF_OUTPUTS}" for key, words in said.items() if _PROVEN not in words}
        said |= _sat(folder, states, left, "outputs")
    except YosysError:
        if len(mutants) == 1:
            return {mutants[0].key: "undecided"}
        return {key: answer for each in mutants for key, answer in _prove(folder, module, [each], reduced).items()}
    return {
        key: "equivalent" if _PROVEN in words else "differs" if _FOUND in words and key in left else "undecided"
        for key, words in said.items()
    }


def _miters(
    folder: Path, module: str, mutants: Sequence[Mutant], reduced: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    """Write a miter of the modules ``gold`` and ``gate`` for each mutant, and find the flip-flops of both.

    Raises:
        YosysError: Yosys refuses one.
    """
    others = re.findall(r"^module \\?(\S+)", (folder / "bench.il").read_text(encoding="utf-8"), re.MULTILINE)
    cut = [f"blackbox {' '.join(each for each in others if each != module)}"] if len(others) > 1 else []
    passes = [
        *prepared(module),
        f"setattr -unset init {module}/w:*",
        f"memory_map {module}",
        *cut,
        "design -save ready",
    ]
    for mutant in mutants:
        passes += [
            "design -load ready",
            f"copy {module} gold",
            f"mutate {' '.join(mutant.options)}",
            f"rename {module} gate",
            "expose -evert gold/c:* gate/c:*",
            *reduced,
            "miter -equiv -flatten gold gate miter",
            "select -module miter",
            f"write_rtlil -selected miter_{mutant.key}.il",
            "select -clear",
        ]
    run_yosys(passes, folder, "miter")
    states = {}
    for mutant in mutants:
        path = folder / f"miter_{mutant.key}.il"
        # The command line takes no colon in a name.
        text = _MADE.sub(r"\\\1_\2", path.read_text(encoding="utf-8"))
        write_text(path, text)
        states[mutant.key] = _states(text)
    return states


def _sat(folder: Path, states: dict[str, list[tuple[str, str]]], claims: dict[str, str], name: str) -> dict[str, str]:
    """What the solver says of each claim."""
    if not claims:
        return {}
    passes = []
    for key, claim in claims.items():
        path = folder / f"miter_{key}.il"
        start = [f"-set-at 1 {gold} {gate}" for gold, gate in states[key]]
        if re.search(r"^  wire .*\\in_rst$", path.read_text(encoding="utf-8"), re.MULTILINE):
            start.append("-set-at 1 in_rst 1")
        asked = f"sat -timeout {TIMEOUT_S} -seq 1 -tempinduct {' '.join(start)} -prove trigger 0 {claim} miter"
        passes += ["design -reset", f"read_rtlil {path.name}", f"log {_MARK} {key}", asked]
    _, *parts = run_yosys(passes, folder, name).split(f"\n{_MARK} ")
    found = dict(part.split("\n", 1) for part in parts)
    if found.keys() != claims.keys():
        raise YosysError(f"Yosys answers {len(found)} of {len(claims)} claims of {name}.ys")
    return found


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
