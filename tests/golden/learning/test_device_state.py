"""Learning on chips of real devices: beside the independent reading, and what is kept of them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import astuple, replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.fault_map import stuck_devices
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import (
    Checkpoint,
    CheckpointError,
    continue_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.learnt_state import no_faults
from remora.golden.learning.memory_words import pack_faults, unpack_faults
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.trace import LearningReference
from tests.golden.designs import DESIGNS
from tests.golden.devices.comparison import spreads_of
from tests.golden.learning.test_checkpoint import tampered
from tests.golden.learning.test_dfa import random_sequence
from tests.golden.scalar_chip import ScalarChip

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 25
REAL = {
    "on_off": 20, "step_spread": 0.2, "cycle_noise": 0.3, "write_noise": 0.01, "read_noise": 0.05, "drift": 0.05,
    "slow_noise": 0.01, "stuck_full": 0.05, "endurance": 50, "converter_noise": 1, "converter_offset": 2, "wire_row": 2,
}  # fmt: skip
TINY = DESIGNS["tiny"].evolve(learning={"enabled": True, "replay_capacity": 3, "replay_ratio": 2}, devices=REAL)


def any_chip(random: np.random.Generator, update: str, bias: str):
    learning = {"enabled": True, "compensation": bool(random.random() < 0.5)}
    design = any_design(random, update=update)
    if bias == "digital":
        learning["verify_reads"] = 0
    design = design.evolve(
        learning=learning, crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits), "bias": bias}
    )
    return with_devices(design, random)


def assert_same_devices(found: DeviceState, scalar: ScalarChip) -> Counter:
    """Every device's p, n, t and s, and the counts."""
    seen: Counter = Counter()
    for layer, rows in zip(found.layers, scalar.pairs, strict=True):
        expected = np.array([[[[getattr(d, name) for d in pair] for pair in row] for row in rows] for name in "pnts"])
        mine = np.stack(layer.arrays()).transpose(0, 2, 3, 1)
        np.testing.assert_array_equal(mine, expected)
        seen += Counter(devices=expected[0].size, pulses=int(expected[1].sum()))
    assert (found.started, found.ageings) == (scalar.started, scalar.ageings)
    return seen


@pytest.mark.parametrize("bias", ["row", "digital"])
@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_any_chip(update, bias):
    """Rules D5 to D23 with P4, L1 to L17, P3, M1 to M7, K5 and K6: updates, records and every device."""
    random, seen = np.random.default_rng([SEED, 41, *([1] if bias == "digital" else [])]), Counter()
    for _ in range(CHIPS if bias == "row" else CHIPS // 2):
        design = any_chip(random, update, bias)
        weights = random_weights(design, int(random.integers(2**32)))
        seen += Counter(compensating=design.capabilities.compensates)
        reference = LearningReference(design, weights, Coefficients.of(design))
        scalar = ScalarChip(design, weights, design.device_model(), spreads_of(design))
        if design.capabilities.calibrates:
            scalar.calibrate()
        for number in range(4):
            x, label = random_sequence(design, random)
            one = np.ones(1, int)
            if number == 2:
                reference.trainer.dfa.age(10**6)
                scalar.age(10**6)
            learn = np.array([number != 1])
            found = reference.advance(x[None], len(x) * one, label * one, learn, 0 * one)
            done = scalar.learn(x.tolist(), label) if learn[0] else [scalar.run(x.tolist())]
            assert found.scores[0].tolist() == done[0]["scores"]
            for record, update_of in zip(found.records["learn"], done if learn[0] else [], strict=True):
                applied, dropped, devices = (sum(counts) for counts in zip(*update_of["writes"], strict=True))
                assert (record["applied"], record["dropped"]) == (applied, dropped)
                assert record["gradient_sum"] == update_of["gradient_sum"]
                seen += Counter(applied=applied, dropped=dropped, written=devices, updates=1)
            if learn[0]:
                devices = found.hidden.devices + found.readout.devices
                assert devices == sum(sum(each[2] for each in update_of["writes"]) for update_of in done)
            seen += assert_same_devices(reference.trainer.dfa.devices, scalar)
            if bias == "digital":
                for levels, rows in zip(astuple(reference.trainer.dfa.weights)[:2], scalar.weights, strict=True):
                    np.testing.assert_array_equal(levels[-1], rows[-1])
    assert min(seen[name] for name in ("applied", "written", "updates")) > CHIPS // 2 and seen["dropped"], seen
    assert seen["devices"] > 25 * CHIPS and seen["pulses"] and seen["compensating"]


def trained(sequences: int = 6, design=TINY) -> ReplayTrainer:
    trainer, random = ReplayTrainer(design, random_weights(design, 1)), np.random.default_rng(2)
    for _ in range(sequences):
        trainer.train_sequence(*random_sequence(design, random))
    return trainer


def assert_same(found: DeviceState, expected: DeviceState) -> None:
    for mine, theirs in zip(found.layers, expected.layers, strict=True):
        np.testing.assert_array_equal(np.stack(mine.arrays()), np.stack(theirs.arrays()))
    assert (found.started, found.ageings) == (expected.started, expected.ageings)


def test_every_forward_pass_is_counted():
    """Rule D17: replays too, and nothing else."""
    trainer, random = trained(0), np.random.default_rng(2)
    done = [trainer.train_sequence(*random_sequence(TINY, random)) for _ in range(6)]
    passes = sum(1 + len(each.replays) for each in done)
    assert trainer.dfa.devices.started == passes > 6
    trainer.dfa.set_started(2**32 - 1)
    trainer.dfa.train_sequence(*random_sequence(TINY, random))
    assert trainer.dfa.devices.started == 0


def test_learning_goes_on_exactly_from_a_file(tmp_path):
    whole, random = trained(), np.random.default_rng(3)
    whole.dfa.age(1000)
    save_checkpoint(tmp_path / "chip.npz", TINY, whole.checkpoint())
    for load in (load_checkpoint, continue_checkpoint):
        checkpoint = load(tmp_path / "chip.npz", TINY)
        assert checkpoint.remarks == checkpoint.left_behind == ()
        assert_same(checkpoint.devices, whole.dfa.devices)
    other = ReplayTrainer.from_checkpoint(TINY, checkpoint)
    for _ in range(6):
        x, label = random_sequence(TINY, random)
        mine, theirs = other.train_sequence(x, label), whole.train_sequence(x, label)
        assert mine.applied == theirs.applied and mine.decision == theirs.decision
    assert_same(other.dfa.devices, whole.dfa.devices)
    assert other.dfa.devices.layers[0].n.sum() > checkpoint.devices.layers[0].n.sum()


def test_probes_are_kept_and_those_of_older_files_are_none(tmp_path):
    """Rule D17."""
    checkpoint = trained().checkpoint()
    checkpoint.devices.probes = 2**32 - 1, 5
    save_checkpoint(tmp_path / "chip.npz", TINY, checkpoint)
    assert load_checkpoint(tmp_path / "chip.npz", TINY).devices.probes == (2**32 - 1, 5)
    counts = np.array([checkpoint.devices.ageings, checkpoint.devices.started])
    tampered(tmp_path / "chip.npz", device_counts=counts)
    assert load_checkpoint(tmp_path / "chip.npz", TINY).devices.probes == (0, 0)


def test_inference_follows_the_devices_and_not_the_levels():
    trainer, random = trained(), np.random.default_rng(5)
    features = np.stack([np.resize(random_sequence(TINY, random)[0], (9, 5)) for _ in range(20)])
    state = trainer.dfa.devices
    by_state = infer(TINY, trainer.weights, features, devices=state)
    other = replace(trainer.weights, hidden=trainer.weights.hidden * 0)
    np.testing.assert_array_equal(infer(TINY, other, features, devices=state).scores, by_state.scores)
    fresh = infer(TINY, trainer.weights, features, devices=None)
    assert (fresh.scores != by_state.scores).any()
    copy = trainer.dfa.devices
    copy.layers[0].p[...] = 0
    assert trainer.dfa.devices.layers[0].p.any(), "copies must not follow the kernel"


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        (REAL | {"seed": 2}, "left behind: devices.seed is 1 there, 2 here; the nearest levels are programmed"),
        (REAL | {"read_noise": 0.01}, "devices.read_noise is 0.05 there, 0.01 here"),
        ({}, "those of this design point are ideal, and take the nearest levels"),
    ],
)
def test_the_state_moves_to_no_other_chip(tmp_path, devices, words):
    trainer = trained()
    save_checkpoint(tmp_path / "chip.npz", TINY, trainer.checkpoint())
    other = DESIGNS["tiny"].evolve(learning=TINY.learning.model_dump(), devices=devices)
    found = load_checkpoint(tmp_path / "chip.npz", other)
    assert found.devices is None and any(words in each for each in found.left_behind)
    np.testing.assert_array_equal(found.weights.hidden, trainer.weights.hidden)
    assert DfaTrainer.from_checkpoint(other, found).weights.hidden.any()
    with pytest.raises(CheckpointError, match="cannot be continued"):
        continue_checkpoint(tmp_path / "chip.npz", other)


def test_grains_of_another_size_are_no_state_of_this_chip(tmp_path):
    save_checkpoint(tmp_path / "chip.npz", TINY, trained().checkpoint())
    coarser = TINY.evolve(crossbar={"fraction_bits": 8})
    found = load_checkpoint(tmp_path / "chip.npz", coarser)
    assert found.devices is None and "crossbar.fraction_bits is 11 there, 8 here" in found.left_behind[-1]
    with pytest.raises(CheckpointError, match="crossbar.fraction_bits is 11 there, 8 here"):
        continue_checkpoint(tmp_path / "chip.npz", coarser)


def test_tiles_that_wires_make_others_are_said(tmp_path):
    """Rule D13: narrower tiles have shorter wordlines; without wires nothing changes."""
    state = trained().checkpoint()
    save_checkpoint(tmp_path / "chip.npz", TINY, state)
    narrower = TINY.evolve(crossbar={"columns": 2})
    found = load_checkpoint(tmp_path / "chip.npz", narrower)
    assert_same(found.devices, state.devices)
    assert any("crossbar.columns" in remark for remark in found.remarks)
    with pytest.raises(CheckpointError, match="crossbar.columns is"):
        continue_checkpoint(tmp_path / "chip.npz", narrower)
    unwired = TINY.evolve(devices={"wire_row": 0.0})
    save_checkpoint(tmp_path / "unwired.npz", unwired, trained(design=unwired).checkpoint())
    again = continue_checkpoint(tmp_path / "unwired.npz", unwired.evolve(crossbar={"columns": 2}))
    assert again.remarks == () and again.devices


def test_ideal_weights_make_fresh_devices(tmp_path):
    ideal = TINY.evolve(devices=dict.fromkeys(REAL))
    assert ideal.devices.ideal
    weights = random_weights(ideal, 1)
    save_checkpoint(tmp_path / "ideal.npz", ideal, Checkpoint.of(ideal, weights))
    found = load_checkpoint(tmp_path / "ideal.npz", TINY)
    assert found.devices is None and any("fresh devices" in remark for remark in found.remarks)
    trainer = DfaTrainer.from_checkpoint(TINY, found)
    chip = Chip.of(TINY)
    assert_same(trainer.devices, DeviceState.fresh(chip, (weights.hidden, weights.readout)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_devices": None}, "lacks hidden_devices"),
        ({"hidden_devices": np.zeros((4, 2, 3, 7), np.int64)}, "p of the hidden devices is int64 of shape"),
        ({"hidden_devices": np.zeros((4, 2, 13, 7), np.int32)}, "expected int64"),
        ({"readout_devices": np.full((4, 2, 8, 3), -1)}, "p of some readout device is beyond"),
        ({"device_counts": np.array([0, 2**32])}, "started 4294967296 sequences"),
        ({"device_counts": np.array([0, 0, 2**32, 1])}, "counted 4294967296 and 1 probes"),
        ({"device_counts": np.array([0, 0, 1])}, "device_counts has 3 numbers; expected 4"),
        ({"device_counts": np.array([0])}, "device_counts has 1 numbers; expected 4"),
    ],
)
def test_a_damaged_state_is_refused(tmp_path, changes, words):
    save_checkpoint(tmp_path / "chip.npz", TINY, trained().checkpoint())
    tampered(tmp_path / "chip.npz", **changes)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(tmp_path / "chip.npz", TINY)


def test_devices_of_an_ideal_design_are_refused(tmp_path):
    ideal = TINY.evolve(devices=dict.fromkeys(REAL))
    with pytest.raises(CheckpointError, match="ideal"):
        save_checkpoint(tmp_path / "chip.npz", ideal, trained().checkpoint())
    with pytest.raises(ValueError, match="ideal"):
        DfaTrainer(ideal, random_weights(ideal, 1), devices=trained().dfa.devices)


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_devices_that_err_in_nothing_that_shows_learn_as_ideal_ones(update):
    """Rules P1 and P2: they drift, but no time passes."""
    ideal = TINY.evolve(devices=dict.fromkeys(REAL), learning={"update": update, "accumulator_level": 16})
    real, random = ideal.evolve(devices={"drift": 0.1}), np.random.default_rng(1)
    trainers = [ReplayTrainer(design, random_weights(design, 1)) for design in (ideal, real)]
    applied = 0
    for _ in range(12):
        x, label = random_sequence(ideal, random)
        mine, theirs = (trainer.train_sequence(x, label) for trainer in trainers)
        assert (mine.hidden, mine.readout) == (theirs.hidden, theirs.readout)
        applied += mine.applied
    for name in ("hidden", "readout"):
        np.testing.assert_array_equal(*(getattr(trainer.weights, name) for trainer in trainers))
    assert applied > 100 and trainers[1].dfa.devices.layers[0].n.sum() > 0


MAPPED = TINY.evolve(learning={"compensation": True})


def test_a_fault_map_goes_with_its_chip(tmp_path):
    """Rules P4 and M16: into a file and the host's words, to no design point without a map, and to no other chip."""
    trainer = trained(design=MAPPED)
    held = trainer.checkpoint()
    save_checkpoint(tmp_path / "chip.npz", MAPPED, held)
    found = load_checkpoint(tmp_path / "chip.npz", MAPPED)
    assert found.left_behind == () and sum(int(marks.sum()) for marks in found.fault_map) > 0
    again = unpack_faults(MAPPED, pack_faults(MAPPED, found.fault_map))
    for maps in (found.fault_map, found.devices.fault_map, again):
        for mine, theirs in zip(maps, held.fault_map, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for layer in trainer.dfa.devices.layers:
        assert not layer.n[layer.marked].any() and layer.n.any()
    unmapped = load_checkpoint(tmp_path / "chip.npz", TINY)
    assert unmapped.fault_map is None and unmapped.devices.fault_map is None
    assert any("fault map is left behind" in reason for reason in unmapped.left_behind) and unmapped.remarks == ()
    with pytest.raises(CheckpointError, match="learning.compensation is True there, False here"):
        continue_checkpoint(tmp_path / "chip.npz", TINY)
    other = load_checkpoint(tmp_path / "chip.npz", MAPPED.evolve(devices={"seed": 99}))
    assert other.fault_map is None and other.devices is None
    assert "the fault map is left behind: it is that of another chip" in other.left_behind


def test_a_file_without_a_map_takes_that_of_the_stuck_devices(tmp_path):
    save_checkpoint(tmp_path / "unmapped.npz", TINY, trained().checkpoint())
    found = load_checkpoint(tmp_path / "unmapped.npz", MAPPED)
    assert sum(int(marks.sum()) for marks in found.fault_map) > 0
    for mine, held, stuck in zip(found.fault_map, found.devices.fault_map, stuck_devices(Chip.of(MAPPED)), strict=True):
        np.testing.assert_array_equal(mine, stuck)
        np.testing.assert_array_equal(held, stuck)
    assert any("holds no fault map" in remark for remark in found.remarks)


def test_a_map_of_a_checkpoint_marks_fresh_devices():
    """Rule D23: as software says, not as the chip is; golden's ideal devices are never stuck."""
    weights, random = random_weights(MAPPED, 1), np.random.default_rng(4)
    own = tuple(random.random((2, *layer.shape)) < 0.5 for layer in (weights.hidden, weights.readout))
    held = replace(Checkpoint.of(MAPPED, weights), fault_map=own)
    devices = DfaTrainer.from_checkpoint(MAPPED, held).devices
    np.testing.assert_array_equal(devices.fault_map[0], own[0])
    ideal = MAPPED.evolve(devices=dict.fromkeys(REAL))
    with pytest.raises(ValueError, match="ideal ones are never stuck"):
        DfaTrainer.from_checkpoint(ideal, held)
    assert DfaTrainer.from_checkpoint(ideal, replace(held, fault_map=no_faults(weights))).devices is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_faults": None}, "lacks hidden_faults"),
        ({"hidden_faults": np.zeros((2, 3, 7), bool)}, "a fault map is bool of shape"),
        ({"readout_faults": np.zeros((2, 8, 3), np.int8)}, "expected bool"),
    ],
)
def test_a_damaged_map_is_refused(tmp_path, changes, words):
    save_checkpoint(tmp_path / "chip.npz", MAPPED, trained(design=MAPPED).checkpoint())
    tampered(tmp_path / "chip.npz", **changes)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(tmp_path / "chip.npz", MAPPED)


def test_a_map_where_there_is_none_is_refused(tmp_path):
    held = trained(design=MAPPED).checkpoint()
    with pytest.raises(CheckpointError, match="learning.compensation of this design point is false"):
        save_checkpoint(tmp_path / "chip.npz", TINY, replace(held, devices=None))
    with pytest.raises(ValueError, match="learning.compensation of this design point is false"):
        DfaTrainer(TINY, random_weights(TINY, 1), devices=held.devices)
