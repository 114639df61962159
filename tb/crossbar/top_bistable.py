"""cocotb: thresholds of bistable cells through the registers of the whole accelerator, and resets in flight."""

from __future__ import annotations

from random import Random

import cocotb
import numpy as np

from remora.spec.lib.packets import encode_packet
from remora.spec.lib.reset import HELD_CYCLES
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config


async def started(dut) -> tuple[CrossbarHost, dict]:
    """A host after reset, halted."""
    return await CrossbarHost.started(dut), load_config()


async def require(host: CrossbarHost, wanted) -> None:
    """All thresholds, read back."""
    np.testing.assert_array_equal(await host.read_thresholds(), wanted)


@cocotb.test()
async def round_trip(dut) -> None:
    """Images are what is read; new thresholds are read back; the pointer moves on; resets of either kind keep them."""
    host, config = await started(dut)
    await require(host, config["thresholds"])
    limit, units = host.design.threshold_limit, host.design.network.hidden
    drawn = np.random.default_rng(cocotb.RANDOM_SEED).integers(-limit, limit + 1, (2, units), np.int32)
    await host.write_thresholds(drawn)
    assert (await host.read("CELL_POINTER"))["unit"] == units
    await require(host, drawn)
    await host.write_thresholds(drawn[:, 3:4] * 0 + 7, first=3)
    drawn[:, 3] = 7
    await require(host, drawn)
    await host.write("CONTROL", soft_reset=1)
    await require(host, drawn)
    await host.reset()
    await require(host, drawn)
    beyond = np.array([[-(2**31)], [2**31 - 1]], np.int32)
    await host.write_thresholds(beyond)
    drawn[:, 0] = -limit, limit
    await require(host, drawn)
    await host.write_thresholds(np.array(config["thresholds"]))


@cocotb.test()
async def refusals(dut) -> None:
    """SLVERR, and nothing changed: while the core runs, while the window works, and for units that do not exist."""
    host, config = await started(dut)
    names = ("CELL_LOW", "CELL_HIGH")
    await host.write("CELL_POINTER", unit=2)
    await host.start()
    for name in names:
        await host.refused(name, value=1)
    await host.refused("CELL_POINTER", unit=1)
    await host.halt()
    await host.write("WINDOW_CONTROL", read=1)
    for name in names:
        await host.refused(name, value=1)
    await host.until("window_busy", 0, pause_cycles=50)
    for unit in (host.design.network.hidden, 65535):
        await host.write("CELL_POINTER", unit=unit)
        for name in names:
            await host.refused(name, value=1)
        assert (await host.read("CELL_POINTER"))["unit"] == unit
        assert [(await host.read(name))["value"] for name in names] == [0, 0]
    await require(host, config["thresholds"])


@cocotb.test()
async def in_flight(dut) -> None:
    """Phase after phase of sequences, all but the last cut by a reset at any cycle; the trace is compared outside."""
    host, config = await started(dut)
    random, features, lengths = Random(cocotb.RANDOM_SEED), np.array(config["features"]), config["lengths"]
    for phase in range(config["phases"]):
        for index, length in enumerate(lengths):
            host.source.send_nowait(encode_packet(features[index, :length], tag=index))
        await host.start()
        if phase == config["phases"] - 1:
            for _ in lengths:
                assert await host.answer(config["timeout_cycles"]) is not None, "an answer is missing after the resets"
        else:
            await host.cycles(random.randrange(20, config["longest_wait"]))
            host.source.clear()
            await host.reset(HELD_CYCLES + random.randrange(3))
            host.sink.clear()
