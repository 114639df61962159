"""cocotb: start the self-test through the registers and write down what it finds. Flow compares."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, with_timeout
from cocotb.utils import get_sim_time

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import SUM_BITS, columns_at_once, layer_folds
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.tb.crossbar.correction_host import write_corrections
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover

SLACK = 2
"""How many times longer than predicted a test may take."""


@cocotb.test()
async def find_defects(dut) -> None:
    """One self-test, or several one after the other; ``config`` says how many, the threshold, the offsets
    that are stored before, and where to write."""
    host, config = await CrossbarHost.started(dut), load_config()
    if config["offsets"]:
        hidden, readout = (np.array(each) for each in config["offsets"])
        await write_corrections(host, (hidden, readout))
    if config["spares"]:
        await host.use_spares(SpareMap(tuple(map(tuple, config["spares"]))))
    await host.write("SELF_TEST_THRESHOLD", sum=config["threshold"])
    await host.write("SELF_TEST_LEAST", sum=config["least"])
    await host.write("INTERRUPT_ENABLE", self_tested=1)
    runs = [await one_test(host, config["cycles"], weigh=not config["pulses"]) for _ in range(config["tests"])]
    Path(config["output"]).write_text(json.dumps({"runs": runs}), encoding="utf-8")


@cocotb.test()
async def refusals(dut) -> None:
    """While it runs, what needs the core halted is refused, and it does not start while a sequence may. Rule S1."""
    host, config = await CrossbarHost.started(dut), load_config()
    await host.write("INTERRUPT_ENABLE", self_tested=1)
    await host.expect("SELF_TEST_FINDING", defect=0)
    await host.start()
    await host.refused("SELF_TEST_CONTROL", start=1)
    await host.halt()
    await host.write("SELF_TEST_CONTROL", start=1)
    await host.expect("STATUS", self_testing=1, halted=1, window_busy=0)
    for name, fields in (
        ("SELF_TEST_CONTROL", {"start": 1}), ("SELF_TEST_THRESHOLD", {"sum": 1}), ("WINDOW_CONTROL", {"read": 1}),
    ):  # fmt: skip
        await host.refused(name, **fields)
    await host.write("CONTROL", soft_reset=1)
    await host.until("self_testing", 0, pause_cycles=5)
    await host.expect("INTERRUPT_STATUS", self_tested=0)
    cover("resets", kind="soft", phase="self_test")
    await one_test(host, config["cycles"])


async def one_test(host: CrossbarHost, cycles: int, weigh: bool = False) -> dict:
    """Start a test, wait for its interrupt, and read what it found."""
    done = RisingEdge(host.dut.irq)
    await host.write("SELF_TEST_CONTROL", start=1, weigh=int(weigh))
    began = get_sim_time("ns")
    await with_timeout(done, SLACK * cycles * host.period_ns, "ns")
    taken = round((get_sim_time("ns") - began) / host.period_ns)
    await host.expect("STATUS", self_testing=0)
    await host.expect("INTERRUPT_STATUS", self_tested=1)
    await host.write("INTERRUPT_STATUS", self_tested=1)
    status = await host.read("SELF_TEST_STATUS")
    counts = {**await host.read("SELF_TEST_COUNTS0"), **await host.read("SELF_TEST_COUNTS1")}
    counts |= await host.read("SELF_TEST_COUNTS2")
    findings = []
    for entry in range(status["findings"] + 1):
        await host.write("SELF_TEST_POINTER", entry=entry)
        word = await host.read_word(host.registers["SELF_TEST_FINDING"])
        findings += [word] if word else []
    cover("self_test", mode="weighs" if weigh else "whole")
    sums = [total async for total in column_sums(host)]
    return {"cycles": taken, "status": status, "counts": counts, "findings": findings, "sums": sums}


async def column_sums(host: CrossbarHost) -> AsyncIterator[int]:
    """The sums of all columns, row tile by row tile. Rules S10 and S12."""
    first, register = 0, host.registers["SELF_TEST_SUM"]
    for layer in Layer:
        layout, lanes = layer_layout(host.design, layer), columns_at_once(host.design, layer)
        for _ in range(layout.row_tiles):
            for column in range(layout.columns):
                await host.write("SELF_TEST_COLUMN", group=first + column // lanes, lane=column % lanes)
                word = await host.read_word(register)
                yield word - ((word >> SUM_BITS - 1) << SUM_BITS)
            first += layer_folds(host.design, layer)
