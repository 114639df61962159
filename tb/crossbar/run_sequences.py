"""cocotb: program the weights, stream sequences, collect answers and counters. Compares nothing: that is for flow."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import Event
from cocotbext.axi import AxiStreamFrame

from remora.golden.crossbar.weights import Weights
from remora.golden.learning.checkpoint import save_checkpoint
from remora.spec.crossbar.counters import PROGRAMMING_COUNTERS, Counter
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.lib.files import replacing
from remora.spec.lib.packets import Answer, Drop, Flag, encode_packet
from remora.tb.crossbar.checkpoint_host import save_checkpoint as read_checkpoint
from remora.tb.crossbar.checkpoint_host import write_faults
from remora.tb.crossbar.correction_host import write_biases, write_corrections
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config
from remora.tb.lib.host_run import HostRun

QUEUED = 2
"""Packets handed to the agent at once, for each context: one that is in it, one that waits or whose answer does. The
agent costs a wake-up each cycle while it has some, even when nothing moves."""


@cocotb.test()
async def run_sequences(dut) -> None:
    """One run: ``config`` names the input and output files, the design point, the bad packets and the stalls."""
    await SequenceRun(await CrossbarHost.started(dut), load_config()).run()


class SequenceRun(HostRun[CrossbarHost]):
    """Sequences through the accelerator, with bad packets among them, commands to the reservoir and readback points."""

    def __init__(self, host: CrossbarHost, config: dict) -> None:
        super().__init__(host, config)
        self.data = dict(np.load(config["input"]))
        host.script_path = Path(config["registers"]) if self.plays else None
        self.answers: list[Answer] = []
        self.received = 0  # answers, whole
        self.answered = Event()
        self.commands = {command["before"]: command for command in config["commands"]}

    async def program(self) -> None:
        """See the base."""
        host, config, data = self.host, self.config, self.data
        if config["spares"]:
            await host.use_spares(SpareMap(tuple(map(tuple, config["spares"]))))
        if config["program"]:
            await host.program(Weights(data["hidden"], data["readout"], data.get("thresholds")))
        if "hidden_faults" in data:
            await write_faults(host, (data["hidden_faults"], data["readout_faults"]))
        if "hidden_offsets" in data:
            await write_corrections(host, (data["hidden_offsets"], data["readout_offsets"]))
        if "hidden_biases" in data:
            await write_biases(host, (data["hidden_biases"], data["readout_biases"]))
        if config["programmed"]:
            ended = await host.program_devices(Weights(data["hidden"], data["readout"]))
            counters = await host.counters()
            with replacing(Path(config["programmed"])) as partial:
                counted = np.array([counters[counter] for counter in PROGRAMMING_COUNTERS])
                np.savez(partial, allow_pickle=False, ended=ended, counters=counted)
        for name, value in config["coefficients"].items():
            await host.write(name, value=value)
        await host.write("INTERRUPT_ENABLE", **{f"dropped_{drop.name.lower()}": 1 for drop in Drop})

    async def stream(self) -> list[Answer]:
        """See the base."""
        if self.plays:
            await self._play()
        else:
            await self._send()
        if self.config["learnt"]:
            # Learning goes on after the last answer, if there is one.
            await self._until_learnt(self.config["learnt"])
            # And so do replays after learning.
            late = f"{self.config['timeout_cycles']} cycles after the last was learnt"
            await self.until(self._busy, lambda busy: not busy, f"a sequence is still in flight {late}")
            await self._heal(self.config["heal"])
        return self.answers

    async def finish(self) -> dict:
        """See the base; all that is learnt goes into a file, and what the window reads of real devices."""
        end = len(self.data["lengths"])
        if self.config["learnt"]:
            await self._read_back(end)
        else:
            await self._read_window(end)
        return {}

    async def _play(self) -> None:
        """Everything by player and recorder; they wait wherever something comes between two sequences."""
        answered = np.cumsum(self.data["flags"] & Flag.INFER != 0)
        end = len(answered)
        for first, last in pairwise(sorted({0, *self._pauses(), end})):
            if first in self._pauses():
                await self._pause(first)
            self.host.play()
            await self.until_recorded(int(answered[last - 1]))
        self.answers = self.recorded_answers()

    def _pauses(self) -> set[int]:
        """Indices of the sequences that something else precedes."""
        readbacks = {int(index) for index in self.config["readbacks"]}
        return {*self.commands, *readbacks} - {len(self.data["lengths"])}

    async def _send(self) -> None:
        """Everything by the agents."""
        flags = self.data["flags"]
        expected = [index for index in range(len(flags)) if flags[index] & Flag.INFER]
        feeder = cocotb.start_soon(self._feed(set(expected)))
        for index in expected:
            self.answers += await self.answer(index)
            self.received += 1
            self.answered.set()
        await feeder

    async def _feed(self, expected: set[int]) -> None:
        names = ("features", "lengths", "labels", "tags", "flags")
        features, lengths, labels, tags, flags = (self.data[name] for name in names)
        sent = 0
        for index, length in enumerate(lengths):
            if index in self._pauses():
                while self.received < sent:
                    self.answered.clear()
                    await self.answered.wait()
                await self._pause(index)
            while sent >= self.received + QUEUED * self.host.design.system.contexts:
                self.answered.clear()
                await self.answered.wait()
            sent += index in expected
            for bad in self.config["bad"]:
                if bad["before"] == index:
                    self.host.source.send_nowait(AxiStreamFrame(bytes.fromhex(bad["data"]), tkeep=bad["keep"]))
            label = None if labels[index] < 0 else int(labels[index])
            asked = Flag(int(flags[index]))
            packet = encode_packet(features[index, :length], tag=int(tags[index]), label=label, flags=asked)
            self.host.source.send_nowait(packet)

    async def _pause(self, index: int) -> None:
        """Read back, or command the reservoir, once everything before a sequence is learnt; answered it is already."""
        host = self.host
        await self._until_learnt(int((self.data["flags"][:index] & Flag.LEARN != 0).sum()))
        await host.halt()
        if str(index) in self.config["readbacks"]:
            await self._read_back(index)
        if command := self.commands.get(index):
            await host.write("REPLAY_RATIO", value=command["ratio"])
            await host.write("REPLAY_CONTROL", freeze=int(command["freeze"]), clear=int(command["clear"]))
        await host.start()
        if command:
            await self._heal(command["heal"])

    async def _heal(self, count: int) -> None:
        """Ask for healing replays, unless the reservoir is empty, and wait until they have ended."""
        if not count or not (await self.host.read("FILLED"))["value"]:
            return
        await self.host.write("HEAL_COUNT", value=count)
        cycles = (count + 1) * self.config["replay_cycles"]
        late = f"healing has not ended within {cycles} cycles"
        await self.until(self._healing, lambda healing: not healing, late, cycles)

    async def _healing(self) -> int:
        return (await self.host.read("STATUS"))["healing"]

    async def _read_back(self, index: int) -> None:
        """All that is learnt before sequence ``index``, into a file; the core is halted."""
        path = Path(self.config["readbacks"][str(index)])
        save_checkpoint(path, self.host.design, await read_checkpoint(self.host, self.host.design.devices.ideal))
        await self._read_window(index)

    async def _read_window(self, index: int) -> None:
        """What the weight window reads of real devices before sequence ``index``, into a file."""
        if path := self.config["readings"].get(str(index)):
            read = await self.host.read_weights()
            with replacing(Path(path)) as partial:
                np.savez(partial, allow_pickle=False, hidden=read.hidden, readout=read.readout)

    async def _until_learnt(self, count: int) -> None:
        """Wait until the counter of learnt sequences says so."""
        learned = self.before[Counter.LEARNED] + count
        late = f"{self.config['timeout_cycles']} cycles after the last answer"
        await self.until(self._learnt, lambda found: found == learned, f"{{}} sequences learnt, not {learned}, {late}")

    async def _learnt(self) -> int:
        return (await self.host.counters())[Counter.LEARNED]

    async def _busy(self) -> int:
        return (await self.host.read("STATUS"))["busy"]
