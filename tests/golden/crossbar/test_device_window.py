"""The weight window on chips of real devices beside the independent reading, and its count of probes."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import erased_devices
from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.golden.crossbar.device_window import DeviceWindow
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer, adc_shift, all_tiles
from tests.golden import scalar_devices as scalar
from tests.golden.designs import DESIGNS

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 60
WORD = 2**32


def any_window(random: np.random.Generator, changes: dict | None = None) -> DeviceWindow:
    """Of a chip that is aged and about to begin its probes anew, with some fields of the crossbar changed."""
    design = any_design(random, plain=True)
    few = {"fraction_bits": min(12, design.crossbar.fraction_bits)}
    design = with_devices(design.evolve(crossbar=few | (changes or {})), random)
    chip, weights = Chip.of(design), random_weights(design, int(random.integers(1000)))
    state = DeviceState.fresh(chip, (weights.hidden, weights.readout))
    if random.random() < 0.5:
        state = state.with_map(tuple(random.random(made.shape) < 0.2 for made in chip.layers))
    state.age(chip, 10**6)
    return DeviceWindow(design, replace(state, probes=(WORD - 3, 7)))


def scalar_read(window: DeviceWindow, tile, column: int, row: int, probe: int, finer: int = 0) -> int:
    """Rule W1 of one row, with rules D13 to D18; of rule W3 with the f of ``finer``."""
    design, model, made = window.design, window.chip.model, window.chip.layers[tile.layer]
    bitlines = window.state.conductances(window.chip)[tile.layer][:, tile.row_slice, tile.column_slice]
    rows = [[int(g) for pair in row for g in pair] for row in bitlines.transpose(1, 2, 0)]
    positive, negative = scalar.behind_wires(model, rows)[row][2 * column : 2 * column + 2]
    s, errors = adc_shift(design, tile.layer), (made.planes[tile.row_tile] - 256).tolist()
    p = min(len(errors) - 1, s + finer)
    mu = sum(2**p * (256 + errors[p]) for _ in range(2 ** (s + finer - p)))
    power = scalar.rs(mu * mu, 22) * scalar.rs(model.read_noise**2 * (positive**2 + negative**2), 30)
    in_layer = tile.first_column + column
    z = scalar.noise_entry(model, tile.layer, tile.row_tile, in_layer, probe % WORD, 0, scalar.PROBE)
    total = scalar.rs(mu * (positive - negative), 8) + scalar.root(power + model.converter_noise[tile.layer]) * z
    shift = s + design.crossbar.fraction_bits
    gain, offset = (int(each[tile.row_tile, in_layer]) for each in (made.gain, made.offset))
    value = (total * (4096 + gain) // 4096) + offset * 2**shift // 16
    return scalar.clip(scalar.rs(value, shift), -design.formats.adc_limit, design.formats.adc_limit)


def test_reads_as_the_scalar_reading_does():
    """Rules W1 and D17: every tile, slices of it, and the probes that they count."""
    random, seen = np.random.default_rng(SEED), Counter()
    for _ in range(CHIPS):
        window = any_window(random)
        for tile in all_tiles(window.design):
            column, part = int(random.integers(tile.columns)), int(random.integers(len(tile.window_slices)))
            rows, before = tile.window_slices[part], window.state.probes[tile.layer]
            found = window.read_slice(tile, column, part).tolist()
            expected = [
                scalar_read(window, tile, column, row, before + index)
                for index, row in enumerate(range(rows.start, rows.stop))
            ]
            assert found == expected
            assert window.state.probes[tile.layer] == (before + len(expected)) % WORD
            seen += Counter(codes=len(found), wires=window.chip.model.wired, beyond=tile.first_row > 0)
            seen += Counter(wrapped=before + len(expected) >= WORD, noisy=window.chip.model.reads_noisily)
    assert seen["codes"] > 500 and min(seen[each] for each in ("wires", "beyond", "wrapped", "noisy")) > 10, seen


def test_all_weights_are_its_slices_in_order():
    """Rule W1: their bytes, and as many probes of each layer."""
    random, compared = np.random.default_rng(SEED + 1), 0
    for _ in range(10):
        window = any_window(random)
        alone = DeviceWindow(window.design, window.state.copy())
        whole = window.read_weights()
        for tile in all_tiles(window.design):
            of_layer = (whole.hidden, whole.readout)[tile.layer]
            for column in range(tile.columns):
                for part, rows in enumerate(tile.window_slices):
                    codes = alone.read_slice(tile, column, part)
                    found = of_layer[tile.row_slice, tile.first_column + column][rows]
                    np.testing.assert_array_equal(found, (codes + 128) % 256 - 128)
                    compared += len(codes)
        assert window.state.probes == alone.state.probes != (WORD - 3, 7)
    assert compared > 200


@pytest.mark.parametrize("layer", Layer)
def test_probes_of_one_layer_are_not_those_of_the_other(layer):
    state = any_window(np.random.default_rng(SEED)).state
    before = state.probes
    state.count_probes(layer, 5)
    assert state.probes[layer] == (before[layer] + 5) % WORD and state.probes[1 - layer] == before[1 - layer]


class ScalarSlice:
    """A slice of a column under the window, a device at a time. Rules W2 to W5."""

    def __init__(self, window: DeviceWindow, tile, column: int, rows: slice):
        self.window, self.tile, self.column, self.rows, self.pulses = window, tile, column, rows, 0
        made, layer = window.chip.layers[tile.layer], window.state.layers[tile.layer]
        in_layer = tile.first_column + column
        self.devices = {}
        for row in range(rows.start, rows.stop):
            for side in (0, 1):
                at = side, tile.first_row + row, in_layer
                numbers = [int(number) for number in made.numbers[(slice(None), *at)]]
                device = scalar.Device(window.chip.model, int(tile.layer), side, at[1], in_layer, numbers)
                device.p, device.n, device.t, device.s = (int(array[at]) for array in layer.arrays())
                device.marked = layer.marked is not None and bool(layer.marked[at])
                self.devices[row - rows.start, side] = device, at

    @property
    def marked(self) -> list[bool]:
        return [device.marked for device, _ in self.devices.values()]

    def pair(self, row: int):
        return self.devices[row, 0][0], self.devices[row, 1][0]

    def store(self) -> None:
        layer = self.window.state.layers[self.tile.layer]
        for device, at in self.devices.values():
            layer.p[at], layer.n[at], layer.t[at], layer.s[at] = device.p, device.n, device.t, device.s

    def commit(self, levels: list[int]) -> set[int]:
        """Rule W2; mismatches without rule W4 by one read."""
        top, fixed = self.window.design.crossbar.levels - 1, self.window.design.crossbar.pair == "reference"
        for _ in range(top if fixed else 2 * top):
            erased = [self.pair(row)[:1] if fixed else self.pair(row) for row in range(len(levels))]
            awake = [row for row, devices in enumerate(erased) if not all(map(self.rests, devices))]
            for row in awake:
                positive, negative = self.pair(row)
                (negative if self.rests(positive) else positive).pulse(False)
            self.pulses += len(awake)
        for k in range(top // 2 * 2 if fixed else top):
            raised = [row for row, level in enumerate(levels) if (top // 2 + level if fixed else abs(level)) > k]
            reached = [self.pair(row)[levels[row] < 0 and not fixed] for row in raised]
            for device in reached:
                if not device.marked:
                    device.pulse(True)
            self.pulses += sum(not device.marked for device in reached)
        self.store()
        if self.window.design.crossbar.verify_pulses:
            return self.verify(levels)
        return {row for row, level in enumerate(levels) if self.read(row) != level}

    def rests(self, device) -> bool:
        """Rules D12 and W5."""
        return device.marked or device.at_rest()

    def read(self, row: int, finer: int = 0) -> int:
        probe = self.window.state.probes[self.tile.layer]
        self.window.state.count_probes(self.tile.layer, 1)
        return scalar_read(self.window, self.tile, self.column, self.rows.start + row, probe, finer)

    def verify(self, levels: list[int]) -> set[int]:
        design = self.window.design
        crossbar, limit = design.crossbar, design.crossbar.weight_limit
        f = max([n for n in range(16) if limit * 2**n <= design.formats.adc_limit], default=0)
        pending, given = set(range(len(levels))), 0
        while True:
            errors = {}
            for row in sorted(pending):
                total = sum(self.read(row, f) for _ in range(crossbar.verify_reads))
                errors[row] = scalar.rs(total, crossbar.verify_reads.bit_length() - 1) - levels[row] * 2**f
            pending = {row for row in pending if abs(errors[row]) > crossbar.verify_tolerance}
            if given == crossbar.verify_pulses:
                return pending
            moved = [row for row in pending if scalar.pulse_pair(*self.pair(row), errors[row] < 0)]
            self.store()
            self.pulses += len(moved)
            given += 1
            if not moved:
                return pending


@pytest.mark.parametrize("verifies", [False, True])
def test_commits_as_the_scalar_reading_does(verifies):
    """Rules W2 to W5: devices, probes, verdict and pulses of slices that are committed one over the other."""
    random, seen = np.random.default_rng(SEED + 2 + verifies), Counter()
    for _ in range(50):
        reads = int(random.choice([1, 2, 4]))
        fields = {"verify_pulses": int(random.integers(1, 9)), "verify_reads": reads}
        fields["verify_tolerance"] = int(random.integers(4))
        window = any_window(random, fields if verifies else {})
        other = DeviceWindow(window.design, window.state.copy())
        most = window.design.crossbar.weight_limit + 1
        for tile in random.permutation(np.array(all_tiles(window.design), object))[:2]:
            column, part = int(random.integers(tile.columns)), int(random.integers(len(tile.window_slices)))
            rows = tile.window_slices[part]
            levels = np.clip(random.integers(-most, most + 1, rows.stop - rows.start), -128, 127)
            done = window.commit(tile, column, part, levels)
            shadow = ScalarSlice(other, tile, column, rows)
            left = shadow.commit(levels.tolist())
            assert (done.mismatches, done.pulses, done.rows) == (len(left), shadow.pulses, len(levels))
            assert done.unverified == sum(2**row for row in left) * verifies
            assert window.state.probes == other.state.probes
            for mine, theirs in zip(window.state.layers, other.state.layers, strict=True):
                for found, expected in zip(mine.arrays(), theirs.arrays(), strict=True):
                    np.testing.assert_array_equal(found, expected)
            seen += Counter(rows=len(levels), left=len(left), verified=len(levels) - len(left))
            seen += Counter(corrections=done.corrections, marked=sum(map(bool, shadow.marked)))
    assert seen["rows"] > 100 and seen["left"] > 10 and seen["verified"] > 5, seen
    assert bool(seen["corrections"]) == verifies and seen["marked"] > 20


def test_partners_of_marked_devices_are_corrected():
    """Rule W5, of chips with many stuck devices: with the map fewer rows give up, for fewer pulses."""
    design = DESIGNS["tiny"].evolve(
        learning={"enabled": True, "compensation": True}, crossbar={"verify_pulses": 62, "verify_tolerance": 2},
        devices={"stuck_rest": 0.05, "stuck_full": 0.05, "step_spread": 0.1},
    )  # fmt: skip
    left, pulses = Counter(), Counter()
    for seed in range(1, 4):
        chip, weights = design.evolve(devices={"seed": seed}), random_weights(design, seed)
        for heeds in (False, True):
            state = erased_devices(chip, weights)
            window = DeviceWindow(chip, state if heeds else state.with_map(None))
            for done in window.program(weights):
                left[heeds] += done.mismatches
                pulses[heeds] += done.pulses
            given = [
                layer.n[made.endurance == 0].any()
                for layer, made in zip(window.state.layers, window.chip.layers, strict=True)
            ]
            assert given == [not heeds, not heeds]
    assert 0 < left[True] < left[False] and 0 < pulses[True] < 0.8 * pulses[False], (left, pulses)
