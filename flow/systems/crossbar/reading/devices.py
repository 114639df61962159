"""Real devices: what pulses make of them, what they conduct, and what converters read of them. Rules D2 to D18, D22."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt, log2, sqrt
from statistics import NormalDist
from typing import Any

from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.verify.reading.integers import rs, sat
from remora.flow.verify.reading.random_words import PROBE, PULSE, READ, SLOW, WORD, WRITE, normal, words

MOST_TICKS = 2**47 - 1
LOG = [round(2**16 * log2(1 + k / 256)) for k in range(257)]
POW = [round(2**16 * 2 ** (-k / 256)) for k in range(257)]
UP, DOWN = 1, -1
PLUS, MINUS = 0, 1
"""Sides of a pair."""


def _normal8() -> list[int]:
    """NORMAL8. Rule D16."""
    drawn = [NormalDist().inv_cdf((k + 0.5) / 256) for k in range(256)]
    scale = 1 / sqrt(sum(each**2 for each in drawn) / 256)
    return [round(64 * scale * each) for each in drawn]


NORMAL8 = _normal8()


def at(g: int, low: int, high: int) -> int:
    """Where a conductance lies between two others. Rule D3."""
    return min(4096, (max(g, low) - low) * (2**28 // max(1, high - low)) >> 16)


def read_table(table: Sequence[int], x: int) -> int:
    """A table of 17 knots. Rule D3."""
    k = min(15, x >> 8)
    return table[k] + rs((table[k + 1] - table[k]) * (x - 256 * k), 8)


def log_time(ticks: int) -> int:
    """Rule D8."""
    u = ticks + 256
    m = u.bit_length() - 1
    f = (u * 2**16 >> m) - 2**16
    return (m - 8) * 2**16 + LOG[f >> 8] + rs((LOG[(f >> 8) + 1] - LOG[f >> 8]) * (f & 255), 8)


class Device:
    """One device: what it was made with, and its state. Rules D4 and D5.

    Args:
        numbers: ``low``, ``high``, ``up``, ``down``, ``aging``, ``endurance``; the state ``p``, ``n``, ``t``, ``s``;
            whether it is ``marked`` in the fault map
    """

    def __init__(self, model: Mapping[str, Any], number: int, numbers: Mapping[str, int]) -> None:
        self.model, self.number = model, number
        self.low, self.high, self.up, self.down = (numbers[name] for name in ("low", "high", "up", "down"))
        self.aging, self.endurance = numbers["aging"], numbers["endurance"]
        self.p, self.n, self.t, self.s = (numbers[name] for name in ("p", "n", "t", "s"))
        self.marked = bool(numbers["marked"])
        self.most = 2 * model["full"]
        self.conductance = self._conductance()

    def pulse(self, direction: int) -> None:
        """Rule D6."""
        model = self.model
        table, gain = (model["raise_steps"], self.up) if direction == UP else (model["lower_steps"], self.down)
        first, second = words(model["seed"], PULSE, sequence=self.n, index=self.number)
        step = rs(read_table(table, at(self.p, self.low, self.high)) * gain, 12)
        step += normal(first, rs(step * model["cycle_noise"], 12)) + normal(second, model["cycle_range"])
        if self.n < self.endurance:
            self.p = min(self.high, max(self.low, self.p + direction * step))
        self.n, self.t, self.s = min(WORD, self.n + 1), 0, 0
        self.conductance = self._conductance()

    def age(self, ticks: int, ageings: int) -> None:
        """Rule D11."""
        model = self.model
        self.t = min(MOST_TICKS, self.t + ticks)
        shown = self._shown()
        drifted, passed = self._drifted(shown), log_time(self.t)
        root = isqrt((model["slow_base"] + (passed * 45426 >> 24)) * 2**8)
        slow = rs(drifted * read_table(model["slow_noise"], at(shown, 0, model["full"])), 12)
        drawn, _ = words(model["seed"], SLOW, sequence=ageings, index=self.number)
        self.s = normal(drawn, rs(slow * root, 8))
        self.conductance = self._conductance()

    @property
    def rests(self) -> bool:
        """It counts as at rest. Rules D12 and P4."""
        return self.marked or self.conductance <= self.model["rest"] + (self.model["level"] >> 1)

    def full(self, levels: int) -> bool:
        """It counts as full, at so many levels. Rules D12 and P4."""
        level = self.model["level"]
        return self.marked or self.conductance >= self.model["rest"] + levels * level - (level >> 1)

    def _shown(self) -> int:
        """Rule D7."""
        drawn, _ = words(self.model["seed"], WRITE, sequence=self.n, index=self.number)
        noise = normal(drawn, read_table(self.model["write_noise"], at(self.p, 0, self.model["full"])))
        return min(self.most, max(0, self.p + noise))

    def _drifted(self, shown: int) -> int:
        """Rule D9."""
        x = at(shown, 0, self.model["full"])
        spread = rs(read_table(self.model["drift_spread"], x) * self.aging, 8)
        y = max(0, read_table(self.model["drift"], x) + spread) * log_time(self.t) >> 12
        k, e = y >> 8 & 255, min(31, y >> 16)
        return rs(shown * (POW[k] + rs((POW[k + 1] - POW[k]) * (y & 255), 8)), 16 + e)

    def _conductance(self) -> int:
        """Rule D10."""
        return min(self.most, max(0, self._drifted(self._shown()) + self.s))


class RealLayer:
    """The devices and converters of a layer.

    Args:
        layer: 0 is the hidden layer, 1 the readout. ``tiles``: first row and number of rows of each row tile.
        model: the integers of the device rules. ``made``: numbers of rule D4 and the state of rule D5 by name, by side,
            row and column; ``offset`` and ``gain`` by row tile and column, ``planes`` by row tile and plane.
        columns: of a column tile at the most.
    """

    def __init__(
        self, point: Point, layer: int, tiles: Sequence[tuple[int, int]], model: Mapping[str, Any],
        made: Mapping[str, Any], columns: int,
    ) -> None:  # fmt: skip
        self.point, self.layer, self.tiles, self.model, self.made = point, layer, tiles, model, made
        names = ("low", "high", "up", "down", "aging", "endurance", "p", "n", "t", "s", "marked")
        shape = [[range(len(row)) for row in side] for side in made["p"]]
        self.devices = [
            [
                [
                    Device(
                        model, (layer << 24) + (side << 23) + (row << 11) + column,
                        {name: made[name][side][row][column] for name in names},
                    )
                    for column in each
                ]
                for row, each in enumerate(rows)
            ]
            for side, rows in enumerate(shape)
        ]  # fmt: skip
        count = len(made["p"][0][0])
        self.column_tiles = [range(first, min(first + columns, count)) for first in range(0, count, columns)]
        self.noise: int = model["converter_noise"][layer]
        self.probes = 0
        self._pairs: dict[int, list[list[tuple[int, int]]]] = {}

    def age(self, ticks: int, ageings: int) -> None:
        """Rule D11, of all devices."""
        for device in (device for side in self.devices for row in side for device in row):
            device.age(ticks, ageings)
        self._pairs.clear()

    def pulse(self, row: int, column: int, side: int, direction: int) -> None:
        """A pulse of one device."""
        self.devices[side][row][column].pulse(direction)
        self._pairs.clear()

    def codes(self, streamed: Sequence[int], sequence: int, step: int) -> list[list[int]]:
        """Codes by row tile and column of a sample in a sequence. Rules D15 to D18."""
        return [
            self._sample(tile, [self._counted(tile, m) for m in streamed[first : first + rows]], READ, sequence, step)
            for tile, (first, rows) in enumerate(self.tiles)
        ]

    def fine_read(self, row: int, column: int) -> int:
        """The code of a row and column in a fine read, which is a probe. Rules W1 and W3."""
        tile = next(t for t, (first, rows) in enumerate(self.tiles) if first <= row < first + rows)
        first, rows = self.tiles[tile]
        planes, shift = self.made["planes"][tile], self.point.shift + self.point.fine_bits
        driven = 2**shift * (256 + planes[min(len(planes) - 1, shift)])
        streamed = [driven if first + i == row else 0 for i in range(rows)]
        code = self._sample(tile, streamed, PROBE, self.probes, 0, [column])[0]
        self.probes = self.probes + 1 & WORD
        return code

    def _counted(self, tile: int, word: int) -> int:
        """What a word counts as. Rule D15."""
        planes = self.made["planes"][tile]
        found = sum((abs(word) >> p & 1) * 2**p * (256 + error) for p, error in enumerate(planes))
        return -found if word < 0 else found

    def _sample(
        self, tile: int, streamed: Sequence[int], purpose: int, sequence: int, step: int,
        columns: Sequence[int] | None = None,
    ) -> list[int]:  # fmt: skip
        pairs, found = self._tile(tile), []
        scale = self.point.shift + self.point.fields["crossbar"]["fraction_bits"]
        noisy = self.noise or self.model["read_noise"]
        for j in range(len(pairs[0])) if columns is None else columns:
            gathered = rs(sum(m * pairs[i][j][0] for i, m in enumerate(streamed)), 8)
            if noisy:
                variance = sum(rs(m * m, 22) * pairs[i][j][1] for i, m in enumerate(streamed)) + self.noise
                index, lane = (step << 16) + j // 8, (self.layer << 15) + tile
                drawn = words(self.model["seed"], purpose, sequence=sequence, index=index, lane=lane)
                gathered += isqrt(variance) * NORMAL8[drawn[j % 8 // 4] >> 8 * (j % 4) & 255]
            gain, offset = self.made["gain"][tile][j], self.made["offset"][tile][j]
            total = (gathered * (4096 + gain) >> 12) + (offset * 2**scale >> 4)
            found.append(sat(rs(total, scale), self.point.code))
        return found

    def _tile(self, tile: int) -> list[list[tuple[int, int]]]:
        """Weight and variance of each pair of a row tile. Rules D13 and D14."""
        if tile not in self._pairs:
            first, rows = self.tiles[tile]
            noise = self.model["read_noise"] ** 2
            weighed: list[list[tuple[int, int]]] = [[] for _ in range(rows)]
            for columns in self.column_tiles:
                lowered = self._lowered(range(first, first + rows), columns)
                for i, row in enumerate(lowered):
                    for plus, minus in zip(row[::2], row[1::2], strict=True):
                        weighed[i].append((plus - minus, rs(noise * (plus**2 + minus**2), 30)))
            self._pairs[tile] = weighed
        return self._pairs[tile]

    def _lowered(self, rows: range, columns: range) -> list[list[int]]:
        """What devices of a tile count as behind its wires, by row and bitline. Rule D13."""
        g = [[self.devices[side][i][j].conductance for j in columns for side in (PLUS, MINUS)] for i in rows]
        along, down = self.model["wire_row"], self.model["wire_column"]
        if not (along or down):
            return g
        m, lines = len(g), range(len(g[0]))
        return [
            [
                (each << 16)
                // (
                    (1 << 16)
                    + rs(
                        along * sum(min(c + 1, other + 1) * g[i][other] for other in lines)
                        + down * sum(min(m - i, m - other) * g[other][c] for other in range(m)),
                        28,
                    )
                )
                for c, each in enumerate(row)
            ]
            for i, row in enumerate(g)
        ]
