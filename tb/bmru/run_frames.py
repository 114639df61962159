"""cocotb: load codes, play or send frames, collect answers and counters. Compares nothing: that is for flow."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import cocotb
import numpy as np
from cocotbext.axi import AxiStreamFrame

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import AnalogCodes
from remora.spec.bmru.counters import AnalogCounter
from remora.spec.bmru.frames import RUN_EVENTS, FrameDrop
from remora.spec.bmru.scan import check_word
from remora.spec.lib.packets import Answer
from remora.tb.bmru.host import AnalogHost
from remora.tb.crossbar.run_sequences import DRAIN_CYCLES, READBACKS, coy_stalls, stalls
from remora.tb.lib.config import load_config

QUEUED = 4
"""Packets handed to the agent at once."""
SETTLED = (AnalogCounter.FRAMES, *(AnalogCounter[f"DROPPED_{drop.name}"] for drop in FrameDrop))
"""Counters that together count every packet."""


@cocotb.test()
async def run_frames(dut) -> None:
    """One run: ``config`` names the input and output files, the design point, the settings and the stalls."""
    config = load_config()
    host = await AnalogHost.started(dut)
    design = host.design
    began = perf_counter()
    codes = AnalogCodes(design, dict(np.load(config["codes"])))
    refused = await _refused_load(host, codes)
    await host.program_codes(codes)
    await host.configure(VoteSettings(**config["settings"]), config["period"])
    await host.write("INTERRUPT_ENABLE", **dict.fromkeys(RUN_EVENTS, 1))
    programmed = perf_counter()
    if config["stall"]:
        host.source.set_pause_generator(stalls(config["seed"], config["stall"]))
        host.sink.set_pause_generator(coy_stalls(dut, config["seed"] + 1, config["stall"]))

    before = await host.counters()
    await host.start()
    # The core runs from the cycle in which the write is answered.
    run_cycle = host.cycle()
    streamed = perf_counter()
    if config["stall"]:
        cocotb.start_soon(_feed(host, json.loads(Path(config["packets"]).read_text(encoding="utf-8"))))
    else:
        host.play()
    answers = await _collect(host, config)
    await _until_settled(host, before, config)
    ended = perf_counter()
    after = await host.counters()
    await host.halt()
    await host.cycles(DRAIN_CYCLES)
    assert host.sink.empty() and not dut.m_axis_tvalid.value, "an answer came that no packet asked for"
    result = {
        "counters": {counter.name: after[counter] - before[counter] for counter in after},
        "awake": await host.read("AWAKE"),
        "interrupts": await _interrupts(host),
        "codes": (await host.read_back()).hex(),
        "refused": refused,
        "run_cycle": run_cycle,
        "seconds": {"program": programmed - began, "stream": ended - streamed},
        "answers": [[a.tag, a.decision, int(a.flags), *a.scores] for a in answers],
    }
    Path(config["output"]).write_text(json.dumps(result), encoding="utf-8")


async def _refused_load(host: AnalogHost, codes: AnalogCodes) -> dict[str, int]:
    """A load with a wrong check word, and what the scan window and STATUS say of it."""
    status = await host.load(codes, check=check_word(codes.chain()) ^ 1)
    return {**status, "programmed": (await host.read("STATUS"))["programmed"]}


async def _feed(host: AnalogHost, packets: list) -> None:
    for data, keep in packets:
        while host.source.count() >= QUEUED:
            await host.cycles(8)
        host.source.send_nowait(AxiStreamFrame(bytes.fromhex(data), tkeep=keep))


async def _collect(host: AnalogHost, config: dict) -> list[Answer]:
    answers = []
    classes = host.design.network.classes
    for index in range(config["answers"]):
        answer = await host.answer(config["timeout_cycles"])
        assert answer is not None, f"no answer number {index} within {config['timeout_cycles']} cycles"
        scores = len(answer.scores)
        assert scores == classes, f"answer number {index} has {scores} scores"
        answers.append(answer)
    return answers


async def _until_settled(host: AnalogHost, before: dict, config: dict) -> None:
    """Wait until every packet was sampled or dropped."""
    for _ in range(READBACKS):
        counters = await host.counters()
        found = sum(counters[counter] - before[counter] for counter in SETTLED)
        if found >= config["settled"]:
            return
        await host.cycles(-(-config["timeout_cycles"] // READBACKS))
    late = f"{config['timeout_cycles']} cycles after the last answer"
    raise AssertionError(f"{found} of {config['settled']} packets are accounted for, {late}")


async def _interrupts(host: AnalogHost) -> dict[str, int]:
    """Pending events by name, and the pin; then both again after writing 1 to all of them."""
    pending, pin = await host.read("INTERRUPT_STATUS"), int(host.dut.irq.value)
    await host.write("INTERRUPT_STATUS", **dict.fromkeys(pending, 1))
    await host.cycles(2)
    left = await host.read("INTERRUPT_STATUS")
    return {**pending, "pin": pin, "events_left": sum(left.values()), "pin_left": int(host.dut.irq.value)}
