"""Train on tasks that come one after the other: golden's side of ``remora simulate --learn --tasks``, sequence for
sequence, resumable after every task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flow.console import console, progress, table
from flow.notes import say_replaced
from flow.train import data_digest
from golden.checkpoint import Checkpoint, continue_checkpoint, save_checkpoint
from golden.data import DataError, SequenceSet
from golden.replay import ReplayTrainer
from golden.tasks import of_one_length, permuted_task, task_sizes, task_stream
from golden.training import accuracy
from golden.weights import initial_weights
from spec.design import DesignPoint

if TYPE_CHECKING:
    from rich.table import Table


def train_tasks(
    design: DesignPoint,
    training: SequenceSet,
    test: SequenceSet,
    sequences: int,
    tasks: int,
    path: Path,
    *,
    fresh: bool = False,
) -> Checkpoint:
    """Learn ``sequences`` in all, once each in the order of `golden.tasks.task_stream`, saving after every task; goes
    on with what ``path`` holds of the same training. What every task gave is in the metadata, under ``tasks``.

    Raises:
        CheckpointError: ``path`` holds a checkpoint of a training that would have gone on otherwise.
        DataError: fewer sequences than tasks, or sequences that differ in length.
    """
    seed, stream = design.learning.seed, task_stream(training, sequences, tasks, design.learning.seed)
    test = of_one_length(test)
    if test.x.shape[1] != stream.x.shape[1]:
        raise DataError(
            f"tasks permute the features of all steps, and sequences for training have {stream.x.shape[1]} steps, "
            f"those for testing {test.x.shape[1]}: give both one length"
        )
    trainer, digest, history = ReplayTrainer(design, initial_weights(design)), data_digest(stream), []
    if path.is_file() and not fresh:
        found = continue_checkpoint(path, design)
        if found.metadata.get("data") == digest:
            trainer, history = ReplayTrainer.from_checkpoint(design, found), found.metadata["tasks"]
            console().print(f"continuing {path}: {len(history)} of {tasks} tasks are done")
        else:
            say_replaced(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = task_sizes(sequences, tasks)
    with progress("training", sum(sizes[len(history) :]), "sequences") as advance:
        for task in range(len(history), tasks):
            first = sum(sizes[:task])
            done = _train_one(trainer, stream, range(first, first + sizes[task]), advance)
            seen = (permuted_task(test, number, seed) for number in range(task + 1))
            done["test_accuracy"] = [accuracy(design, trainer.weights, part, trainer.coefficients) for part in seen]
            history = [*history, done]
            save_checkpoint(path, design, trainer.checkpoint({"data": digest, "tasks": history}))
    return trainer.checkpoint({"data": digest, "tasks": history})


def _train_one(trainer: ReplayTrainer, stream: SequenceSet, places: range, advance) -> dict:
    counts = dict.fromkeys(("right", "replayed", "kept", "device_writes", "pulses_dropped"), 0)
    for place in places:
        learned = trainer.train_sequence(stream.sequence(place), int(stream.y[place]))
        counts["right"] += int(learned.decision == stream.y[place])
        counts["replayed"] += len(learned.replays)
        counts["kept"] += learned.kept is not None
        counts["device_writes"] += learned.applied
        counts["pulses_dropped"] += learned.dropped
        advance(1)
    return {"sequences": len(places), **counts}


def summarise_tasks(history: list[dict]) -> dict:
    """All tasks together, under the names of ``remora simulate``: ``accuracy`` is that of deciding each sequence just
    before it is learnt."""
    total = {name: sum(done[name] for done in history) for name in history[0] if name != "test_accuracy"}
    return {
        **{name: value for name, value in total.items() if name != "right"},
        "accuracy": total["right"] / total["sequences"],
        "accuracy_matrix": [done["test_accuracy"] for done in history],
    }


def tasks_table(history: list[dict]) -> Table:
    """What every task gave: accuracy while it was learnt, and on the test set of every task so far."""
    shown = table(">task", ">sequences", ">replayed", ">online", ">device pulses", "test accuracy of the tasks so far")
    for number, done in enumerate(history, 1):
        online, tests = done["right"] / done["sequences"], "  ".join(f"{share:.1%}" for share in done["test_accuracy"])
        shown.add_row(
            str(number), f"{done['sequences']:,}", f"{done['replayed']:,}", f"{online:.1%}",
            f"{done['device_writes']:,}", tests,
        )  # fmt: skip
    return shown
