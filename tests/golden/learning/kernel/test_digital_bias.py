"""Digital biases in both kernels: the same scores, writes, biases and devices, and no wear of the bias row."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.golden.crossbar.weights import random_weights
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
