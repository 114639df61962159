"""Runs a compiled simulation under cocotb and checks what it reports. ``build`` and ``find_verilator`` come along."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from remora.flow.tools.build import Build, build, build_executable, build_root, tail, write_source
from remora.flow.tools.children import run_child
from remora.flow.tools.disk_watch import DiskWatch, check_room
from remora.flow.tools.icarus import POWER_UP, find_icarus
from remora.flow.tools.seeds import LARGEST_SEED, SEED_VARIABLE
from remora.flow.tools.verilator import SimulatorError, Verilator, find_verilator
from remora.spec.lib.errors import CheckFailed
from remora.spec.lib.files import replacing, write_text
from remora.tb.lib.config import CONFIG_VARIABLE

__all__ = [
    "Build", "RunResult", "SimulationFailed", "SimulatorError", "TestCase", "Verilator",
    "build", "build_executable", "build_root", "default_seed", "find_verilator", "run", "write_source",
]  # fmt: skip

DEFAULT_SEED = 1
"""Seed of a run that is given none, neither as an argument nor as COCOTB_RANDOM_SEED: regressions repeat exactly."""

REWRITTEN_VARIABLE, REWRITTEN_FILES = "COCOTB_REWRITE_ASSERTION_FILES", "top_*.py test_*.py cocotb_*.py"
"""Files whose assertions cocotb rewrites, so that a failure shows the values: those of benches. By default it rewrites
every module that a simulation imports, golden and numpy too, which takes longer than many a simulation."""

DEFAULT_TIMEOUT_S = 900

LISTENERS: list[Callable[[str, tuple[TestCase, ...]], None]] = []
"""Called after each run with its test module and the cocotb tests that ran, passed or failed."""


class SimulationFailed(SimulatorError, CheckFailed):
    """The simulation ran and a test in it failed."""

    exit_code = CheckFailed.exit_code


@dataclass(frozen=True)
class TestCase:
    """One cocotb test: its name, and why it failed, None where it passed."""

    __test__ = False  # not a class for pytest to collect

    name: str
    failure: str | None
    seconds: float


@dataclass(frozen=True)
class RunResult:
    """A simulation all of whose tests passed.

    Attributes:
        tests: those that ran, at least one.
        seed: what ``random`` was seeded with.
        run_dir: where it ran; None where the directory was not asked for, and is gone.
        waves: the waveform file, or None.
        log: everything that it printed.
        seconds: wall-clock time of the whole run, the start of Python included.
    """

    tests: tuple[TestCase, ...]
    seed: int
    run_dir: Path | None
    waves: Path | None
    log: str
    seconds: float


def run(
    build: Build,
    test_module: str,
    *,
    testcase: str | Sequence[str] | None = None,
    config: Mapping[str, Any] | None = None,
    seed: int | None = None,
    run_dir: Path | None = None,
    waves: Path | None = None,
    plusargs: Sequence[str] = (),
    timeout: float | None = DEFAULT_TIMEOUT_S,
    env: Mapping[str, str] | None = None,
) -> RunResult:
    """Run the cocotb tests of a module on a build.

    Args:
        test_module: dotted name of the module, importable from the root of the repository or from ``sys.path``.
        testcase: name or names of tests to run; all where None.
        config: anything that JSON can carry; ``remora.tb.lib.config.load_config()`` gives it to the test.
        seed: of Python's ``random`` in the test and of the random initial values; COCOTB_RANDOM_SEED or 1 where None.
        run_dir: working directory of the simulation, made if need be. None makes one of its own, which is removed after
            success and stays after failure.
        waves: file to record waveforms to; the build must have been made with waves.
        plusargs: arguments for the design, such as ``+name=value``.
        timeout: seconds of wall-clock time; None for no limit.
        env: further environment variables of the simulation.

    Raises:
        SimulationFailed: a test failed; the message names it, its reason and the seed, and has the end of the log.
        SimulatorError: the simulation crashed, timed out, or ran no test at all.
    """
    if waves and not build.waves:
        raise SimulatorError(f"build '{build.name}' cannot record waves: build it with waves")
    seed = default_seed() if seed is None else seed
    directory, own = (Path(run_dir).absolute(), False) if run_dir else (_fresh_directory(build, test_module), True)
    directory.mkdir(parents=True, exist_ok=True)
    level = os.environ.get("COCOTB_LOG_LEVEL", "WARNING")
    settings = {
        SEED_VARIABLE: str(seed),
        "COCOTB_LOG_LEVEL": level,
        "GPI_LOG_LEVEL": level,
        REWRITTEN_VARIABLE: os.environ.get(REWRITTEN_VARIABLE, REWRITTEN_FILES),
        **(env or {}),
    }
    if config is not None:
        path = directory / "config.json"
        write_text(path, json.dumps(config, indent=1) + "\n")
        settings[CONFIG_VARIABLE] = str(path)
    arguments = [*build.plusargs, *plusargs]
    if build.simulator == "verilator":
        arguments += [
            f"+verilator+seed+{seed % (2**31 - 1) + 1}",
            # Registers and memories without an initial value, and undriven top-level inputs, hold random bits, not
            # zeros, so that a design cannot rely on what silicon does not give. In Icarus they are x.
            "+verilator+rand+reset+2",
        ]
    else:
        arguments.append(f"+{POWER_UP}={seed % 2**31}")

    started = time.monotonic()
    what = f"{test_module} on '{build.name}' (seed {seed}, in {directory})"
    with _recording(waves) as recorded:
        if recorded:
            arguments += ["--trace", "--trace-file", str(recorded.absolute())]
        written = [waves, directory] if waves else [directory]
        log, problem = _simulate(build, test_module, testcase, directory, settings, arguments, timeout, written)
        seconds = time.monotonic() - started
        tests = _check_results(directory / "results.xml", test_module, what, log, problem)
    print(f"{test_module} on {build.name}: {len(tests)} tests passed, seed {seed}, {seconds:.1f} s")
    if own:
        shutil.rmtree(directory, ignore_errors=True)
    return RunResult(tests, seed, None if own else directory, Path(waves).absolute() if waves else None, log, seconds)


def default_seed() -> int:
    """Seed of a run that is given none: COCOTB_RANDOM_SEED, or 1.

    Raises:
        SimulatorError: the variable holds no seed.
    """
    text = os.environ.get(SEED_VARIABLE) or str(DEFAULT_SEED)
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > LARGEST_SEED:
        raise SimulatorError(f"{SEED_VARIABLE} = {text}: give a whole number in 0…{LARGEST_SEED}")
    return int(text)


def _fresh_directory(build: Build, test_module: str) -> Path:
    parent = build_root() / "runs"
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{build.name}-{test_module}-", dir=parent))


@contextmanager
def _recording(waves: Path | None) -> Iterator[Path | None]:
    """The file to record waveforms to, which takes the place of ``waves`` in the end: of a simulation that failed too,
    since they show why, but not of one that was interrupted or whose disk was full.
    """
    if waves is None:
        yield None
        return
    failure = None
    with replacing(waves) as partial:
        try:
            yield partial
        except SimulatorError as error:
            if not partial.stat().st_size:
                raise
            failure = error
    if failure:
        raise failure


def _simulate(
    build: Build,
    test_module: str,
    testcase,
    directory: Path,
    settings: dict[str, str],
    arguments: list[str],
    timeout: float | None,
    written: Sequence[Path],
) -> tuple[str, str | None]:
    """Run to the end; returns what it printed, and what went wrong outside the tests, if anything did.

    Raises:
        OSError: the disk of a path of ``written`` is full.
    """
    # Imported late: it takes a fifth of a second, and whoever only builds does not need it.
    from cocotb_tools import runner

    base: Any = runner.Icarus if build.simulator == "icarus" else runner.Verilator

    class Runner(base):
        """cocotb's own knowledge of its environment variables, with our command, environment and time limit."""

        def _set_env_test(self) -> None:
            super()._set_env_test()
            root = str(Path(__file__).parents[3])
            self.env["PYTHONPATH"] = os.pathsep.join([root, self.env["PYTHONPATH"]])
            # cocotb lets the caller's environment win over the arguments; here it is the other way round.
            self.env.update(settings)
            # Bus models call names that cocotb deprecates; where warnings are errors, every simulation would stop.
            self.env.pop("PYTHONWARNINGS", None)

        def _test_command(self) -> list[list[str]]:
            return [[*_program(build), *arguments]]

        def _execute_cmds(self, cmds, cwd, stdout=None) -> None:
            for command in cmds:
                run_child(
                    command, cwd=cwd, env=self.env, stdout=stdout, stderr=subprocess.STDOUT, timeout=timeout,
                    watch=DiskWatch(written),
                ).check_returncode()  # fmt: skip

    log = directory / "simulation.log"
    simulator = Runner()
    simulator.log.setLevel(logging.CRITICAL)
    problem = None
    try:
        simulator.test(
            test_module=test_module, testcase=testcase, hdl_toplevel=build.top, hdl_toplevel_lang="verilog",
            build_dir=build.directory, test_dir=directory, results_xml=str(directory / "results.xml"), log_file=log,
            verbose=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        problem = f"it did not end within {timeout:g} s"
    except SystemExit as error:
        problem = f"the simulation ended with status {error.code}"
    check_room(written, failed=problem is not None)
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "", problem


def _program(build: Build) -> list[str]:
    """The command that runs a build, before its arguments."""
    if build.simulator == "verilator":
        return [str(build.executable)]
    import cocotb_tools.config

    # -n: $stop ends the run instead of asking at a terminal.
    return [str(find_icarus().vvp), "-n", "-m", cocotb_tools.config.lib_entry("vpi", "icarus"), str(build.executable)]


def _check_results(results: Path, test_module: str, what: str, log: str, problem: str | None) -> tuple[TestCase, ...]:
    reports = [line for line in log.splitlines() if re.search(r"%(Error|Fatal)|^(ERROR|FATAL): ", line)]
    end = (f"\nThe design reports: {reports[0].strip()}" if reports else "") + f"\nThe log ends with:\n{tail(log)}"
    tests = read_results(results) if results.is_file() else ()
    for listen in LISTENERS:
        listen(test_module, tests)
    failed = [test for test in tests if test.failure is not None]
    if failed:
        reasons = "\n".join(f"  {test.name}: {test.failure}" for test in failed)
        raise SimulationFailed(f"{len(failed)} of {len(tests)} tests failed in {what}:\n{reasons}{end}")
    if problem and any("%Fatal" in line or line.startswith("FATAL: ") for line in reports):
        # A macro or a checker ended the simulation: the design broke a contract.
        raise SimulationFailed(f"{what}: {problem}{end}")
    if problem:
        raise SimulatorError(f"{what}: {problem}{end}")
    if not tests:
        raise SimulatorError(f"{what}: no test ran, so nothing was checked{end}")
    return tests


def read_results(path: Path) -> tuple[TestCase, ...]:
    """Tests of cocotb's ``results.xml`` that ran; skipped ones are left out.

    Raises:
        SimulatorError: the file is not whole.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise SimulatorError(f"{path} is not whole, the simulation died while it wrote it: {error}") from error
    return tuple(_test_case(element) for element in root.iter("testcase") if element.find("skipped") is None)


def _test_case(element: ElementTree.Element) -> TestCase:
    causes = list(itertools.chain(element.iter("failure"), element.iter("error")))
    failure = None
    if causes:
        failure = causes[0].get("message") or (causes[0].text or "").strip() or "no reason given"
    return TestCase(element.get("name", "?"), failure, float(element.get("time") or 0))
