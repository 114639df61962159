"""Chooses the kernel that golden learns with, and compiles it: one library for every design point whose rule of an
update is bundled, and one for each rule of a package, among the builds.

Both kernels give the same bits, so the choice changes how long a training takes and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

from filelock import FileLock

from remora.flow.report.console import console
from remora.flow.tools.build import build_root, first_error
from remora.flow.tools.children import run_child
from remora.flow.tools.verilator import SimulatorError, compiler_version
from remora.golden.learning.kernel.compiled import DEFINITIONS, HEADERS, SOURCE, open_kernel
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import LearningKernel, MakeKernel
from remora.golden.learning.kernel.update_rules.registry import HEADERS as RULES
from remora.golden.learning.kernel.update_rules.registry import rule_definition, rule_headers
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import replacing

VARIABLE = "REMORA_KERNEL"
CHOICES = {
    "auto": "compiled where that is possible, else numpy, which is said",
    "compiled": "an error where it cannot be compiled",
    "numpy": "needs no compiler",
}
OPTIONS = ("-O3", "-march=native", "-std=c++20", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")


class KernelError(RemoraError):
    """There is no such kernel, or it cannot be compiled here; the message says why and what to do."""


def learning_kernel(name: str | None = None) -> MakeKernel:
    """The kernel of every training of a command.

    That for a rule of a package is compiled when a kernel of such a design point is first made.

    Args:
        name: one of `CHOICES`; where None, what the environment variable `VARIABLE` says, else ``auto``.

    Raises:
        KernelError: the name is none of them, or it is ``compiled`` and that is not possible.
    """
    chosen = name or os.environ.get(VARIABLE) or "auto"
    if chosen not in CHOICES:
        legal = "; ".join(f"'{one}': {meaning}" for one, meaning in CHOICES.items())
        raise KernelError(f"{VARIABLE} is '{chosen}'; it must be one of {legal}")
    if chosen == "numpy":
        return NumpyKernel
    try:
        bundled = open_kernel(compile_kernel())
    except (OSError, SimulatorError, KernelError) as error:
        return _instead(chosen, str(error), error)

    def make(design: DesignPoint, *arguments, **named) -> LearningKernel:
        rule = design.learning.update
        if rule in RULES:
            return bundled(design, *arguments, **named)
        try:
            own = open_kernel(compile_kernel(rule), rule)
        except (OSError, RemoraError) as error:
            own = _instead(chosen, f"rule '{rule}' of the update: {error}", error)
        return own(design, *arguments, **named)

    return make


def _instead(chosen: str, why: str, error: Exception) -> MakeKernel:
    """What learns where nothing could be compiled."""
    if chosen == "compiled":
        raise KernelError(f"learning cannot be compiled: {why}; {VARIABLE}=numpy needs no compiler") from error
    say_numpy(why)
    return NumpyKernel


@cache
def say_numpy(why: str) -> None:
    """Say once a process why numpy stands in for compiled code."""
    console(stderr=True).print(
        f"note: learning runs in numpy, with the same results but several times slower: {why}",
        style="yellow", markup=False, soft_wrap=True,
    )  # fmt: skip


def compile_kernel(rule: str | None = None) -> Path:
    """The shared library of the compiled kernel, built once for a source, a compiler, its options and a processor.

    It appears whole or not at all, and of several processes that want it at once one compiles it.

    Args:
        rule: of an update that it has besides the bundled ones.

    Raises:
        RemoraError: the rule has no header.
        SimulatorError: there is no compiler, or no folder to build in.
        KernelError: the compiler refuses the source.
        OSError: the library cannot be written.
    """
    headers = rule_headers(rule)
    definitions, rules = {**DEFINITIONS, "UPDATE_RULES": rule_definition(headers)}, tuple(headers.values())
    command = ["c++", *OPTIONS, *(f"-D{name}={value}" for name, value in definitions.items())]
    # What the compiler predefines says which processor -march=native means.
    processor = _compile([*command, "-dM", "-E", "-x", "c++", os.devnull])
    texts = [path.read_text(encoding="utf-8") for path in (SOURCE, *HEADERS, *rules)]
    parts = (*command, compiler_version(), processor, *texts)
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    library = build_root() / f"learning-kernel-{digest}" / "kernel.so"
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(library.with_suffix(".lock")):
            # Another process may have built it while this one waited.
            if not library.is_file():
                with replacing(library) as partial:
                    given = [f"-I{HEADERS[0].parent}", *(part for path in rules for part in ("-include", str(path)))]
                    _compile([*command, *given, "-o", str(partial), str(SOURCE)])
    return library


def _compile(command: list[str]) -> str:
    """What the compiler prints."""
    compiler_version()  # raises where there is none
    done = run_child(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise KernelError(f"'c++' fails: {first_error(done.stdout)}")
    return done.stdout
