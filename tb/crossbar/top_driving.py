"""cocotb: rows that the weight window drives by hand, and the codes that they give. Started by test_driving.py."""

from __future__ import annotations

from dataclasses import fields
from itertools import count

import cocotb
import numpy as np

from remora.golden.crossbar.driven import Drive, driven_codes
from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.cycles import Stretch
from remora.spec.crossbar.layout import Layer, Tile, all_tiles, layer_layout
from remora.tb.crossbar.top_timeouts import TimeoutBench

SHARE = 0.4
"""Of the drives of a layer before the one that a round is about."""


class DriveBench(TimeoutBench):
    """Drives slices, converts, and compares codes with golden.

    Attributes:
        gathered: what every integrator of every layer holds. ``compared``: codes so far. ``planes``: numbers that were
            driven.
    """

    def __init__(self, host) -> None:
        super().__init__(host)
        self.weights = Weights(np.array(self.config["hidden"], np.int16), np.array(self.config["readout"], np.int16))
        self.integrators = self.design.crossbar.integrators
        self.gathered: dict[tuple[Layer, int], list[Drive]] = {}
        self.compared, self.planes, self._next = 0, set[int](), count()

    def some_drive(self, tile: Tile, part: int) -> Drive:
        """Any rows of a slice, on the next number of planes."""
        rows, few = tile.window_slices[part], self.random.random()
        values = [self.random.randint(-128, 127) * (self.random.random() < few) for _ in range(rows.stop - rows.start)]
        return Drive(tile, part, values, 1 + next(self._next) % self.design.formats.stream_bits)

    async def drive(self, drive: Drive, integrator: int = 0) -> None:
        """Carry it out."""
        await self.host.drive(drive.tile, drive.part, drive.values, drive.planes, integrator)
        self.gathered.setdefault((drive.tile.layer, integrator), []).append(drive)
        self.planes.add(drive.planes)
        await self.host.expect("WINDOW_STATUS", charged=1, mismatches=0)

    async def convert(self, layer: Layer, integrator: int = 0) -> bool:
        """Convert, and compare the codes of every column of every tile; False where a tile did not answer."""
        expected = driven_codes(self.design, self.weights, layer, self.gathered.pop((layer, integrator), []))
        tiles = layer_layout(self.design, layer).tiles
        await self.host.begin_conversion(self.random.choice(tiles), integrator)
        while not self.stopped and (await self.host.read("STATUS"))["window_busy"]:
            await self.host.cycles(20)
        if self.stopped:
            return False
        await self.host.expect("WINDOW_STATUS", charged=int(bool(self.gathered)), mismatches=0)
        for tile in tiles:
            for column in range(tile.columns):
                found = await self.host.code(tile, column)
                wanted = expected[tile.row_tile, tile.first_column + column]
                assert found == wanted, f"{tile.name}, column {column}: code {found}, expected {wanted}"
                self.compared += 1
        return True

    async def stretch(self, values: list[int]) -> None:
        """Give the tiles more time."""
        wanted = Stretch(*values)
        await self.host.write("MACRO_STRETCH", **{field.name: getattr(wanted, field.name) for field in fields(wanted)})


@cocotb.test()
async def any_rows(dut) -> None:
    """Every slice of every tile on all numbers of planes, gathered with others, under any stretch; weights and answers
    stay."""
    bench = await DriveBench.started(dut)
    host, random, before = bench.host, bench.random, await bench.host.counters()
    slices = [(tile, part) for tile in all_tiles(bench.design) for part in range(len(tile.window_slices))]
    rounds = slices * (1 + bench.design.formats.stream_bits // len(slices))
    for number, (tile, part) in enumerate(rounds):
        await bench.stretch(bench.config["stretches"][number % len(bench.config["stretches"])])
        drives = [other for other in slices if random.random() < SHARE]
        for each in random.sample(drives, min(3, len(drives))):
            await bench.drive(bench.some_drive(*each), random.randrange(bench.integrators))
        await bench.drive(bench.some_drive(tile, part), random.randrange(bench.integrators))
        for layer, integrator in random.sample([*bench.gathered], len(bench.gathered)):
            assert await bench.convert(layer, integrator)
    assert bench.planes == {*range(1, bench.design.formats.stream_bits + 1)}
    assert bench.compared >= len(rounds) * min(bench.design.network.classes, bench.design.network.hidden)
    # The conversion of nothing.
    assert await bench.convert(Layer.HIDDEN) and await bench.convert(Layer.READOUT)
    assert (await host.counters())[Counter.PULSES] == before[Counter.PULSES]
    status = await host.read("INTERRUPT_STATUS")
    assert status["window_done"] and not status["window_failed"]
    found = await host.read_weights()
    np.testing.assert_array_equal(found.hidden, bench.weights.hidden)
    np.testing.assert_array_equal(found.readout, bench.weights.readout)
    await bench.infer_all(3)


@cocotb.test()
async def refusals(dut) -> None:
    """What is refused while the core runs, while a command is at work, and while an integrator holds a drive; a soft
    reset forgets that."""
    bench = await DriveBench.started(dut)
    host, tiles = bench.host, all_tiles(bench.design)
    most, settings = bench.design.formats.stream_bits, await host.read("WINDOW_DRIVE")
    assert settings["planes"] == most
    for planes in (0, most + 1):
        await host.refused_word("WINDOW_DRIVE", planes)
    await host.start()
    await host.refused("WINDOW_CONTROL", drive=1)
    await host.refused("WINDOW_CONTROL", convert=1)
    await host.refused("WINDOW_DRIVE", planes=1)
    await host.halt()
    await host.expect("WINDOW_DRIVE", **settings)
    await bench.stretch([250, 250, 250, 0])
    for command in ("drive", "convert"):
        await host.write("WINDOW_CONTROL", **{command: 1})
        await host.expect("STATUS", window_busy=1, halted=1)
        for register, written in (
            ("WINDOW_CONTROL", "drive"),
            ("WINDOW_CONTROL", "convert"),
            ("WINDOW_DRIVE", "planes"),
        ):
            await host.refused(register, **{written: 1})
        # Seen at once, so that nothing starts before the drive has ended.
        if command == "drive":
            await host.refused("CONTROL", run=1)
        await host.until("window_busy", 0, pause_cycles=50)
    await bench.stretch([0, 0, 0, 0])
    for layer in Layer:
        for reset in (False, True):
            drive = bench.some_drive(bench.random.choice([tile for tile in tiles if tile.layer is layer]), 0)
            await bench.drive(drive)
            for field in ("commit", "read"):
                await host.refused("WINDOW_CONTROL", **{field: 1})
            await host.refused("CONTROL", run=1)
            await host.expect("STATUS", halted=1, busy=0, window_busy=0)
            if reset:
                await bench.soft_reset()
                bench.gathered.clear()
            else:
                assert await bench.convert(layer)
            await host.expect("WINDOW_STATUS", charged=0)
            assert await bench.convert(layer)
    assert bench.compared > 0
    await bench.infer_all(2)


@cocotb.test()
async def hanging_conversions(dut) -> None:
    """A conversion that never ends stops the test mode too; afterwards the integrators are empty, and it goes on."""
    bench = await DriveBench.started(dut, 40)
    tiles, right = all_tiles(bench.design), 0
    for number in range(8 * len(tiles)):
        tile = tiles[number % len(tiles)]
        await bench.drive(bench.some_drive(tile, bench.random.randrange(len(tile.window_slices))))
        # Once more after a time-out, where nothing is left to be converted.
        while not await bench.convert(tile.layer):
            await bench.recover(f"{tile.layer.name.lower()}_conversion")
            await bench.host.expect("WINDOW_STATUS", charged=0)
        right += 1
    assert right == 8 * len(tiles) and bench.compared > right
    missing = set(bench.config["causes"]) - bench.causes.keys()
    assert not missing, f"never seen: {missing}, among {bench.causes}"
