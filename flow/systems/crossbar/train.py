"""Train: golden on-chip learning, pass by pass, resumable, ending in a checkpoint; bistable cells learn offline."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from remora.flow.report.console import console, progress, table
from remora.flow.report.notes import say_replaced
from remora.flow.systems.crossbar.bistable_train import offline_table, train_offline
from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint, continue_checkpoint, save_checkpoint
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import train
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.spares.spare_map import SpareMap

if TYPE_CHECKING:
    from rich.table import Table


def train_network(
    design: DesignPoint,
    training: SequenceSet,
    test: SequenceSet | None,
    passes: int,
    path: Path | None = None,
    *,
    fresh: bool = False,
    spares: SpareMap | None = None,
) -> Checkpoint:
    """Train for so many passes in all, saving after each; continues what ``path`` holds of the same training.

    Bistable cells are trained offline instead, as `remora.flow.systems.crossbar.bistable_train` says.

    Args:
        path: checkpoint to continue and to write; nothing is kept on disk where None.
        fresh: begin again even where ``path`` could be continued.
        spares: what spare columns stand in for from the start; None: as ``path`` says, or for none.

    Raises:
        CheckpointError: ``path`` holds a checkpoint of a training that would have gone on otherwise.
    """
    digest = data_digest(training)
    if design.capabilities.bistable:
        return train_offline(design, training, test, passes, digest, path, fresh=fresh)
    trainer, history = begin_training(design, path, digest, "passes", passes, fresh=fresh)
    if spares:
        start = replace(Checkpoint.of(design, initial_weights(design)), spares=spares)
        trainer = ReplayTrainer.from_checkpoint(design, start, learning_kernel())
    checkpoint = trainer.checkpoint(_metadata(history, digest))
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    remaining = passes - len(history)
    if remaining <= 0:
        return checkpoint
    with progress("training", remaining * len(training), "sequences") as advance:
        for result in train(trainer, training, remaining, test, advance, first_pass=len(history) + 1):
            history = [*history, asdict(result)]
            checkpoint = trainer.checkpoint(_metadata(history, digest))
            if path:
                save_checkpoint(path, design, checkpoint)
    return checkpoint


def begin_training(
    design: DesignPoint, path: Path | None, digest: str, parts: str, count: int, *, fresh: bool
) -> tuple[ReplayTrainer, list[dict]]:
    """What learns, by the kernel that was chosen, and what the parts done so far gave: at the start of a training, or
    where the checkpoint at ``path`` stopped.

    Args:
        digest: identifies the training set.
        parts: where the checkpoint's metadata hold what each part gave, ``passes`` or ``tasks``; ``count`` in all.
        fresh: begin at the start in every case.

    Raises:
        CheckpointError: ``path`` holds a checkpoint of a training that would have gone on otherwise.
        KernelError: there is no such kernel here.
    """
    kernel = learning_kernel()
    if path and path.is_file() and not fresh:
        found = continue_checkpoint(path, design)
        if found.metadata.get("data") == digest:
            history = found.metadata[parts]
            console().print(f"continuing {path}: {len(history)} of {count} {parts} are done")
            return ReplayTrainer.from_checkpoint(design, found, kernel), history
        say_replaced(path)
    return ReplayTrainer(design, initial_weights(design), kernel=kernel), []


def data_digest(data: SequenceSet) -> str:
    """Identifies a training set by its content."""
    lengths = b"" if data.lengths is None else data.lengths.tobytes()
    return hashlib.sha256(data.x.tobytes() + data.y.tobytes() + lengths).hexdigest()[:16]


def _metadata(history: list[dict], digest: str) -> dict:
    return {"data": digest, "passes": history}


def passes_table(metadata: dict) -> Table:
    """What every pass reached, from the metadata of a trained checkpoint."""
    history = metadata["passes"]
    if "pulses_applied" not in history[0]:
        return offline_table(metadata)
    shown = table(">pass", ">online", ">test", ">device pulses", ">dropped")
    for done in history:
        test = "" if done["test_accuracy"] is None else f"{done['test_accuracy']:.1%}"
        shown.add_row(
            str(done["number"]),
            f"{done['online_accuracy']:.1%}",
            test,
            f"{done['pulses_applied']:,}",
            str(done["pulses_dropped"]),
        )
    return shown
