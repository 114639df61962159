"""Any network goes on exactly from its checkpoint, learning in the compiled kernel and inferring in numpy."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.flow.systems.crossbar.soak.random_designs import any_coefficients, any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.golden.crossbar.device_window import DeviceWindow
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.state import DeviceState
from remora.golden.learning.checkpoint import load_checkpoint, save_checkpoint
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.compiled import open_kernel
from tests.golden.crossbar.test_miru import random_features
from tests.golden.devices.spares.test_spares import random_map

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
NETWORKS = 25


def any_chip(random: np.random.Generator, update: str, real: bool):
    design = any_design(random, update=update).evolve(
        learning={"enabled": True, "compensation": bool(random.integers(2))},
        network={"readout": str(random.choice(["every", "last"]))},
    )
    if not real:
        return design
    return with_devices(design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)}), random)


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_any_network_goes_on_from_its_file(update, tmp_path):
    """Scores, weights and what the window reads of biases; maps of spares in use. Rules D17, K1, K5, K7, J1 and Y5."""
    compiled, random = open_kernel(compile_kernel()), np.random.default_rng([SEED, 71])
    seen: Counter = Counter()
    for number in range(NETWORKS):
        design = any_chip(random, update, real=number % 4 > 0)
        weights, coefficients = random_weights(design, int(random.integers(2**32))), any_coefficients(random, design)
        spares = random_map(design, random) if design.capabilities.spares else None
        levels = weights.hidden, weights.readout
        state = None if design.devices.ideal else DeviceState.of(design, levels, None, spares)
        whole = DfaTrainer(design, weights, coefficients, kernel=compiled, devices=state)
        features = random_features(design, 4, number)
        for index, x in enumerate(features[:3]):
            whole.train_sequence(x, index % design.network.classes)
        save_checkpoint(tmp_path / "chip.npz", design, whole.checkpoint())
        held = load_checkpoint(tmp_path / "chip.npz", design)
        assert held.remarks == held.left_behind == ()
        if held.devices and design.capabilities.digital_bias:
            # Nothing but the file has told the devices of their biases.
            read = DeviceWindow(design, held.devices.copy()).read_weights()
            np.testing.assert_array_equal(read.hidden[-1], held.weights.hidden[-1])
            np.testing.assert_array_equal(read.readout[-1], held.weights.readout[-1])
            seen += Counter(windows=1)
        again = DfaTrainer.from_checkpoint(design, held, kernel=compiled)
        found = infer(
            design, held.weights, features[3:], coefficients=held.coefficients, devices=held.devices
        ).scores[0]  # fmt: skip
        expected, other = (trainer.train_sequence(features[3], 0) for trainer in (whole, again))
        np.testing.assert_array_equal(found, expected.scores)
        np.testing.assert_array_equal(other.scores, expected.scores)
        np.testing.assert_array_equal(again.weights.hidden, whole.weights.hidden)
        np.testing.assert_array_equal(again.weights.readout, whole.weights.readout)
        has = design.capabilities
        seen += Counter(
            values=found.size, spares=bool(spares and spares.used and state), calibrates=has.calibrates,
            every=design.network.readout == "every", verifies=has.verifies_learning,
        )  # fmt: skip
    assert min(seen[name] for name in ("values", "windows", "spares", "calibrates", "every")) > 0, seen
    assert seen["verifies"] or update == "direct"
