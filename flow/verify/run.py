"""One run of simulated hardware, of any system, and its comparison with golden."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from remora.flow.tools.simulator import Build, default_seed, run
from remora.flow.verify.player import ANSWERS, PACKETS, REGISTERS
from remora.flow.verify.records import ANSWER, Check, answer_records
from remora.flow.verify.trace_watcher import TraceWatcher
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.packets import Answer
from remora.spec.lib.section import Design
from remora.spec.lib.trace import read_trace, record_types, write_header
from remora.tb.lib.scoreboard import Comparison, compare

TIMEOUT_FACTOR = 8
"""How many times longer than it should take an answer may take before the host ends the run."""
REPORT = "answers.json"
"""What the host writes at the end: answers, growth of the counters, interrupts, seconds, and what a system adds."""


@dataclass(frozen=True)
class Found:
    """What a run left.

    Attributes:
        records: the trace by kind; empty where none was recorded. ``counters``: their growth.
        answers: of the hardware. ``report``: of the host. ``stalled``: streams paused at random.
        directory: where the run left its files.
    """

    records: Mapping[str, NDArray]
    counters: dict[Any, int]
    answers: list[Answer]
    report: dict[str, Any]
    stalled: bool
    directory: Path


@dataclass(frozen=True)
class Reset:
    """A reset, by the pin or by software as `remora.tb.lib.resets` numbers them, so many cycles after a start."""

    kind: int
    cycles: int


@dataclass(frozen=True)
class Stretch:
    """Golden's side of a part of a run.

    Attributes:
        records: by kind, in the order in which the first divergence is looked for; of ``answer`` too.
        last: of the run, so that whatever the hardware has beyond it is too much.
        beside: further records by kind at the end of the stretch, golden's and the hardware's.
    """

    records: dict[str, NDArray]
    last: bool
    beside: tuple[tuple[dict[str, NDArray], dict[str, NDArray]], ...] = ()


class RunCase(ABC):
    """What one system gives to a run.

    Attributes:
        MODULE: cocotb test module of the host. ``PROGRESS``: kind of record that progress counts.
        STALE: patterns of further files that an earlier run may have left.
        design: the design point. ``classes``: scores of an answer. ``traced``: record and compare the trace.
        resets: before the run, each with its kind and the cycles after which it cuts off the packets ``cut_off``.
        seconds: wall-clock time of golden's parts that are done before the simulation.
    """

    MODULE: ClassVar[str]
    PROGRESS: ClassVar[str]
    STALE: ClassVar[tuple[str, ...]] = ()

    design: Design
    classes: int
    traced: bool = True
    resets: Sequence[Reset] = ()
    cut_off: Sequence[bytes] = ()

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @abstractmethod
    def prepare(self, directory: Path) -> dict[str, Any]:
        """Write the inputs into ``directory``; returns what the host is told besides design, seed and stalls.

        Packets in `PACKETS`, of `remora.flow.verify.player.write_packets`, are played, and answers recorded, where no
        stream pauses. Without that file the host sends and takes them.
        """

    @abstractmethod
    def timeout_cycles(self, stall: float) -> int:
        """Cycles within which the next answer must come where either stream pauses with probability ``stall``."""

    def plusargs(self, directory: Path) -> list[str]:
        """Further arguments for the simulated design."""
        return []

    def in_order(self, records: Mapping[str, NDArray]) -> dict[str, NDArray]:
        """The trace in the order in which golden gives it, where the hardware may write it in another."""
        return dict(records)

    @abstractmethod
    def stretches(self, directory: Path) -> Iterator[Stretch]:
        """Golden's side in order, a stretch at a time so that memory does not grow with the run."""

    @abstractmethod
    def checks(self, found: Found) -> Iterator[Check]:
        """What is compared of the whole run, after all stretches."""

    def parts(self, count: int) -> list[Self]:
        """This run as up to ``count`` runs that do not depend on each other, in order.

        Raises:
            RemoraError: it cannot be divided.
        """
        raise RemoraError("--jobs: this run is one whole and cannot be divided; leave it out")

    @abstractmethod
    def required(self, stalled: bool) -> tuple[str, ...]:
        """Kinds of which a run must have compared a record."""


C = TypeVar("C", bound=RunCase)

LISTENERS: list[Callable[[RunCase, Found], None]] = []
"""Called after each run of this process in which all agreed and all that is required was compared."""


@dataclass
class RtlRun(Generic[C]):
    """What a run gave.

    Attributes:
        case: what was run. ``comparison``: with golden, of everything that the case compares.
        answers: of the hardware, part by part. ``golden_answers``: of golden, as
            `remora.flow.verify.records.answer_records`.
        counters: growth of the hardware's counters. ``report``: of the host.
        required: kinds of which it must have compared a record.
        seconds: wall-clock time by part of the run.
        toggles: as `remora.flow.verify.toggles.toggle_report` has them, where they were counted.
        gates: of the mapped netlist, where it took the place of the Verilog: ``cells``, ``flip_flops``.
    """

    case: C
    comparison: Comparison
    answers: list[Answer]
    golden_answers: NDArray
    counters: dict[Any, int]
    report: dict[str, Any]
    required: tuple[str, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    toggles: dict[str, Any] | None = None
    gates: dict[str, Any] | None = None

    def failure(self) -> str:
        """What is wrong, in words; empty where all agrees and a record of each required kind was compared."""
        return self.comparison.failure(self.required)

    def require(self, *kinds: str) -> None:
        """Raise ``AssertionError`` unless all agrees and each required kind, and each of ``kinds``, was compared."""
        self.comparison.require(*self.required, *kinds)

    @property
    def decisions(self) -> NDArray[np.int64]:
        """Classes of the hardware's answers, of the last part of each."""
        return np.array([answer.decision for answer in self.answers if answer.last], np.int64)

    @property
    def golden_decisions(self) -> NDArray[np.int64]:
        """Classes of golden's answers, of the last part of each."""
        return self.golden_answers["decision"][self.golden_answers["last"] == 1].astype(np.int64)


def run_case(
    build: Build,
    case: C,
    directory: Path,
    *,
    seed: int | None = None,
    stall: float = 0.0,
    waves: Path | None = None,
    progress: Callable[[int], None] | None = None,
    plusargs: Sequence[str] = (),
) -> RtlRun[C]:
    """Drive the hardware with a case and compare with golden.

    Args:
        build: of the system's harness.
        directory: where inputs, trace and log go.
        seed: of stalls and of what power-up leaves; COCOTB_RANDOM_SEED or 1 where None.
        stall: probability that either stream pauses in a cycle.
        progress: called now and then with the number of records of the kind `RunCase.PROGRESS` since its last call.
        plusargs: further arguments for the design.

    Raises:
        SimulationFailed: the host found something wrong, such as no answer in time or one too many.
        SimulatorError: the simulation itself failed.
    """
    seed = default_seed() if seed is None else seed
    design, kinds = case.design, record_types(case.design)
    directory.mkdir(parents=True, exist_ok=True)
    # What an earlier run left here must never be taken for this one's.
    for pattern in (REPORT, PACKETS, ANSWERS, f"{REGISTERS}*", *(f"{kind}.bin" for kind in kinds), *case.STALE):
        for stale in directory.glob(pattern):
            stale.unlink()
    given = case.prepare(directory)
    plays = not stall and (directory / PACKETS).is_file()
    config = {
        "design": design.model_dump(mode="json"),
        "output": str(directory / REPORT),
        "stall": stall,
        "seed": seed,
        "timeout_cycles": case.timeout_cycles(stall),
        "toggles": build.waves == "saif",
        "recorded": str(directory / ANSWERS) if plays else None,
        "registers": str(directory / REGISTERS),
        "resets": [asdict(each) for each in case.resets],
        "cut_off": [each.hex() for each in case.cut_off],
        **given,
    }
    write_header(directory, design)
    arguments = [*plusargs, *case.plusargs(directory)]
    if plays:
        played = {"packets": PACKETS, "answers": ANSWERS, "registers": REGISTERS}
        arguments += [f"+remora_{what}={directory / name}" for what, name in played.items()]
    if case.traced:
        arguments.append(f"+remora_trace={directory}")
    watched = directory / f"{case.PROGRESS}.bin"
    with TraceWatcher(watched, kinds[case.PROGRESS].itemsize, progress if case.traced else None):
        # Long runs may take their time; one that hangs is ended by the host, after `timeout_cycles`.
        run(
            build, case.MODULE, config=config, seed=seed, run_dir=directory, waves=waves, plusargs=arguments,
            timeout=None,
        )  # fmt: skip
    began = perf_counter()
    report = json.loads((directory / REPORT).read_text(encoding="utf-8"))
    result = _compare(case, directory, report, stall > 0)
    result.seconds |= {**report["seconds"], **case.seconds, "compare": perf_counter() - began}
    return result


def recorded(case: RunCase, directory: Path, report: Mapping[str, Any]) -> dict[str, NDArray]:
    """The trace of a run, without what resets cut off before it."""
    records = read_trace(directory, case.design)
    if not case.resets:
        return records
    return {kind: found[found["cycle"] >= report["run_cycle"]] for kind, found in records.items()}


def _compare(case: C, directory: Path, report: dict[str, Any], stalled: bool) -> RtlRun[C]:
    design = case.design
    rows = report["answers"]
    answers = [Answer(tag, decision, flags, tuple(scores), last) for tag, decision, flags, last, *scores in rows]
    records = recorded(case, directory, report) if case.traced else {}
    in_order = case.in_order(records)
    counters = {counter: report["counters"][counter.name] for counter in design.counters()}
    found = Found(records, counters, answers, report, stalled, directory)
    actual = {**in_order, ANSWER: answer_records(case.classes, answers)}
    golden, taken, comparison = [], dict.fromkeys(actual, 0), Comparison()
    for stretch in case.stretches(directory):
        part = {}
        for kind, expected in stretch.records.items():
            # As many as golden has; at the end whatever is left.
            first, taken[kind] = taken[kind], taken[kind] + len(expected)
            part[kind] = actual[kind][first : None if stretch.last else taken[kind]]
        comparison.merge(compare(stretch.records, part))
        for wanted, read_back in stretch.beside:
            comparison.merge(compare(wanted, read_back))
        golden.append(stretch.records[ANSWER])
    for check in case.checks(found):
        comparison.merge(compare({check.kind: check.expected}, {check.kind: check.actual}))
    required = case.required(stalled)
    if not comparison.failure(required):
        for listen in LISTENERS:
            listen(case, found)
    return RtlRun(case, comparison, answers, np.concatenate(golden), found.counters, report, required)
