"""What is learnt as records, one a column, a slot or a run; and as a run reads it back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.weights import initial_weights
from remora.golden.learning.checkpoint import Checkpoint, save_checkpoint
from remora.golden.learning.learnt_state import (
    read_readings,
    read_state,
    readings_file,
    state_file,
    state_records,
)
from remora.golden.learning.reservoir import ReservoirState
from tests.hdl.designs import DESIGNS

LEARNING = {"enabled": True, "replay_capacity": 4, "healing": True, "compensation": True}
DESIGN = DESIGNS["primes"].evolve(learning=LEARNING, crossbar={"calibrate_offsets": True})
SIZES = DESIGN.network


def checkpoint() -> Checkpoint:
    """One whose accumulators and reservoir hold something."""
    random, weights = np.random.default_rng(3), initial_weights(DESIGN)
    hidden, readout = (
        random.integers(-9, 9, layer.shape).astype(np.int32) for layer in (weights.hidden, weights.readout)
    )
    features = np.zeros((2, SIZES.max_steps, SIZES.features), np.uint8)
    features[0, :1], features[1] = 3, 5
    reservoir = ReservoirState(7, True, features, np.array([1, SIZES.max_steps]), np.array([0, SIZES.classes - 1]))
    made = Checkpoint.of(DESIGN, weights)
    return replace(made, hidden_accumulators=hidden, readout_accumulators=readout, updates=9, reservoir=reservoir)


def test_every_part_is_a_record():
    made = checkpoint()
    records = state_records(DESIGN, made)
    weights = {"hidden": made.weights.hidden, "readout": made.weights.readout}
    accumulators = {"hidden": made.hidden_accumulators, "readout": made.readout_accumulators}
    for name, layer in weights.items():
        assert np.array_equal(records[f"{name} weights"]["weights"], layer.T)
        assert np.array_equal(records[f"{name} accumulators"]["accumulators"], accumulators[name].T)
        # A map and offsets that nobody has set mark nothing and take nothing off.
        assert records[f"{name} faults"]["faults"].shape == (layer.shape[1], 2 * layer.shape[0])
        assert records[f"{name} offsets"].shape == (layer.shape[1],)
        assert not records[f"{name} faults"]["faults"].any() and not records[f"{name} offsets"]["offsets"].any()
    slots = records["reservoir"]
    assert slots["label"].tolist() == [0, SIZES.classes - 1] and slots["steps"].tolist() == [1, SIZES.max_steps]
    assert np.array_equal(slots["features"], made.reservoir.features)
    [counts] = records["counts"]
    assert {name: counts[name] for name in ("updates", "presented", "filled", "frozen")} == {
        "updates": 9, "presented": 7, "filled": 2, "frozen": 1,
    }  # fmt: skip
    assert [name for name in records["counts"].dtype.names if name.startswith("heal_")]


def test_a_design_has_the_records_of_what_it_can():
    plain = DESIGNS["primes"].evolve(learning={"enabled": True, "update": "direct"})
    found = state_records(plain, Checkpoint.of(plain, initial_weights(plain)))
    assert found.keys() == {"hidden weights", "readout weights", "counts"}
    assert found["counts"].dtype.names == ("updates",)
    spare = DESIGNS["primes"].evolve(crossbar={"spare_columns": 1})
    assert (state_records(spare, Checkpoint.of(spare, initial_weights(spare)))["spares"]["columns"] < 0).all()


def test_a_run_reads_back_what_it_left(tmp_path):
    made = checkpoint()
    save_checkpoint(state_file(tmp_path, 5), DESIGN, made)
    found, wanted = read_state(tmp_path, 5, DESIGN), state_records(DESIGN, made)
    assert found.keys() == wanted.keys() and len(found) == 10
    assert all(np.array_equal(found[name], each) for name, each in wanted.items())


def test_readings_are_a_record_a_column(tmp_path):
    hidden, readout = np.arange(6).reshape(2, 3), np.arange(4).reshape(2, 2)
    np.savez(readings_file(tmp_path, 0), hidden=hidden, readout=readout)
    found = read_readings(tmp_path, 0)
    assert found["hidden readings"]["readings"].tolist() == hidden.T.tolist()
    assert found["readout readings"]["readings"].tolist() == readout.T.tolist()
    with pytest.raises(OSError, match="readings_1"):
        read_readings(tmp_path, 1)
