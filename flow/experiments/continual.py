"""Continual learning: five tasks one after the other, with and without replay, on chip and in software.

Permuted MNIST is domain-incremental: the same ten classes under a new pixel permutation in each task. Split CIFAR-10 is
class-incremental: two new classes a task, decided among all ten, and the network is not told which task it is. After
every task each task's test set is read: row i, column j of the accuracy matrix is task j after task i.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np

from flow.experiments import ExperimentError
from flow.experiments.figures import figure
from flow.experiments.learners import ChipLearner, Learner, SoftwareLearner
from flow.experiments.runner import Conclusion, Context, Options, Unit
from flow.experiments.streams import TASKS, TaskStream, permuted_mnist, presented, split_cifar10, with_learning
from flow.train import data_digest
from spec.design import DesignPoint

SUMMARY = "permuted MNIST and split CIFAR-10 in five tasks, with and without replay, against the software baseline"
STREAMS = {"permuted-mnist": permuted_mnist, "split-cifar10": split_cifar10}
SEQUENCES = {"permuted-mnist": 20_000, "split-cifar10": 10_000}
QUICK_SEQUENCES = 600
CAPACITY, QUICK_CAPACITY = 1000, 200
RATIO = 1
TEST_LIMIT, QUICK_TEST_LIMIT = 10_000, 300
SOFTWARE_BATCH = 16
SOFTWARE_RATE = {"permuted-mnist": 2e-2, "split-cifar10": 3e-3}
MODES = ("accumulate", "direct")


def plan(options: Options) -> list[Unit]:
    """Five units a protocol: each mode with and without replay, and software with replay."""
    units = []
    for make in STREAMS.values():
        try:
            stream = make(options.seed)
        except ExperimentError:
            continue  # `conclude` says so
        replay = with_learning(
            stream.design, replay_capacity=QUICK_CAPACITY if options.quick else CAPACITY, replay_ratio=RATIO
        )
        units += [
            _unit(options, stream, "accumulate", replay),
            _unit(options, stream, "accumulate", stream.design),
            _unit(options, stream, "software", replay),
            _unit(options, stream, "direct", with_learning(replay, update="direct")),
            _unit(options, stream, "direct", with_learning(stream.design, update="direct")),
        ]
    return units


def _unit(options: Options, stream: TaskStream, rule: str, design: DesignPoint) -> Unit:
    quick = options.quick
    parameters = {
        "protocol": stream.name,
        "rule": rule,
        "design": design.model_dump(mode="json"),
        "tasks": TASKS,
        "sequences_per_task": options.sequences or (QUICK_SEQUENCES if quick else SEQUENCES[stream.name]),
        "test_limit": QUICK_TEST_LIMIT if quick else TEST_LIMIT,
        "data": data_digest(stream.task(0)[0]),
    }
    if rule == "software":
        parameters |= {"batch": SOFTWARE_BATCH, "rate": SOFTWARE_RATE[stream.name]}
    return Unit(
        parameters, TASKS * parameters["sequences_per_task"], partial(_learn_stream, stream, design, parameters)
    )


def _learn_stream(stream: TaskStream, design: DesignPoint, parameters: dict, context: Context) -> dict:
    """Learn all tasks, storing everything after each."""
    software = parameters["rule"] == "software"
    learner = SoftwareLearner(design, parameters["batch"], parameters["rate"]) if software else ChipLearner(design)
    matrix = _resume(learner, context.folder)
    count = parameters["sequences_per_task"]
    context.advance(len(matrix) * count)
    for task in range(len(matrix), TASKS):
        data, _ = stream.task(task)
        for chosen in presented(data, count, design.learning.seed, task).tolist():
            learner.learn(data.x[chosen], int(data.y[chosen]))
            context.advance(1)
        learner.finish()
        tests = (stream.task(other)[1] for other in range(TASKS))
        matrix.append([learner.accuracy(test.first(min(parameters["test_limit"], len(test)))) for test in tests])
        _store(learner, matrix, context.folder)
    pairs = design.hidden_rows * design.network.hidden + design.readout_rows * design.network.classes
    result = {
        "protocol": stream.name,
        "rule": parameters["rule"],
        "replay": bool(design.learning.replay_capacity),
        "replay_capacity": design.learning.replay_capacity,
        "replay_ratio": design.learning.replay_ratio,
        "sequences_per_task": count,
        "accuracy_matrix": matrix,
        "mean_accuracy": float(np.mean(matrix[-1])),
        "forgetting": forgetting(matrix),
        **learner.counts,
    }
    if not software:
        result["writes_per_device_per_sequence"] = (
            result["pulses_applied"] / (2 * pairs) / result["sequences_presented"]
        )
    return result


def _resume(learner: Learner, folder: Path) -> list[list[float]]:
    """The accuracy matrix so far; the learner continues where it stood after its last row."""
    try:
        stored = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    learner.load(folder / f"after-{len(stored['matrix'])}.npz")
    learner.counts.update(stored["counts"])
    return stored["matrix"]


def _store(learner: Learner, matrix: list[list[float]], folder: Path) -> None:
    # The file that says how far it went comes last and at once, so that an interruption leaves the state before.
    learner.save(folder / f"after-{len(matrix)}.npz")
    partial_file = folder / "progress.part"
    partial_file.write_text(json.dumps({"matrix": matrix, "counts": learner.counts}), encoding="utf-8")
    partial_file.replace(folder / "progress.json")


def forgetting(matrix: list[list[float]]) -> float:
    """Mean over all tasks but the last of what was lost since the best reading: max over earlier rows − last row."""
    table = np.array(matrix)
    return float(np.mean(table[:-1, :-1].max(axis=0) - table[-1, :-1])) if len(table) > 1 else 0.0


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Every protocol and mode beside the software baseline; the keys at top level are permuted MNIST, accumulate."""
    found = {(one["protocol"], one["rule"], one["replay"]): one for one in results}
    protocols, figures, lines = {}, {}, []
    for name in dict.fromkeys(one["protocol"] for one in results):
        software = found[name, "software", True]
        protocols[name] = {"software": software} | {
            mode: _compared(found[name, mode, True], found[name, mode, False], software) for mode in MODES
        }
        figures[name] = _figure(name, found)
        for mode in MODES:
            lines.append(_line(name, mode, protocols[name][mode]))
    skipped = {}
    for name, make in STREAMS.items():
        if name not in protocols:
            try:
                make(options.seed)
            except ExperimentError as error:
                skipped[name] = str(error)
                lines.append(f"{name} skipped: {error}")
    headline = protocols["permuted-mnist"]["accumulate"]
    return Conclusion({**headline, "protocols": protocols, "skipped": skipped}, figures, tuple(lines))


def _compared(replay: dict, plain: dict, software: dict) -> dict:
    return replay | {
        "baseline_mean_accuracy": software["mean_accuracy"],
        "baseline_forgetting": software["forgetting"],
        "no_replay_mean_accuracy": plain["mean_accuracy"],
        "no_replay_forgetting": plain["forgetting"],
        "no_replay_accuracy_matrix": plain["accuracy_matrix"],
        "no_replay_writes_per_device_per_sequence": plain["writes_per_device_per_sequence"],
    }


def _line(name: str, mode: str, found: dict) -> str:
    return (
        f"{name}, {mode}: {found['mean_accuracy']:.1%} with replay, {found['no_replay_mean_accuracy']:.1%} without, "
        f"software {found['baseline_mean_accuracy']:.1%}; forgetting {found['forgetting']:.1%}; "
        f"{found['writes_per_device_per_sequence']:.2g} writes a device and sequence"
    )


def _figure(name: str, found: dict):
    drawn, (curve, map_) = figure([f"{name}: mean over the tasks so far", "accumulate, replay: accuracy matrix"])
    for (protocol, rule, replay), one in found.items():
        if protocol == name:
            matrix = np.array(one["accuracy_matrix"])
            so_far = [matrix[row, : row + 1].mean() for row in range(len(matrix))]
            label = rule + ("" if replay else ", no replay")
            curve.plot(range(1, len(matrix) + 1), so_far, "o-" if replay else "o--", label=label, markersize=3)
    curve.set(xlabel="tasks learnt", ylabel="accuracy", ylim=(0, 1), xticks=range(1, TASKS + 1))
    curve.legend(fontsize=7)
    matrix = np.array(found[name, "accumulate", True]["accuracy_matrix"])
    extent = (0.5, len(matrix) + 0.5, len(matrix) + 0.5, 0.5)
    shown = map_.imshow(matrix, vmin=0, vmax=1, extent=extent)
    map_.set(xlabel="tested on task", ylabel="after task")
    map_.grid(visible=False)
    drawn.colorbar(shown, ax=map_)
    return drawn
