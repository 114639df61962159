"""Training offline to a checkpoint: what it holds, and that a training that is there already is taken as it is."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.bistable_train import LARGEST_BATCH, SMALLEST_BATCH, batch_of
from remora.flow.systems.crossbar.train import passes_table, train_network
from remora.golden.data.load import SequenceSet, load
from remora.golden.learning.checkpoint import CheckpointError, load_checkpoint
from remora.golden.learning.training import accuracy
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

DESIGN = DesignPoint(
    name="cells",
    network={"features": 4, "hidden": 6, "classes": 3, "max_steps": 5},
    cell={"kind": "bmru"},
)


def test_a_checkpoint_holds_the_codes_and_what_they_reach(tmp_path, capsys):
    training, test = load(DESIGN, "synthetic", train=200)
    path = tmp_path / "cells.npz"
    made = train_network(DESIGN, training, test, 3, path)
    found = load_checkpoint(path, DESIGN)
    for name in ("hidden", "readout", "thresholds"):
        np.testing.assert_array_equal(getattr(found.weights, name), getattr(made.weights, name))
    metadata = found.metadata
    assert [entry["number"] for entry in metadata["passes"]] == [1, 2, 3] and metadata["tuning_passes"] == 1
    assert metadata["codes_accuracy"] == accuracy(DESIGN, found.weights, test)
    assert metadata["float_accuracy"] in [entry["test_accuracy"] for entry in metadata["passes"]]
    assert passes_table(metadata).row_count == 5
    written = path.stat().st_mtime_ns
    again = train_network(DESIGN, training, test, 3, path)
    assert again.metadata == metadata and path.stat().st_mtime_ns == written
    train_network(DESIGN, training, test, 2, path)
    assert len(load_checkpoint(path, DESIGN).metadata["passes"]) == 2


def test_without_a_test_set_nothing_is_claimed():
    metadata = train_network(DESIGN, load(DESIGN, "synthetic", train=50)[0], None, 1).metadata
    assert "codes_accuracy" not in metadata and passes_table(metadata).row_count == 3


def test_a_checkpoint_of_another_design_is_refused(tmp_path):
    training = load(DESIGN, "synthetic", train=50)[0]
    train_network(DESIGN, training, None, 1, tmp_path / "cells.npz")
    other = DESIGN.evolve(cell=load_design("tiny", DesignPoint).cell)
    with pytest.raises(CheckpointError, match="cell.kind is bmru there, miru here"):
        train_network(other, training, None, 1, tmp_path / "cells.npz")


@pytest.mark.parametrize(("count", "batch"), [(1, SMALLEST_BATCH), (3000, 30), (60000, LARGEST_BATCH)])
def test_batches_suit_the_size_of_the_set(count, batch):
    assert batch_of(SequenceSet(np.zeros((count, 1, 1), np.uint8), np.zeros(count, np.int64))) == batch
