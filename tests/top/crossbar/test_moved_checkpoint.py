"""A checkpoint that was trained under one design point runs on the hardware of others, and decides the same."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.simulate import summarise
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.systems.crossbar.train import train_network
from remora.flow.verify.run import run_case
from remora.golden.crossbar.inference import infer
from remora.golden.data.load import load
from remora.golden.learning.checkpoint import load_checkpoint
from tests.hdl.designs import DESIGNS
from tests.top.crossbar.test_learning import LEARNERS

TRAINED = DESIGNS["tiny"].evolve(
    cell={"lanes": 7, "update_coefficient": 40},
    learning={"accumulator_level": 256, "replay_capacity": 10, "winners": 5},
    system={"clock_mhz": 77.0},
)
TILES = {
    "columns": {"rows": 6, "columns": 128, "adc_cycles": 3, "pulse_cycles": 9},
    "rows": {"rows": 160, "columns": 128, "adc_cycles": 3, "pulse_cycles": 9},
}
"""With the rows of `SIMULATED`, whose scores are then the same; and one tile a layer, whose codes round otherwise."""
SIMULATED = {"tiny": DESIGNS["tiny"], "one lane": LEARNERS["one lane"]}
"""Other tiles, lanes, gates and clock than `TRAINED`, and other rates; built for other tests anyway."""
TEST = 40


@pytest.fixture(scope="module", params=TILES)
def trained(request, tmp_path_factory):
    """What the tiles differ in; file, test set, and golden's answers under the design point of the training."""
    design = TRAINED.evolve(crossbar=TILES[request.param])
    path = tmp_path_factory.mktemp("trained") / "net.npz"
    training, test = load(design, "synthetic", train=200, test=TEST)
    train_network(design, training, None, 1, path)
    network = load_checkpoint(path, design)
    return request.param, path, test, infer(design, network.weights, test.x, coefficients=network.coefficients)


@pytest.mark.parametrize("name", ["tiny", pytest.param("one lane", marks=pytest.mark.nightly)])
def test_it_decides_the_same_on_other_tiles_and_lanes(name, trained, harness, tmp_path):
    differ, path, test, expected = trained
    design = SIMULATED[name]
    assert design.hidden_tiles > 1 < design.folds
    network = load_checkpoint(path, design)
    assert ("crossbar.rows is 160 there, 6 here" in str(network.remarks)) == (differ == "rows")
    _, build = harness(design)
    write_images(design, network.weights, tmp_path / "images")
    stimulus = Stimulus.of(test, network.weights, network.coefficients)
    result = run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run")
    result.comparison.require(*result.required)
    found = summarise(design, test, result)
    assert found["mismatches"] == 0 and found["steps_compared"] == TEST * design.network.max_steps
    reached = float((expected.decision == test.y).mean())
    assert found["accuracy"] == found["golden_accuracy"] == reached > 0.6
    if differ == "columns":
        scores = [answer.scores for answer in result.answers]
        np.testing.assert_array_equal(scores, expected.scores)
