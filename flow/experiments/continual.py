"""Continual learning: five tasks one after the other, with and without replay, on chip and in software.

Permuted MNIST is domain-incremental: the same ten classes under a new pixel permutation in each task. Split CIFAR-10 is
class-incremental: two new classes a task, decided among all ten, and the network is not told which task it is. After
every task each task's test set is read: row i, column j of the accuracy matrix is task j after task i.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from remora.flow.experiments import ExperimentError
from remora.flow.experiments.continual_summary import compared, draw, lines_of
from remora.flow.experiments.learners import ChipLearner, Learner, SoftwareLearner
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.settings import OneOf, SomeOf, Whole
from remora.flow.experiments.streams import TASKS, TaskStream, permuted_mnist, presented, split_cifar10
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.crossbar.train import data_digest
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.files import write_text

SUMMARY = "permuted MNIST and split CIFAR-10 in five tasks, with and without replay, against the software baseline"
TAKES_SEQUENCES = True
STREAMS = {"permuted-mnist": permuted_mnist, "split-cifar10": split_cifar10}
SEQUENCES = {"permuted-mnist": 20_000, "split-cifar10": 10_000}
QUICK_SEQUENCES = 600
CAPACITY, QUICK_CAPACITY = 2500, 200
"""Of the reservoir, in sequences; 2,500 digits take 0.98 MB."""
RATIO, QUICK_RATIO = 3, 1
TEST_LIMIT, QUICK_TEST_LIMIT = 10_000, 300
SCHEDULES = {"constant": ((0.0, 0),), "annealed": ((0.0, 0), (0.5, 1), (0.75, 2), (0.9, 3))}
"""From this share of every task on, learning rates are 2^−n of the initial ones. Annealing knows where tasks end."""
ANNEALED_LEARNING = {"permuted-mnist": {"hidden_shift": 9, "readout_shift": 7}, "split-cifar10": {}}
"""Initial rates where these differ from the stream's own."""
SOFTWARE_BATCH = 16
SOFTWARE_RATE = {
    "permuted-mnist": {"constant": 1e-2, "annealed": 2e-2},
    "split-cifar10": {"constant": 3e-3, "annealed": 3e-3},
}
MODES: dict[str, dict[str, Any]] = {
    "accumulate": {"learning": {"update": "accumulate"}},
    "direct": {"learning": {"update": "direct"}},
    "direct-winners": {"learning": {"update": "direct", "winners": 30}},
    "direct-fine": {
        "learning": {"update": "direct", "accumulator_level": 128, "max_pulses": 15},
        "crossbar": {"levels": 128, "level_bits": 7},
    },
}
"""How devices are written: what differs from the stream's design point. Fine levels are an eighth of its 1/16."""
DEFAULT_MODES = ("accumulate", "direct")
SETTINGS = {
    "ratio": Whole("sequences replayed after each new one", 1, 255),
    "capacity": Whole("sequences that the reservoir holds", 1, 65536),
    "schedule": OneOf("learning rates within a task", tuple(SCHEDULES)),
    "modes": SomeOf("how devices are written", tuple(MODES)),
    "protocols": SomeOf("streams of tasks", tuple(STREAMS)),
}


def plan(options: Options) -> list[Unit]:
    """Each protocol: software with replay, and each mode with and without."""
    units = []
    for name in _protocols(options):
        try:
            stream = STREAMS[name](options.seed)
        except ExperimentError:
            continue  # `conclude` says so
        replay: dict[str, Any] = {
            "replay_capacity": options.settings.get("capacity", QUICK_CAPACITY if options.quick else CAPACITY),
            "replay_ratio": options.settings.get("ratio", QUICK_RATIO if options.quick else RATIO),
        }
        base = stream.design
        if _schedule(options) == "annealed":
            base = base.evolve(learning=ANNEALED_LEARNING[name])
        for mode in options.settings.get("modes", DEFAULT_MODES):
            design = base.evolve(**MODES[mode])
            for one in (design.evolve(learning=replay), design):
                units.append(_unit(options, stream, mode, one))
        units.append(_unit(options, stream, "software", base.evolve(learning=replay)))
    return units


def _schedule(options: Options) -> str:
    return options.settings.get("schedule", "constant")


def _protocols(options: Options) -> tuple[str, ...]:
    return options.settings.get("protocols", tuple(STREAMS))


def _unit(options: Options, stream: TaskStream, rule: str, design: DesignPoint) -> Unit:
    quick = options.quick
    parameters: dict[str, Any] = {
        "protocol": stream.name,
        "rule": rule,
        "design": design.model_dump(mode="json"),
        "tasks": TASKS,
        "schedule": [list(entry) for entry in SCHEDULES[_schedule(options)]],
        "weights": stream.weights.__name__,
        "sequences_per_task": options.sequences or (QUICK_SEQUENCES if quick else SEQUENCES[stream.name]),
        "test_limit": QUICK_TEST_LIMIT if quick else TEST_LIMIT,
        "data": data_digest(stream.task(0)[0]),
    }
    if rule == "software":
        parameters |= {"batch": SOFTWARE_BATCH, "rate": SOFTWARE_RATE[stream.name][_schedule(options)]}
    return Unit(
        parameters, TASKS * parameters["sequences_per_task"], partial(_learn_stream, stream, design, parameters)
    )


def _learn_stream(stream: TaskStream, design: DesignPoint, parameters: dict, context: Context) -> dict:
    """Learn all tasks, storing everything after each."""
    software = parameters["rule"] == "software"
    weights = stream.weights(design)
    learner = (
        SoftwareLearner(design, weights, parameters["batch"], parameters["rate"])
        if software
        else ChipLearner(design, weights)
    )
    matrix = _resume(learner, context.folder)
    count = parameters["sequences_per_task"]
    context.advance(len(matrix) * count)
    for task in range(len(matrix), TASKS):
        data, _ = stream.task(task)
        shifts = {round(share * count): number for share, number in parameters["schedule"]}
        for position, chosen in enumerate(presented(data, count, design.learning.seed, task).tolist()):
            if position in shifts:
                learner.slow_down(shifts[position])
            learner.learn(data.sequence(chosen), int(data.y[chosen]))
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
        "reservoir_bytes": design.replay_bytes,
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
    write_text(folder / "progress.json", json.dumps({"matrix": matrix, "counts": learner.counts}))


def forgetting(matrix: list[list[float]]) -> float:
    """Mean over all tasks but the last of what was lost since the best reading: max over earlier rows − last row."""
    table = np.array(matrix)
    return float(np.mean(table[:-1, :-1].max(axis=0) - table[-1, :-1])) if len(table) > 1 else 0.0


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Every protocol and mode beside the software baseline; the keys at top level are those of the first of each."""
    found = {(one["protocol"], one["rule"], one["replay"]): one for one in results}
    modes, protocols = options.settings.get("modes", DEFAULT_MODES), {}
    for name in dict.fromkeys(one["protocol"] for one in results):
        software = found[name, "software", True]
        protocols[name] = {"software": software} | {
            mode: compared(found[name, mode, True], found[name, mode, False], software) for mode in modes
        }
    if not protocols:
        STREAMS[_protocols(options)[0]](options.seed)  # says why
    skipped = {}
    for name in _protocols(options):
        if name not in protocols:
            try:
                STREAMS[name](options.seed)
            except ExperimentError as error:
                skipped[name] = str(error)
    headline = next(iter(protocols.values()))[modes[0]]
    result = {**headline, "protocols": protocols, "skipped": skipped}
    return Conclusion(result, draw(result), lines_of(result))


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """Figures and lines of several seeds."""
    return Conclusion({}, draw(mean, spread), lines_of(mean, spread))
