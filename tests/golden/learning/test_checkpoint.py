"""Checkpoints: the round trip, and one clear error for everything that can be wrong with the file."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest

from remora.golden.crossbar.miru import Coefficients
from remora.golden.crossbar.weights import Weights, random_weights
from remora.golden.learning.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from remora.golden.learning.reservoir import ReservoirState
from remora.spec.lib.errors import RemoraError
from tests.golden.designs import DESIGNS
from tests.golden.learning.test_dfa import random_accumulators

TINY = DESIGNS["tiny"].evolve(learning={"replay_capacity": 3})


def full_reservoir(design) -> ReservoirState:
    generator, network, filled = np.random.default_rng(4), design.network, min(2, design.learning.replay_capacity)
    return ReservoirState(
        presented=77,
        frozen=True,
        features=generator.integers(0, 16, (filled, network.max_steps, network.features)).astype(np.uint8),
        steps=generator.integers(1, network.max_steps + 1, filled),
        labels=generator.integers(0, network.classes, filled),
    )


def full_checkpoint(design=TINY) -> Checkpoint:
    return Checkpoint(
        random_weights(design, 1),
        *random_accumulators(design, 1),
        Coefficients(17, 99),
        {"accuracy": 0.875, "data": "mnist"},
        2**32 - 1,
        full_reservoir(design),
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.npz"
    save_checkpoint(path, TINY, full_checkpoint())
    return path


def assert_same(found: Checkpoint, expected: Checkpoint) -> None:
    for mine, theirs in (
        (found.weights.hidden, expected.weights.hidden),
        (found.weights.readout, expected.weights.readout),
        (found.hidden_accumulators, expected.hidden_accumulators),
        (found.readout_accumulators, expected.readout_accumulators),
        *(
            (getattr(found.reservoir, name), getattr(expected.reservoir, name))
            for name in ("features", "steps", "labels")
        ),
    ):
        np.testing.assert_array_equal(mine, theirs)
    for names in ("coefficients", "metadata", "updates", "reservoir.presented", "reservoir.frozen"):
        assert attrgetter(names)(found) == attrgetter(names)(expected)


def tampered(path, source=None, **changes):
    """Rewrite the file, or one like ``source``, with arrays changed, or dropped where None."""
    with np.load(source or path) as file:
        content = {name: file[name] for name in file.files} | changes
    np.savez(path, **{name: value for name, value in content.items() if value is not None})
    return path


def test_round_trip(design, tmp_path):
    saved = full_checkpoint(design)
    save_checkpoint(tmp_path / "net.npz", design, saved)
    found = load_checkpoint(tmp_path / "net.npz", design)
    assert_same(found, saved)
    assert [file.name for file in tmp_path.iterdir()] == ["net.npz"]


def test_weights_alone(tmp_path):
    save_checkpoint(tmp_path / "net.npz", TINY, Checkpoint.of(TINY, random_weights(TINY, 2)))
    found = load_checkpoint(str(tmp_path / "net.npz"), TINY)
    assert not found.hidden_accumulators.any() and found.coefficients == Coefficients.of(TINY) and found.metadata == {}
    assert (found.updates, found.reservoir.presented, len(found.reservoir.steps)) == (0, 0, 0)


def test_the_name_is_only_a_label(path):
    load_checkpoint(path, TINY.evolve(name="other"))


def test_another_design_point_is_refused_field_by_field(path):
    other = TINY.evolve(network={"hidden": 8, "classes": 4})
    with pytest.raises(
        CheckpointError, match="network.classes is 3 there, 4 here; network.hidden is 7 there, 8 here"
    ) as caught:
        load_checkpoint(path, other)
    assert (
        "learning" not in str(caught.value) and str(path) in str(caught.value) and isinstance(caught.value, RemoraError)
    )


def test_missing_truncated_and_foreign_files_are_refused(path, tmp_path):
    with pytest.raises(CheckpointError, match="absent.npz does not exist"):
        load_checkpoint(tmp_path / "absent.npz", TINY)
    content = path.read_bytes()
    for size in (0, 3, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(CheckpointError, match="is no checkpoint: truncated or not a .npz"):
            load_checkpoint(path, TINY)
    path.write_bytes(b"weights: 1, 2, 3\n")
    with pytest.raises(CheckpointError, match="is no checkpoint: truncated or not a .npz"):
        load_checkpoint(path, TINY)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(CheckpointError, match="lacks format, design, hidden"):
        load_checkpoint(path, TINY)


def test_a_flipped_byte_is_found_or_harmless(path):
    """It may fall on a time stamp of the archive, but never change what is loaded."""
    content, intact = path.read_bytes(), load_checkpoint(path, TINY)
    refused = 0
    for position in range(0, len(content), 7):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :])
        try:
            found = load_checkpoint(path, TINY)
        except CheckpointError:
            refused += 1
        else:
            assert_same(found, intact)
    assert refused > len(content) // 7 // 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": np.zeros((12, 7), int)}, r"hidden weights have shape \(12, 7\); the design point needs \(13, 7\)"),
        ({"readout": np.zeros((8, 3))}, "readout weights are float64"),
        ({"hidden": np.full((13, 7), 99)}, "hidden weights span 99…99"),
        ({"hidden_accumulators": np.zeros((7, 13), int)}, r"hidden accumulators are int64 of shape \(7, 13\)"),
        ({"readout_accumulators": np.zeros((8, 3))}, "readout accumulators are float64"),
        ({"readout_accumulators": np.full((8, 3), -32768)}, "readout accumulators exceed ±32767"),
        ({"coefficients": np.array([300, 0])}, "reset coefficient is 300"),
        ({"coefficients": np.array([1])}, "missing 1 required"),
        ({"metadata": None}, "lacks metadata"),
        ({"metadata": "{"}, "Expecting property name"),
        ({"metadata": "[]"}, r"its metadata is no table, but \[\]"),
        ({"design": "[1]"}, "its design point cannot be read"),
        ({"design": "{"}, "its design point cannot be read"),
        ({"design": "null"}, "its design point cannot be read: a design point is a table of fields; it is None"),
        ({"design": '{"crossbar": {"rows": "six"}}'}, "its design point cannot be read"),
        ({"design": '{"network": 3}'}, "network is 3 there, None here"),
        ({"design": '{"network": {"hidden": [7]}}'}, r"network.hidden is \[7\] there, 7 here"),
        ({"counts": np.array([2**32, 77])}, "the update number is 4294967296"),
        ({"counts": np.array([0, 1])}, "the sequence number is 1; with 2 held"),
        ({"counts": np.array([0])}, "not enough values"),
        ({"reservoir_features": np.zeros((2, 9, 4), np.uint8)}, r"expected \(filled, 9, 5\)"),
        ({"reservoir_labels": np.array([0, 3])}, "a label of the reservoir is no whole number in 0…2"),
        ({"reservoir_steps": None}, "lacks reservoir_steps"),
        ({"format": "remora-checkpoint-1", "counts": None}, "'remora-checkpoint-3'. Train again: delete the file"),
        ({"format": "remora-checkpoint-1"}, "has format 'remora-checkpoint-1'; this version reads"),
    ],
)
def test_content_that_does_not_fit_is_refused(path, changes, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(tampered(path, **changes), TINY)
    assert str(path) in str(caught.value)


def test_direct_has_no_accumulators(tmp_path):
    design = TINY.evolve(learning={"update": "direct"})
    with pytest.raises(
        CheckpointError, match='hidden accumulators are not zero, but learning.update = "direct" has none'
    ):
        save_checkpoint(tmp_path / "net.npz", design, full_checkpoint(design))
    save_checkpoint(tmp_path / "net.npz", design, Checkpoint.of(design, random_weights(design, 2)))
    assert not load_checkpoint(tmp_path / "net.npz", design).hidden_accumulators.any()


def test_saving_what_does_not_fit_leaves_the_old_file(path):
    before = path.read_bytes()
    bad = replace(full_checkpoint(), weights=Weights(np.zeros((1, 1), int), np.zeros((1, 1), int)))
    with pytest.raises(CheckpointError, match="hidden weights have shape"):
        save_checkpoint(path, TINY, bad)
    assert path.read_bytes() == before


def test_a_folder_is_made_and_a_file_in_its_place_is_one_error(tmp_path):
    save_checkpoint(tmp_path / "new" / "net.npz", TINY, full_checkpoint())
    with pytest.raises(CheckpointError, match="cannot be written: Not a directory"):
        save_checkpoint(tmp_path / "new" / "net.npz" / "below.npz", TINY, full_checkpoint())
