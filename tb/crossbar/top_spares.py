"""cocotb: the registers of the spare columns of the whole accelerator. Rules Y2 and Y3."""

from __future__ import annotations

from random import Random

import cocotb
import numpy as np

from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import ROWS_PER_WORD, Layer, all_tiles, layer_layout
from remora.spec.crossbar.spares.spare_map import Replacement, SpareMap
from remora.tb.crossbar.host import CrossbarHost


async def _select(host: CrossbarHost, layer: int, tile: int, spare: int) -> None:
    await host.write("SPARE_SELECT", layer=layer, tile=tile, spare=spare)


async def _read_all(host: CrossbarHost) -> list[tuple[int, int]]:
    """Column and enable of every spare."""
    found = []
    for tile in all_tiles(host.design):
        for spare in range(tile.spares):
            await _select(host, int(tile.layer), tile.index, spare)
            word = await host.read("SPARE_COLUMN")
            found.append((word["column"], word["enable"]))
    return found


def _some(design: DesignPoint) -> list[Replacement]:
    """A replacement for every spare, drawn with the simulation's seed."""
    random = Random(cocotb.RANDOM_SEED)
    found = []
    for tile in all_tiles(design):
        columns = random.sample(range(tile.columns), min(tile.columns, tile.spares))
        found += [Replacement(tile.layer, tile.index, spare, column) for spare, column in enumerate(columns)]
    return found


@cocotb.test()
async def what_is_written_reads_back(dut) -> None:
    """Each spare keeps its own; a soft reset keeps them all, the reset pin leaves none in use."""
    host = await CrossbarHost.started(dut)
    await host.expect("SPARE_CAPABILITIES", columns=host.design.crossbar.spare_columns)
    assert {enable for _, enable in await _read_all(host)} == {0}
    wanted = _some(host.design)
    await host.use_spares(SpareMap.of(host.design, wanted))
    columns = [(each.column, 1) for each in wanted]
    assert await _read_all(host) == columns and len({column for column, _ in columns}) > 1
    await host.write("CONTROL", soft_reset=1)
    await host.until("halted", 1, pause_cycles=5)
    assert await _read_all(host) == columns
    await host.reset()
    host.renew_bus()
    assert {enable for _, enable in await _read_all(host)} == {0}


@cocotb.test()
async def what_is_not_there_is_refused(dut) -> None:
    """A spare or a tile that does not exist; a column that the tile does not have leaves the spare unused."""
    host = await CrossbarHost.started(dut)
    tried = 0
    for layer in Layer:
        tiles = len(layer_layout(host.design, layer).tiles)
        for number, spare in ((tiles, 0), (255, 0), (0, host.design.crossbar.spare_columns), (0, 3)):
            await _select(host, int(layer), number, spare)
            await host.refused("SPARE_COLUMN", column=1, enable=1)
            await host.expect("SPARE_COLUMN", column=0, enable=0)
            tried += 1
    assert tried == 8
    for tile in all_tiles(host.design):
        await _select(host, int(tile.layer), tile.index, 0)
        for column in (tile.columns, 1023):
            await host.write("SPARE_COLUMN", column=tile.columns - 1, enable=1)
            await host.expect("SPARE_COLUMN", column=tile.columns - 1, enable=1)
            await host.write("SPARE_COLUMN", column=column, enable=1)
            await host.expect("SPARE_COLUMN", enable=0)
    await host.write("SPARE_COLUMN", column=0, enable=0)


@cocotb.test()
async def refused_while_running(dut) -> None:
    """While the core runs, and while the weight window is at work, nothing changes."""
    host = await CrossbarHost.started(dut)
    await _select(host, 0, 0, 1)
    await host.start()
    await host.refused("SPARE_COLUMN", column=1, enable=1)
    await host.refused("SPARE_SELECT", layer=0, tile=0, spare=0)
    await host.halt()
    await host.write("WINDOW_CONTROL", read=1)
    assert (await host.read("STATUS"))["window_busy"]
    await host.refused("SPARE_COLUMN", column=1, enable=1)
    await host.until("window_busy", 0, pause_cycles=50)
    await host.expect("SPARE_SELECT", layer=0, tile=0, spare=1)
    await host.expect("SPARE_COLUMN", column=0, enable=0)


@cocotb.test()
async def the_lower_spare_counts(dut) -> None:
    """Of two spares that name one column; and a map that changes finds each column as it left it."""
    host = await CrossbarHost.started(dut)
    tile, column = all_tiles(host.design)[0], 1
    written = {}
    for value, enabled in ((3, (0, 0)), (-2, (0, 1)), (5, (1, 1))):
        for spare, enable in enumerate(enabled):
            await _select(host, 0, 0, spare)
            await host.write("SPARE_COLUMN", column=column, enable=enable)
        levels = np.full(tile.rows, value)
        await host.program_column(tile, column, levels)
        written[enabled] = levels
    for enabled in ((0, 0), (1, 0), (0, 1), (1, 1), (0, 0)):
        for spare, enable in enumerate(enabled):
            await _select(host, 0, 0, spare)
            await host.write("SPARE_COLUMN", column=column, enable=enable)
        wanted = written[(1, 1) if enabled[0] else enabled]
        np.testing.assert_array_equal(await host.read_column(tile, column), wanted)
        await host.program_column(tile, column, wanted)


@cocotb.test()
async def flags_settle_after_another_map(dut) -> None:
    """A commit right behind a change of the map senses the bitline that serves the column then, not the one before."""
    host = await CrossbarHost.started(dut)
    tile, column = all_tiles(host.design)[0], 2
    await _select(host, 0, 0, 0)
    held = [6, 0]
    for enable in (1, 0):
        await host.write("SPARE_COLUMN", column=column, enable=enable)
        await host.program_column(tile, column, np.full(tile.rows, held[enable]))
    for enable, value in ((1, -3), (0, 4), (1, 2)):
        before = (await host.counters())[Counter.PULSES]
        await host.write("WINDOW_SELECT", layer=0, tile=0, column=column, slice=0)
        await host.write("WINDOW_POINTER", row=0)
        for _ in range(-(-tile.rows // ROWS_PER_WORD)):
            await host.write("WINDOW_DATA", **{f"weight{row}": value & 0xFF for row in range(ROWS_PER_WORD)})
        await host.write("SPARE_COLUMN", column=column, enable=enable)
        await host.write("WINDOW_CONTROL", commit=1)
        await host.until("window_busy", 0, pause_cycles=50)
        await host.expect("WINDOW_STATUS", mismatches=0)
        np.testing.assert_array_equal(await host.read_column(tile, column), np.full(tile.rows, value))
        # Canonical pairs take a pulse a level, down and up again, and not one more.
        pulses = (await host.counters())[Counter.PULSES] - before
        assert pulses == tile.rows * (abs(held[enable]) + abs(value))
        held[enable] = value
