"""Whether mutants of a module differ from it at all: a proof for each over every state that the module reaches from
reset on, by property-directed reachability."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from remora.flow.faults.mutants.drawn import Mutant, prepared
from remora.flow.tools.children import run_child
from remora.flow.tools.yosys import YosysError, abc_program, run_yosys
from remora.spec.lib.files import write_text

Answer = Literal["equivalent", "differs", "undecided"]

TIMEOUT_S = 30
"""Of the proof that outputs agree while states need not, by the clock on the wall; a machine with much else to do
decides less."""
STUCK_S = 150
"""After so long ABC is ended, which asks for the time in its proof alone."""
MOST_GATES = 30_000
"""Of a graph of which more is asked than whether outputs and states agree; on a larger one PDR does not end."""
SHORT_S = 15
"""Of the proof that outputs and states agree, and of each proof in surroundings: decided soon or not at all."""
MOST_CELLS = 600
"""Of a bench in which surroundings are compared; graphs of larger ones take minutes to write, and are not decided."""
AT_ONCE = 10
"""Mutants of one run of Yosys, which starts once and reads the bench once for all of them."""
BENCH = "bench"
"""Module that has nothing but the components of a test in it."""
LAST_PORT = 99_999
"""Number of a port behind those of any miter."""
_MITER = "miter_{}.{}"
# After fold -s no difference counts that follows a first cycle other than the one that is assumed; what is alike only
# from the second cycle on scorr sees by two.
ALL_AGREE, OUTPUTS_AGREE = (f"fold -s; {joined}scorr -F 2; pdr -a -T {{}}" for joined in ("orpos; ", ""))
"""Proofs of ABC: that neither output of a claim is ever set, and the same of each alone. Without -a a claim that is
plain from the start counts as undecided."""
_PROVEN, _FOUND = "Proved output 0 in frame", "Output 0 was asserted in frame"
_FLIP_FLOP = re.compile(r"^  cell \$\w*dff\w* \$flatten\\(gold|gate)\.(\S+)\n(.*?)^  end$", re.MULTILINE | re.DOTALL)
_MODULE = re.compile(r"^module .*$", re.MULTILINE)
_OUTPUT = re.compile(r"^    connect \\Q (.*)$", re.MULTILINE)
_WIRE = re.compile(r"^  wire (?:width (\d+) )?.*?(\S+)$", re.MULTILINE)
_TRIGGER = re.compile(r"wire output \d+ \\trigger")
_BITS = re.compile(r"(\S+)(?: \[(\d+)(?::(\d+))?\])?")


def compare(folder: Path, module: str, mutants: Sequence[Mutant]) -> dict[str, Answer]:
    """Compare a module with each of its mutants.

    Both hold the same in every flip-flop and memory, whatever it is, when a cycle of reset begins; from then on all
    inputs are free. Instances in the module are cut off: what they give is free and the same for both, and what they
    are given must agree. So ``equivalent`` holds wherever the module stands, while ``differs`` may need inputs that
    its surroundings never give.

    Those that are not equivalent so are compared in their surroundings, as far as the bench has them: `_surroundings`.
    A bench of more than `MOST_CELLS` cells is spared that.

    Args:
        folder: has ``bench.il``, and gets scripts and logs.

    Returns:
        Answer by key.
    """
    answers: dict[str, Answer] = {}
    bench = (folder / "bench.il").read_text(encoding="utf-8")
    around = _surroundings(bench, module) if bench.count("\n  cell ") <= MOST_CELLS else None
    for start in range(0, len(mutants), AT_ONCE):
        batch = mutants[start : start + AT_ONCE]
        answers |= _answers(folder, module, None, batch)
        if around and (left := [mutant for mutant in batch if answers[mutant.key] != "equivalent"]):
            found = _answers(folder, module, around, left)
            answers |= {key: answer for key, answer in found.items() if answer == "equivalent"}
    return answers


def _surroundings(bench: str, module: str) -> str | None:
    """The component of a bench that the module is in: the bench drives its ports, and nothing else. In a whole
    accelerator the module itself, with what is in it. None where that says no more."""
    parts = {
        name: re.findall(r"^  cell \\?(\S+) ", body, re.MULTILINE)
        for name, body in re.findall(r"^module \\?(\S+)\n(.*?)^end$", bench, re.MULTILINE | re.DOTALL)
    }

    def below(name: str) -> set[str]:
        inner = [part for part in parts[name] if part in parts]
        return set(inner).union(*map(below, inner))

    around = [part for part in parts.get(BENCH, ()) if part == module or (part in parts and module in below(part))]
    component = around[0] if around else module
    return component if below(component) else None


def _answers(folder: Path, module: str, around: str | None, mutants: Sequence[Mutant]) -> dict[str, Answer]:
    """Compare a module with mutants; one that Yosys refuses is undecided."""
    try:
        _write_miters(folder, module, around, mutants)
        _write_claims(folder, mutants)
    except YosysError:
        if len(mutants) == 1:
            return {mutants[0].key: "undecided"}
        return {key: answer for each in mutants for key, answer in _answers(folder, module, around, [each]).items()}
    seconds = SHORT_S if around else TIMEOUT_S
    return {mutant.key: _prove(folder, mutant.key, seconds) for mutant in mutants}


def _write_miters(folder: Path, module: str, around: str | None, mutants: Sequence[Mutant]) -> None:
    """Write a miter of the modules ``gold`` and ``gate`` for each mutant.

    Args:
        around: a module with ``module`` in it that is compared whole; None to compare ``module`` alone.

    Raises:
        YosysError: Yosys refuses one.
    """
    others = re.findall(r"^module \\?(\S+)", (folder / "bench.il").read_text(encoding="utf-8"), re.MULTILINE)
    cut = [f"blackbox {' '.join(each for each in others if each != module)}"] if len(others) > 1 else []
    if around:
        # Its own passes first, as when it was drawn: later ones number the cells that they make otherwise.
        ready = [*prepared(module), *prepared("*")[1:], "setattr -unset init */w:*", "memory_map"]
    else:
        ready = [*prepared(module), f"setattr -unset init {module}/w:*", f"memory_map {module}", *cut]
    compared, passes = around or module, [*ready, "design -save ready"]
    for mutant in mutants:
        passes += [
            "design -load ready",
            f"copy {compared} gold",
            *(["flatten gold"] * bool(around)),
            f"mutate {' '.join(mutant.options)}",
            f"rename {compared} gate",
            *(["flatten gate"] * bool(around)),
            # A claim takes what a flip-flop shows for its state, which holds for one without an enable alone.
            "dffunmap gold gate",
            "expose -evert gold/c:* gate/c:*",
            "miter -equiv -flatten gold gate miter",
            "select -module miter",
            f"write_rtlil -selected {_MITER.format(mutant.key, 'il')}",
            "select -clear",
        ]
    run_yosys(passes, folder, "miter")


def _write_claims(folder: Path, mutants: Sequence[Mutant]) -> None:
    """Turn miters into and-inverter graphs of two outputs: the outputs of the modules differ, their states differ.

    Raises:
        YosysError: Yosys refuses one.
    """
    passes = []
    for mutant in mutants:
        miter, graph = (_MITER.format(mutant.key, ending) for ending in ("il", "aig"))
        head, end, rest = (folder / miter).read_text(encoding="utf-8").rpartition("\nend\n")
        head = _TRIGGER.sub("wire \\\\trigger", head)
        write_text(folder / miter, f"{_claim(head)}{end}{rest}")
        passes += [
            "design -reset", f"read_rtlil {miter}", "async2sync", "opt_clean", "techmap", "setundef -zero", "opt_expr",
            "opt_clean", "dffunmap", "aigmap", "opt_clean", f"write_aiger -zinit {graph}",
        ]  # fmt: skip
    run_yosys(passes, folder, "claim")


def _prove(folder: Path, key: str, seconds: int) -> Answer:
    """Most mutants that are equivalent hold the same in all flip-flops, which is proven at once. Of a large graph only
    that is tried."""
    if _PROVEN in _said(folder, key, ALL_AGREE.format(SHORT_S)):
        return "equivalent"
    if _gates(folder / _MITER.format(key, "aig")) > MOST_GATES:
        return "undecided"
    said = _said(folder, key, OUTPUTS_AGREE.format(seconds))
    return "equivalent" if _PROVEN in said else "differs" if _FOUND in said else "undecided"


def _gates(graph: Path) -> int:
    """And-gates of a binary AIGER file, as its first line has them: ``aig M I L O A``."""
    with graph.open("rb") as file:
        return int(file.readline().split()[5])


def _said(folder: Path, key: str, proof: str) -> str:
    """What ABC says of a proof; nothing where it does not end."""
    command: list[str | Path] = [abc_program(), "-c", f"read_aiger {_MITER.format(key, 'aig')}; {proof}"]
    try:
        return run_child(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=STUCK_S).stdout
    except subprocess.TimeoutExpired:
        return ""


def _claim(miter: str) -> str:
    """A miter, in RTLIL without its end, whose modules begin in a cycle of reset with the same in all flip-flops: what
    these show then comes from inputs that both share, which lets ABC see at once that what follows from it is the same.
    From the next cycle on an output tells that the outputs differ, and another that the states do."""
    widths = {name: int(width or 1) for width, name in _WIRE.findall(miter)}
    cells: list[str] = [
        "attribute \\init 1'0",
        "wire \\remora_later",
        "wire \\remora_first",
        f"wire output {LAST_PORT} \\remora_seen",
        _cell("dff", WIDTH=1, CLK_POLARITY=1, D="1'1", CLK="\\in_clk", Q="\\remora_later"),
        _cell("logic_not", "first", A_SIGNED=0, A_WIDTH=1, Y_WIDTH=1, A="\\remora_later", Y="\\remora_first"),
        _cell(
            "and", A_SIGNED=0, A_WIDTH=1, B_SIGNED=0, B_WIDTH=1, Y_WIDTH=1, A="\\trigger", B="\\remora_later",
            Y="\\remora_seen",
        ),
    ]  # fmt: skip
    if "\\in_clk" not in widths:
        cells.insert(0, "wire \\in_clk")
    if "\\in_rst" in widths:
        cells.append(_cell("assume", "reset", A="\\in_rst", EN="\\remora_first"))
    if pairs := _states(miter, widths):
        numbers = {name: number for number, (name, _, _, _) in enumerate(pairs)}

        def kept(cell: re.Match[str]) -> str:
            if cell[2] not in numbers:
                return cell[0]
            return _OUTPUT.sub(lambda output: rf"    connect \Q \remora_{cell[1]}_{numbers[cell[2]]}", cell[0])

        miter, wires = _FLIP_FLOP.sub(kept, miter), list[str]()
        for number, (_, gold, gate, width) in enumerate(pairs):
            cells.append(f"wire width {width} input {LAST_PORT + 2 + number} \\remora_any_{number}")
            for side, signal in (("gold", gold), ("gate", gate)):
                wires += [f"attribute \\init {width}'{'0' * width}", f"wire width {width} \\remora_{side}_{number}"]
                cells.append(
                    _cell(
                        "mux", f"_{side}_{number}", WIDTH=width, A=f"\\remora_any_{number}",
                        B=f"\\remora_{side}_{number}", S="\\remora_later", Y=f"{{ {signal} }}",
                    )
                )  # fmt: skip
        width = sum(size for _, _, _, size in pairs)
        gold, gate = (f"{{ {' '.join(each)} }}" for each in ([pair[1] for pair in pairs], [pair[2] for pair in pairs]))
        cells += [
            "wire \\remora_same",
            f"wire output {LAST_PORT + 1} \\remora_parted",
            _cell("logic_not", A_SIGNED=0, A_WIDTH=1, Y_WIDTH=1, A="\\remora_same", Y="\\remora_parted"),
            _cell(
                "eq", A_SIGNED=0, B_SIGNED=0, A_WIDTH=width, B_WIDTH=width, Y_WIDTH=1, A=gold, B=gate,
                Y="\\remora_same",
            ),
        ]  # fmt: skip
        # Wires come before the cells that use them.
        miter = _MODULE.sub(lambda head: "\n".join([head[0], *wires]), miter, count=1)
    return "\n".join([miter, *cells])


def _cell(kind: str, name: str = "", **values: int | str) -> str:
    """A cell in RTLIL: parameters are numbers, and connections are signals."""
    lines = [
        f"parameter \\{each} {value}" if isinstance(value, int) else f"connect \\{each} {value}"
        for each, value in values.items()
    ]
    return "\n".join([f"cell ${kind} \\remora_{kind}{name}", *lines, "end"])


def _states(miter: str, widths: dict[str, int]) -> list[tuple[str, str, str, int]]:
    """Flip-flops that both modules have: name, output of either, and how many bits."""
    found: dict[str, dict[str, str]] = {"gold": {}, "gate": {}}
    for side, name, body in _FLIP_FLOP.findall(miter):
        if output := _OUTPUT.search(body):
            found[side][name] = output[1].strip("{} ")
    both = [(name, found["gold"][name], found["gate"][name]) for name in found["gold"].keys() & found["gate"].keys()]
    sized = [(*pair, _width(pair[1], widths)) for pair in both if _width(pair[1], widths) == _width(pair[2], widths)]
    return sorted(sized)


def _width(signal: str, widths: dict[str, int]) -> int:
    return sum(int(high) - int(low or high) + 1 if high else widths[name] for name, high, low in _BITS.findall(signal))
