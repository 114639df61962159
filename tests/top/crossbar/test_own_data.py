"""A user's own sequences of every length, from the file to the hardware, which agrees with golden at every step."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.simulate import steps_in_all, summarise
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.data.own_data import load_own, split
from remora.spec.crossbar.records import LEARN
from remora.spec.lib.packets import Flag
from tests.hdl.designs import BISTABLE, DESIGNS
from tests.top.crossbar.test_learning import LEARNERS

CASES = {
    "inference": (DESIGNS["tiny"], Flag.INFER, ()),
    "bistable": (BISTABLE["bistable_tiny"], Flag.INFER, ()),
    "learning": (LEARNERS["tiny"], Flag.INFER | Flag.LEARN, (LEARN, "hidden weights", "readout weights")),
}


@pytest.mark.parametrize("name", CASES)
def test_sequences_of_every_length(name, harness, tmp_path):
    design, asked, more = CASES[name]
    network, random = design.network, np.random.default_rng(9)
    longest, count = network.max_steps, 3 * network.max_steps
    lengths = np.tile(np.arange(1, longest + 1), 3)
    x = random.integers(0, 256, (count, longest, network.features)).astype(np.uint8)
    parts = np.where(np.arange(count) < longest, "train", "test")
    np.savez(tmp_path / "own.npz", x=x, y=random.integers(0, network.classes, count), lengths=lengths, split=parts)
    _, data = split(tmp_path, *load_own(tmp_path / "own.npz", design))
    weights, gates = random_weights(design, 2), Coefficients(180, 90)
    stimulus = Stimulus.of(data, weights, gates, asked)
    assert steps_in_all(design, stimulus) == lengths[longest:].sum()
    _, build = harness(design)
    write_images(design, weights, tmp_path / "images")
    result = run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run")
    result.comparison.require(*result.required, *more)
    found = summarise(design, data, result)
    assert found["mismatches"] == 0 and found["steps_compared"] == lengths[longest:].sum()
    if not more:
        expected = infer(design, weights, x[longest:], lengths[longest:], gates)
        np.testing.assert_array_equal([answer.scores for answer in result.answers], expected.scores)
