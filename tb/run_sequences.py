"""cocotb: program the weights, stream sequences, collect answers and counters. Started by ``flow.simulate``; compares nothing."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from time import perf_counter

import cocotb
import numpy as np
from cocotb.triggers import Event

from golden.weights import Weights
from spec.packets import encode_packet
from spec.presets import parse_design
from tb.config import load_config
from tb.host import Host

QUEUED = 2
"""Packets handed to the agent at once: it costs a wake-up each cycle while it has some, even when nothing moves."""


def stalls(seed: int, probability: float):
    """Endless pause pattern of a stream."""
    random = Random(seed)
    while True:
        yield random.random() < probability


@cocotb.test()
async def run_sequences(dut) -> None:
    """One run: ``config`` names the input and output files, the design point and the stalls."""
    config = load_config()
    design = parse_design(config["design"], "config")
    data = np.load(config["input"])
    host = Host(dut, design)
    await host.reset()
    began = perf_counter()
    if config["program"]:
        await host.program(Weights(data["hidden"], data["readout"]))
    await host.write("RESET_COEFFICIENT", value=config["reset_coefficient"])
    await host.write("UPDATE_COEFFICIENT", value=config["update_coefficient"])
    programmed = perf_counter()
    if config["stall"]:
        host.source.set_pause_generator(stalls(config["seed"], config["stall"]))
        host.sink.set_pause_generator(stalls(config["seed"] + 1, config["stall"]))

    before = await host.counters()
    await host.start()
    streamed = perf_counter()
    answers = await _stream(host, data)
    ended = perf_counter()
    after = await host.counters()
    seconds = {"program": programmed - began, "stream": ended - streamed}
    _save(Path(config["output"]), answers, {counter.name: after[counter] - before[counter] for counter in after}, seconds)


async def _stream(host: Host, data) -> list:
    features, lengths, labels, tags = (data[name] for name in ("features", "lengths", "labels", "tags"))
    answered = Event()
    answers = []

    async def feed() -> None:
        for index, length in enumerate(lengths):
            while index >= len(answers) + QUEUED:
                answered.clear()
                await answered.wait()
            host.source.send_nowait(encode_packet(features[index, :length], tag=int(tags[index]), label=int(labels[index])))

    feeder = cocotb.start_soon(feed())
    for _ in lengths:
        answers.append(await host.answer())
        answered.set()
    await feeder
    return answers


def _save(path: Path, answers: list, counters: dict[str, int], seconds: dict[str, float]) -> None:
    np.savez(
        path,
        tag=[answer.tag for answer in answers],
        flags=[int(answer.flags) for answer in answers],
        decision=[answer.decision for answer in answers],
        scores=[answer.scores for answer in answers],
    )
    path.with_suffix(".json").write_text(json.dumps({"counters": counters, "seconds": seconds}), encoding="utf-8")
