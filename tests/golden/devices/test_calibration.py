"""Calibration of offsets against an independent reading of its rules, and what it does to codes and to learning."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.compiled import open_kernel
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import MakeKernel
from remora.spec.crossbar.design import DesignPoint
from tests.golden.crossbar.test_miru import random_features
from tests.golden.designs import DESIGNS
from tests.golden.devices.comparison import spreads_of
from tests.golden.scalar_chip import ScalarChip

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 30
OFF = {"converter_offset": 8.0, "converter_gain": 0.05, "converter_noise": 0.7}


@pytest.fixture(scope="module")
def compiled() -> MakeKernel:
    """What makes compiled kernels."""
    return open_kernel(compile_kernel())


def any_chip(random: np.random.Generator) -> DesignPoint:
    """A small one of any devices, whose offsets are taken off."""
    design = any_design(random).evolve(crossbar={"calibrate_offsets": True})
    design = design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)})
    return with_devices(design, random).evolve(devices=OFF)


def scalar_of(design: DesignPoint, weights) -> ScalarChip:
    return ScalarChip(design, weights, design.device_model(), spreads_of(design))


def test_any_chip():
    """Rules K1, K2 and K4: offsets, probes, and every code and score with them; a second calibration too."""
    random, seen = np.random.default_rng([SEED, 71]), Counter()
    for _ in range(CHIPS):
        design = any_chip(random)
        weights, x = random_weights(design, int(random.integers(2**32))), random_features(design, 1, 1)[0]
        state, scalar = DeviceState.of(design, (weights.hidden, weights.readout)), scalar_of(design, weights)
        for number in range(2):
            scalar.calibrate()
            assert [each.tolist() for each in state.offsets] == list(scalar.offsets)
            assert list(state.probes) == scalar.probes
            found, wanted = infer(design, weights, x[None], record=True, devices=state), scalar.run(x)
            np.testing.assert_array_equal(found.record.code[0], [step["code"] for step in wanted["steps"]])
            assert found.scores[0].tolist() == wanted["scores"]
            assert found.saturations.adc == wanted["adc"]
            state.count_start()
            seen += Counter(codes=found.record.code.size, corrected=sum(map(bool, scalar.offsets[0])), runs=number)
            state.calibrate(design, Chip.of(design))
    assert seen["corrected"] > CHIPS and seen["codes"] > 4 * CHIPS, seen


def test_both_kernels_learn_with_offsets_taken_off(compiled):
    """The same scores, weights, devices and offsets; other ones than without."""
    compared = 0
    for rows in (4, 160):
        design = DESIGNS["tiny"].evolve(
            crossbar={"calibrate_offsets": True, "rows": rows},
            devices=OFF | {"step_spread": 0.1},
            learning={"enabled": True, "hidden_shift": 4, "readout_shift": 3},
        )
        weights, features = random_weights(design, 1), random_features(design, 40)
        plain = DfaTrainer(design.evolve(crossbar={"calibrate_offsets": False}), weights)
        first, second = (DfaTrainer(design, weights, kernel=kernel) for kernel in (NumpyKernel, compiled))
        differs = 0
        for index, x in enumerate(features):
            label = index % design.network.classes
            one, other, without = (each.train_sequence(x, label) for each in (first, second, plain))
            np.testing.assert_array_equal(one.scores, other.scores)
            differs += int((one.scores != without.scores).any())
            compared += one.scores.size
        for mine, theirs in zip(first.devices.layers, second.devices.layers, strict=True):
            np.testing.assert_array_equal(mine.p, theirs.p)
            np.testing.assert_array_equal(mine.offsets, theirs.offsets)
        assert differs > 20
    assert compared > 100
