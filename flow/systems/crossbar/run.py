"""One run of the simulated hardware on sequences, and its comparison with golden at every step."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.learnt_state import read_state, state_file, state_records
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.tools.simulator import Build, default_seed, run
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.cycles import DRAW
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, STEP, Event
from remora.spec.lib.files import replacing
from remora.spec.lib.packets import BEAT_BYTES, Drop
from remora.spec.lib.trace import read_trace, record_types, write_header
from remora.tb.lib.scoreboard import Comparison, compare

CHUNK = 256
"""Sequences compared at once, so that memory does not grow with the run."""
POLL_S = 0.2
DRAWS = 8
"""Attempts of a draw that are allowed for; more than a few are rare, and `PATIENCE` covers them."""
PATIENCE = 8
"""How many times longer than it should take may an answer take, before a run is given up."""

__all__ = ["RtlRun", "Stimulus", "patience_cycles", "run_rtl"]


@dataclass
class RtlRun:
    """What a run gave.

    Attributes:
        comparison: with golden, over steps, readouts, events, answers and counters; where something was learnt, also
            over every update, and over all that is learnt at the end and wherever the stimulus asks for it: weights,
            χ, reservoir, counts.
        decisions, golden_decisions: of the answered sequences, by hardware and golden.
        counters: growth of the hardware's counters over the sequences.
        seconds: wall-clock time by part of the run.
    """

    comparison: Comparison
    decisions: NDArray[np.int64]
    golden_decisions: NDArray[np.int64]
    counters: dict[Counter, int]
    seconds: dict[str, float] = field(default_factory=dict)


def run_rtl(
    build: Build,
    design: DesignPoint,
    stimulus: Stimulus,
    directory: Path,
    *,
    seed: int | None = None,
    stall: float = 0.0,
    trace: bool = True,
    images: Path | None = None,
    waves: Path | None = None,
    progress: Callable[[int], None] | None = None,
    plusargs: Sequence[str] = (),
) -> RtlRun:
    """Run sequences through the hardware and compare every record with golden.

    Args:
        build: of ``remora.flow.verify.harness.build_harness``.
        directory: where inputs, trace and log go.
        seed: of stalls and of what power-up leaves; COCOTB_RANDOM_SEED or 1 where None.
        stall: probability that either stream pauses in a cycle.
        trace: record and compare every step; without, only answers and counters are compared.
        images: folder of memory images to start from, instead of programming through the weight window.
        progress: called now and then with the number of steps done since its last call.
        plusargs: further arguments for the design.

    Raises:
        SimulationFailed: the host found something wrong: no answer in time, one too many, a device that does not
            verify.
        SimulatorError: the simulation itself failed.
    """
    seed = default_seed() if seed is None else seed
    directory.mkdir(parents=True, exist_ok=True)
    # What an earlier run left here must never be taken for this one's.
    for name in ("answers.npz", "answers.json", *(f"{kind}.bin" for kind in record_types(design))):
        (directory / name).unlink(missing_ok=True)
    for stale in directory.glob("learnt_*.npz"):
        stale.unlink()
    content = {
        "features": stimulus.features, "lengths": stimulus.lengths, "labels": stimulus.labels, "tags": stimulus.tags,
        "flags": stimulus.flags, "hidden": stimulus.weights.hidden, "readout": stimulus.weights.readout,
        **({"thresholds": stimulus.weights.thresholds} if design.capabilities.bistable else {}),
    }  # fmt: skip
    with replacing(directory / "input.npz") as partial:
        np.savez(partial, **content)
    write_header(directory, design)
    config = {
        "design": design.model_dump(mode="json"),
        "input": str(directory / "input.npz"),
        "output": str(directory / "answers.npz"),
        "program": images is None,
        "reset_coefficient": stimulus.coefficients.reset,
        "update_coefficient": stimulus.coefficients.update,
        "bad": [{"before": bad.before, "data": bad.data.hex(), "keep": bad.keep} for bad in stimulus.bad],
        "stall": stall,
        "seed": seed,
        "patience_cycles": patience_cycles(design, stimulus, stall),
        "learnt": int(stimulus.learns.sum()),
        "looks": {index: str(state_file(directory, index)) for index in learnt_looks(stimulus)},
        "commands": [asdict(command) for command in stimulus.commands],
    }
    arguments = [*plusargs]
    if trace:
        arguments.append(f"+remora_trace={directory}")
    if images:
        arguments.append(f"+remora_images={images}")
    with TraceWatcher(directory / f"{STEP}.bin", record_types(design)[STEP].itemsize, progress if trace else None):
        # Long runs may take their time; one that hangs is ended by the host's patience, in cycles.
        run(
            build,
            "remora.tb.crossbar.run_sequences",
            config=config,
            seed=seed,
            run_dir=directory,
            waves=waves,
            plusargs=arguments,
            timeout=None,
        )
    began = perf_counter()
    result = _judge(design, stimulus, directory, trace, stall > 0)
    result.seconds["compare"] = perf_counter() - began
    return result


def patience_cycles(design: DesignPoint, stimulus: Stimulus, stall: float) -> int:
    """Cycles within which the next answer must come, generously: work and beats of the longest sequences."""
    network, cycles = design.network, design.cycles
    longest = network.max_steps
    work = cycles.sequence(longest)
    if design.capabilities.learns:
        work += cycles.most_update(longest)
    if design.capabilities.replays:
        work = (1 + replays_at_most(design, stimulus)) * (work + DRAWS * DRAW) + cycles.offer_kept(longest)
    payload = max([network.max_steps * network.features, *(len(bad.data) for bad in stimulus.bad)])
    beats = (3 + len(stimulus.bad)) * (payload + BEAT_BYTES) + network.classes
    # The longest run of sequences that nobody answers.
    ends = np.flatnonzero(np.concatenate(([True], stimulus.answered, [True])))
    silent = int(np.diff(ends).max()) - 1
    return PATIENCE * (1 + silent) * round(3 * work + beats / (1 - stall))


def replays_at_most(design: DesignPoint, stimulus: Stimulus) -> int:
    """Most sequences that are replayed after a new one."""
    return (
        max([design.learning.replay_ratio, *(each.ratio for each in stimulus.commands)])
        if design.capabilities.replays
        else 0
    )


def _judge(design: DesignPoint, stimulus: Stimulus, directory: Path, trace: bool, stalled: bool) -> RtlRun:
    actual = read_trace(directory, design) if trace else {}
    given = dict(np.load(directory / "answers.npz"))
    answers = _answer_records(design, **given)
    result = json.loads((directory / "answers.json").read_text(encoding="utf-8"))
    counters = {counter: result["counters"][counter.name] for counter in design.counters()}
    comparison, decisions, reference = Comparison(), [], Reference(design, stimulus, trace)
    taken = dict.fromkeys((*actual, "answer"), 0)
    looks = learnt_looks(stimulus)
    for start, end in pairwise(sorted({*range(0, len(stimulus), CHUNK), len(stimulus), *looks})):
        golden, answered = reference.advance(start, end), stimulus.answered[start:end]
        expected = golden.records if trace else {}
        # After the steps, so that the first divergence is the one that caused the others.
        chosen = (stimulus.tags[start:end], stimulus.flags[start:end], golden.decision, golden.scores)
        expected["answer"] = _answer_records(design, *(each[answered] for each in chosen))
        found = {}
        for kind, records in {**actual, "answer": answers}.items():
            if kind in expected:
                # As many as golden has; at the end whatever is left.
                first, taken[kind] = taken[kind], taken[kind] + len(expected[kind])
                found[kind] = records[first : None if end == len(stimulus) else taken[kind]]
        comparison.merge(compare(expected, found))
        if end in looks:
            comparison.merge(compare(state_records(design, reference.checkpoint), read_state(directory, end, design)))
        decisions.append(golden.decision[answered])
    if trace:
        comparison.merge(compare({EVENT: _drop_events(design, stimulus)}, {EVENT: actual[EVENT]}))
    comparison.merge(compare(*_counter_records(design, stimulus, reference, counters, stalled)))
    comparison.merge(compare(*_interrupt_records(stimulus, result["interrupts"])))
    return RtlRun(
        comparison, answers["decision"].astype(np.int64), np.concatenate(decisions), counters, result["seconds"]
    )


def learnt_looks(stimulus: Stimulus) -> tuple[int, ...]:
    """Indices before which all that is learnt is read back: those that were asked for, and the end."""
    return tuple(sorted({*stimulus.looks, len(stimulus)})) if stimulus.learns.any() else ()


def _answer_records(design: DesignPoint, tag, flags, decision, scores) -> NDArray:
    dtype = [("tag", "<i8"), ("flags", "<i8"), ("decision", "<i8"), ("scores", "<i8", (design.network.classes,))]
    records = np.zeros(len(tag), dtype)
    records["tag"], records["flags"], records["decision"], records["scores"] = tag, flags, decision, scores
    return records


def _drop_events(design: DesignPoint, stimulus: Stimulus) -> NDArray:
    """What the trace must hold of the bad packets, in the order of the stream; a clean run has no events."""
    events = np.zeros(len(stimulus.bad), record_types(design)[EVENT])
    events["kind"], events["cause"] = Event.DROP, [bad.cause for bad in stimulus.bad]
    return events


def _drops(stimulus: Stimulus) -> dict[str, int]:
    """Packets to be dropped, by name of the cause."""
    return {drop.name: sum(bad.cause == drop for bad in stimulus.bad) for drop in Drop}


def _counter_records(
    design: DesignPoint, stimulus: Stimulus, reference: Reference, counters: dict[Counter, int], stalled: bool
) -> tuple[dict, dict]:
    """What golden can predict of the counters; every cycle belongs to one phase.

    A readout waits for the answer before it; only where streams stall is that unpredictable. Of a counter that golden
    can only bound, the prediction is the nearest value within the bounds.
    """
    readouts = len(stimulus) * design.cycles.readout
    phases = (
        Counter.STEP_CYCLES, Counter.READOUT_CYCLES, Counter.IDLE_CYCLES, Counter.LEARN_CYCLES, Counter.REPLAY_CYCLES,
        Counter.OFFER_CYCLES,
    )  # fmt: skip
    predicted = {
        Counter.CYCLES: sum(counters.get(phase, 0) for phase in phases),
        Counter.READOUT_CYCLES: counters[Counter.READOUT_CYCLES] if stalled else readouts,
        **{counter: min(max(counters[counter], low), high) for counter, (low, high) in reference.cycles.items()},
        **reference.counters,
    }
    predicted = {counter: value for counter, value in predicted.items() if counter in counters}
    dtype = [(counter.name.lower(), "<i8") for counter in predicted]
    expected = np.array([tuple(predicted.values())], dtype)
    actual = np.array([tuple(counters[counter] for counter in predicted)], dtype)
    return {"counters": expected}, {"counters": actual}


def _interrupt_records(stimulus: Stimulus, found: dict[str, int]) -> tuple[dict, dict]:
    """The sticky events and the pin, for which only the drops are enabled, after the run and after clearing them."""
    dropped = {f"dropped_{name.lower()}": int(count > 0) for name, count in _drops(stimulus).items()}
    wanted = {
        **dropped,
        "sequence_done": int(stimulus.answered.any()),
        "window_failed": 0,
        "pin": int(bool(stimulus.bad)),
    }
    wanted |= {"events_left": 0, "pin_left": 0}
    dtype = [(name, "<i8") for name in wanted]
    records = [np.array([tuple(values[name] for name in wanted)], dtype) for values in (wanted, found)]
    return {"interrupts": records[0]}, {"interrupts": records[1]}


class TraceWatcher:
    """Calls back with the number of records by which a file has grown, from a thread of its own."""

    def __init__(self, path: Path, record_bytes: int, progress: Callable[[int], None] | None) -> None:
        self._path, self._bytes, self._progress = path, record_bytes, progress
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._path.unlink(missing_ok=True)
        if self._progress:
            self._thread.start()

    def __exit__(self, *exception) -> None:
        self._ended.set()
        if self._progress:
            self._thread.join()

    def _watch(self) -> None:
        reported = 0
        while not self._ended.wait(POLL_S):
            if self._path.is_file():
                done = self._path.stat().st_size // self._bytes
                self._progress(done - reported)
                reported = done
