"""Simulate: the generated hardware on real sequences, every step compared with golden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from remora.flow.report.provenance import provenance
from remora.flow.systems.crossbar.chip_files import STATE
from remora.flow.systems.crossbar.device_effects import codes_changed_by
from remora.flow.systems.crossbar.devices import DEVICES, fresh_devices
from remora.flow.systems.crossbar.generate import crossbar_parts
from remora.flow.systems.crossbar.harness import crossbar_harness
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.tools.simulator import default_seed
from remora.flow.tools.verilator import Optimise
from remora.flow.verify.run import RtlRun
from remora.flow.verify.simulation import Simulated, agreement_table, compared_values, simulate_case
from remora.golden.data.load import SequenceSet
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.learnt_state import LAYERS, READINGS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.devices.model import ticks
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.packets import Flag

if TYPE_CHECKING:
    from rich.table import Table


SHORT_CYCLES = 50_000
"""Longest run, in clock cycles, that is compiled quickly instead of for speed: a second or two of simulation."""


def simulate(
    design: DesignPoint,
    data: SequenceSet,
    checkpoint: Checkpoint,
    *,
    seed: int | None = None,
    stall: float = 0.0,
    learn: bool = False,
    waves: Path | None = None,
    toggles: Path | None = None,
    gates: bool = False,
    keep: Path | None = None,
    jobs: int = 1,
    heal: int = 0,
    age: float = 0.0,
    spares: SpareMap | None = None,
) -> Simulated[CrossbarCase]:
    """Generate, build, program through the weight window, run and compare.

    A design point with real devices begins with the chip of the checkpoint, or one that is freshly programmed to the
    weights.

    Args:
        seed: of stalls and of what power-up leaves; COCOTB_RANDOM_SEED or 1 where None.
        stall: probability that either stream pauses in a cycle.
        learn: learn every sequence after answering it, and replay where the design point has a reservoir; it must have
            learning enabled.
        waves: VCD or FST file to record. ``toggles``: SAIF file to record.
        gates: simulate the mapped netlist on Icarus Verilog.
        keep: directory for inputs, trace and log; a temporary one, removed unless something differs, where None.
        jobs: simulations at once, each of a share of the sequences.
        heal: healing replays after the last sequence; the design point must have learning and healing.
        spares: what spare columns stand in for; as the checkpoint has it where None.
        age: seconds by which real devices age before the first sequence.

    Raises:
        RemoraError: the checkpoint holds devices under a map of spare columns that is in use, and asked is another.
        CheckFailed: a non-ideality of real devices changes no code of the run.
        RemoraError: there are several jobs, and ``learn``, ``waves`` or ``toggles``; or ``waves`` and ``toggles``.
        SimulatorError: the build or the simulation itself failed.
    """
    seed = default_seed() if seed is None else seed
    asked = Flag.INFER | Flag.LEARN if learn else Flag.INFER
    stimulus = Stimulus.of(data, checkpoint.weights, checkpoint.coefficients, asked)
    stimulus = replace(stimulus, heal=heal, age=ticks(design.devices, age))
    stimulus = replace(stimulus, spares=spares or checkpoint.spares)
    if held := checkpoint.devices:
        held = under_spares(design, held, spares)
        stimulus = replace(stimulus, devices=held, first_place=held.started)
    # Before anything is built, since it tells whether the run will say anything of each.
    changed = {} if design.devices.ideal else codes_changed_by(design, stimulus)
    case = CrossbarCase(design, stimulus)
    run = simulate_case(
        crossbar_parts(design, checkpoint.weights), crossbar_harness, case,
        count=steps_in_all(design, stimulus), unit="steps", optimise=optimisation(design, stimulus),
        seed=seed, stall=stall, waves=waves, toggles=toggles, gates=gates, keep=keep, jobs=jobs,
    )  # fmt: skip
    result = summarise(design, data, run)
    if not design.devices.ideal:
        result |= _devices(design, changed, run, age) | _marked(design, stimulus) | _programming(case)
    return Simulated(run, result | provenance(seed), result_table)


def under_spares(design: DesignPoint, held: DeviceState, spares: SpareMap | None) -> DeviceState:
    """Stored devices of a chip whose spare columns come to stand in for others; as they are where None.

    Columns that are mended start from what the devices of their spares hold.

    Raises:
        RemoraError: the stored map is in use, and is another.
    """
    if spares is None or spares == held.spares:
        return held
    if held.spares and held.spares.used:
        raise RemoraError(
            "the checkpoint holds the devices of a chip whose spare columns stand in for others already: leave "
            "--spares out, or give a checkpoint of weights alone"
        )
    return held.with_spares(design, spares)


def optimisation(design: DesignPoint, stimulus: Stimulus) -> Optimise:
    """What to compile for: ``build`` where the whole run is so short that compiling for ``run`` would take longer."""
    steps, learns = steps_in_all(design, stimulus), int(stimulus.learns.sum())
    sequences = len(stimulus) * steps / max(1, int(stimulus.lengths.sum()))
    cycles = steps * design.cycles.step + sequences * design.cycles.readout
    if learns:
        cycles += sequences * design.cycles.fewest_update(design.network.max_steps)
    return "build" if cycles <= SHORT_CYCLES else "run"


def steps_in_all(design: DesignPoint, stimulus: Stimulus) -> int:
    """Steps that the hardware will do: of the sequences, and of as many replays, after them and in healing, of mean
    length where they differ."""
    steps = int(stimulus.lengths.sum())
    if not (design.capabilities.replays and stimulus.learns.any()):
        return steps
    replays = design.learning.replay_ratio * (len(stimulus) - 1) + stimulus.heal
    return steps + round(replays * steps / len(stimulus))


def summarise(design: DesignPoint, data: SequenceSet, run: RtlRun) -> dict:
    """The result of a simulation, as it is reported and scripted against.

    ``cycles_per_step``: from the hardware's counters, cycles in which any sequence is between its first plane and its
    last state, a step; ``cycles_per_sequence``: those and the cycles of readouts, a sequence. ``gops``: 2 × MACs of
    steps and readouts ÷ the time that they took at the design's clock; ``gops_with_idle``: ÷ all the time, waiting for
    packets included. Where sequences were learnt, see ``_learning`` for what is told besides.
    """
    counters, comparison = run.counters, run.comparison
    steps, sequences = counters[Counter.STEPS], counters[Counter.SEQUENCES]
    readouts = steps if design.capabilities.reads_every_step else sequences
    macs = steps * design.macs_per_step + readouts * design.macs_per_readout
    busy = counters[Counter.STEP_CYCLES] + counters[Counter.READOUT_CYCLES]
    return {
        "design": design.name,
        "design_hash": design.hash,
        "sequences": len(data),
        "steps_compared": comparison.compared.get("step", 0),
        **compared_values(comparison),
        "accuracy": _share(run.decisions, data),
        "golden_accuracy": _share(run.golden_decisions, data),
        "cycles_per_step": counters[Counter.STEP_CYCLES] / max(1, steps),
        "cycles_per_sequence": busy / max(1, sequences),
        "contexts": design.system.contexts,
        "cycles_per_readout": counters[Counter.READOUT_CYCLES] / max(1, sequences),
        "idle_cycles_per_sequence": counters[Counter.IDLE_CYCLES] / max(1, sequences),
        "clock_mhz": design.system.clock_mhz,
        "gops": 2e-3 * macs * design.system.clock_mhz / max(1, busy),
        "gops_with_idle": 2e-3 * macs * design.system.clock_mhz / max(1, counters[Counter.CYCLES]),
        "simulated_cycles_per_second": counters[Counter.CYCLES] / run.seconds["stream"],
        **(_learning(run) if counters.get(Counter.LEARNED) else {}),
        "seconds": run.seconds,
        "counters": {counter.name.lower(): value for counter, value in counters.items()},
    }


def _learning(run: RtlRun) -> dict:
    """``cycles_per_learning_sequence``: forward pass, readout and update of a new sequence, replays apart;
    ``cycles_by_phase`` its parts, and for each new sequence what its replays and its insertion into the reservoir took.
    ``device_writes``: pulses that all updates applied. ``learning_sequences_per_second``: new sequences, with their
    replays and the comparison, by the wall clock; ``updates_per_second``: new and replayed, healing
    included.
    """
    counters = run.counters
    learned, replayed = counters[Counter.LEARNED], counters.get(Counter.REPLAYED, 0)
    forward = counters[Counter.STEP_CYCLES] + counters[Counter.READOUT_CYCLES]
    update, feedback = counters[Counter.LEARN_CYCLES], counters[Counter.FEEDBACK_CYCLES]
    seconds = run.seconds["stream"] + run.seconds["compare"]
    return {
        "replayed": replayed,
        "healed": counters.get(Counter.HEALED, 0),
        "cycles_per_healing_replay": counters.get(Counter.HEAL_CYCLES, 0) / max(1, counters.get(Counter.HEALED, 0)),
        "accepted": counters.get(Counter.ACCEPTED, 0),
        "cycles_per_learning_sequence": (forward + update) / learned,
        "learn_cycles_per_sequence": update / learned,
        "cycles_by_phase": {
            "forward": forward / learned,
            "error_feedback": feedback / learned,
            "columns": (update - feedback) / learned,
            "replay": counters.get(Counter.REPLAY_CYCLES, 0) / learned,
            "insert": counters.get(Counter.INSERT_CYCLES, 0) / learned,
        },
        "cycles_per_replay": counters.get(Counter.REPLAY_CYCLES, 0) / max(1, replayed),
        "device_writes": counters[Counter.PULSES],
        "pulses_dropped": counters[Counter.PULSES_DROPPED],
        "learning_sequences_per_second": learned / seconds,
        "updates_per_second": (learned + replayed + counters.get(Counter.HEALED, 0)) / seconds,
    }


def _devices(design: DesignPoint, changed: dict[str, float], run: RtlRun, age: float) -> dict:
    """``devices``: the section of the design point, and the age in seconds. ``device_values_compared``: of every
    device, at the end. ``window_weights_compared``: as the weight window reads them.
    ``codes_changed_by``: as `remora.flow.systems.crossbar.device_effects.codes_changed_by`.
    """
    return {
        "devices": design.devices.model_dump(mode="json", exclude_none=True) | {"age_seconds": age},
        "device_values_compared": run.comparison.compared.get(DEVICES, 0) * 2 * len(STATE),
        "window_weights_compared": sum(
            layer_layout(design, layer).rows * run.comparison.compared.get(f"{name} {READINGS}", 0)
            for layer, name in zip(Layer, LAYERS, strict=True)
        ),
        "codes_changed_by": changed,
    }


def _marked(design: DesignPoint, stimulus: Stimulus) -> dict:
    """``devices_marked``: how many the fault map marks, where the design has one."""
    if not design.capabilities.compensates:
        return {}
    fault_map = (stimulus.devices or fresh_devices(design, stimulus.weights)).fault_map or ()
    return {"devices_marked": sum(int(marks.sum()) for marks in fault_map)}


def _programming(case: CrossbarCase) -> dict:
    """``programming``: rows that the weight window programmed before the first sequence, those that gave up, and its
    pulses, of which some corrected; as golden has it, with which the run agrees. Nothing where it programmed none.
    """
    ended = case.reference.programmed
    if ended is None:
        return {}
    sums = {
        name: sum(getattr(each, name) for each in ended) for name in ("rows", "mismatches", "pulses", "corrections")
    }
    return {"programming": {"unverified" if name == "mismatches" else name: count for name, count in sums.items()}}


def _share(decisions, data: SequenceSet) -> float:
    count = min(len(decisions), len(data))
    return float((decisions[:count] == data.y[:count]).sum() / len(data))


def result_table(result: dict) -> Table:
    """The result for a person."""
    heading = "sequences", f"{result['sequences']:,}"
    shown = agreement_table(result, heading, ("steps compared", f"{result['steps_compared']:,}"))
    shown.add_row("accuracy", f"{result['accuracy']:.2%} in hardware, {result['golden_accuracy']:.2%} in golden")
    shown.add_row(
        "cycles", f"{result['cycles_per_step']:g} a step, {result['cycles_per_readout']:g} a readout, "
        f"{result['idle_cycles_per_sequence']:.1f} idle a sequence",
    )  # fmt: skip
    if "device_writes" in result:
        shown.add_row(
            "learning", f"{result['compared']['learn']:,} updates compared, of which {result['replayed']:,} replays "
            f"and {result['healed']:,} in healing; "
            f"{result['cycles_per_learning_sequence']:.1f} cycles a new sequence with its forward pass, "
            f"{result['device_writes']:,} device writes, {result['pulses_dropped']:,} dropped",
        )  # fmt: skip
        phases = (f"{name.replace('_', ', ')} {cycles:,.1f}" for name, cycles in result["cycles_by_phase"].items())
        if result["healed"]:
            shown.add_row(
                "healing", f"{result['cycles_per_healing_replay']:.1f} cycles a replay without a new sequence"
            )
        shown.add_row("cycles a new sequence", " · ".join(phases))
        shown.add_row(
            "learning speed", f"{result['learning_sequences_per_second']:.1f} new sequences a second, "
            f"{result['updates_per_second']:.1f} updates, comparison included",
        )  # fmt: skip
    if "devices" in result:
        shown.add_row(
            "devices", f"{result['devices']['model']}, seed {result['devices']['seed']}; "
            f"{result['device_values_compared']:,} values of devices and {result['window_weights_compared']:,} weights "
            "as read compared",
        )  # fmt: skip
        if "devices_marked" in result:
            shown.add_row("fault map", f"{result['devices_marked']:,} devices marked, which no pulse reaches")
        if programming := result.get("programming"):
            shown.add_row(
                "programming", f"{programming['rows']:,} rows through the weight window, {programming['unverified']:,} "
                f"gave up; {programming['pulses']:,} pulses, {programming['corrections']:,} of them corrections",
            )  # fmt: skip
        changed = (f"{name.replace('_', ' ')} {share:.2%}" for name, share in result["codes_changed_by"].items())
        shown.add_row("codes changed by", " · ".join(changed))
    shown.add_row("throughput", f"{result['gops']:.1f} GOPS at {result['clock_mhz']:g} MHz while computing")
    shown.add_row("simulation", f"{result['simulated_cycles_per_second']:,.0f} cycles a second, comparison apart")
    return shown
