"""Where compiled code must follow devices that numpy recomputes whole: wires, dropped pulses, the ends of ranges."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_utmost_devices
from remora.golden.learning.kernel.compiled import open_kernel
from remora.golden.learning.kernel.protocol import MakeKernel
from tests.golden.designs import make_design
from tests.golden.learning.test_kernel import learn_alike, pair

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 30


@pytest.fixture(scope="module")
def compiled() -> MakeKernel:
    """What makes compiled kernels."""
    return open_kernel(compile_kernel())


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_a_dropped_pulse_leaves_what_wires_lowered(compiled, update):
    """Rules D13 and D22: a pair that takes no pulse keeps its weight, in an update that gives none either."""
    design = make_design(
        network={"features": 5, "hidden": 3, "classes": 1, "max_steps": 1},
        crossbar={"levels": 2},
        learning={"update": update, "hidden_shift": 3, "readout_shift": 2},
        devices={"write_noise": 1.0, "wire_row": 500, "full_conductance": 1e-4},
    )
    trainers, seen, random = pair(design, compiled, 1), Counter(), np.random.default_rng([1, 61])
    for _ in range(40):
        done = learn_alike(trainers, random, 1)
        seen += Counter(dropped=done["dropped"], alone=done["dropped"] and not done["applied"], values=done["values"])
    assert seen["alone"] > 3 and seen["values"] > 1000, seen


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_chips_at_the_ends_of_what_is_legal(compiled, update):
    """Rules D5 to D23 and P4, up to where design points are refused."""
    random, seen = np.random.default_rng([SEED, 62]), Counter()
    for _ in range(CHIPS):
        learning = {"enabled": True, "compensation": bool(random.random() < 0.5)}
        design = with_utmost_devices(any_design(random, update=update).evolve(learning=learning), random)
        seen += Counter(compensating=design.capabilities.compensates)
        seen += learn_alike(pair(design, compiled, int(random.integers(2**32))), random, 5)
    assert seen["applied"] > 20 * CHIPS and seen["values"] > 300 * CHIPS and seen["dropped"] > CHIPS, seen
    assert 0 < seen["compensating"] < CHIPS
