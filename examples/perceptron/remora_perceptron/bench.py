"""The test bench, which runs in the simulator: sends the packets, and writes down the answers."""

from __future__ import annotations

import json
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from remora.spec.lib.packets import decode_answer
from remora.spec.lib.reset import HELD_CYCLES, LATENCY_CYCLES
from remora.tb.lib.config import load_config
from remora.tb.lib.recording import Phase, record


@cocotb.test()
async def run_vectors(dut) -> None:
    """Send each packet of the configuration, and await as many answers."""
    config = load_config()
    packets = [bytes.fromhex(packet) for packet in config["packets"]]
    cocotb.start_soon(Clock(dut.aclk, 10, unit="ns").start())
    for name in ("awvalid", "wvalid", "bready", "arvalid", "rready"):
        getattr(dut, f"s_axil_{name}").value = 0
    dut.aresetn.value = 0
    source, sink = (
        agent(AxiStreamBus.from_prefix(dut, prefix), dut.aclk, dut.aresetn, reset_active_level=False)
        for agent, prefix in ((AxiStreamSource, "s_axis"), (AxiStreamSink, "m_axis"))
    )
    await ClockCycles(dut.aclk, HELD_CYCLES)
    dut.aresetn.value = 1
    record(dut, config, Phase.HALTED)
    await ClockCycles(dut.aclk, LATENCY_CYCLES)
    record(dut, config, Phase.STREAM)
    answers = []
    for packet in packets:
        await source.send(packet)
    for _ in packets:
        frame = await with_timeout(sink.recv(), 1, "ms")
        answer = decode_answer(bytes(frame.tdata))
        answers.append([answer.tag, answer.decision, int(answer.flags), answer.last, *answer.scores])
    record(dut, config, Phase.NOTHING)
    report = {"answers": answers, "counters": {}, "seconds": {}}
    Path(config["output"]).write_text(json.dumps(report), encoding="utf-8")
