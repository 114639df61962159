"""cocotb: every bit of the settings of what the crossbar tiles do: more time, and the limit of their waits.

Started by test_settings.py.
"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.layout import Tile, all_tiles
from remora.tb.crossbar.top_stretches import stretch
from remora.tb.crossbar.top_timeouts import TimeoutBench

EVEN, ODD = 0x5555, 0xAAAA
"""Each bit is set in one of them; a setting takes the low ones."""


def words(bits: int) -> list[int]:
    """Values of a setting: none, and those of which one has each bit."""
    return [0, *(word & ((1 << bits) - 1) for word in (EVEN, ODD))]


LONGEST = 20_000
"""Cycles within which a stretched sequence is answered."""


async def answered(bench: TimeoutBench, index: int) -> dict[Counter, int]:
    """Send one sequence, whose answer must be right; returns what the counters grow by."""
    before = await bench.host.counters()
    await bench.host.start()
    bench.send(index)
    parts = await bench.host.parts(LONGEST)
    assert parts and [list(part.scores) for part in parts] == bench.config["parts"][index]
    await bench.host.halt()
    after = await bench.host.counters()
    return {counter: after[counter] - before[counter] for counter in after}


@cocotb.test()
async def stretches_of_a_reading(dut) -> None:
    """A lone sequence takes as many cycles as the model says with any time for planes, gap and conversion."""
    bench = await TimeoutBench.started(dut)
    bits = bench.host.registers["MACRO_STRETCH"].field("integrate").width
    index = int(np.argmin(bench.lengths))
    for given in range(3):
        for word in words(bits)[given > 0 :]:
            values = [word if number == given else 0 for number in range(4)]
            cycles = await stretch(bench, values)
            grown, lone = await answered(bench, index), cycles.lone(bench.lengths[index])
            found = grown[Counter.STEP_CYCLES], grown[Counter.READOUT_CYCLES]
            assert found == (lone.steps, lone.readout), f"stretches {values}: {found}, expected {lone}"


@cocotb.test()
async def stretches_of_pulses(dut) -> None:
    """A column takes longer by what is added to each of its pulses, and holds what it was given."""
    bench = await TimeoutBench.started(dut)
    host, took = bench.host, {}
    bits = host.registers["MACRO_STRETCH"].field("pulse").width
    tile = all_tiles(bench.design)[0]
    levels = np.array(bench.config["hidden"], np.int16)[tile.row_slice, tile.first_column]
    await host.write("INTERRUPT_ENABLE", window_done=1)
    for word in words(bits):
        await stretch(bench, [0, 0, 0, word])
        for sign in (-1, 1):
            took[word, sign] = await programmed(bench, tile, sign * levels)
        np.testing.assert_array_equal(await host.read_column(tile, 0), levels)
        await host.write("INTERRUPT_STATUS", window_done=1)
    _, even, odd = words(bits)
    for sign in (-1, 1):
        each, rest = divmod(took[even, sign] - took[0, sign], even)
        assert each > 0 and rest == 0, took
        assert took[odd, sign] == took[0, sign] + each * odd, took


async def programmed(bench: TimeoutBench, tile: Tile, levels: np.ndarray) -> int:
    """Program the first slice of a column; returns the cycles from the command's answer to the interrupt."""
    host = bench.host
    await host.write("INTERRUPT_STATUS", window_done=1)
    await host.cycles(2)
    assert not bench.stopped
    await host.begin_slice(tile, 0, 0, levels[tile.window_slices[0]])
    began = host.cycle()
    await RisingEdge(host.dut.irq)
    return host.cycle() - began


@cocotb.test()
async def limits(dut) -> None:
    """Each limit that covers what a tile takes stops nothing; each that is below half of it stops the core."""
    bench = await TimeoutBench.started(dut)
    host, design = bench.host, bench.design
    bits, index = host.registers["MACRO_TIMEOUT"].field("cycles").width, int(np.argmin(bench.lengths))
    takes = design.crossbar.adc_cycles
    for limit in range(1, takes // 2):
        await host.write("MACRO_TIMEOUT", cycles=limit)
        await host.start()
        bench.send(index)
        assert not await bench.finished([index]) and bench.stopped, f"a limit of {limit} stops nothing"
        await bench.recover("hidden_conversion", "readout_conversion")
        await host.halt()
    for limit in (*words(bits), *(1 << bit for bit in range(bits) if 1 << bit > takes)):
        await host.write("MACRO_TIMEOUT", cycles=limit)
        grown = await answered(bench, index)
        assert not bench.stopped and grown[Counter.SEQUENCES] == 1
    assert bench.causes["hidden_conversion"] > 0
