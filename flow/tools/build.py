"""Compiled simulations: built by Verilator, cached by content, safe when two processes want the same one at once."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock

from remora.flow.tools import model_source
from remora.flow.tools.children import run_child
from remora.flow.tools.disk_watch import check_room
from remora.flow.tools.ports import input_names
from remora.flow.tools.verilator import (
    FST_FIX,
    Optimise,
    SimulatorError,
    build_environment,
    compiler_version,
    control_file,
    find_verilator,
    has_fst_headers,
    make_flags,
)
from remora.spec.lib.extras import require_extra
from remora.spec.lib.files import write_text

Waves = Literal["vcd", "fst", "saif"]
"""What runs of a build may record: waveforms, or with ``saif`` counts of toggles (tb/cpp/toggles.cpp)."""

VERILATOR_FLAGS = (
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "unique",
    "--assert",
    "--no-timing",
    "--timescale",
    "1ns/1ps",
)
"""``--x-initial unique`` costs nothing after the start; a run can fill with random bits what nobody initialised."""

TRACE_FLAGS = {None: (), "vcd": ("--trace",), "fst": ("--trace-fst",), "saif": ("--trace-saif",)}
SAIF_ARGUMENTS = ("--no-trace-params", "--trace-max-width", "1000000")
"""By default Verilator leaves signals of more than 256 bits out, and nobody would count them."""

TOGGLES_MAIN = Path(__file__).parents[2] / "tb" / "cpp" / "toggles.cpp"
"""Main of a build that counts toggles; it includes cocotb's."""

WAVES_SUFFIXES: Mapping[str, Waves] = {".vcd": "vcd", ".fst": "fst"}

HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Verilator walks all of its memory again and again: with pages of 2 MiB it takes a tenth less processor time."""

BUILD_TIMEOUT_S = 3600
PARALLEL_JOBS = 4
LOG_LINES_SHOWN = 40
COMPLETE = "complete.json"
"""Written last into a build's directory: a build that has it is whole."""


@dataclass(frozen=True)
class Build:
    """A compiled design: name, digest, folder of its products, top module, recordable waves, its simulator, and
    arguments of every run of it."""

    name: str
    digest: str
    directory: Path
    top: str
    waves: Waves | None = None
    simulator: Literal["verilator", "icarus"] = "verilator"
    plusargs: tuple[str, ...] = ()

    @property
    def executable(self) -> Path:
        """The compiled simulation: a program, or for Icarus what ``vvp`` runs."""
        return self.directory / "simulation"


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """Everything that goes into a build."""

    name: str
    top: str
    sources: Sequence[Path]
    main_cpp: Path
    arguments: Sequence[str] = ()
    waves: Waves | None = None
    optimise: Optimise = "run"


def build(
    sources: Sequence[Path],
    top: str,
    *,
    name: str,
    waves: Waves | None = None,
    arguments: Sequence[str] = (),
    optimise: Optimise = "run",
) -> Build:
    """Build a design to run under cocotb; a build that exists already costs milliseconds.

    cocotb sees the ports of ``top``, nothing else: a signal that can be seen cannot be optimised away, and with all of
    them visible a simulation is six times slower.

    Args:
        sources: Verilog (``*.v``, taken as generated), SystemVerilog and control files (``*.vlt``), in order.
        top: name of the top module.
        name: what to call the build; part of its directory's name.
        waves: format of the waveforms that runs may record: ``vcd`` needs nothing, ``fst`` is smaller but needs the
            headers of zlib and lz4; ``saif`` for counts of toggles.
        arguments: further arguments for Verilator.
        optimise: ``run`` for long simulations; ``build`` for short ones: it compiles two to three times faster.

    Raises:
        SimulatorError: there is no Verilator or compiler, or the build fails; the message has the first error and the
            end of the log.
        MissingExtra: cocotb is not installed.
    """
    require_extra("simulating", "sim")
    # Imported late: a warm build of the benchmark needs nothing of cocotb.
    import cocotb_tools.config

    libraries = cocotb_tools.config.libs_dir
    link = f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"
    main_cpp = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"
    if waves == "saif":
        arguments, main_cpp = (*SAIF_ARGUMENTS, "-CFLAGS", f"-I{main_cpp.parent}", *arguments), TOGGLES_MAIN
    return _build(
        _Recipe(
            name=name,
            top=top,
            sources=sources,
            main_cpp=main_cpp,
            waves=waves,
            optimise=optimise,
            arguments=("--vpi", "-LDFLAGS", link, *arguments),
        )  # fmt: skip
    )


def build_executable(
    sources: Sequence[Path], top: str, main_cpp: Path, *, name: str, optimise: Optimise = "run"
) -> Build:
    """Build a design with a C++ main of its own, without cocotb; start ``Build.executable`` to run it.

    ``main_cpp`` includes ``Vtop.h``. In the C++ names of ports ``__`` becomes ``___05F``. Errors as of ``build``.
    """
    return _build(_Recipe(name=name, top=top, sources=sources, main_cpp=main_cpp, optimise=optimise))


def build_root() -> Path:
    """Folder of all build products: ``REMORA_SIM_BUILD``, or ``sim_build`` in the checkout or the working directory.

    Raises:
        SimulatorError: its path contains a space, which make cannot handle.
    """
    checkout = Path(__file__).parents[3]
    default = (checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()) / "sim_build"
    root = Path(os.environ.get("REMORA_SIM_BUILD") or default).absolute()
    if re.search(r"\s", str(root)):
        raise SimulatorError(
            f"'{root}' contains a space, and make cannot build there: move the checkout to a path without"
        )
    return root


def write_source(filename: str, text: str) -> Path:
    """Store generated source text under ``sim_build/sources/`` and return its path; the same text is stored once."""
    folder = build_root() / "sources" / hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / filename
    if not path.is_file():
        write_text(path, text)
    return path


def wave_format(path: Path | None) -> Waves | None:
    """The format of waveforms that a file's name asks for; None where it is None.

    Raises:
        SimulatorError: the name says none.
    """
    if path is None:
        return None
    if path.suffix not in WAVES_SUFFIXES:
        raise SimulatorError(f"--waves {path}: waveforms are VCD or FST; give a name that ends in .vcd or .fst")
    return WAVES_SUFFIXES[path.suffix]


def check_waves(waves: Waves | None) -> None:
    """Whether a build can record waveforms of a format here.

    Raises:
        SimulatorError: it cannot; the message says what is missing.
    """
    if waves == "fst" and not has_fst_headers():
        raise SimulatorError(
            f"waveforms as FST need the headers of lz4 and zlib: {FST_FIX}; VCD needs nothing: a name that ends in .vcd"
        )


def _build(recipe: _Recipe) -> Build:
    check_waves(recipe.waves)
    digest = _digest(recipe)
    directory = build_root() / f"{recipe.name}-{digest}"
    result = Build(recipe.name, digest, directory, recipe.top, recipe.waves)
    if (directory / COMPLETE).is_file():
        return result
    directory.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(directory.with_suffix(".lock")):
        # Another process may have built it while this one waited.
        if not (directory / COMPLETE).is_file():
            _compile(recipe, result)
    return result


def _digest(recipe: _Recipe) -> str:
    """Hash of the content of every file, every flag and every tool's version; the files' folders do not enter."""
    verilator = find_verilator()
    hasher = hashlib.sha256()
    for path in (*recipe.sources, recipe.main_cpp):
        if not Path(path).is_file():
            raise SimulatorError(f"build '{recipe.name}': source {path} does not exist")
        hasher.update(f"{Path(path).name}\0".encode() + hashlib.sha256(Path(path).read_bytes()).digest())
    flags = [recipe.top, recipe.waves, recipe.optimise, list(recipe.arguments)]
    tools = [verilator.version, verilator.origin, compiler_version(), importlib.metadata.version("cocotb")]
    settings = [
        flags,
        tools,
        VERILATOR_FLAGS,
        make_flags(verilator, recipe.optimise),
        Path(model_source.__file__).read_text(encoding="utf-8"),
        _control_file(recipe),
    ]
    hasher.update(json.dumps(settings).encode())
    return hasher.hexdigest()[:12]


def _control_file(recipe: _Recipe) -> str:
    models = [Path(path) for path in recipe.sources if Path(path).suffix == ".sv" and Path(path).stem != recipe.top]
    counted = models if recipe.waves == "saif" else []
    return control_file(recipe.top, find_verilator(), input_names(recipe.top, recipe.sources), behavioural=counted)


def _compile(recipe: _Recipe, result: Build) -> None:
    verilator = find_verilator()
    started = time.monotonic()
    shutil.rmtree(result.directory, ignore_errors=True)
    result.directory.mkdir(parents=True)
    control = result.directory / "control.vlt"
    write_text(control, _control_file(recipe))
    runtime_cache = result.directory.parent / "runtime"
    environment = {**os.environ, **build_environment(verilator, runtime_cache, recipe.optimise)}
    jobs = min(PARALLEL_JOBS, os.cpu_count() or 1)
    command = [str(verilator.path), *_verilator_arguments(recipe, result, control)]
    _step(result, command, {**HUGE_PAGES, **environment})
    # Its main stands in the same C++ file: compiled by itself, it costs more than a second for the headers alone.
    join = f"VERILATOR_INCLUDER={sys.executable} -SE {model_source.__file__} {recipe.main_cpp.absolute()}"
    _step(result, ["make", "-C", str(result.directory), "-f", "Vtop.mk", f"-j{jobs}", join], environment)
    summary = {"seconds": round(time.monotonic() - started, 2), "top": recipe.top, "verilator": verilator.version}
    write_text(result.directory / COMPLETE, json.dumps(summary) + "\n")


def _verilator_arguments(recipe: _Recipe, result: Build, control: Path) -> list[str]:
    return [
        *("--cc", "--exe", "--prefix", "Vtop", "--top-module", recipe.top),
        *("--Mdir", str(result.directory), "-o", result.executable.name),
        *VERILATOR_FLAGS,
        *TRACE_FLAGS[result.waves],
        *recipe.arguments,
        str(control),
        *(str(Path(path).absolute()) for path in recipe.sources),
    ]


def _step(result: Build, command: list[str], environment: dict[str, str]) -> None:
    log = result.directory / "build.log"
    with log.open("a", encoding="utf-8") as stream:
        try:
            done = run_child(
                command, cwd=result.directory, env=environment, stdout=stream, stderr=subprocess.STDOUT,
                timeout=BUILD_TIMEOUT_S,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = f"build '{result.name}': {error}; run 'remora doctor' to see what is missing"
            raise SimulatorError(reason) from error
    if done.returncode:
        check_room([result.directory])
        text = log.read_text(encoding="utf-8", errors="replace")
        raise SimulatorError(f"build '{result.name}' failed: {first_error(text)}\nThe end of {log}:\n{tail(text)}")


def first_error(log: str) -> str:
    """The line of a build log that matters most: the first error, else the first warning, else the last line.

    Verilator counts a warning as an error at its very end, in a line that says nothing.
    """
    lines = log.splitlines()
    for pattern in (r"%Error(?!: Exiting due to)", r"%Warning", r".*\bundefined reference\b", r".*\b(fatal )?error\b"):
        for line in lines:
            if re.match(pattern, line):
                return line.strip()
    return lines[-1].strip() if lines else "it printed nothing"


def tail(text: str, lines: int = LOG_LINES_SHOWN) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])
