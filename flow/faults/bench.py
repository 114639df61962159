"""The test of the tests: the run that finds nothing in the sound design must notice every fault of a catalogue."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault, mutate, mutate_model
from remora.flow.generate.directory import Generated
from remora.flow.generate.parts import Parts
from remora.flow.tools.simulator import Build, SimulationFailed, SimulatorError, build_root, write_source
from remora.flow.verify.harness import MakeHarness, build_harness
from remora.flow.verify.run import RtlRun, RunCase, run_case
from remora.flow.verify.simulation import held_for
from remora.tb.lib.scoreboard import Comparison

STALL = 0.3
"""Probability that a stream pauses in a cycle, in runs with stalls."""
FINDINGS = (
    r"no answer number \d+ within \d+ cycles",
    r"an answer of \d+ bytes",
    r"an answer came that no packet asked for",
    r"\w+\.\w+ is not \d after \d+ cycles",
    r"access \d+ of a script, at 0x[0-9a-f]+, does not end",
    r"access \d+, at 0x[0-9a-f]+, answers an error",
    r"bits 0x[0-9a-f]+ at 0x[0-9a-f]+ are not 0x[0-9a-f]+",
)
"""What every host says of faulty hardware; any other failure of it is its own, and no evidence of anything."""


@dataclass(frozen=True)
class Verdict:
    """What the regression said of a fault; ``noticed`` is None where it found nothing.

    Attributes:
        noticed: how: ``comparison``, ``host`` (the test bench's own checks and time-outs) or ``contract`` (an assertion
            of a macro or of the harness).
        evidence: the first thing that was wrong, in one line.
    """

    fault: Fault
    noticed: str | None
    evidence: str


class FaultBench(ABC):
    """A design, sound and with every fault in it, and the two runs that both go through.

    Attributes:
        FINDINGS: what the system's host says of faulty hardware besides `FINDINGS` of this module.

    Args:
        parts: of the design, to generate. ``harness``: the system's own.
        faults: the catalogue. ``seed``: of stalls and power-up.
        further: faults in the mutated netlist, after those of the catalogue, that other runs than these notice.

    Raises:
        SimulatorError: a build failed.
    """

    FINDINGS: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, parts: Parts, harness: MakeHarness, faults: Sequence[Fault], seed: int, further: Sequence[Fault] = ()
    ) -> None:
        self.faults, self.seed = faults, seed
        with held_for(parts, "faults-") as generated:
            self.generated: Generated = generated
            sound = generated.netlist.read_text(encoding="utf-8")
            models = [self._model(path) for path in generated.models]
        mutated = write_source("remora_faults.v", mutate(sound, [*faults, *further]))
        self._harness = harness
        modules = {fault.module for fault in (*faults, *further) if not fault.edits}
        wrapped = {each["path"] for each in self.generated.sidecar["instances"] if each["module"] in modules}
        self.mutated_build = build_harness(
            self.generated, harness, netlist=mutated, models=models, wrapped=wrapped, optimise="build"
        )

    @cached_property
    def sound_build(self) -> Build:
        """The sound design, built when it is first asked for.

        Raises:
            SimulatorError: the build failed.
        """
        return build_harness(self.generated, self._harness, optimise="build")

    @abstractmethod
    def case(self, programs: bool) -> RunCase:
        """One of the two runs; `remora.flow.faults.mutation.Fault.programs` says which one a fault shows in."""

    def stall(self, programs: bool) -> float:
        """Probability that a stream pauses in a cycle of that run."""
        return STALL

    def run_sound(self, programs: bool) -> RtlRun:
        """The sound design through a run; must agree, and compare something of every kind."""
        return self._run(self.sound_build, 0, programs)

    def run_asleep(self, programs: bool) -> RtlRun:
        """The mutated netlist with no fault awake through a run; must do as the sound design."""
        return self._run(self.mutated_build, 0, programs)

    def verdicts(self) -> Iterator[Verdict]:
        """Every fault in turn."""
        for number in range(1, len(self.faults) + 1):
            yield self.verdict(number)

    def verdict(self, number: int) -> Verdict:
        """Run with the fault of this number; 0 is the mutated netlist with no fault awake.

        Raises:
            SimulatorError: the simulation broke for a reason that says nothing about the fault.
        """
        fault = self.faults[number - 1] if number else Fault("none", "nothing", "")
        try:
            comparison = self._run(self.mutated_build, number, fault.programs).comparison
        except SimulatorError as error:
            if contract := re.search(r"The design reports: (.*)", str(error)):
                return Verdict(fault, "contract", _without_path(contract[1]))
            reason, findings = _reason(str(error)), (*FINDINGS, *self.FINDINGS)
            if isinstance(error, SimulationFailed) and any(re.search(finding, reason) for finding in findings):
                return Verdict(fault, "host", reason)
            raise
        if comparison.passed:
            return Verdict(fault, None, "")
        return Verdict(fault, "comparison", _evidence(comparison))

    def _model(self, path: Path) -> Path:
        """A model of a macro, with the faults in it that edit it."""
        if not any(fault.edits and fault.module == path.stem for fault in self.faults):
            return path
        return write_source("remora_faults.sv", mutate_model(path.read_text(encoding="utf-8"), path.stem, self.faults))

    def _run(self, build: Build, number: int, programs: bool) -> RtlRun:
        with TemporaryDirectory(prefix=f"fault-{number}-", dir=build_root()) as directory:
            return run_case(
                build, self.case(programs), Path(directory), seed=self.seed, stall=self.stall(programs),
                plusargs=[f"+{FAULT_PLUSARG}={number}"],
            )  # fmt: skip


def _reason(message: str) -> str:
    """The failed test's own words."""
    lines = message.splitlines()
    return lines[1].split(": ", 1)[-1].strip() if len(lines) > 1 else message


def _without_path(report: str) -> str:
    return re.sub(r"\S*/(\w+\.s?v)", r"\1", report).strip()


def _evidence(comparison: Comparison) -> str:
    first = comparison.first
    assert first is not None
    wrong = ", ".join(f"{count} {kind}" for kind, count in comparison.mismatches.items() if count)
    where = f"{first.kind} {first.index}" + (
        f", {first.field}[{first.element}]" if first.field else " missing or extra"
    )
    return f"{where} first; differ: {wrong}"
