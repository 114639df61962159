"""cocotb: calibrate offsets through the registers and write down what the hardware holds. Flow compares."""

from __future__ import annotations

import json
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, with_timeout
from cocotb.utils import get_sim_time

from remora.spec.crossbar.correction.plan import bias_bits
from remora.spec.crossbar.layout import Layer
from remora.tb.crossbar.correction_host import read_biases, read_corrections, write_biases, write_corrections
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover

SLACK = 2
"""How many times longer than predicted a calibration may take."""


@cocotb.test()
async def calibrate(dut) -> None:
    """Calibrations one after the other; ``config`` says how many, the cycles that one takes, and where to write."""
    host, config = await CrossbarHost.started(dut), load_config()
    await host.write("INTERRUPT_ENABLE", calibrated=1)
    runs = [await one_calibration(host, config["cycles"]) for _ in range(config["runs"])]
    Path(config["output"]).write_text(json.dumps({"runs": runs}), encoding="utf-8")


@cocotb.test()
async def refusals_and_resets(dut) -> None:
    """While it runs the rest is refused; a soft reset ends it and keeps what is stored, the pin clears it.

    Of a design with digital biases too. Rules K3 and K7.
    """
    host, config = await CrossbarHost.started(dut), load_config()
    limit, network = host.design.formats.adc_limit, host.design.network
    await host.write("INTERRUPT_ENABLE", calibrated=1)
    await host.start()
    await host.refused("CALIBRATION_CONTROL", start=1)
    await host.refused("CORRECTION", offset=1)
    await host.halt()
    mine = [np.arange(count) % (2 * limit + 1) - limit for count in (network.hidden, network.classes)]
    await write_corrections(host, (mine[0], mine[1]))
    assert same(await read_corrections(host), mine)
    biases = [np.arange(each.size) - 2 for each in mine]
    # Of a word that holds a weight the least is beyond ±E.
    least = -1 << bias_bits(host.design) - 1
    beyond = [np.full(each.size, least) for each in mine]
    await write_biases(host, (beyond[0], beyond[1]))
    assert same(await read_biases(host), [np.full(each.size, -host.design.crossbar.weight_limit) for each in mine])
    await write_biases(host, (biases[0], biases[1]))
    await host.write("CORRECTION_POINTER", layer=Layer.READOUT, column=network.classes)
    await host.expect("CORRECTION", offset=0)
    await host.write("CALIBRATION_CONTROL", start=1)
    await host.expect("STATUS", calibrating=1, halted=1, window_busy=0)
    for name, fields in (
        ("CALIBRATION_CONTROL", {"start": 1}), ("CORRECTION", {"offset": 1}), ("WINDOW_CONTROL", {"read": 1}),
    ):  # fmt: skip
        await host.refused(name, **fields)
    await host.write("CONTROL", soft_reset=1)
    await host.until("calibrating", 0, pause_cycles=5)
    await host.expect("INTERRUPT_STATUS", calibrated=0)
    cover("resets", kind="soft", phase="calibration")
    # The readout comes last, so that nothing of it is measured yet.
    assert same((await read_corrections(host))[1:], mine[1:])
    assert same(await read_biases(host), biases)
    await one_calibration(host, config["cycles"])
    assert same(await read_biases(host), biases)
    await host.reset()
    assert not any(each.any() for each in (*await read_corrections(host), *await read_biases(host)))


def same(found, wanted) -> bool:
    """Every offset is the one that is wanted."""
    return all(np.array_equal(*pair) for pair in zip(found, wanted, strict=True))


async def one_calibration(host: CrossbarHost, cycles: int) -> dict:
    """Start one, wait for its interrupt, and read what is stored."""
    done = RisingEdge(host.dut.irq)
    await host.write("CALIBRATION_CONTROL", start=1)
    began = get_sim_time("ns")
    await with_timeout(done, SLACK * cycles * host.period_ns, "ns")
    taken = round((get_sim_time("ns") - began) / host.period_ns)
    await host.expect("STATUS", calibrating=0)
    await host.expect("INTERRUPT_STATUS", calibrated=1)
    await host.write("INTERRUPT_STATUS", calibrated=1)
    offsets = await read_corrections(host)
    for layer, found in zip(Layer, offsets, strict=True):
        for sign in np.unique(np.sign(found)).tolist():
            cover("calibration", layer=layer, offset=sign)
    return {"cycles": taken, "offsets": [each.tolist() for each in offsets]}
