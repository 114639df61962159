"""Train a network with bistable cells: offline, in floating point, ending in a checkpoint of its codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remora.flow.report.console import console, progress, table
from remora.flow.report.notes import say_replaced
from remora.golden.data.load import SequenceSet
from remora.golden.learning.checkpoint import Checkpoint, continue_checkpoint, save_checkpoint
from remora.golden.learning.training import accuracy
from remora.golden.offline.bistable_training import Schedule, train_bistable, tune_codes
from remora.spec.crossbar.design import DesignPoint

if TYPE_CHECKING:
    from rich.table import Table


COMPARED = 5000
"""Training sequences on which passes are compared."""
SMALLEST_BATCH, LARGEST_BATCH, STEPS_A_PASS = 16, 128, 100


def train_offline(
    design: DesignPoint,
    training: SequenceSet,
    test: SequenceSet | None,
    passes: int,
    digest: str,
    path: Path | None = None,
    *,
    fresh: bool = False,
) -> Checkpoint:
    """Train for so many passes and export; a checkpoint at ``path`` of the very same training is taken as it is.

    Late passes still jump. So of the passes in floating point the one that decides most of `COMPARED` training
    sequences rightly is taken, and of those of tuning too. The metadata holds what each pass reached, and
    ``float_accuracy`` and ``codes_accuracy`` of the two on the test set.

    Args:
        digest: identifies the training set.
        path: checkpoint to write; nothing is kept on disk where None.

    Raises:
        CheckpointError: ``path`` holds a checkpoint of a training that would have gone on otherwise.
    """
    if path and path.is_file() and not fresh:
        found = continue_checkpoint(path, design)
        if found.metadata.get("data") == digest and len(found.metadata.get("passes", ())) == passes:
            console().print(f"{path} holds this training already")
            return found
        say_replaced(path)
    history, schedule = [], Schedule(passes=passes, batch=batch_of(training))
    compared = training.first(min(COMPARED, len(training)))
    with progress("training", (passes + schedule.tuning_passes) * len(training), "sequences") as advance:
        best = -1.0
        for number, model in enumerate(train_bistable(design, training, schedule, advance), 1):
            history.append({"number": number, "test_accuracy": model.accuracy(test) if test else None})
            if (reached := model.accuracy(compared)) >= best:
                best, trained = reached, model.copy()
        best = -1.0
        for codes in tune_codes(trained.copy(), training, schedule, advance):
            if (reached := accuracy(design, codes, compared)) >= best:
                best, weights = reached, codes
    metadata = {"data": digest, "passes": history, "tuning_passes": schedule.tuning_passes}
    if test:
        metadata["float_accuracy"] = trained.accuracy(test)
        metadata["codes_accuracy"] = accuracy(design, weights, test)
    checkpoint = Checkpoint.of(design, weights, metadata)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(path, design, checkpoint)
    return checkpoint


def batch_of(training: SequenceSet) -> int:
    """Sequences a step: fewer of a small set, so that a pass has enough steps."""
    return max(SMALLEST_BATCH, min(LARGEST_BATCH, len(training) // STEPS_A_PASS))


def offline_table(metadata: dict) -> Table:
    """What every pass reached, and at the end what the chosen pass reaches, and its codes."""
    shown = table("after pass", ">test")
    for done in metadata["passes"]:
        shown.add_row(str(done["number"]), _percent(done["test_accuracy"]))
    shown.add_row("chosen", _percent(metadata.get("float_accuracy")))
    shown.add_row("as codes", _percent(metadata.get("codes_accuracy")), style="bold")
    return shown


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
