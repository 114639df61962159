"""Inference on a chip gives the codes that `remora.golden.devices.reading` gives of each tile's recorded words."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.golden.crossbar.device_datapath import make_datapath
from remora.golden.crossbar.device_layer import AHEAD
from remora.golden.crossbar.miru import Coefficients, infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.reading import Key, tile_codes
from remora.golden.devices.state import DeviceState
from remora.golden.devices.wires import behind_wires
from remora.spec.crossbar.layout import Layer, adc_shift
from tests.golden.crossbar.test_miru import ragged_lengths, random_features
from tests.golden.designs import DESIGNS

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 120
NOISY = {"on_off": 20, "read_noise": 0.05, "converter_noise": 1, "converter_offset": 2}
EVERYTHING = NOISY | {"converter_gain": 0.05, "plane_error": 0.05, "wire_row": 5, "wire_column": 5, "stuck_full": 0.1}


def any_chip(random: np.random.Generator):
    design = any_design(random, plain=True)
    design = design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)})
    every = {"readout": "every"} if random.random() < 0.4 else {}
    return with_devices(design.evolve(network=every), random)


def aged_state(design, weights, started: int = 7) -> DeviceState:
    chip = Chip.of(design)
    state = DeviceState.fresh(chip, (weights.hidden, weights.readout))
    state.age(chip, 10**6)
    return replace(state, started=started)


def assert_codes(design, weights, features, lengths, devices) -> Counter:
    """Every code of a recorded inference beside that of its tile alone; the readout's last too."""
    found = infer(design, weights, features, lengths, record=True, devices=devices)
    record, chip, seen = found.record, Chip.of(design), Counter()
    sequence, step = np.nonzero(np.arange(record.words.shape[1]) < record.lengths[:, None])
    last = record.lengths - 1
    every = design.capabilities.reads_every_step
    samples = {
        Layer.HIDDEN: (record.words[sequence, step], record.codes[sequence, step], sequence, step),
        Layer.READOUT: (record.readout_words[sequence, step], record.readout_codes[sequence, step], sequence, step)
        if every
        else (record.readout_words, record.readout_codes, np.arange(len(last)), last),
    }
    for layer, (words, codes, sequences, steps) in samples.items():
        conductance = devices.conductances(chip)[layer]
        key = Key((devices.started + sequences) % 2**32, steps)
        for tile in chip.layers[layer].tiles:
            left = behind_wires(chip.model, conductance[:, tile.row_slice, tile.column_slice])
            expected = tile_codes(
                chip.model, chip.layers[layer], tile, left, words[:, tile.row_slice], key, adc_shift(design, layer),
                design.formats.adc_limit,
            )  # fmt: skip
            np.testing.assert_array_equal(codes[:, tile.row_tile, tile.column_slice], expected)
            seen += Counter(codes=expected.size, tiles=tile.row_tile > 0, every=every and layer is Layer.READOUT)
    return seen + Counter(adc=found.saturations.adc)


def test_any_chip():
    """Rules D13 to D18, of every tile and step."""
    random, seen = np.random.default_rng([SEED, 31]), Counter()
    for _ in range(CHIPS):
        design, seed = any_chip(random), int(random.integers(2**32))
        weights, lengths = random_weights(design, seed), ragged_lengths(design, 3)
        started = int(random.choice([0, 7, 2**32 - 2]))
        state = aged_state(design, weights, started)
        seen += assert_codes(design, weights, random_features(design, 3, seed), lengths, state)
    assert seen["codes"] > 20 * CHIPS and min(seen["tiles"], seen["every"]) > CHIPS // 4, seen


@pytest.mark.parametrize("devices", [{}, NOISY, EVERYTHING], ids=["rest", "noisy", "everything"])
@pytest.mark.parametrize("name", ["tiny", "primes", "signed", "coarse"])
def test_sizes_and_formats(name, devices):
    design = DESIGNS[name].evolve(devices={"on_off": 10, **devices})
    weights = random_weights(design, 3)
    state = aged_state(design, weights)
    assert assert_codes(design, weights, random_features(design, 9), ragged_lengths(design, 9), state)["codes"] > 50


@pytest.mark.parametrize("readout", ["last", "every"])
def test_batches_and_the_order_of_sequences_change_nothing(readout):
    """A sequence is keyed by its number alone: in one call, one by one, and backwards."""
    design = DESIGNS["tiny"].evolve(network={"readout": readout}, devices=EVERYTHING)
    weights, features, lengths = random_weights(design, 1), random_features(design, 150), ragged_lengths(design, 150)
    state, whole = aged_state(design, weights), None
    whole = infer(design, weights, features, lengths, record=True, devices=state)
    for index in (149, 3, 4, 5, 6, 0, 77):
        alone = infer(
            design, weights, features[index : index + 1], lengths[index : index + 1], record=True,
            devices=replace(state, started=state.started + index),
        )  # fmt: skip
        np.testing.assert_array_equal(alone.record.codes[0], whole.record.codes[index])
        np.testing.assert_array_equal(alone.record.readout_codes[0], whole.record.readout_codes[index])
        np.testing.assert_array_equal(alone.scores[0], whole.scores[index])
    other = infer(design, weights, features, lengths, record=True, devices=replace(state, started=0))
    assert (other.record.codes != whole.record.codes).mean() > 0.05, "noise must change codes"


def test_noise_drawn_ahead_is_that_of_each_sequence():
    """One sequence after the other, and back; lengths that change."""
    design = DESIGNS["tiny"].evolve(devices=NOISY)
    weights, features = random_weights(design, 1), random_features(design, 100)
    path = make_datapath(design, weights, Coefficients.of(design), 1, True)
    steps = [9] * 40 + [4] * 5 + [9] * 45
    numbers = [*range(2**32 - 20, 2**32 + 60), *range(10)]
    compared = 0
    for x, length, number in zip(features, steps, numbers, strict=False):
        number %= 2**32
        path.run(x[None, :length], numbers=np.array([number]))
        state = replace(DeviceState.fresh(Chip.of(design), (weights.hidden, weights.readout)), started=number)
        expected = infer(design, weights, x[None, :length], devices=state)
        np.testing.assert_array_equal(path.scores[0], expected.scores[0])
        compared += 1
    assert compared == 90


def test_a_batch_leaves_no_noise_to_single_sequences():
    """A batch as large as what is drawn ahead takes the same memory."""
    design = DESIGNS["tiny"].evolve(devices=NOISY)
    weights, features = random_weights(design, 1), random_features(design, 40)
    path, fresh = (make_datapath(design, weights, Coefficients.of(design), size, True) for size in (AHEAD, 1))
    for first, count in ((0, 1), (1, 1), (10, AHEAD), (2, 1), (3, 1)):
        path.run(features[first : first + count], numbers=np.arange(first, first + count))
        for index in range(count):
            fresh.run(features[first + index : first + index + 1], numbers=np.array([first + index]))
            np.testing.assert_array_equal(path.scores[index], fresh.scores[0])


def test_inference_changes_no_device():
    design = DESIGNS["tiny"].evolve(devices=EVERYTHING)
    weights = random_weights(design, 1)
    state = aged_state(design, weights)
    before = state.copy()
    infer(design, weights, random_features(design, 3), devices=state)
    np.testing.assert_array_equal(state.layers[0].p, before.layers[0].p)
    assert (state.started, state.ageings) == (before.started, before.ageings)


def test_a_state_of_ideal_devices_is_refused():
    design = DESIGNS["tiny"]
    weights = random_weights(design, 1)
    state = DeviceState.fresh(Chip.of(design), (weights.hidden, weights.readout))
    with pytest.raises(ValueError, match="ideal"):
        infer(design, weights, random_features(design, 1), devices=state)


@pytest.mark.parametrize("name", ["tiny", "primes", "signed", "coarse", "one"])
def test_devices_that_err_in_nothing_that_shows_give_the_ideal_codes(name):
    """Rules X1 to X5: all devices drift, but no time passes."""
    design = DESIGNS[name]
    weights, features, lengths = random_weights(design, 2), random_features(design, 9), ragged_lengths(design, 9)
    ideal = infer(design, weights, features, lengths, record=True)
    real = infer(design.evolve(devices={"drift": 0.1}), weights, features, lengths, record=True)
    for field in ("words", "codes", "code", "candidate", "state", "readout_words", "readout_codes"):
        np.testing.assert_array_equal(getattr(real.record, field), getattr(ideal.record, field), err_msg=field)
    assert real.saturations == ideal.saturations
