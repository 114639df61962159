"""cocotb: the weight window of the whole accelerator, and what is refused while sequences run."""

from __future__ import annotations

from random import Random

import cocotb
import numpy as np

from remora.golden.crossbar.weights import Weights, random_weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, all_tiles, layer_layout
from remora.spec.lib.packets import Answer, encode_packet
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config

WINDOW_REGISTERS = {
    "WINDOW_SELECT": {"column": 1},
    "WINDOW_POINTER": {"row": 4},
    "WINDOW_DATA": {"weight0": 1, "weight3": 2},
    "WINDOW_CONTROL": {"commit": 1},
    "WINDOW_DRIVE": {"planes": 1},
    "RESET_COEFFICIENT": {"value": 3},
    "UPDATE_COEFFICIENT": {"value": 5},
}
"""Registers that may be written while halted only, and what is tried."""


async def started(dut) -> tuple[CrossbarHost, DesignPoint, dict]:
    """A host after reset, halted."""
    host = await CrossbarHost.started(dut)
    return host, host.design, load_config()


def of_config(config: dict) -> Weights:
    """The weights that the memory images hold."""
    return Weights(np.array(config["hidden"], np.int16), np.array(config["readout"], np.int16))


async def require_weights(host: CrossbarHost, wanted: Weights) -> None:
    """Every device, read back through the window."""
    found = await host.read_weights()
    assert wanted.hidden.size and wanted.readout.size
    np.testing.assert_array_equal(found.hidden, wanted.hidden)
    np.testing.assert_array_equal(found.readout, wanted.readout)


@cocotb.test()
async def images_are_what_the_window_reads(dut) -> None:
    """Memory images load the very weights that the window shows."""
    host, _, config = await started(dut)
    await require_weights(host, of_config(config))


@cocotb.test()
async def round_trip(dut) -> None:
    """Program, verify, read back over all tiles, from devices that hold other weights; every pulse counts once."""
    host, design, config = await started(dut)
    old = of_config(config)
    for seed in (3, 4):
        weights, before = random_weights(design, seed), await host.counters()
        await host.program(weights)
        pulses = (await host.counters())[Counter.PULSES] - before[Counter.PULSES]
        # Canonical pairs: an erase takes a pulse a level of the old weight, a raise one a level of the new.
        assert pulses == sum(int(np.abs(each).sum()) for w in (old, weights) for each in (w.hidden, w.readout))
        await require_weights(host, weights)
        old = weights
    status = await host.read("INTERRUPT_STATUS")
    assert status["window_done"] and not status["window_failed"]
    await host.program(of_config(config))


@cocotb.test()
async def refused_while_running(dut) -> None:
    """Window and coefficients answer SLVERR while the core runs, and nothing changes."""
    host, _, config = await started(dut)
    before = {register: await host.read(register) for register in WINDOW_REGISTERS}
    await host.start()
    for register, fields in WINDOW_REGISTERS.items():
        await host.refused(register, **fields)
    await host.refused("WINDOW_CONTROL", read=1)
    await host.halt()
    assert (await host.read("WINDOW_POINTER"))["row"] == before["WINDOW_POINTER"]["row"] + 4, (
        "a read of the data moves on"
    )
    for register in WINDOW_REGISTERS.keys() - {"WINDOW_DATA", "WINDOW_POINTER"}:
        assert await host.read(register) == before[register], register
    assert not (await host.read("INTERRUPT_STATUS"))["window_done"]
    await require_weights(host, of_config(config))


@cocotb.test()
async def refused_while_busy(dut) -> None:
    """A command, and everything that it works on, is refused while another is at work."""
    host, _, config = await started(dut)
    await host.write("WINDOW_CONTROL", read=1)
    assert (await host.read("STATUS"))["window_busy"]
    for register, fields in WINDOW_REGISTERS.items():
        await host.refused(register, **fields)
    await host.until("window_busy", 0, pause_cycles=50)
    await require_weights(host, of_config(config))


@cocotb.test()
async def illegal_selections(dut) -> None:
    """Tiles, columns and slices that do not exist: no command, no pulse."""
    host, design, config = await started(dut)
    before, tried = await host.counters(), 0
    for layer in Layer:
        layout = layer_layout(design, layer)
        addresses = [(tile.index, tile.columns, 0) for tile in layout.tiles]
        addresses += [(tile.index, 0, len(tile.window_slices)) for tile in layout.tiles]
        addresses += [(len(layout.tiles), 0, 0), (255, 0, 0), (0, 1023, 0), (0, 0, 63)]
        for tile, column, part in addresses:
            await host.write("WINDOW_SELECT", layer=int(layer), tile=tile, column=column, slice=part)
            for command in ("commit", "read", "drive", "convert"):
                await host.refused("WINDOW_CONTROL", **{command: 1})
            tried += 1
    assert tried > 8
    assert (await host.counters())[Counter.PULSES] == before[Counter.PULSES]
    assert not (await host.read("INTERRUPT_STATUS"))["window_done"]
    await require_weights(host, of_config(config))


@cocotb.test()
async def out_of_range(dut) -> None:
    """Weights that no device can hold: counted row by row, interrupt raised, the device left at its end."""
    host, design, config = await started(dut)
    weights, limit, random = of_config(config), design.crossbar.weight_limit, Random(cocotb.RANDOM_SEED)
    await host.write("INTERRUPT_ENABLE", window_failed=1)
    for tile in all_tiles(design):
        column = random.randrange(tile.columns)
        levels = _column(weights, tile, column)
        asked = levels.copy()
        beyond = random.sample(range(tile.rows), random.randint(1, tile.rows))
        for row in beyond:
            asked[row] = random.choice((limit + 1, 127, -limit - 1, -128))
        assert await host.write_column(tile, column, asked) == len(beyond)
        status = await host.read("INTERRUPT_STATUS")
        assert status["window_done"] and status["window_failed"] and host.dut.irq.value
        np.testing.assert_array_equal(await host.read_column(tile, column), np.clip(asked, -limit, limit))
        await host.write("INTERRUPT_STATUS", window_done=1, window_failed=1)
        await host.cycles(2)
        assert not host.dut.irq.value
        await host.program_column(tile, column, levels)
    await require_weights(host, weights)


def _column(weights: Weights, tile: Tile, column: int) -> np.ndarray:
    layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
    return layer[tile.row_slice, tile.first_column + column].copy()


@cocotb.test()
async def halting_drains(dut) -> None:
    """Halt at any moment: the sequences in flight end, their answers leave; the others wait for the next start."""
    host, design, config = await started(dut)
    random = Random(cocotb.RANDOM_SEED)
    features, lengths = np.array(config["features"]), config["lengths"]
    answers: list[Answer] = []
    waited = 0
    for index, length in enumerate(lengths):
        host.source.send_nowait(encode_packet(features[index, :length], tag=index))
    while len(answers) < len(lengths):
        await host.start()
        await host.cycles(random.randrange(120))
        if blocked := random.random() < 0.3:
            host.sink.pause = True
            await host.cycles(300)
        await host.write("CONTROL", run=0)
        if blocked and (await host.read("STATUS"))["busy"]:
            await host.cycles(300)
            assert not (await host.read("STATUS"))["halted"], "halted before the answer left"
        host.sink.pause = False
        await host.halt()
        status, sequences = await host.read("STATUS"), (await host.counters())[Counter.SEQUENCES]
        assert status["halted"] and not status["busy"]
        while not host.sink.empty():
            answers.append(await host.answer())
        assert len(answers) == sequences, "halted with an answer on its way"
        await host.cycles(100)
        assert (await host.counters())[Counter.SEQUENCES] == sequences, "a sequence started while halted"
        waited += len(answers) < len(lengths)
    assert waited, "no halt found a sequence that waits"
    assert [answer.tag for answer in answers] == list(range(len(lengths)))
    assert [list(answer.scores) for answer in answers] == config["scores"]
