"""What a simulation is from outside, whatever the kind of design: generated once, built with a word, judged, tidied."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter

from filelock import FileLock

from flow.console import console
from flow.generate import Generated, generate
from flow.simulator import Build, build_root
from golden.analog_codes import AnalogCodes
from golden.weights import Weights
from spec.analog import AnalogDesign
from spec.design import DesignPoint
from spec.errors import CheckFailed, RemoraError
from spec.trace import is_trace
from tb.scoreboard import Comparison, describe


def generate_for(design: DesignPoint | AnalogDesign, weights: Weights | AnalogCodes) -> Generated:
    """The generated directory of a design under the build root."""
    target = build_root() / "generated" / f"{design.name}-{design.hash}"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two simulations of one design at once must not read what the other has half written.
    with FileLock(target.with_suffix(".lock")):
        return generate(design, target, weights, force=True)


def built(build: Callable[[], Build]) -> Build:
    """Build, and say how long that took."""
    began = perf_counter()
    with console(stderr=True).status("building the simulation"):
        found = build()
    console().print(f"simulation built in {perf_counter() - began:.1f} s")
    return found


def check_kept(keep: Path | None) -> None:
    """Whether a run may leave inputs, trace and log in ``keep``; nothing where it is None.

    Raises:
        RemoraError: it holds something other than what a run left, which the next run would mix with its own.
    """
    if keep and keep.exists() and not (keep.is_dir() and (is_trace(keep) or not any(keep.iterdir()))):
        raise RemoraError(f"--keep {keep}: it holds something else than an earlier run; give a new or an empty folder")


@contextmanager
def run_directory(name: str, keep: Path | None) -> Iterator[Path]:
    """Where a run leaves inputs, trace and log: ``keep``, else a new directory under the build root.

    It is removed where a signal or a full disk ends the run.
    """
    directory = keep or Path(mkdtemp(prefix=f"{name}-", dir=build_root()))
    try:
        yield directory
    except RemoraError:
        raise
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def tidy(directory: Path, keep: Path | None, comparison: Comparison) -> None:
    """Remove what a run left, unless it is to be kept or something differs; then say where it is."""
    if not keep and comparison.passed:
        shutil.rmtree(directory)
    elif not comparison.passed:
        console().print(f"inputs, trace and log stay in {directory}")


def judge(comparison: Comparison, kinds: Sequence[str]) -> None:
    """Print the first divergence and fail unless every kind was compared and all of it agrees.

    Raises:
        CheckFailed: something differs, or nothing was compared of a kind.
    """
    wrong = comparison.shortfall(kinds)
    if wrong:
        console().print(describe(comparison))
        raise CheckFailed(wrong)
