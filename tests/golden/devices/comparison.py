"""Golden's devices beside the independent reading of their rules: chips, lives of devices, and samples of tiles."""

from __future__ import annotations

from collections import Counter

import numpy as np

from remora.golden.crossbar.weights import random_weights
from remora.golden.devices import chip as chips
from remora.golden.devices import pulses as writes
from remora.golden.devices import reading, wires
from remora.golden.devices.ahead import PulsesAhead
from remora.golden.devices.state import DeviceState, at_rest, is_full
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, adc_shift, layer_layout
from remora.spec.devices.model import manufacture
from remora.spec.lib.rng import Purpose
from tests.golden import scalar_devices
from tests.golden.scalar_devices import Device

FEW = 4
ENDS = (0, 1, 2**15, 2**32 - 2, 2**32 - 1)


def spreads_of(design: DesignPoint):
    return manufacture(design.devices, design.crossbar.top_level, design.crossbar.fraction_bits)


def compare_chip(design: DesignPoint) -> Counter:
    """Every number of every device, converter and plane. Rules D1 to D4, D19 and D20."""
    chip, seen = chips.Chip.of(design), Counter()
    model, spreads = chip.model, spreads_of(design)
    for layer in Layer:
        made, layout = chip.layers[layer], layer_layout(design, layer)
        for side, row, column in np.ndindex(made.shape):
            expected = scalar_devices.manufactured(model, spreads, layer, side, row, column)
            assert made.numbers[:, side, row, column].tolist() == expected, (layer, side, row, column)
            seen += Counter(
                numbers=6, stuck=expected[5] == 0, moved=expected[:4] != [model.rest, model.full, 4096, 4096]
            )
        for tile in range(layout.row_tiles):
            for column in range(layout.columns):
                expected = scalar_devices.converter(model, spreads, layer, tile, column)
                assert (made.offset[tile, column], made.gain[tile, column]) == expected
                seen += Counter(converters=2, erring=any(expected))
            for plane, weight in enumerate(made.planes[tile].tolist()):
                assert weight == 256 + scalar_devices.plane_error(model, spreads, layer, tile, plane)
                seen += Counter(planes=1)
    return seen


class Twins:
    """The same devices twice: golden's state of one layer, and a scalar device each."""

    def __init__(self, design: DesignPoint, layer: Layer, seed: int, marked: float = 0.0):
        self.chip, self.layer = chips.Chip.of(design), layer
        weights = random_weights(design, seed)
        random = np.random.default_rng(seed)
        marks = tuple(random.random(made.shape) < marked for made in self.chip.layers) if marked else None
        self.state = DeviceState.fresh(self.chip, (weights.hidden, weights.readout), marks)
        self.mine, self.made = self.state.layers[layer], self.chip.layers[layer]
        levels = (weights.hidden, weights.readout)[layer]
        self.theirs = {}
        for side, row, column in np.ndindex(self.made.shape):
            numbers = self.made.numbers[:, side, row, column].tolist()
            device = Device(self.chip.model, layer, side, row, column, numbers)
            device.marked = bool(marks and marks[layer][side, row, column])
            self.theirs[side, row, column] = device
        for row, column in np.ndindex(levels.shape):
            pair = self.theirs[0, row, column], self.theirs[1, row, column]
            scalar_devices.program_pair(*pair, int(levels[row, column]))

    def scatter(self, random: np.random.Generator) -> None:
        """Give some devices other pasts, the ends of the ranges among them."""
        limit = self.chip.model.limit
        for position, device in self.theirs.items():
            if random.random() < 0.5:
                device.n = int(random.choice(ENDS)) if random.random() < 0.3 else int(random.integers(20))
                device.t = int(random.choice([0, 255, 256, 2**16, 2**46, 2**47 - 1, int(random.integers(2**40))]))
                device.s = int(random.integers(-limit // 8, limit // 8 + 1))
                device.p = int(random.integers(limit + 1))
                for name in "pnts":
                    getattr(self.mine, name)[position] = getattr(device, name)

    def age(self, ticks: int) -> None:
        """Let time pass for both."""
        self.state.age(self.chip, ticks)
        for device in self.theirs.values():
            device.age(ticks, self.state.ageings)

    def pulse(self, random: np.random.Generator) -> Counter:
        """Give some weights, a few at times, up to four pulses each, drawn ahead or not; compare the counts too.

        Rules D6, D12, D22, P3 and P4.
        """
        rows, columns = self.made.shape[1:]
        most = min(FEW, rows * columns) if random.random() < 0.5 else rows * columns
        if random.random() < 0.5:
            self.mine.ahead = PulsesAhead(self.chip.model, self.made) if random.random() < 0.5 else None
        count = int(random.integers(1, most + 1))
        positions = np.sort(random.choice(rows * columns, count, replace=False))
        due = random.integers(1, 5, count) * random.choice([-1, 1], count)
        conductance = self.state.conductances(self.chip)[self.layer]
        done = writes.pulse_weights(self.chip.model, self.made, self.mine, conductance, positions, due)
        reached, applied = set(), 0
        for position, pulses in zip(positions.tolist(), due.tolist(), strict=True):
            row, column = divmod(position, columns)
            pair = self.theirs[0, row, column], self.theirs[1, row, column]
            for _ in range(abs(pulses)):
                device = scalar_devices.pulse_pair(*pair, pulses > 0)
                if device:
                    applied += 1
                    reached.add((pair.index(device) * rows + row) * columns + column)
        assert (done.applied, done.dropped) == (applied, int(np.abs(due).sum()) - applied)
        assert sorted(done.devices.tolist()) == sorted(reached)
        np.testing.assert_array_equal(conductance, self.state.conductances(self.chip)[self.layer])
        few, ahead = count <= FEW, self.mine.ahead is not None
        return Counter(
            applied=applied, dropped=done.dropped, both=len(reached) > count, few=few, many=not few,
            ahead=ahead, alone=not ahead,
        )  # fmt: skip

    def compare(self) -> Counter:
        """Every device's state, and what it conducts. Rules D5 and D7 to D12."""
        conductance = self.state.conductances(self.chip)[self.layer]
        rest, full = at_rest(self.chip.model, conductance), is_full(self.chip.model, conductance)
        seen = Counter()
        for position, device in self.theirs.items():
            found = tuple(int(getattr(self.mine, name)[position]) for name in "pnts")
            assert found == (device.p, device.n, device.t, device.s), (position, found)
            assert int(conductance[position]) == device.conducts(), position
            assert (rest[position], full[position]) == (device.at_rest(), device.is_full()), position
            seen += Counter(values=7, conducting=device.conducts() > 0, rest=rest[position], full=full[position])
            seen += Counter(drifted=device.drifted() != device.shows(), slow=device.s != 0)
        return seen


def compare_life(design: DesignPoint, random: np.random.Generator) -> Counter:
    """Devices of both layers through pulses and ageings, half of the times beside a fault map. Rules D5 to D12, D21 to
    D25, P4 and P5."""
    seen = Counter()
    for layer in Layer:
        twins = Twins(design, layer, int(random.integers(2**32)), float(random.choice([0, 0.3])))
        seen += Counter(marked=sum(device.marked for device in twins.theirs.values()))
        seen += twins.compare()
        for _ in range(2):
            seen += twins.pulse(random)
            twins.age(int(random.choice([0, 100, 10**6, 10**12])))
            seen += twins.compare()
        twins.scatter(random)
        seen += twins.pulse(random) + twins.compare()
    return seen


def compare_tiles(design: DesignPoint, random: np.random.Generator) -> Counter:
    """Samples of every tile, of random conductances under random words. Rules D13 to D18 and D20."""
    chip, seen = chips.Chip.of(design), Counter()
    model, spreads = chip.model, spreads_of(design)
    for layer in Layer:
        made = chip.layers[layer]
        for tile in made.tiles:
            conductance = random.integers(0, model.limit + 1, (2, tile.rows, tile.columns))
            conductance[random.random(conductance.shape) < 0.2] = 0
            left = wires.behind_wires(model, conductance)
            bitlines = conductance.transpose(1, 2, 0).reshape(tile.rows, -1).tolist()
            expected = scalar_devices.behind_wires(model, bitlines)
            assert left.transpose(1, 2, 0).reshape(tile.rows, -1).tolist() == expected
            seen += Counter(behind=left.size, lowered=int((left != conductance).sum()))
            seen += _compare_samples(design, chip, spreads, layer, tile, left, random)
    return seen


def _compare_samples(design, chip, spreads, layer, tile, left, random) -> Counter:
    made, model, seen = chip.layers[layer], chip.model, Counter()
    shift, full_scale, samples = adc_shift(design, layer), design.formats.adc_limit, 3
    limit = design.formats.stream_limit
    words = random.integers(-limit, limit + 1, (samples, tile.rows)) // random.integers(1, 9, (samples, 1))
    key = reading.Key(
        random.integers(2**32, size=samples),
        random.integers(2**16, size=samples),
        Purpose.READ if random.random() < 0.7 else Purpose.PROBE,
    )
    codes = reading.tile_codes(model, made, tile, left, words, key, shift, full_scale)
    errors = [
        scalar_devices.plane_error(model, spreads, layer, tile.row_tile, plane) for plane in range(made.planes.shape[1])
    ]
    for sample, column in np.ndindex(codes.shape):
        absolute = tile.first_column + column
        z = scalar_devices.noise_entry(
            model, layer, tile.row_tile, absolute, int(key.sequence[sample]), int(key.step[sample]), key.purpose
        )
        expected = scalar_devices.code(
            model, layer, words[sample].tolist(), left[:, :, column].T.tolist(), errors, z,
            *scalar_devices.converter(model, spreads, layer, tile.row_tile, absolute),
            shift + design.crossbar.fraction_bits, full_scale,
        )  # fmt: skip
        assert codes[sample, column] == expected, (tile.name, sample, column)
        seen += Counter(codes=1, saturated=abs(expected) == full_scale, zero=expected == 0)
    return seen
