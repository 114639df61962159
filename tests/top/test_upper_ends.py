"""Values, registers and settings at the upper ends of their ranges, against golden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.bmru.run import KINDS as BMRU_KINDS
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import ReplayCommand, stress_stimulus
from remora.flow.verify.run import run_case
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.random_codes import clip_packets
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.learning.checkpoint import load_checkpoint, save_checkpoint
from remora.golden.learning.reservoir import ReservoirState
from remora.golden.learning.settings import LearningSettings
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.scan import groups
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.learning import MOST_RATE_SHIFT, REPLAY_FACTOR, UPDATE_COUNT_BITS
from remora.spec.lib.registers import register_map
from tests.top.bmru.test_bmru import DESIGNS as BMRU
from tests.top.crossbar.test_checkpoint import DESIGNS as LEARNERS
from tests.top.crossbar.test_checkpoint import Runs, require_same
from tests.top.crossbar.test_sizes import DESIGNS

LARGEST = (1 << UPDATE_COUNT_BITS) - 1
FRAMES_BEYOND = 5
"""Frames of a clip that the longest window has let go of at its end."""


@pytest.mark.parametrize(("name", "sign"), [("tiny", 1), ("exact", -1)])
def test_weights_features_and_coefficients(name, sign, harness, tmp_path):
    """Every device at one end, every feature at full scale: conversions saturate, and words where they can."""
    design = DESIGNS[name]
    stimulus = stress_stimulus(design, 8, Coefficients(256, 256), 3)
    weights = Weights(
        *(
            np.full_like(layer, sign * design.crossbar.weight_limit)
            for layer in (stimulus.weights.hidden, stimulus.weights.readout)
        )
    )
    high, low = (127, -128) if design.network.feature_signed else (255, 0)
    features = np.full_like(stimulus.features, high)
    features[1::2] = low
    features[2::4] = high - 1
    stimulus = replace(stimulus, weights=weights, features=features)
    _, build = harness(design)
    write_images(design, weights, tmp_path / "images")
    result = run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run")
    result.comparison.require(*(kind for kind in KINDS if kind != "event"))
    assert result.counters[Counter.ADC_SATURATIONS] > 0


@pytest.mark.parametrize("name", ["accumulate", pytest.param("direct", marks=pytest.mark.nightly)])
def test_counts_and_settings_of_learning(name, harness, tmp_path):
    """From a checkpoint in which everything is as large as it may be: counts that wrap or stay, χ at its end, a full
    reservoir, most winners, most replays, the slowest rates."""
    design = LEARNERS[name]
    learning, network = design.learning, design.network
    runs = Runs(harness(design)[1], design, tmp_path)
    most = register_map(design)["REPLAY_RATIO"].field("value").maximum
    runs.stimulus = replace(runs.stimulus, commands=(ReplayCommand(0, most),))
    capacity, start = learning.replay_capacity, load_checkpoint(tmp_path / "start.npz", design)
    full = (1 << (learning.accumulator_bits - 1)) - 1 if design.capabilities.accumulates else 0
    reservoir = ReservoirState(
        LARGEST - 1, False, np.full((capacity, network.max_steps, network.features), REPLAY_FACTOR, np.uint8),
        np.full(capacity, network.max_steps), np.full(capacity, network.classes - 1),
    )  # fmt: skip
    start = replace(
        start,
        hidden_accumulators=np.full_like(start.hidden_accumulators, full),
        readout_accumulators=np.full_like(start.readout_accumulators, -full),
        coefficients=Coefficients(256, 256),
        updates=LARGEST - 1,
        reservoir=reservoir,
        settings=LearningSettings(LARGEST, network.hidden, most, MOST_RATE_SHIFT, MOST_RATE_SHIFT),
    )
    save_checkpoint(tmp_path / "ends.npz", design, start)
    found = runs.hardware("ends", "after", slice(0, 2))
    require_same(found, runs.golden("ends", slice(0, 2)))
    assert found.updates == 2 * (1 + most) - 2 and found.reservoir.presented == LARGEST


def test_codes_features_and_votes_of_a_bmru_accelerator(harness, tmp_path):
    """Codes and features at their ends, the longest window; the vote wakes when that is full, and never beyond."""
    design, registers = BMRU["odd"], register_map(BMRU["odd"])
    most = registers["VOTE"].field("frames").maximum
    arrays = {group.name: np.full(group.shape, group.code_limit, np.int32) for group in groups(design)}
    for name in ("output.weight", "output.bias"):
        arrays[name][1:] *= -1  # so that class 0 wins
    codes = BmruCodes(design, arrays)
    clip = np.full((most + FRAMES_BEYOND, design.network.features), design.formats.feature_limit, np.int32)
    settings = VoteSettings(most, sliding=True, wake_class=0, threshold=most)
    stimulus = BmruStimulus(tuple(clip_packets([clip])), codes, settings)
    _, build = harness(design)
    result = run_case(build, BmruCase(design, stimulus), tmp_path / "plus")
    result.comparison.require(*BMRU_KINDS)
    assert result.counters[BmruCounter.WAKE_UPS] == 1 and max(result.answers[-1].scores) == most
    beyond = VoteSettings.of(design, threshold=registers["WAKE_THRESHOLD"].field("votes").maximum)
    signed = {group.name: -codes[group.name] if group.signed else codes[group.name] for group in groups(design)}
    stimulus = BmruStimulus(tuple(clip_packets([np.stack([clip[0], -clip[0]] * 4)])), BmruCodes(design, signed), beyond)
    run_case(build, BmruCase(design, stimulus), tmp_path / "minus").comparison.require(*BMRU_KINDS)
