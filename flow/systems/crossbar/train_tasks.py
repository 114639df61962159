"""Train on tasks that come one after the other: golden's side of ``remora simulate --learn --tasks``, sequence for
sequence, resumable after every task."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from remora.flow.report.console import progress, table
from remora.flow.systems.crossbar.train import begin_training, data_digest
from remora.golden.data.load import DataError, SequenceSet
from remora.golden.data.tasks import of_one_length, permuted_task, task_sizes, task_stream
from remora.golden.learning.checkpoint import Checkpoint, save_checkpoint
from remora.golden.learning.training import accuracy, learn_sequences
from remora.spec.crossbar.design import DesignPoint

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
    """Learn ``sequences`` in all, once each in the order of `remora.golden.data.tasks.task_stream`, saving after every
    task; goes on with what ``path`` holds of the same training. What every task gave is in the metadata, under
    ``tasks``.

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
    digest = data_digest(stream)
    trainer, history = begin_training(design, path, digest, "tasks", tasks, fresh=fresh)
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = task_sizes(sequences, tasks)
    with progress("training", sum(sizes[len(history) :]), "sequences") as advance:
        for task in range(len(history), tasks):
            first = sum(sizes[:task])
            done = asdict(learn_sequences(trainer, stream, range(first, first + sizes[task]), advance))
            seen = (permuted_task(test, number, seed) for number in range(task + 1))
            done["test_accuracy"] = [accuracy(design, trainer.weights, part, trainer.coefficients) for part in seen]
            history = [*history, done]
            save_checkpoint(path, design, trainer.checkpoint({"data": digest, "tasks": history}))
    return trainer.checkpoint({"data": digest, "tasks": history})


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
