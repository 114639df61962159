"""Scripts for the pins of tiles of real devices, and what golden says must come of them.

A script has a line a cycle for each tile of `TILES`, which all are in one build (device_tile.sv). Golden's devices of
rules D3 to D18 say what codes, flags and final states must be; each tile goes its own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from remora.flow.systems.crossbar.chip_files import tile_state, write_tile
from remora.golden.devices.chip import Chip
from remora.golden.devices.pulses import pulse_devices
from remora.golden.devices.reading import Key, tile_codes
from remora.golden.devices.state import LayerState, at_rest, conducted, is_full, slow_noise
from remora.golden.devices.wires import behind_wires
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.rng import Purpose
from tests.hdl.macros.device_cases import TileCase

MOST_TICKS, MOST_PULSES = (1 << 47) - 1, (1 << 32) - 1
FLAGS = ("pos_rest", "pos_full", "neg_rest", "neg_full")
KINDS = ("code", "valid", *FLAGS, "state")
"""What is compared."""


@dataclass
class TileRun:
    """A tile of one chip and its script.

    Attributes:
        lines: of the script so far, one a cycle: what is not 0 of `PINS`.
        expected: cycle, what of `KINDS`, and a value a column or row, in the order in which they come.
        conversions: cycles in which codes become valid.
    """

    case: TileCase
    design: DesignPoint
    random: Random
    lines: list[dict[str, int]] = field(default_factory=list)
    expected: list[tuple[int, str, list[int]]] = field(default_factory=list)
    conversions: set[int] = field(default_factory=set)

    PINS = (
        "reset", "wl_pos", "wl_neg", "plane", "integrate", "integrator", "sample", "convert", "column", "up", "down",
        "side", "pulse", "keyed", "sequence", "step", "age_request", "age_ticks",
    )  # fmt: skip

    def __post_init__(self) -> None:
        chip = Chip.of(self.design)
        self.model, self.made, self.tile = chip.model, chip.layers[self.case.layer], self.case.tile
        self.state = self._random_state()
        self.ageings, self.probes = self.random.randrange(5), self.random.choice([0, 7, MOST_PULSES])
        self.integrator, self.planes = 0, self.made.planes.shape[1]
        self.parameters = self.case.parameters

    def _random_state(self) -> LayerState:
        """Devices of any past: beyond their bounds, about to wear out, just pulsed or long ago."""
        rng = np.random.default_rng(self.random.getrandbits(32))
        shape, model = self.made.shape, self.model
        levels = rng.integers(-self.design.crossbar.weight_limit, self.design.crossbar.weight_limit + 1, shape[1:])
        fresh = LayerState.fresh(model, self.made, levels)
        odd = rng.random(shape) < 0.3
        p = np.where(odd, rng.integers(0, model.limit + 1, shape), fresh.p)
        n = np.where(odd, rng.choice([0, 1, 5, 1 << 20, MOST_PULSES - 1, MOST_PULSES], shape), 0)
        t = np.where(rng.random(shape) < 0.5, 0, (2.0 ** rng.uniform(0, 46.99, shape)).astype(np.int64))
        t = np.where(rng.random(shape) < 0.02, MOST_TICKS, t)
        s = np.where(odd & (t > 0), rng.integers(-2 * model.level, 2 * model.level + 1, shape), 0)
        return LayerState(p, n.astype(np.int64), t, s)

    # Cycles -----------------------------------------------------------------------------------------------------------
    def cycle(self, **pins: int) -> int:
        """Another cycle with these pins, the others 0; its number."""
        self.lines.append(pins)
        return len(self.lines) - 1

    def expect(self, cycle: int, what: str, values: list[int]) -> None:
        """What is answered in a cycle."""
        self.expected.append((cycle, what, values))

    def reset(self) -> None:
        """A few cycles of reset: nothing is answered, and no device changes."""
        for _ in range(self.random.randint(2, 4)):
            cycle = self.cycle(reset=1)
        self.expect(cycle + 1, "code", [0] * self.tile.columns)
        self.cycle()
        self.integrator = 0

    def settle(self) -> None:
        """Cycles in which nothing is asked."""
        for _ in range(self.random.randint(1, 3)):
            self.cycle()

    def conductance(self) -> np.ndarray:
        """(2, rows, columns) of the layer."""
        return conducted(self.model, self.made, self.state)

    def read(self) -> None:
        """One reading, or two of which the second is integrated while the first is sampled; keyed or as a probe."""
        again = self.parameters["INTEGRATORS"] == 2 and self.random.random() < 0.5
        words = [self._words() for _ in range(1 + again)]
        drives = [self._drives(each) for each in words]
        for drive in drives[0]:
            self.cycle(integrate=1, integrator=self.integrator, **drive)
        for number, each in enumerate(words):
            other = 1 - self.integrator if self.parameters["INTEGRATORS"] == 2 else 0
            key, pins = self._key()
            overlapped = number + 1 < len(words) and self.random.random() < 0.5
            if overlapped:
                pins |= {"integrate": 1, **drives[1].pop(0)}
            self.cycle(sample=1, integrator=other, **pins)
            self.integrator = other
            codes = self._codes(each, key)
            started = self.cycle(convert=1)
            ready = started + self.parameters["ADC_CYCLES"]
            self.expect(ready, "code", codes)
            self.conversions.add(ready)
            while len(self.lines) < ready + 1:
                self.cycle()
            if number + 1 < len(words):
                for drive in drives[1]:
                    self.cycle(integrate=1, integrator=self.integrator, **drive)

    def _words(self) -> np.ndarray:
        limit, random = (1 << self.planes) - 1, self.random
        most = random.choice([0, 1, limit, limit])
        words = [random.choice([0, most, -most, random.randint(-most, most)]) for _ in range(self.tile.rows)]
        return np.array(words, np.int64)

    def _drives(self, words: np.ndarray) -> list[dict[str, int]]:
        """Wordlines of every plane of words, planes in any order."""

        def rows(sign: int, plane: int) -> int:
            return sum(
                1 << row for row, word in enumerate(words.tolist()) if word * sign > 0 and abs(word) >> plane & 1
            )

        drives = [{"plane": plane, "wl_pos": rows(1, plane), "wl_neg": rows(-1, plane)} for plane in range(self.planes)]
        self.random.shuffle(drives)
        return drives

    def _key(self) -> tuple[Key, dict[str, int]]:
        if self.random.random() < 0.6:
            sequence, step = self.random.getrandbits(32), self.random.getrandbits(16)
            return Key(sequence, step), {"keyed": 1, "sequence": sequence, "step": step}
        key = Key(self.probes, 0, Purpose.PROBE)
        self.probes = (self.probes + 1) & MOST_PULSES
        # What is not keyed takes no notice of these.
        return key, {"sequence": self.random.getrandbits(32), "step": self.random.getrandbits(16)}

    def _of_tile(self, array: np.ndarray) -> np.ndarray:
        """The tile's part of an array (…, rows, columns) of the layer."""
        return array[..., self.tile.row_slice, self.tile.column_slice]

    def _codes(self, words: np.ndarray, key: Key) -> list[int]:
        left = behind_wires(self.model, self._of_tile(self.conductance()))
        limit = (1 << (self.parameters["ADC_BITS"] - 1)) - 1
        codes = tile_codes(
            self.model, self.made, self.tile, left, words[None], key, self.parameters["ADC_SHIFT"], limit
        )
        return codes[0].tolist()

    def sense(self) -> None:
        """The flags of a column."""
        column = self.random.randrange(self.tile.columns)
        for _ in range(3):
            self.cycle(column=column)
        self._expect_flags(self.cycle(column=column), column)

    def _expect_flags(self, cycle: int, column: int) -> None:
        of_column = self._of_tile(self.conductance())[:, :, column]
        for side in (0, 1):
            for name, found in ((FLAGS[2 * side], at_rest), (FLAGS[2 * side + 1], is_full)):
                self.expect(cycle, name, found(self.model, of_column[side]).tolist())

    def pulse(self) -> None:
        """Pulses up and down on some rows of a column, of either side; seldom one across a reset."""
        column, random, rows = self.random.randrange(self.tile.columns), self.random, self.tile.rows
        for _ in range(random.choice([1, 1, 4])):
            chosen, upwards, side = (random.getrandbits(rows) for _ in range(3))
            self.cycle(column=column, up=chosen & upwards, down=chosen & ~upwards, side=side, pulse=1)
            if random.random() < 0.1:
                self.reset()
            self._pulse(column, chosen, upwards, side)
            for _ in range(self.parameters["PULSE_CYCLES"] + 1):
                self.cycle(column=column)
        for _ in range(3):
            cycle = self.cycle(column=column)
        self._expect_flags(cycle, column)

    def _pulse(self, column: int, chosen: int, upwards: int, side: int) -> None:
        rows = [row for row in range(self.tile.rows) if chosen >> row & 1]
        if not rows:
            return
        position = (
            np.array([side >> row & 1 for row in rows]),
            self.tile.first_row + np.array(rows),
            self.tile.first_column + column,
        )
        devices = np.ravel_multi_index(np.broadcast_arrays(*position), self.made.shape)
        raises = np.array([upwards >> row & 1 for row in rows], bool)
        pulse_devices(self.model, self.made, self.state, devices, raises)

    def age(self) -> None:
        """A time, from none to the longest."""
        ticks = self.random.choice([0, 255, MOST_TICKS, int(2 ** self.random.uniform(0, 46))])
        self.cycle(age_request=1, age_ticks=ticks)
        self.cycle()
        self._age(ticks)

    def _age(self, ticks: int) -> None:
        self.ageings += 1
        self.state.t = np.minimum(MOST_TICKS, self.state.t + ticks)
        self.state.s = slow_noise(self.model, self.made, self.state, self.ageings)

    # The whole --------------------------------------------------------------------------------------------------------
    def write(self, folder: Path, operations: int, first_age: int | None = None) -> None:
        """Files of the chip and the script; afterwards the state is what the devices must hold at the end.

        Args:
            first_age: ticks by which the simulation is started aged; None: it is not.
        """
        write_tile(folder, self.case.name, self.model, self.made, self.tile, self.state, self.ageings, self.probes)
        if first_age is not None:
            self._age(first_age)
        self.reset()
        for _ in range(operations):
            self.random.choices(
                [self.read, self.pulse, self.sense, self.age, self.reset, self.settle], [12, 6, 2, 1, 1, 1]
            )[0]()
        self.cycle()
        self.cycle()
        text = "".join(" ".join(f"{pins.get(name, 0):x}" for name in self.PINS) + "\n" for pins in self.lines)
        (folder / f"{self.case.name}.script").write_text(text, encoding="utf-8")

    def compare(self, folder: Path, end: Path) -> tuple[Counter[str], list[str]]:
        """How many values of each kind were compared, and what differs."""
        compared: Counter[str] = Counter()
        wrong = []
        answers = [line.split() for line in (folder / f"{self.case.name}.answers").read_text().splitlines()]
        assert len(answers) == len(self.lines) + 1
        for cycle, what, values in self.expected:
            # The pins of a line are applied at the edge at which it is read, and answered at the next.
            found = self._answer(answers[cycle + 1], what, len(values))
            compared[what] += len(values)
            if found != [int(value) for value in values]:
                wrong.append(f"{self.case.name}: {what} in cycle {cycle}: {found}, not {values}")
        for cycle in range(len(self.lines)):
            compared["valid"] += 1
            if int(answers[cycle + 1][0], 16) != (cycle in self.conversions):
                wrong.append(f"{self.case.name}: valid in cycle {cycle}")
        state = [self.ageings, self.probes, *tile_state(self.state, self.tile).reshape(-1).tolist()]
        left = (end / f"{self.case.name}.devices").read_text(encoding="utf-8").split()
        compared["state"] += len(state)
        if left != [str(value) for value in state]:
            wrong.append(f"{self.case.name}: the devices at the end")
        return compared, wrong

    def _answer(self, answer: list[str], what: str, count: int) -> list[int]:
        if what == "code":
            bits = self.parameters["ADC_BITS"]
            value = int(answer[2], 16)
            codes = [value >> bits * column & (1 << bits) - 1 for column in range(count)]
            return [code - (code >> bits - 1 << bits) for code in codes]
        value = int(answer[3 + FLAGS.index(what)], 16)
        return [value >> row & 1 for row in range(count)]


def make_runs(cases: tuple[TileCase, ...], seed: int, devices: Mapping[str, Any]) -> list[TileRun]:
    """A chip for each case of devices as the section says, with seeds that follow from this one."""
    runs = []
    for case in cases:
        random = Random(f"{seed} {case.name}")
        design = case.design.evolve(devices={**devices, "seed": random.getrandbits(32)})
        runs.append(TileRun(case, design, random))
    return runs


def compare_runs(runs: Sequence[TileRun], folder: Path) -> tuple[Counter[str], list[str]]:
    """How many values of each of `KINDS` were compared, and what differs."""
    compared: Counter[str] = Counter()
    wrong = []
    for run in runs:
        counted, differences = run.compare(folder, folder / "end")
        compared += counted
        wrong += differences
    return compared, wrong
