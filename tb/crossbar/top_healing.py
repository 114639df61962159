"""cocotb: healing replays among packets: asked for, stopped, resumed, by the policy, and cut by soft resets. What the
registers then tell is written down. Started by test_healing_phases.py."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from remora.golden.learning.checkpoint import save_checkpoint
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.checkpoint_host import restore_checkpoint, write_settings
from remora.tb.crossbar.checkpoint_host import save_checkpoint as read_checkpoint
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.crossbar.top_resets import rows
from remora.tb.lib.config import load_config

NAMES = ("UPDATES", "PRESENTED", "FILLED", "HEAL_COUNT", "RESERVOIR_ACCURACY")
MANY = 1_000_000
QUIET = 3
"""Readings of STATUS in a row after which nothing is left to be done."""


class Phases:
    """Phase after phase of packets and healing replays.

    Attributes:
        next: index of the sequence that is handed over next.
    """

    def __init__(self, host: CrossbarHost, config: dict) -> None:
        self.host, self.config, self.random = host, config, Random(f"{cocotb.RANDOM_SEED}")
        data = np.load(config["input"])
        self.features, self.lengths, self.labels = (data[name] for name in ("features", "lengths", "labels"))
        self.next = 0
        self.arrivals: list[int] = []

    async def run(self) -> list[dict[str, Any]]:
        """All phases; what each of them was told, and told."""
        host, phases = self.host, []
        await write_settings(host, LearningSettings(**self.config["settings"]))
        await host.write("INTERRUPT_ENABLE", healed=1)
        cocotb.start_soon(self._watch_arrivals())
        for kind in self.config["phases"]:
            phases.append(await self._phase(kind))
        return phases

    async def _watch_arrivals(self) -> None:
        """Cycles in which the last beat of a packet was taken."""
        dut = self.host.dut
        while True:
            await RisingEdge(dut.aclk)
            if int(dut.s_axis_tvalid.value) and int(dut.s_axis_tready.value) and int(dut.s_axis_tlast.value):
                self.arrivals.append(self.host.cycle())

    async def _phase(self, kind: str) -> dict[str, Any]:
        """``kind``: words of which ``policy`` brings the accuracy near the thresholds before, ``packets`` sends some at
        random moments, ``ask`` asks for replays and ``resume`` for those left, ``stop`` stops them with HEAL_CONTROL
        and ``zero`` with HEAL_COUNT, and ``reset`` ends the phase with a soft reset, ``cut`` during an update."""
        host, random = self.host, self.random
        words = kind.split()
        phase: dict[str, Any] = {
            "kind": kind, "first": self.next, "cycle": host.cycle(), "asked": None, "resumed": 0,
        }  # fmt: skip
        self.arrivals.clear()
        phase["accuracy"] = self.config["near" if "policy" in words else "far"]
        await host.write("RESERVOIR_ACCURACY", value=phase["accuracy"])
        await host.write("INTERRUPT_STATUS", healed=1)
        if "ask" in words:
            endless = {"stop", "zero", "reset", "cut"} & set(words)
            phase["asked"] = MANY if endless else random.randint(1, 6)
            await host.write("HEAL_COUNT", value=phase["asked"])
        if "resume" in words:
            phase["resumed"] = 1
            await host.write("HEAL_CONTROL", run=1)
        await host.start()
        replay = self.config["replay_cycles"]
        packets = random.randint(2, 4) if "packets" in words else 0
        for _ in range(packets):
            await host.cycles(random.randrange(2 * replay))
            self.send(bool({"reset", "cut"} & set(words)))
        if {"stop", "zero"} & set(words):
            await host.cycles(random.randrange(3 * replay))
            await (host.write("HEAL_CONTROL", run=0) if "stop" in words else host.write("HEAL_COUNT", value=0))
        if {"reset", "cut"} & set(words):
            await self._reset("cut" in words, (packets + 4) * replay)
        else:
            await self.settle(replay * (8 + 4 * packets))
        return phase | await self._told(packets)

    def send(self, learns: bool) -> None:
        """The next sequence; those of a phase that is cut, and the first two, are learnt."""
        index = self.next
        flags = Flag.LEARN | (Flag.INFER if self.random.random() < 0.7 else Flag(0))
        if self.random.random() < 0.3 and not learns and index > 1:
            flags = Flag.INFER
        tag = 1 + index % 255
        packet = encode_packet(
            self.features[index, : self.lengths[index]], tag=tag, label=int(self.labels[index]),
            flags=flags,
        )  # fmt: skip
        self.config["flags"].append(int(flags))
        self.host.source.send_nowait(packet)
        self.next += 1

    async def settle(self, cycles: int) -> None:
        """Everything has ended: packets, replays, healing."""
        host = self.host
        await host.source.wait()
        quiet = 0
        for _ in range(400):
            status = await host.read("STATUS")
            # A packet is neither in the core nor on the stream while it is checked.
            quiet = 0 if status["busy"] or status["healing"] else quiet + 1
            if quiet == QUIET:
                break
            await host.cycles(max(1, cycles // 40))
        else:
            raise AssertionError(f"healing has not ended: {await host.read('HEAL_CONTROL')}")
        await host.halt()

    async def _reset(self, cut: bool, cycles: int) -> None:
        """A soft reset at a random cycle, or when an update of a healing replay is at work on its columns."""
        host, random = self.host, self.random
        if cut:
            await host.source.wait()
            committed = random.randrange(host.design.network.hidden + host.design.network.classes - 1)
            began = host.cycle()
            while host.cycle() < began + 20 * cycles:
                progress, healing = await host.read("LEARN_PROGRESS"), await host.read("HEAL_CONTROL")
                if progress["updating"] and progress["columns"] >= committed and healing["run"]:
                    break
            await host.cycles(random.randrange(30))
        else:
            await host.cycles(random.randrange(cycles))
        host.source.clear()
        await host.write("CONTROL", run=0, soft_reset=1)
        await host.source.wait()
        # Forgets the packet, if any, that the sender had begun only after the first.
        await host.write("CONTROL", run=0, soft_reset=1)
        await host.until("busy", 0, pause_cycles=20)
        await host.until("halted", 1, pause_cycles=20)

    async def _told(self, packets: int) -> dict[str, Any]:
        host = self.host
        answers = []
        while not host.sink.empty():
            answers.append(rows(await host.parts() or ()))
        found: dict[str, Any] = {name.lower(): (await host.read(name))["value"] for name in NAMES}
        found |= {"answers": answers, "handed": packets, "end": host.cycle(), "arrivals": list(self.arrivals)}
        found["control"], found["progress"] = await host.read("HEAL_CONTROL"), await host.read("LEARN_PROGRESS")
        found["status"], found["pin"] = await host.read("STATUS"), int(host.dut.irq.value)
        found["healed"] = (await host.read("INTERRUPT_STATUS"))["healed"]
        return found


@cocotb.test()
async def heal_in_phases(dut) -> None:
    """Everything, and at the end the counters and all that is learnt."""
    host, config = await CrossbarHost.started(dut), load_config()
    config["flags"] = []
    phases = await Phases(host, config).run()
    counters = await host.counters()
    checkpoint = await read_checkpoint(host)
    result = {
        "phases": phases, "flags": config["flags"],
        "counters": {counter.name: counters[counter] for counter in Counter if counter in counters},
    }  # fmt: skip
    Path(config["output"]).write_text(json.dumps(result), encoding="utf-8")
    save_checkpoint(config["checkpoint"], host.design, checkpoint)


@cocotb.test()
async def healing_is_restored(dut) -> None:
    """Saved while replays are asked for and the core is halted, and restored after a reset of the pin: the rest of them
    is replayed as soon as the core runs."""
    host, config = await CrossbarHost.started(dut), load_config()
    config["flags"] = []
    phases = Phases(host, config)
    await write_settings(host, LearningSettings(**config["settings"]))
    await host.start()
    for _ in range(config["sequences"]):
        phases.send(True)
    await phases.settle(20 * config["replay_cycles"])
    await host.write("HEAL_COUNT", value=config["heal"])
    await host.cycles(2 * config["replay_cycles"])
    assert (await host.read("STATUS"))["healing"] and (await host.read("STATUS"))["halted"]
    saved = await read_checkpoint(host)
    save_checkpoint(config["saved"], host.design, saved)
    await host.reset()
    await restore_checkpoint(host, saved)
    save_checkpoint(config["restored"], host.design, await read_checkpoint(host))
    await host.start()
    await phases.settle(20 * config["replay_cycles"])
    assert (await host.read("INTERRUPT_STATUS"))["healed"]
    save_checkpoint(config["healed"], host.design, await read_checkpoint(host))
