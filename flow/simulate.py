"""Simulate: the generated hardware on real sequences, every step compared with golden."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter
from typing import TYPE_CHECKING

from filelock import FileLock

from flow.console import console, progress, table
from flow.generate import generate
from flow.harness import build_harness
from flow.provenance import provenance
from flow.rtl_run import RtlRun, run_rtl
from flow.simulator import build_root
from flow.stimulus import Stimulus
from golden.checkpoint import Checkpoint
from golden.data import SequenceSet
from spec.design import DesignPoint
from spec.errors import CheckFailed
from spec.packets import Flag
from spec.registers import Counter
from spec.trace import LEARN
from tb.scoreboard import describe

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Simulated:
    """A simulation and its result as reported."""

    KINDS = ("step", "readout", "answer", "counters", "interrupts")

    run: RtlRun
    result: dict
    learn: bool = False

    def check(self) -> None:
        """Print the first divergence and raise ``CheckFailed`` unless something was compared and all of it agrees."""
        comparison = self.run.comparison
        kinds = [*self.KINDS, *([LEARN] if self.learn else [])]
        missing = [kind for kind in kinds if not comparison.compared.get(kind)]
        if comparison.passed and not missing:
            return
        console().print(describe(comparison))
        if missing:
            raise CheckFailed(f"nothing was compared of {', '.join(missing)}, so nothing is proven")
        raise CheckFailed(f"hardware and golden differ in {comparison.total_mismatches:,} records")


def simulate(
    design: DesignPoint,
    data: SequenceSet,
    checkpoint: Checkpoint,
    *,
    seed: int = 1,
    stall: float = 0.0,
    learn: bool = False,
    waves: Path | None = None,
    keep: Path | None = None,
) -> Simulated:
    """Generate, build, program through the weight window, run and compare.

    Args:
        stall: probability that either stream pauses in a cycle.
        learn: learn every sequence after answering it; the design point must have learning enabled.
        waves: VCD file to record.
        keep: directory for inputs, trace and log; a temporary one, removed unless something differs, where None.

    Raises:
        SimulatorError: the build or the simulation itself failed.
    """
    target = build_root() / "generated" / f"{design.name}-{design.hash}"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two simulations of one design at once must not read what the other has half written.
    with FileLock(target.with_suffix(".lock")):
        generated = generate(design, target, checkpoint.weights)
    began = perf_counter()
    with console(stderr=True).status("building the simulation"):
        build = build_harness(generated, waves=waves is not None)
    console().print(f"simulation built in {perf_counter() - began:.1f} s")
    asked = Flag.INFER | Flag.LEARN if learn else Flag.INFER
    stimulus = Stimulus.of(data, checkpoint.weights, checkpoint.coefficients, asked)
    directory = keep or Path(mkdtemp(prefix=f"{design.name}-", dir=build_root()))
    total = int(stimulus.lengths.sum())
    with progress("simulating", total, "steps") as advance:
        run = run_rtl(build, design, stimulus, directory, seed=seed, stall=stall, waves=waves, progress=advance)
    if not keep and run.comparison.passed:
        shutil.rmtree(directory)
    elif not run.comparison.passed:
        console().print(f"inputs, trace and log stay in {directory}")
    return Simulated(run, summarise(design, data, run) | provenance(seed), learn)


def summarise(design: DesignPoint, data: SequenceSet, run: RtlRun) -> dict:
    """The result of a simulation, as it is reported and scripted against.

    ``cycles_per_step``: from the hardware's counters, first plane to last state. ``gops``: 2 × MACs of steps and
    readouts ÷ the time that they took at the design's clock; ``gops_with_idle``: ÷ all the time, waiting for packets
    included. Where sequences were learnt, ``cycles_per_learning_sequence`` is forward and update together, and
    ``device_writes`` the pulses that the updates applied.
    """
    counters, comparison = run.counters, run.comparison
    steps, sequences = counters[Counter.STEPS], counters[Counter.SEQUENCES]
    macs = steps * design.macs_per_step + sequences * design.macs_per_readout
    busy = counters[Counter.STEP_CYCLES] + counters[Counter.READOUT_CYCLES]
    learned = counters.get(Counter.LEARNED, 0)
    learning = {
        "cycles_per_learning_sequence": (busy + counters[Counter.LEARN_CYCLES]) / learned,
        "learn_cycles_per_sequence": counters[Counter.LEARN_CYCLES] / learned,
        "device_writes": counters[Counter.PULSES],
        "pulses_dropped": counters[Counter.PULSES_DROPPED],
    } if learned else {}  # fmt: skip
    return {
        "design": design.name,
        "design_hash": design.hash,
        "sequences": len(data),
        "steps_compared": comparison.compared.get("step", 0),
        "values_compared": comparison.values,
        "compared": comparison.compared,
        "mismatches": comparison.total_mismatches,
        "accuracy": _share(run.decisions, data),
        "golden_accuracy": _share(run.golden_decisions, data),
        "cycles_per_step": counters[Counter.STEP_CYCLES] / max(1, steps),
        "cycles_per_readout": counters[Counter.READOUT_CYCLES] / max(1, sequences),
        "idle_cycles_per_sequence": counters[Counter.IDLE_CYCLES] / max(1, sequences),
        "clock_mhz": design.system.clock_mhz,
        "gops": 2e-3 * macs * design.system.clock_mhz / max(1, busy),
        "gops_with_idle": 2e-3 * macs * design.system.clock_mhz / max(1, counters[Counter.CYCLES]),
        "simulated_cycles_per_second": counters[Counter.CYCLES] / run.seconds["stream"],
        **learning,
        "seconds": run.seconds,
        "counters": {counter.name.lower(): value for counter, value in counters.items()},
    }


def _share(decisions, data: SequenceSet) -> float:
    count = min(len(decisions), len(data))
    return float((decisions[:count] == data.y[:count]).sum() / len(data))


def result_table(result: dict) -> Table:
    """The result for a person."""
    shown = table("", "", title=f"{result['design']}: hardware against golden")
    shown.show_header = False
    shown.add_row("sequences", f"{result['sequences']:,}")
    shown.add_row("steps compared", f"{result['steps_compared']:,} ({result['values_compared']:,} values)")
    shown.add_row("mismatches", f"{result['mismatches']:,}", style="green" if result["mismatches"] == 0 else "bold red")
    shown.add_row("accuracy", f"{result['accuracy']:.2%} in hardware, {result['golden_accuracy']:.2%} in golden")
    shown.add_row(
        "cycles", f"{result['cycles_per_step']:g} a step, {result['cycles_per_readout']:g} a readout, "
        f"{result['idle_cycles_per_sequence']:.1f} idle a sequence",
    )  # fmt: skip
    if "device_writes" in result:
        shown.add_row(
            "learning", f"{result['compared']['learn']:,} updates compared, "
            f"{result['cycles_per_learning_sequence']:.1f} cycles a sequence with its forward pass, "
            f"{result['device_writes']:,} device writes, {result['pulses_dropped']:,} dropped",
        )  # fmt: skip
    shown.add_row("throughput", f"{result['gops']:.1f} GOPS at {result['clock_mhz']:g} MHz while computing")
    shown.add_row("simulation", f"{result['simulated_cycles_per_second']:,.0f} cycles a second, comparison apart")
    return shown
