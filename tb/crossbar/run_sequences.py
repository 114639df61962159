"""cocotb: program the weights, stream sequences, collect answers and counters. Compares nothing: that is for flow."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from time import perf_counter

import cocotb
import numpy as np
from cocotb.triggers import Event
from cocotbext.axi import AxiStreamFrame

from remora.golden.crossbar.weights import Weights
from remora.golden.learning.checkpoint import save_checkpoint
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import Answer, Drop, Flag, encode_packet
from remora.spec.presets import parse_design
from remora.tb.crossbar.checkpoint_host import save_checkpoint as read_checkpoint
from remora.tb.lib.config import load_config
from remora.tb.lib.host import Host

QUEUED = 2
"""Packets handed to the agent at once: it costs a wake-up each cycle while it has some, even when nothing moves."""


def stalls(seed: int, probability: float):
    """Endless pause pattern of a stream."""
    random = Random(seed)
    while True:
        yield random.random() < probability


def coy_stalls(dut, seed: int, probability: float):
    """Pause pattern of a receiver that is never ready before something is offered: a sender must not wait for it."""
    return (pause or not dut.m_axis_tvalid.value for pause in stalls(seed, probability))


READBACKS = 64
"""How often the counter of learnt sequences is looked at before it counts as stuck."""
DRAIN_CYCLES = 64
"""Time after the last answer in which no further one may come."""


@cocotb.test()
async def run_sequences(dut) -> None:
    """One run: ``config`` names the input and output files, the design point, the bad packets and the stalls."""
    config = load_config()
    design = parse_design(config["design"], "config")
    data = np.load(config["input"])
    host = Host(dut, design)
    await host.reset()
    began = perf_counter()
    if config["program"]:
        await host.program(Weights(data["hidden"], data["readout"], data.get("thresholds")))
    if not design.capabilities.bistable:
        await host.write("RESET_COEFFICIENT", value=config["reset_coefficient"])
        await host.write("UPDATE_COEFFICIENT", value=config["update_coefficient"])
    await host.write("INTERRUPT_ENABLE", **{f"dropped_{drop.name.lower()}": 1 for drop in Drop})
    programmed = perf_counter()
    if config["stall"]:
        host.source.set_pause_generator(stalls(config["seed"], config["stall"]))
        host.sink.set_pause_generator(coy_stalls(dut, config["seed"] + 1, config["stall"]))

    before = await host.counters()
    await host.start()
    streamed = perf_counter()
    answers = await _stream(host, design, data, config, before)
    if config["learnt"]:
        # Learning goes on after the last answer, if there is one.
        await _until_learnt(host, before[Counter.LEARNED] + config["learnt"], config["timeout_cycles"])
        # And so do replays after learning.
        await _until_idle(host, config["timeout_cycles"])
    ended = perf_counter()
    after = await host.counters()
    await host.halt()
    await host.cycles(DRAIN_CYCLES)
    assert host.sink.empty() and not dut.m_axis_tvalid.value, "an answer came that no packet asked for"
    seconds = {"program": programmed - began, "stream": ended - streamed}
    counters = {counter.name: after[counter] - before[counter] for counter in after}
    if config["learnt"]:
        await _read_back(host, config, len(data["lengths"]))
    result = {
        "counters": counters,
        "interrupts": await _interrupts(host),
        "seconds": seconds,
        "answers": [[a.tag, a.decision, int(a.flags), *a.scores] for a in answers],
    }
    Path(config["output"]).write_text(json.dumps(result), encoding="utf-8")


async def _read_back(host: Host, config: dict, index: int) -> None:
    """All that is learnt before sequence ``index``, into a file; the core is halted."""
    save_checkpoint(Path(config["readbacks"][str(index)]), host.design, await read_checkpoint(host))


async def _stream(host: Host, design: DesignPoint, data, config: dict, before: dict[Counter, int]) -> list[Answer]:
    features, lengths, labels, tags, flags = (data[name] for name in ("features", "lengths", "labels", "tags", "flags"))
    expected = [index for index in range(len(lengths)) if flags[index] & Flag.INFER]
    # Stalls and bad packets are of 32-bit beats; without any, wide beats make the same traffic at a fraction of the
    # cost.
    source = host.source if config["stall"] or config["bad"] else host.bulk
    answered = Event()
    answers: list[Answer] = []
    commands = {command["before"]: command for command in config["commands"]}

    async def pause(index: int, sent: int) -> None:
        """Read back, or command the reservoir, once everything before a sequence is done."""
        while len(answers) < sent:
            answered.clear()
            await answered.wait()
        learnt = int((flags[:index] & Flag.LEARN != 0).sum())
        await _until_learnt(host, before[Counter.LEARNED] + learnt, config["timeout_cycles"])
        await host.halt()
        if str(index) in config["readbacks"]:
            await _read_back(host, config, index)
        if command := commands.get(index):
            await host.write("REPLAY_RATIO", value=command["ratio"])
            await host.write("REPLAY_CONTROL", freeze=int(command["freeze"]), clear=int(command["clear"]))
        await host.start()

    async def feed() -> None:
        sent = 0
        for index, length in enumerate(lengths):
            if index in commands or str(index) in config["readbacks"]:
                await pause(index, sent)
            while sent >= len(answers) + QUEUED:
                answered.clear()
                await answered.wait()
            sent += index in expected
            for bad in config["bad"]:
                if bad["before"] == index:
                    source.send_nowait(AxiStreamFrame(bytes.fromhex(bad["data"]), tkeep=bad["keep"]))
            label = None if labels[index] < 0 else int(labels[index])
            asked = Flag(int(flags[index]))
            source.send_nowait(encode_packet(features[index, :length], tag=int(tags[index]), label=label, flags=asked))

    feeder = cocotb.start_soon(feed())
    for index in expected:
        answer = await host.answer(config["timeout_cycles"])
        assert answer is not None, f"no answer number {index} within {config['timeout_cycles']} cycles"
        scores = len(answer.scores)
        assert scores == design.network.classes, f"answer number {index} has {scores} scores"
        answers.append(answer)
        answered.set()
    await feeder
    return answers


async def _until_learnt(host: Host, learned: int, timeout_cycles: int) -> None:
    """Wait until the counter of learnt sequences says so."""
    for _ in range(READBACKS):
        found = (await host.counters())[Counter.LEARNED]
        if found == learned:
            return
        await host.cycles(-(-timeout_cycles // READBACKS))
    raise AssertionError(f"{found} sequences learnt, not {learned}, {timeout_cycles} cycles after the last answer")


async def _until_idle(host: Host, timeout_cycles: int) -> None:
    """Wait until no sequence is in flight."""
    for _ in range(READBACKS):
        if not (await host.read("STATUS"))["busy"]:
            return
        await host.cycles(-(-timeout_cycles // READBACKS))
    raise AssertionError(f"a sequence is still in flight {timeout_cycles} cycles after the last was learnt")


async def _interrupts(host: Host) -> dict[str, int]:
    """Pending events by name, and the pin; then both again after writing 1 to all of them."""
    pending, pin = await host.read("INTERRUPT_STATUS"), int(host.dut.irq.value)
    await host.write("INTERRUPT_STATUS", **dict.fromkeys(pending, 1))
    await host.cycles(2)
    left = await host.read("INTERRUPT_STATUS")
    return {**pending, "pin": pin, "events_left": sum(left.values()), "pin_left": int(host.dut.irq.value)}
