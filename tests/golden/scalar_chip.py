"""An independent reading of ``docs/reference/arithmetic.md``: a chip of real devices that infers and learns."""

from __future__ import annotations

from tests.golden.scalar_devices import (
    PROBE,
    READ,
    Device,
    behind_wires,
    code,
    converter,
    dead_bitline,
    manufactured,
    noise_entry,
    plane_error,
    program_pair,
    pulse_pair,
    root,
)
from tests.golden.scalar_learning import ScalarLearner
from tests.golden.scalar_miru import column_codes, fraction_bits, run_sequence
from tests.golden.scalar_numbers import WORD, clip, rs


class ScalarChip(ScalarLearner):
    """A learner whose weights are pairs of devices, fresh from weights in levels (rules D21, D23 and D25).

    Args:
        model, spreads: what `spec` makes of the section of devices.
        stands_in: (layer, row tile, column tile, column of the tile) → the spare that serves it. Rule Y2.
    """

    def __init__(self, design, weights, model, spreads, stands_in=None):
        super().__init__(design, weights)
        self.stands_in = stands_in or {}
        self.model, self.spreads, self.started, self.ageings = model, spreads, 0, 0
        self.probes, self.offsets = [0, 0], (None, None)
        self.pairs = [
            [[self.made(layer, i, j, int(w)) for j, w in enumerate(row)] for i, row in enumerate(rows)]
            for layer, rows in enumerate(self.weights)
        ]
        self.others = self.standing_by()

    def bitline(self, layer: int, row_tile: int, column: int) -> int:
        """The number by which a column draws. Rule Y4."""
        crossbar, count = self.design.crossbar, len(self.weights[layer][0])
        column_tile = column // crossbar.columns
        spare = self.stands_in.get((layer, row_tile, column_tile, column % crossbar.columns))
        return column if spare is None else count + column_tile * crossbar.spare_columns + spare

    def made(self, layer: int, row: int, column: int, weight: int) -> tuple[Device, Device]:
        return self.made_of(layer, row, self.bitline(layer, row // self.design.crossbar.rows, column), weight)

    def made_of(self, layer: int, row: int, bitline: int, weight: int, serves: bool = True) -> tuple[Device, Device]:
        pair, row_tile, digital = [], row // self.design.crossbar.rows, self.is_digital(layer, row)
        for side in (0, 1):
            numbers = manufactured(self.model, self.spreads, layer, side, row, bitline)
            if dead_bitline(self.model, self.spreads, layer, row_tile, bitline):
                numbers[0] = numbers[1] = numbers[5] = 0
            pair.append(Device(self.model, layer, side, row, bitline, numbers))
            pair[side].marked = self.design.learning.compensates and pair[side].endurance == 0
            # The map has marks of columns, and none of bitlines that serve none.
            pair[side].marked &= serves and not digital
        program_pair(*pair, 0 if digital else weight)
        return tuple(pair)

    def is_digital(self, layer: int, row: int) -> bool:
        """A row of digital biases, rule K5."""
        return self.design.crossbar.bias == "digital" and row == len(self.weights[layer]) - 1

    def standing_by(self) -> dict[tuple[int, int, int], tuple[Device, Device]]:
        """Pairs of weight 0 of bitlines that serve no column, by layer, row and number. Rules Y4 and Y5."""
        crossbar, found = self.design.crossbar, {}
        for layer, rows in enumerate(self.weights):
            count = len(rows[0])
            spares = -(-count // crossbar.columns) * crossbar.spare_columns
            for i in range(len(rows)):
                serving = {self.bitline(layer, i // crossbar.rows, j) for j in range(count)}
                for number in set(range(count + spares)) - serving:
                    found[layer, i, number] = self.made_of(layer, i, number, 0, serves=False)
        return found

    def age(self, ticks: int) -> None:
        """Rule D11."""
        self.ageings += 1
        for rows in self.pairs:
            for row in rows:
                for pair in row:
                    for device in pair:
                        device.age(ticks, self.ageings)
        for pair in self.others.values():
            for device in pair:
                device.age(ticks, self.ageings)

    def run(self, x) -> dict:
        """The forward pass; its number is that of sequences started before, rule D17."""
        number, self.started = self.started, (self.started + 1) % WORD
        tiles = [self.behind_wires(layer) for layer in (0, 1)]

        def codes_of(layer: int, words: list[int], step: int) -> list[list[int]]:
            columns = range(len(self.pairs[layer][0]))
            return [self.codes(layer, tiles[layer], words, j, number, step) for j in columns]

        added = self.added(self.offsets)
        return run_sequence(self.design, None, None, x, self.reset, self.update, codes_of, added, self.gains)

    def calibrate(self) -> None:
        """Rule K2: eight samples of no words of each group, whose mean is taken off from here on."""
        found = []
        for layer, rows in enumerate(self.pairs):
            together = 1 if layer else self.design.cell.lanes
            resting, offsets = [[(0, 0)] * len(row) for row in rows], []
            for j in range(len(rows[0])):
                total = 0
                for sample in range(8):
                    number = (self.probes[layer] + 8 * (j // together) + sample) % WORD
                    codes = self.codes(layer, resting, [0] * len(rows), j, number, 0, PROBE)
                    total += column_codes(self.design, [codes])[0]
                offsets.append(-((total + 4) // 8))
            self.probes[layer] += 8 * ((len(rows[0]) + together - 1) // together)
            found.append(offsets)
        self.offsets = tuple(found)

    def behind_wires(self, layer: int) -> list[list[tuple[int, int]]]:
        """What every pair counts as, tile by tile, rule D13."""
        rows, columns = self.design.crossbar.rows, self.design.crossbar.columns
        conducts = [[[device.conducts() for device in pair] for pair in row] for row in self.pairs[layer]]
        found = [[(0, 0)] * len(row) for row in conducts]
        for top in range(0, len(conducts), rows):
            for left in range(0, len(conducts[0]), columns):
                own = range(left, min(left + columns, len(conducts[0])))
                first = len(conducts[0]) + left // columns * self.design.crossbar.spare_columns
                # Rules Y1 and Y4: in order of the bitlines, columns before spares, by the numbers that they have.
                order = [*own, *range(first, first + self.design.crossbar.spare_columns)]
                serves = {self.bitline(layer, top // rows, j): j for j in own}
                bitlines = []
                for i in range(top, min(top + rows, len(conducts))):
                    pairs = [
                        conducts[i][serves[n]] if n in serves else [d.conducts() for d in self.others[layer, i, n]]
                        for n in order
                    ]
                    bitlines.append([g for pair in pairs for g in pair])
                for i, row in enumerate(behind_wires(self.model, bitlines)):
                    for position, number in enumerate(order):
                        if number in serves:
                            found[top + i][serves[number]] = row[2 * position], row[2 * position + 1]
        return found

    def codes(
        self, layer: int, pairs, words: list[int], column: int, number: int, step: int, purpose=READ
    ) -> list[int]:
        """Codes of one column, one a row tile, rules D14 to D18."""
        design, found = self.design, []
        rows, full_scale = design.crossbar.rows, 2 ** (design.formats.adc_bits - 1) - 1
        shift = design.formats.stream_bits + design.crossbar.level_bits - fraction_bits(design)
        for tile, first in enumerate(range(0, len(words), rows)):
            errors = [
                plane_error(self.model, self.spreads, layer, tile, plane) for plane in range(design.formats.stream_bits)
            ]
            bitline = self.bitline(layer, tile, column)
            z = noise_entry(self.model, layer, tile, bitline, number, step, purpose)
            offset, gain = converter(self.model, self.spreads, layer, tile, bitline)
            found.append(
                code(
                    self.model, layer, words[first : first + rows],
                    [row[column] for row in pairs[first : first + rows]], errors, z, offset, gain,
                    shift + design.crossbar.fraction_bits, full_scale,
                )
            )  # fmt: skip
        return found

    def program(self, layer: int, i: int, j: int, pulses: int) -> tuple[int, int, int]:
        """Rules D22 and P3, and K6."""
        if self.is_digital(layer, i):
            return super().program(layer, i, j, pulses)
        pair, dropped, reached = self.pairs[layer][i][j], 0, set()
        for _ in range(abs(pulses)):
            device = pulse_pair(*pair, pulses > 0)
            if device:
                reached.add(device.number)
            else:
                dropped += 1
        self.touched = reached
        return abs(pulses) - dropped, dropped, len(reached)

    def read_rows(self, layer: int, rows: list[int], j: int) -> dict[int, int]:
        """Each row of a column alone, k times. Rules J1, W3, D13 to D18."""
        design, found, self.full = self.design, {}, set()
        pairs, model = self.behind_wires(layer), self.model
        s = design.formats.stream_bits + design.crossbar.level_bits - fraction_bits(design)
        weight, shift = s + self.fine_bits(), s + design.crossbar.fraction_bits
        plane, full_scale = min(design.formats.stream_bits - 1, weight), 2 ** (design.formats.adc_bits - 1) - 1
        for i in rows:
            tile, (positive, negative) = i // design.crossbar.rows, pairs[i][j]
            mu = 2**weight * (256 + plane_error(model, self.spreads, layer, tile, plane))
            bitline = self.bitline(layer, tile, j)
            offset, gain = converter(model, self.spreads, layer, tile, bitline)
            power = rs(mu * mu, 22) * rs(model.read_noise**2 * (positive**2 + negative**2), 30)
            found[i] = 0
            for _ in range(design.learning.verify_reads):
                z = noise_entry(model, layer, tile, bitline, self.probes[layer], 0, PROBE)
                self.probes[layer] = (self.probes[layer] + 1) % WORD
                noise = root(power + model.converter_noise[layer]) * z
                value = (rs(mu * (positive - negative), 8) + noise) * (4096 + gain) // 4096 + offset * 2**shift // 16
                code = clip(rs(value, shift), -full_scale, full_scale)
                if code in (-full_scale, full_scale):
                    self.full.add(i)
                found[i] += code
        return found
