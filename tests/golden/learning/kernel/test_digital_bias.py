"""Digital biases in both kernels: the same scores, writes, biases and devices, and no wear of the bias row; and in
checkpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.golden.crossbar.device_window import DeviceWindow
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.learning.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from remora.golden.learning.device_state import check_map
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.compiled import open_kernel
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import MakeKernel
from tests.golden.crossbar.test_miru import random_features
from tests.golden.designs import DESIGNS

ERRING = {
    "converter_offset": 8.0, "converter_noise": 0.5, "read_noise": 0.05, "step_spread": 0.2, "wire_row": 20.0,
    "on_off": 10.0,
}  # fmt: skip
CHIPS = {"ideal": {}, "counted": {"endurance": 4e9}, "erring": ERRING}
SEQUENCES = 25


@pytest.fixture(scope="module")
def compiled() -> MakeKernel:
    """What makes compiled kernels."""
    return open_kernel(compile_kernel())


@pytest.mark.parametrize("update", ["accumulate", "direct"])
@pytest.mark.parametrize("chip", CHIPS)
def test_both_kernels_learn_alike(update, chip, compiled):
    """Rules K5 and K6: one row tile and several, one of which has nothing but the bias row, and both policies."""
    compared = 0
    for rows, pair in ((4, "canonical"), (4, "reference"), (160, "canonical")):
        design = DESIGNS["tiny"].evolve(
            crossbar={"bias": "digital", "rows": rows, "pair": pair, "calibrate_offsets": chip == "erring"},
            devices=CHIPS[chip],
            learning={
                "enabled": True, "hidden_shift": 3, "readout_shift": 2, "update": update, "accumulator_level": 256,
            },
        )  # fmt: skip
        weights = random_weights(design, 1)
        first, second = (DfaTrainer(design, weights, kernel=kernel) for kernel in (NumpyKernel, compiled))
        dropped = 0
        for index, x in enumerate(random_features(design, SEQUENCES)):
            one, other = (each.train_sequence(x, index % design.network.classes) for each in (first, second))
            np.testing.assert_array_equal(one.scores, other.scores)
            assert (one.hidden, one.readout) == (other.hidden, other.readout)
            compared, dropped = compared + one.scores.size, dropped + one.readout.dropped
        for mine, theirs, started in zip(
            (first.weights.hidden, first.weights.readout),
            (second.weights.hidden, second.weights.readout),
            (weights.hidden, weights.readout),
            strict=True,
        ):
            np.testing.assert_array_equal(mine, theirs)
            assert (mine[-1] != started[-1]).any() and np.abs(mine[-1]).max() <= design.crossbar.weight_limit
        assert dropped
        for layer in first.devices.layers if first.devices else ():
            assert layer.n[:, :-1].any() and not layer.n[:, -1].any()
    assert compared == 3 * SEQUENCES * DESIGNS["tiny"].network.classes


def test_a_network_goes_on_from_its_checkpoint():
    """The biases of a chip are those of the stored weights."""
    design = DESIGNS["tiny"].evolve(crossbar={"bias": "digital"}, devices=ERRING, learning={"enabled": True})
    trainer, features = DfaTrainer(design, random_weights(design, 1)), random_features(design, 9)
    for x in features:
        trainer.train_sequence(x, 1)
    again = DfaTrainer.from_checkpoint(design, trainer.checkpoint())
    for x in features:
        np.testing.assert_array_equal(trainer.train_sequence(x, 2).scores, again.train_sequence(x, 2).scores)


def learnt(bias: str, devices: dict, **learning) -> tuple:
    """A design point with such biases and devices, and a network that learnt on it."""
    design = DESIGNS["tiny"].evolve(
        crossbar={"bias": bias}, devices=devices, learning={"enabled": True, "hidden_shift": 3} | learning
    )
    trainer = DfaTrainer(design, random_weights(design, 1))
    for index, x in enumerate(random_features(design, 9)):
        trainer.train_sequence(x, index % design.network.classes)
    return design, trainer


@pytest.mark.parametrize(("there", "here"), [("digital", "row"), ("row", "digital")])
def test_biases_move_between_digital_words_and_devices(there, here, tmp_path):
    """Devices of the other kind stay behind, with words; the levels of all rows move. Rule K5."""
    design, trainer = learnt(there, ERRING)
    save_checkpoint(tmp_path / "chip.npz", design, trainer.checkpoint())
    other = design.evolve(crossbar={"bias": here})
    found = load_checkpoint(tmp_path / "chip.npz", other)
    assert found.devices is None
    assert any(f"crossbar.bias is {there} there, {here} here" in said for said in found.left_behind)
    before, after = trainer.weights, DfaTrainer.from_checkpoint(other, found).weights
    for one, wanted in ((after.hidden, before.hidden), (after.readout, before.readout)):
        assert wanted[-1].any()
        np.testing.assert_array_equal(one[-1], wanted[-1])


def test_a_chip_that_infers_alone_has_the_biases_of_its_checkpoint(tmp_path):
    """The devices of a file carry them, also where nothing but the weight window sees these. Rules K5 and K7."""
    design, trainer = learnt("digital", ERRING)
    save_checkpoint(tmp_path / "chip.npz", design, trainer.checkpoint())
    alone = design.evolve(learning={"enabled": False})
    found, compared = load_checkpoint(tmp_path / "chip.npz", alone), 0
    read = DeviceWindow(alone, found.devices.copy()).read_weights()
    for rows, wanted in ((read.hidden, trainer.weights.hidden), (read.readout, trainer.weights.readout)):
        assert wanted[-1].any()
        np.testing.assert_array_equal(rows[-1], wanted[-1])
        compared += wanted[-1].size
    assert compared == design.network.hidden + design.network.classes
    features = random_features(alone, 5)
    mine = infer(alone, found.weights, features[:1], coefficients=found.coefficients, devices=found.devices)
    np.testing.assert_array_equal(mine.scores[0], trainer.train_sequence(features[0], 0).scores)


def test_a_fault_map_marks_no_digital_bias(tmp_path):
    """A map that does is refused; one of a chip with a row of biases loses these marks, with words. Rule K6."""
    row, trainer = learnt("row", {}, compensation=True)
    digital = row.evolve(crossbar={"bias": "digital"})
    marks = tuple(np.zeros((2, *each.shape), bool) for each in (trainer.weights.hidden, trainer.weights.readout))
    marks[0][0, -1, 2] = marks[1][1, 0, 0] = True
    held = replace(Checkpoint.of(row, trainer.weights), fault_map=marks)
    with pytest.raises(ValueError, match="marks devices in the row of biases, which are digital"):
        check_map(digital, marks)
    with pytest.raises(CheckpointError, match="marks devices in the row of biases"):
        save_checkpoint(tmp_path / "chip.npz", digital, held)
    save_checkpoint(tmp_path / "chip.npz", row, held)
    found = load_checkpoint(tmp_path / "chip.npz", digital)
    assert not found.fault_map[0].any() and found.fault_map[1].sum() == 1
    assert any("loses its marks in the row of biases" in said for said in found.remarks)
    again = load_checkpoint(tmp_path / "chip.npz", row)
    assert again.fault_map[0][0, -1, 2] and not again.remarks
