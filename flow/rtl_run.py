"""One run of the simulated hardware on sequences, and its comparison with golden at every step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray

from flow.simulator import Build, run
from golden.cell import Coefficients
from golden.data import SequenceSet
from golden.miru import Inference, Saturations, infer, trace_records
from golden.weights import Weights
from spec.design import DesignPoint
from spec.packets import Flag
from spec.registers import Counter
from spec.trace import EVENT, READOUT, STEP, read_trace, record_types, write_header
from tb.scoreboard import Comparison, compare

CHUNK = 256
"""Sequences compared at once, so that memory does not grow with the run."""
POLL_S = 0.2


@dataclass(frozen=True)
class Stimulus:
    """What goes into a run: S sequences with their lengths, labels and tags, the weights and the coefficients."""

    features: NDArray
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    weights: Weights
    coefficients: Coefficients

    @classmethod
    def of(cls, data: SequenceSet, weights: Weights, coefficients: Coefficients) -> Stimulus:
        """All sequences of a set at full length."""
        return cls(data.x, np.full(len(data), data.x.shape[1]), data.y.astype(np.int64), weights, coefficients)

    @property
    def tags(self) -> NDArray[np.int64]:
        """Running number modulo 256."""
        return np.arange(len(self.features)) % 256

    def __len__(self) -> int:
        return len(self.features)


@dataclass
class RtlRun:
    """What a run gave.

    Attributes:
        comparison: with golden, over steps, readouts, events, answers and counters.
        decisions, golden_decisions: (S,) by hardware and golden.
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
    seed: int = 1,
    stall: float = 0.0,
    trace: bool = True,
    images: Path | None = None,
    waves: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> RtlRun:
    """Run sequences through the hardware and compare every record with golden.

    Args:
        build: of ``flow.harness.build_harness``.
        directory: where inputs, trace and log go.
        stall: probability that either stream pauses in a cycle.
        trace: record and compare every step; without, only answers and counters are compared.
        images: folder of memory images to start from, instead of programming through the weight window.
        progress: called now and then with the number of steps done since its last call.

    Raises:
        SimulatorError: the simulation itself failed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    np.savez(
        directory / "input.npz", features=stimulus.features, lengths=stimulus.lengths, labels=stimulus.labels, tags=stimulus.tags,
        hidden=stimulus.weights.hidden, readout=stimulus.weights.readout,
    )  # fmt: skip
    write_header(directory, design)
    config = {
        "design": design.model_dump(mode="json"),
        "input": str(directory / "input.npz"),
        "output": str(directory / "answers.npz"),
        "program": images is None,
        "reset_coefficient": stimulus.coefficients.reset,
        "update_coefficient": stimulus.coefficients.update,
        "stall": stall,
        "seed": seed,
    }
    plusargs = ([f"+remora_trace={directory}"] if trace else []) + ([f"+remora_images={images}"] if images else [])
    with _Watcher(directory / f"{STEP}.bin", record_types(design)[STEP].itemsize, progress if trace else None):
        run(build, "tb.run_sequences", config=config, seed=seed, run_dir=directory, waves=waves, plusargs=plusargs)
    return _judge(design, stimulus, directory, trace)


def _judge(design: DesignPoint, stimulus: Stimulus, directory: Path, trace: bool) -> RtlRun:
    actual = read_trace(directory, design) if trace else {}
    answers = _answer_records(design, **np.load(directory / "answers.npz"))
    result = json.loads((directory / "answers.json").read_text(encoding="utf-8"))
    counters = {counter: result["counters"][counter.name] for counter in Counter}
    comparison, decisions, saturations = Comparison(), [], Saturations()
    step_ends = np.concatenate(([0], np.cumsum(stimulus.lengths)))
    for start in range(0, len(stimulus), CHUNK):
        end = min(start + CHUNK, len(stimulus))
        inference = infer(
            design, stimulus.weights, stimulus.features[start:end], stimulus.lengths[start:end], stimulus.coefficients, record=trace
        )
        tags = stimulus.tags[start:end]
        expected = {"answer": _expected_answers(design, inference, tags)}
        found = {"answer": answers[start : end if end < len(stimulus) else None]}
        if trace:
            expected |= trace_records(design, inference, tags, first_sequence=start)
            last = end == len(stimulus)
            found[STEP] = actual[STEP][step_ends[start] : None if last else step_ends[end]]
            found[READOUT] = actual[READOUT][start : None if last else end]
        comparison.merge(compare(expected, found))
        decisions.append(inference.decision)
        saturations += inference.saturations
    if trace:
        comparison.merge(compare({EVENT: actual[EVENT][:0]}, {EVENT: actual[EVENT]}))
    comparison.merge(compare(*_counter_records(stimulus, saturations, counters)))
    return RtlRun(comparison, answers["decision"].astype(np.int64), np.concatenate(decisions), counters, result["seconds"])


def _answer_records(design: DesignPoint, tag, flags, decision, scores) -> NDArray:
    dtype = [("tag", "<i8"), ("flags", "<i8"), ("decision", "<i8"), ("scores", "<i8", (design.network.classes,))]
    records = np.zeros(len(tag), dtype)
    records["tag"], records["flags"], records["decision"], records["scores"] = tag, flags, decision, scores
    return records


def _expected_answers(design: DesignPoint, inference: Inference, tags: NDArray) -> NDArray:
    flags = np.full(len(tags), int(Flag.INFER | Flag.LABEL_VALID))
    return _answer_records(design, tags, flags, inference.decision, inference.scores)


def _counter_records(stimulus: Stimulus, saturations: Saturations, counters: dict[Counter, int]) -> tuple[dict, dict]:
    """What the hardware counted that golden can predict; drops must not happen in a clean run."""
    predicted = {
        Counter.STEPS: int(stimulus.lengths.sum()),
        Counter.SEQUENCES: len(stimulus),
        Counter.ADC_SATURATIONS: saturations.adc,
        Counter.WORD_SATURATIONS: saturations.words,
        **{counter: 0 for counter in Counter if counter.name.startswith("DROPPED")},
    }
    dtype = [(counter.name.lower(), "<i8") for counter in predicted]
    expected = np.array([tuple(predicted.values())], dtype)
    actual = np.array([tuple(counters[counter] for counter in predicted)], dtype)
    return {"counters": expected}, {"counters": actual}


class _Watcher:
    """Calls back with the number of records by which a file has grown, from a thread of its own."""

    def __init__(self, path: Path, record_bytes: int, progress: Callable[[int], None] | None) -> None:
        self._path, self._bytes, self._progress = path, record_bytes, progress
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)

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
