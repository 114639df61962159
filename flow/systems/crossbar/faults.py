"""The test of the tests: the run that finds nothing in the sound design must notice every fault of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault, mutate
from remora.flow.generate.directory import Generated, generate
from remora.flow.systems.crossbar.fault_catalogue import catalogue
from remora.flow.systems.crossbar.run import run_rtl
from remora.flow.systems.crossbar.stimulus import (
    Stimulus,
    learning_stimulus,
    stress_stimulus,
    with_bad_packets,
    with_replay_commands,
)
from remora.flow.tools.simulator import Build, SimulationFailed, SimulatorError, build_root, write_source
from remora.flow.verify.harness import build_harness
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.design import DesignPoint
from remora.tb.lib.scoreboard import Comparison

SEQUENCES = 20
STALL = 0.3
COEFFICIENTS = Coefficients(reset=176, update=216)
"""A state that follows its candidate fast enough to saturate words, and yet remembers enough to show a stale start."""
RATIOS = (1, 2, 3)
"""Replays after a new sequence, in turn."""
HOST_FINDINGS = (
    r"no answer to sequence \d+ within \d+ cycles",
    r"the answer to sequence \d+ has \d+ scores",
    r"an answer of \d+ bytes",
    r"an answer came that no sequence asked for",
    r"\d+ sequences learnt, not \d+, \d+ cycles after the last answer",
    r"a sequence is still in flight \d+ cycles after the last was learnt",
    r"\d+ devices do not hold their weight",
    r"STATUS\.\w+ is not \d after \d+ cycles",
)
"""What the test bench says of faulty hardware; any other failure of it is its own, and no evidence of anything."""
KINDS = ("step", "readout", "event", "answer", "counters", "interrupts")


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


class FaultBench:
    """A design, sound and with every fault in it, and the run that both go through.

    Args:
        further: faults in the mutated netlist, after those of the catalogue, that other runs than this one notice.

    Attributes:
        KINDS: what a sound run must compare. FINDINGS: what the test bench may say of faulty hardware.

    Raises:
        SimulatorError: a build failed.
    """

    KINDS, FINDINGS = KINDS, HOST_FINDINGS

    def __init__(self, design: DesignPoint, seed: int = 1, further: Sequence[Fault] = ()) -> None:
        self.design, self.seed, self.faults = design, seed, catalogue(design)
        draw = learning_stimulus if design.learning.enabled else stress_stimulus
        stimulus = draw(design, SEQUENCES, COEFFICIENTS, seed)
        if design.replays:
            stimulus = with_replay_commands(stimulus, RATIOS, seed)
        self.stimulus: Stimulus = with_bad_packets(design, stimulus, seed)
        directory = build_root() / "generated" / f"faults-{design.name}-{design.hash}"
        self.generated: Generated = generate(design, directory, stimulus.weights)
        sound = self.generated.netlist.read_text(encoding="utf-8")
        self.mutated = write_source("remora_faults.v", mutate(sound, [*self.faults, *further]))
        self.sound_build: Build = build_harness(self.generated, optimise="build")
        self.mutated_build: Build = build_harness(self.generated, netlist=self.mutated, optimise="build")

    def run_sound(self, programs: bool) -> Comparison:
        """The sound design through the run; must pass, and compare something of every kind."""
        return self._run(self.sound_build, 0, programs)

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
            comparison = self._run(self.mutated_build, number, fault.programs)
        except SimulatorError as error:
            if contract := re.search(r"The design reports: (.*)", str(error)):
                return Verdict(fault, "contract", _without_path(contract[1]))
            reason = _reason(str(error))
            if isinstance(error, SimulationFailed) and any(re.search(finding, reason) for finding in self.FINDINGS):
                return Verdict(fault, "host", reason)
            raise
        if comparison.passed:
            return Verdict(fault, None, "")
        return Verdict(fault, "comparison", _evidence(comparison))

    def _run(self, build: Build, number: int, programs: bool) -> Comparison:
        with TemporaryDirectory(prefix=f"fault-{number}-", dir=build_root()) as directory:
            run = run_rtl(
                build, self.design, self.stimulus, Path(directory), seed=self.seed, stall=STALL,
                images=None if programs else self.generated.images, plusargs=[f"+{FAULT_PLUSARG}={number}"],
            )  # fmt: skip
        return run.comparison


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
    place = f"{first.kind} {first.index}" + (
        f", {first.field}[{first.element}]" if first.field else " missing or extra"
    )
    return f"{place} first; differ: {wrong}"
