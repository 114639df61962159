"""From design point to design point: for every field, a stored network moves or is refused in words that name it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from remora.flow.systems.bmru.networks import bundled_network
from remora.golden.bmru.codes import CodesError, export_network
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.weights import Weights, random_weights
from remora.golden.data.load import synthetic
from remora.golden.learning.checkpoint import (
    Checkpoint,
    CheckpointError,
    continue_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.section import CURVES, Devices
from remora.spec.lib.roles import Role, roles_of
from remora.spec.presets import load_design
from tests.golden.designs import DESIGNS, make_design
from tests.golden.learning.test_checkpoint import assert_same, full_checkpoint, tampered

BASE = DESIGNS["tiny"].evolve(learning={"enabled": True, "replay_capacity": 3, "replay_ratio": 2, "winners": 3})
BISTABLE = make_design(network={"features": 5, "hidden": 7, "classes": 3, "max_steps": 9}, cell={"kind": "bmru"})
OTHER = {
    "name": "other",
    "network.features": 6,
    "network.hidden": 8,
    "network.classes": 4,
    "network.max_steps": 12,
    "network.feature_signed": True,
    "network.readout": "every",
    "cell.kind": "bmru",
    "cell.lanes": 1,
    "cell.reset_coefficient": 9,
    "cell.update_coefficient": 10,
    "formats.stream_bits": 7,
    "formats.state_bits": 12,
    "formats.adc_bits": 7,
    "formats.adc_range_log2": 3,
    "crossbar.rows": 5,
    "crossbar.columns": 2,
    "crossbar.levels": 64,
    "crossbar.level_bits": 5,
    "crossbar.fraction_bits": 3,
    "crossbar.adc_cycles": 5,
    "crossbar.pulse_cycles": 9,
    "crossbar.sense_cycles": 2,
    "crossbar.integrators": 2,
    "crossbar.macro_rows": 9,
    "crossbar.macro_columns": 6,
    "crossbar.spare_columns": 1,
    "crossbar.verify_pulses": 7,
    "crossbar.verify_reads": 4,
    "crossbar.verify_tolerance": 3,
    "crossbar.self_test": True,
    "crossbar.calibrate_offsets": True,
    "crossbar.gain": True,
    "crossbar.bias": "digital",
    "crossbar.pair": "reference",
    "learning.enabled": False,
    "learning.seed": 7,
    "learning.feedback_shift": 2,
    "learning.hidden_shift": 5,
    "learning.readout_shift": 5,
    "learning.accumulator_level": 512,
    "learning.accumulator_bits": 18,
    "learning.max_pulses": 3,
    "learning.update": "direct",
    "learning.winners": "all",
    "learning.lanes": 4,
    "learning.columns": 2,
    "learning.multipliers": True,
    "learning.replay_capacity": 5,
    "learning.replay_ratio": 1,
    "devices.model": "taox-hfox",
    "devices.seed": 2,
    **{f"devices.{name}": 0.25 for name in Devices.model_fields if name not in ("model", "seed", "step_law")},
    **dict.fromkeys((f"devices.{name}" for name in CURVES), (0.25,)),
    "devices.on_off": 5.0,
    "devices.step_law": "lognormal",
    "devices.pulse_ns": 20.0,
    "learning.healing": True,
    "learning.compensation": True,
    "learning.verify_reads": 4,
    "learning.verify_feedback": 3,
    "learning.verify_give_up": 2,
    "system.clock_mhz": 33.5,
    "system.contexts": 3,
    "system.small_memory_bits": 0,
    "system.parity": True,
    "system.count_codes": True,
    "system.test_pin": True,
    "system.memory_test": True,
}
ROLES = roles_of(DesignPoint)
MOVES = [path for path in OTHER if ROLES[path] is not Role.MEANING]


def changed(design, path: str, value):
    """The design point with one field changed, validated anew."""
    section, _, name = path.rpartition(".")
    changes = {section: {name: value}} if section else {name: value}
    if (path, value) == ("cell.kind", "bmru"):
        changes["learning"] = {"enabled": False}
    return design.evolve(**changes)


def value_of(design, path: str):
    for name in path.split("."):
        design = getattr(design, name)
    return design


def written(value):
    """A value as JSON holds it."""
    return list(value) if isinstance(value, tuple) else value


def decisions(design: DesignPoint, checkpoint: Checkpoint):
    """Scores and decisions of fixed sequences of every length."""
    random, network = np.random.default_rng(3), BASE.network
    features = random.integers(0, 256, (20, network.max_steps, network.features)).astype(np.uint8)
    lengths = 1 + np.arange(20) % network.max_steps
    given = np.zeros((20, design.network.max_steps, network.features), np.uint8)
    given[:, : network.max_steps] = features
    found = infer(design, checkpoint.weights, given, lengths, checkpoint.coefficients)
    return found.scores.tolist(), found.decision.tolist()


def within(weights: Weights, limit: int) -> Weights:
    """Weights of no larger magnitude."""
    return replace(weights, **{name: getattr(weights, name).clip(-limit, limit) for name in ("hidden", "readout")})


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A file with everything in it, and what it holds."""
    path, held = tmp_path_factory.mktemp("stored") / "net.npz", full_checkpoint(BASE)
    save_checkpoint(path, BASE, held)
    return path, held


def test_every_field_of_every_design_point_has_a_role():
    assert ROLES.keys() == OTHER.keys()
    assert len(roles_of(BmruDesign)) == 35 and set(ROLES.values()) == set(Role)
    for path, value in OTHER.items():
        assert value_of(BASE, path) != value, path


@pytest.mark.parametrize("path", [path for path in OTHER if ROLES[path] is Role.MEANING])
def test_another_meaning_is_refused_with_the_field_and_both_values(stored, path):
    there, here = value_of(BASE, path), OTHER[path]
    with pytest.raises(CheckpointError, match=f"{path} is {there} there, {here} here") as caught:
        load_checkpoint(stored[0], changed(BASE, path, here))
    assert str(stored[0]) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("path", MOVES)
def test_other_fields_move_and_what_differs_is_said(stored, path):
    file, held = stored
    design = changed(BASE, path, OTHER[path])
    if path == "crossbar.pair":  # under which weights are half as large
        file, held = file.with_name("small.npz"), replace(held, weights=within(held.weights, 15))
        save_checkpoint(file, BASE, held)
    found = load_checkpoint(file, design)
    role = ROLES[path]
    np.testing.assert_array_equal(found.weights.hidden, held.weights.hidden)
    np.testing.assert_array_equal(found.weights.readout, held.weights.readout)
    assert found.coefficients == held.coefficients and found.updates == held.updates
    if role in (Role.ANSWERS, Role.THRESHOLDS):
        assert f"{path} is {value_of(BASE, path)} there, {written(OTHER[path])} here" in found.remarks[0]
    else:
        assert decisions(design, found) == decisions(BASE, held)
        assert bool(found.remarks) == (role is Role.GATES)
    if role is Role.ACCUMULATORS:
        assert not found.hidden_accumulators.any() and not found.readout_accumulators.any()
        assert found.left_behind == (
            f"accumulators are left behind: {path} is {value_of(BASE, path)} there, {OTHER[path]} here",
        )
    else:
        np.testing.assert_array_equal(found.hidden_accumulators, held.hidden_accumulators)
        np.testing.assert_array_equal(found.readout_accumulators, held.readout_accumulators)
        assert not found.left_behind
    steps = min(BASE.network.max_steps, design.network.max_steps)
    np.testing.assert_array_equal(found.reservoir.features[:, :steps], held.reservoir.features[:, :steps])
    assert found.reservoir.presented == held.reservoir.presented
    # What was loaded can be stored again under the design point at hand, and learning goes on from it.
    save_checkpoint(file.with_name("again.npz"), design, found)
    assert_same(load_checkpoint(file.with_name("again.npz"), design), found)
    if not design.capabilities.bistable:
        trainer = ReplayTrainer.from_checkpoint(design, found)
        done = trainer.train_sequence(np.full((2, 5), 99, np.uint8), 1)
        # The stored count is the largest: it wraps with the new sequence.
        assert trainer.dfa.updates == len(done.replays) == (2 if "replay_ratio" not in path else 1)


@pytest.mark.parametrize("path", OTHER)
def test_a_training_goes_on_only_where_it_would_go_on_the_same(stored, path):
    design = changed(BASE, path, OTHER[path])
    if ROLES[path] is Role.FREE:
        assert_same(continue_checkpoint(stored[0], design), stored[1])
        return
    both = f"{path} is {value_of(BASE, path)} there, {written(OTHER[path])} here"
    with pytest.raises(CheckpointError, match=f"{re.escape(both)}.*--fresh"):
        continue_checkpoint(stored[0], design)


@pytest.mark.parametrize("path", [path for path in OTHER if ROLES[path] is Role.FREE and path != "learning.enabled"])
def test_free_fields_change_no_learning(path):
    """The promise on which a continued training rests: tiles and lanes leave every update the same."""
    random, design = np.random.default_rng(8), changed(BASE, path, OTHER[path])
    pair = [ReplayTrainer(each, random_weights(BASE, 4)) for each in (BASE, design)]
    for label in (0, 2, 1, 1, 0, 2):
        x = random.integers(0, 256, (4, 5)).astype(np.uint8)
        assert len({repr(trainer.train_sequence(x, label)) for trainer in pair}) == 1
    np.testing.assert_array_equal(pair[0].weights.hidden, pair[1].weights.hidden)
    np.testing.assert_array_equal(pair[0].dfa.accumulators[0], pair[1].dfa.accumulators[0])


def test_the_thresholds_of_bistable_cells_are_counted_in_words(tmp_path):
    held = Checkpoint.of(BISTABLE, random_weights(BISTABLE, 5))
    save_checkpoint(tmp_path / "net.npz", BISTABLE, held)
    with pytest.raises(CheckpointError, match="formats.stream_bits is 8 there, 7 here"):
        load_checkpoint(tmp_path / "net.npz", changed(BISTABLE, "formats.stream_bits", 7))
    tiles = changed(BISTABLE, "crossbar.columns", 3)
    found = load_checkpoint(tmp_path / "net.npz", tiles)
    assert decisions(tiles, found) == decisions(BISTABLE, held) and not found.remarks
    (remark,) = load_checkpoint(tmp_path / "net.npz", changed(BISTABLE, "crossbar.levels", 64)).remarks
    assert "crossbar.levels is 32 there, 64 here: answers may differ" in remark


def test_rows_that_stay_empty_make_no_difference(tmp_path):
    """Each tile converts its own part of a column, so that rows count where a column needs several tiles."""
    roomy, held = changed(BASE, "crossbar.rows", 13), full_checkpoint(BASE)
    save_checkpoint(tmp_path / "net.npz", roomy, held)
    assert BASE.hidden_rows == 13
    for rows, same in ((100, True), (12, False)):
        other = changed(BASE, "crossbar.rows", rows)
        assert bool(load_checkpoint(tmp_path / "net.npz", other).remarks) != same
        assert (decisions(other, held) == decisions(roomy, held)) == same
    assert_same(continue_checkpoint(tmp_path / "net.npz", changed(BASE, "crossbar.rows", 100)), held)
    with pytest.raises(CheckpointError, match="crossbar.rows is 13 there, 12 here"):
        continue_checkpoint(tmp_path / "net.npz", changed(BASE, "crossbar.rows", 12))


def test_weights_beyond_fewer_levels_are_refused(stored):
    message = "crossbar.levels is 32 there, 16 here: hidden weights span -31…30; legal levels are -15…15"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(stored[0], changed(BASE, "crossbar.levels", 16))
    message = "crossbar.pair is canonical there, reference here: hidden weights span -31…30; legal levels are -15…15"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(stored[0], changed(BASE, "crossbar.pair", "reference"))


def test_what_does_not_fit_is_left_behind_in_words(tmp_path):
    held = full_checkpoint(BASE)
    held = replace(held, reservoir=replace(held.reservoir, steps=np.array([3, 8])))
    held.hidden_accumulators[0, 0] = 200
    save_checkpoint(tmp_path / "net.npz", BASE, held)

    def loaded(**learning):
        return load_checkpoint(tmp_path / "net.npz", BASE.evolve(learning=learning))

    narrow = loaded(accumulator_bits=8, accumulator_level=100)
    assert not narrow.hidden_accumulators.any() and "accumulator_level is 1024 there, 100 here" in narrow.left_behind[0]
    full = loaded(replay_capacity=1)
    assert len(full.reservoir.steps) == full.reservoir.presented == 0
    assert "learning.replay_capacity is 3 there, 1 here, and 2 sequences are held" in full.left_behind[0]
    for steps, moves in ((8, True), (7, False)):
        design = changed(BASE, "network.max_steps", steps)
        short = load_checkpoint(tmp_path / "net.npz", design)
        assert bool(short.left_behind) != moves and len(short.reservoir.steps) == 2 * moves
        assert short.reservoir.features.shape[1] == steps
    assert "network.max_steps is 9 there, 7 here, and the longest sequence held has 8" in short.left_behind[0]


def test_gains_stay_with_hardware_that_has_some(tmp_path):
    gains = BASE.evolve(crossbar={"gain": True})
    held = full_checkpoint(gains)
    held = replace(held, coefficients=replace(held.coefficients, hidden_gain=5000))
    save_checkpoint(tmp_path / "net.npz", gains, held)
    assert_same(continue_checkpoint(tmp_path / "net.npz", gains), held)
    found = load_checkpoint(tmp_path / "net.npz", BASE)
    assert found.left_behind == ("gains of codes are left behind: crossbar.gain is false here",)
    assert found.coefficients == replace(held.coefficients, hidden_gain=4096)
    with pytest.raises(CheckpointError, match="cannot be continued: gains of codes are left behind"):
        continue_checkpoint(tmp_path / "net.npz", BASE)
    with pytest.raises(CheckpointError, match=r"hidden gain is 1023; it must be in 1024…32768, 4096 being 1"):
        load_checkpoint(tampered(tmp_path / "bad.npz", source=tmp_path / "net.npz", gains=[1023, 4096]), gains)


def test_accumulators_move_into_fewer_bits_where_they_fit(tmp_path):
    wide = BASE.evolve(learning={"accumulator_level": 64})
    held = Checkpoint.of(wide, random_weights(wide, 1))
    held.readout_accumulators[2, 1] = -127
    save_checkpoint(tmp_path / "net.npz", wide, held)
    narrow = wide.evolve(learning={"accumulator_bits": 8})
    assert load_checkpoint(tmp_path / "net.npz", narrow).readout_accumulators[2, 1] == -127
    held.readout_accumulators[2, 1] = -128
    save_checkpoint(tmp_path / "net.npz", wide, held)
    found = load_checkpoint(tmp_path / "net.npz", narrow)
    assert not found.readout_accumulators.any()
    assert "accumulator_bits is 16 there, 8 here, and the largest is 128" in found.left_behind[0]


def test_settings_follow_the_design_point_unless_software_set_them(tmp_path):
    def moved(settings, **learning):
        save_checkpoint(tmp_path / "net.npz", BASE, replace(full_checkpoint(BASE), settings=settings))
        return load_checkpoint(tmp_path / "net.npz", BASE.evolve(learning=learning))

    after_reset = LearningSettings.of(BASE)
    assert moved(after_reset, seed=5, winners=2, replay_ratio=9).settings == LearningSettings(5, 2, 9)
    own = LearningSettings(77, 4, 8, 1, 2)
    assert moved(own, seed=5, winners=2, replay_ratio=9).settings == own
    found = moved(own, winners="all")
    assert found.settings == replace(own, winners=7) and "winners is left behind" in found.left_behind[0]


def test_a_file_older_than_a_field_has_its_default(stored, tmp_path):
    content = json.loads(BASE.model_dump_json())
    del content["network"]["feature_signed"], content["crossbar"]["pulse_cycles"]
    older = tampered(tmp_path.joinpath("old.npz"), source=stored[0], design=json.dumps(content))
    assert_same(continue_checkpoint(older, BASE), stored[1])
    content["cell"]["colour"] = "red"
    younger = tampered(tmp_path.joinpath("new.npz"), source=stored[0], design=json.dumps(content))
    with pytest.raises(CheckpointError, match="cell.colour is red there, None here"):
        load_checkpoint(younger, BASE)


FILES = Path(__file__).parent / "files"
"""Written by version 0.1, commit ececabb, with the answers that it gave."""


def test_files_of_version_0_1_are_read_and_answer_as_they_did():
    design = DESIGNS["tiny"].evolve(
        learning={"enabled": True, "replay_capacity": 3, "replay_ratio": 2, "accumulator_level": 64}
    )
    found = continue_checkpoint(FILES / "checkpoint-3.npz", design)
    scores = infer(design, found.weights, synthetic(design, 12, 5).x).scores
    assert scores[:3].tolist() == [[34, -45, -52], [35, -46, -50], [36, -46, -51]]
    assert (found.updates, found.hidden_accumulators.sum(), found.reservoir.presented) == (34, 359, 12)
    assert found.settings.hidden_rate_shift == 1 and found.metadata == {"made by": "version 0.1, commit ececabb"}
    assert not found.remarks and not found.left_behind
    cells = DesignPoint(
        name="cells", network={"features": 4, "hidden": 6, "classes": 3, "max_steps": 5}, cell={"kind": "bmru"}
    )
    found = continue_checkpoint(FILES / "checkpoint-3-bistable.npz", cells)
    assert infer(cells, found.weights, synthetic(cells, 3, 5).x).scores.tolist() == [[-121, 87, 70]] * 3


BMRU = load_design("kws", BmruDesign)
SIZES = {"network.features": 12, "network.width": 5, "network.blocks": 1, "network.classes": 3}


def test_a_keyword_network_is_bound_to_the_sizes_of_its_core_alone():
    network, roles = bundled_network(BMRU), roles_of(BmruDesign)
    assert SIZES.keys() == {path for path, role in roles.items() if role is Role.MEANING} - {"core", "cell.kind"}
    for path, value in SIZES.items():
        with pytest.raises(CodesError, match=f"{path} is {value_of(BMRU, path)} there, {value} here"):
            export_network(changed(BMRU, path, value), network)
    free = {
        "system.clock_hz": 65536, "system.frame_ms": 20, "system.awake_cycles": 70, "system.supply_mv": 900,
        "system.small_memory_bits": 0, "system.test_pin": True, "system.memory_test": True,
    }  # fmt: skip
    assert free.keys() == {path for path, role in roles.items() if role is Role.FREE} - {"name"}
    chain = export_network(BMRU, network).codes.chain()
    for path, value in free.items():
        np.testing.assert_array_equal(export_network(changed(BMRU, path, value), network).codes.chain(), chain)
