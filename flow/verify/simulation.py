"""The steps around every simulation: generate the hardware once, say that it is built, check, tidy up."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic

from filelock import FileLock

from remora.flow.generate.directory import Generated, write_directory
from remora.flow.generate.parts import Parts
from remora.flow.report.console import console, progress, table
from remora.flow.signoff.gates import Gates, gates_of
from remora.flow.tools.build import Waves, wave_format
from remora.flow.tools.program import program_digest
from remora.flow.tools.result_folder import folder_result
from remora.flow.tools.simulator import Build, build_root
from remora.flow.tools.verilator import Optimise
from remora.flow.verify.harness import MakeHarness, build_gates, build_harness
from remora.flow.verify.parts import running_parts
from remora.flow.verify.run import C, RtlRun, run_case
from remora.flow.verify.toggles import toggle_report, toggle_table
from remora.hdl.lib.verilog import TOP_NAME
from remora.spec.lib.errors import CheckFailed, RemoraError
from remora.spec.lib.files import check_writable, write_text
from remora.spec.lib.trace import is_trace
from remora.tb.lib.recording import HALTED_FILE
from remora.tb.lib.scoreboard import Comparison, describe

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

RUN_MANIFEST = "run.sha256"
"""Marks a folder that a run was kept in: the next run replaces the files that it lists."""


def generate_for(parts: Parts, prefix: str = "") -> Generated:
    """The generated directory of a design under the build root.

    What lies there stays where this program, at this version of its sources, made it for the same design point and the
    same images.

    Args:
        prefix: of the directory's name, where it is not that of simulations with images of their own.
    """
    with held_for(parts, prefix) as generated:
        return generated


@contextmanager
def held_for(parts: Parts, prefix: str = "") -> Iterator[Generated]:
    """As `generate_for`; nobody else writes the directory before the block ends, so that the block may read it.

    The block must not ask for the same directory again.
    """
    target = build_root() / "generated" / f"{prefix}{parts.design.name}-{parts.design.hash}"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two simulations of one design at once must not read what the other has half written.
    with FileLock(target.with_suffix(".lock")):
        made, key = target / f"{TOP_NAME}.json", target.with_suffix(".key")
        wanted = _key(parts)
        if wanted and made.is_file() and key.is_file() and key.read_text(encoding="utf-8") == f"{wanted}\n":
            kept = Generated(parts.design, target, json.loads(made.read_text(encoding="utf-8")))
            if all(path.is_file() for path in (kept.netlist, *kept.models)):
                yield kept
                return
        key.unlink(missing_ok=True)
        generated = write_directory(parts, target, force=True)
        if wanted:
            write_text(key, f"{wanted}\n")
        yield generated


def _key(parts: Parts) -> str | None:
    """Digest of all that the directory depends on; None where the sources of the system are not this program's."""
    if not type(parts.design).__module__.startswith("remora."):
        return None
    documents = {name: document.text for name, document in parts.documents.items()}
    told = [program_digest(), parts.design.model_dump_json(), dict(parts.images), documents]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


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
        OSError: it cannot be written.
    """
    if keep is None:
        return
    if keep.exists() and not (keep.is_dir() and (_holds_run(keep) or not any(keep.iterdir()))):
        raise RemoraError(f"--keep {keep}: it holds something else than an earlier run; give a new or an empty folder")
    check_writable(keep / RUN_MANIFEST)


def check_recorded(waves: Path | None, toggles: Path | None, gates: bool = False) -> None:
    """Whether one simulation can record what is asked for.

    Raises:
        RemoraError: both waveforms and toggles, or one of them of gates.
    """
    if gates and (waves or toggles):
        what, flag = ("waveforms", "--waves") if waves else ("toggles", "--toggles")
        raise RemoraError(f"{flag} with --gates: {what} are recorded of the Verilog alone; leave one out")
    if waves and toggles:
        raise RemoraError(f"--toggles {toggles} with --waves {waves}: a simulation records one of them; leave one out")


def _holds_run(directory: Path) -> bool:
    return (directory / RUN_MANIFEST).is_file() or is_trace(directory)


@contextmanager
def run_directory(name: str, keep: Path | None) -> Iterator[Path]:
    """Where a run writes inputs, trace and log: a new directory. When the block ends, its files move to ``keep``, where
    they take the place of an earlier run's; where ``keep`` is None, they stay.

    A run that fails keeps them too, since they show why. Where a signal or a full disk ends the run they are removed,
    and ``keep`` is as it was.

    Raises:
        FolderError: a folder stands in ``keep`` where a file goes.
        OSError: it cannot be written; the error names it.
    """
    if keep:
        with _kept(keep) as directory:
            yield directory
        return
    directory = Path(mkdtemp(prefix=f"{name}-", dir=build_root()))
    try:
        yield directory
    except RemoraError:
        raise
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


@contextmanager
def _kept(keep: Path) -> Iterator[Path]:
    failure = None
    with folder_result(keep, force=True, manifest=RUN_MANIFEST) as directory:
        try:
            yield directory
        except RemoraError as error:
            if not any(directory.iterdir()):
                raise
            failure = error
    if failure:
        # The message says where the log is.
        failure.args = tuple(str(each).replace(str(directory), str(keep)) for each in failure.args)
        raise failure


def tidy(directory: Path, keep: Path | None, comparison: Comparison) -> None:
    """Remove what a run left, unless it is to be kept or something differs; then say where it is."""
    if not keep and comparison.passed:
        shutil.rmtree(directory)
    elif not comparison.passed:
        console().print(f"inputs, trace and log stay in {keep or directory}")


def check(comparison: Comparison, kinds: Sequence[str]) -> None:
    """Print the first divergence and fail unless every kind was compared and all of it agrees.

    Raises:
        CheckFailed: something differs, or nothing was compared of a kind.
    """
    wrong = comparison.failure(kinds)
    if wrong:
        console().print(describe(comparison))
        raise CheckFailed(wrong)


def simulate_case(
    parts: Parts,
    harness: MakeHarness,
    case: C,
    *,
    count: int,
    unit: str,
    seed: int,
    stall: float = 0.0,
    waves: Path | None = None,
    toggles: Path | None = None,
    gates: bool = False,
    keep: Path | None = None,
    optimise: Optimise = "run",
    jobs: int = 1,
) -> RtlRun[C]:
    """Generate, build, run a case and compare, with words and a bar for a person.

    Args:
        harness: the system's own.
        count: how many records of `RunCase.PROGRESS` the run will have. ``unit``: what they are called.
        seed, stall, waves: as of `remora.flow.verify.run.run_case`.
        toggles: SAIF file to record; the run then has what `remora.flow.verify.toggles.toggle_report` says of it.
        gates: simulate the mapped netlist on Icarus Verilog; what is unknown there and compared ends the run.
        keep: directory for inputs, trace and log; a temporary one, removed unless something differs, where None.
        jobs: simulations at once, each of a part of the case.

    Raises:
        RemoraError: the case cannot be divided, ``waves`` or ``toggles`` are to be recorded of several simulations, or
            both of one, or one of gates.
        MissingExtra, TimingError: Yosys or the standard cells are missing, of gates.
        SimulatorError: the build or the simulation itself failed.
    """
    check_recorded(waves, toggles, gates)
    if jobs > 1 and (waves or toggles):
        what, flag = ("waveforms", "--waves") if waves else ("toggles", "--toggles")
        raise RemoraError(f"--jobs {jobs}: {what} are recorded of one simulation; leave --jobs or {flag} out")
    divided = case.parts(jobs) if jobs > 1 else []
    generated = generate_for(parts)
    recorded: Waves | None = "saif" if toggles else wave_format(waves)
    mapped = _mapped(generated) if gates else None
    if mapped:
        build = built(lambda: build_gates(generated, harness, mapped))
    else:
        build = built(lambda: build_harness(generated, harness, waves=recorded, optimise=optimise))
    with ExitStack() as around:
        directory = around.enter_context(run_directory(case.design.name, keep))
        # Processes begin before the thread of the progress bar does.
        running = around.enter_context(running_parts(build, case, divided, directory, seed=seed, stall=stall))
        advance = around.enter_context(progress("simulating", count, unit))
        if divided:
            run = running.finish(advance)
        else:
            run = run_case(build, case, directory, seed=seed, stall=stall, waves=toggles or waves, progress=advance)
        if toggles:
            run.toggles = toggle_report(parts, toggles, directory / HALTED_FILE)
    if mapped:
        run.gates = {"cells": mapped.cells, "flip_flops": mapped.flip_flops}
    tidy(directory, keep, run.comparison)
    return run


def _mapped(generated: Generated) -> Gates:
    """The gates of a design, with words for a person."""
    with console(stderr=True).status("mapping every block to standard cells"):
        return gates_of(generated)


@dataclass(frozen=True)
class Simulated(Generic[C]):
    """A simulation and its result as reported; ``show`` makes the table of a result.

    Where toggles were counted, ``result`` has them as ``toggles``, and theirs follows the table. Where gates were
    simulated it has their numbers as ``gates``.
    """

    run: RtlRun[C]
    result: dict[str, Any]
    show: Callable[[dict[str, Any]], Table]

    def __post_init__(self) -> None:
        more = {"toggles": self.run.toggles, "gates": self.run.gates}
        object.__setattr__(self, "result", self.result | {name: each for name, each in more.items() if each})

    def table(self) -> RenderableType:
        """The result for a person."""
        shown = self.show(self.result)
        if not self.run.toggles:
            return shown
        from rich.console import Group

        return Group(shown, toggle_table(self.run.toggles))

    def check(self) -> None:
        """Print the first divergence and raise ``CheckFailed`` unless something was compared and all of it agrees."""
        check(self.run.comparison, self.run.required)


def compared_values(comparison: Comparison) -> dict[str, Any]:
    """What every result says of its comparison."""
    return {
        "values_compared": comparison.values,
        "compared": comparison.compared,
        "mismatches": comparison.total_mismatches,
    }


def agreement_table(result: dict[str, Any], heading: tuple[str, str], compared: tuple[str, str]) -> Table:
    """The head of every result for a person: what was run, what was compared, and in how much it differs."""
    shown = table("", "", title=f"{result['design']}: hardware against golden")
    shown.show_header = False
    shown.add_row(*heading)
    shown.add_row(compared[0], f"{compared[1]} ({result['values_compared']:,} values)")
    if gates := result.get("gates"):
        shown.add_row("gates", f"{gates['cells']:,} cells, of which {gates['flip_flops']:,} flip-flops")
    shown.add_row("mismatches", f"{result['mismatches']:,}", style="green" if result["mismatches"] == 0 else "bold red")
    return shown
