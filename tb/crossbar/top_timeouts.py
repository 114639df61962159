"""cocotb: tiles whose conversions or pulses now and then do not end. Started by test_timeouts.py."""

from __future__ import annotations

from collections import Counter as Tally
from random import Random
from typing import Self

import cocotb
import numpy as np

from remora.golden.crossbar.weights import Weights, random_weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover

TRIES = 20
"""How often a column is programmed until no pulse hangs."""
QUIET_CYCLES = 2000
"""Within which a few packets are taken in, and a sequence that started would be answered."""


def reserved(tag: int) -> int:
    """Reserved bits of the flags of a packet with this tag: any, which the hardware ignores and sends back."""
    first = max(Flag).bit_length()
    return 7 * tag << first & 0xFF


class TimeoutBench:
    """A host, the sequences with their right scores, and the causes that stopped the core so far.

    Attributes:
        right: whole answers that were compared. ``parts_right``: their parts; ``parts_cut``: those of answers that were
            cut.
    """

    def __init__(self, host: CrossbarHost) -> None:
        self.host, self.design, self.config = host, host.design, load_config()
        self.random = Random(cocotb.RANDOM_SEED)
        self.features, self.lengths = np.array(self.config["features"]), self.config["lengths"]
        self.causes: Tally[str] = Tally()
        self.limit = self.design.crossbar.timeout
        self.right, self.parts_right, self.parts_cut = 0, 0, 0

    @classmethod
    async def started(cls, dut, limit: int | None = None) -> Self:
        """After reset, halted, with another limit where one is given."""
        bench = cls(await CrossbarHost.started(dut))
        await bench.host.expect("MACRO_TIMEOUT", cycles=bench.limit)
        if limit is not None:
            bench.limit = limit
            await bench.host.write("MACRO_TIMEOUT", cycles=limit)
        await bench.host.write("INTERRUPT_ENABLE", macro_timeout=1)
        return bench

    @property
    def stopped(self) -> bool:
        """The interrupt of a time-out is pending."""
        return bool(int(self.host.dut.irq.value))

    @property
    def longest_wait(self) -> int:
        """Cycles within which a tile that hangs stops the core."""
        return 2 * (self.limit + 1) + 2

    def send(self, index: int, flags: Flag = Flag.INFER) -> None:
        """Queue a sequence, whose tag is its number, with any label and any reserved flags."""
        x, label = self.features[index, : self.lengths[index]], self.random.randrange(self.design.network.classes)
        self.host.source.send_nowait(encode_packet(x, tag=index, label=label, flags=Flag(flags | reserved(index))))

    async def finished(self, batch: list[int]) -> set[int]:
        """Wait until the sequences are answered or the core has stopped; returns those answered, all of them right."""
        host = self.host
        answered: set[int] = set()
        longest = sum(self.design.cycles.sequence(self.lengths[index]) + 200 for index in batch) + self.longest_wait
        began = host.cycle()
        while not self.stopped and answered != set(batch):
            await host.cycles(20)
            answered |= await self.answers()
            assert host.cycle() < began + longest + 100, "neither an answer nor a time-out"
        # What is on offer is sent to its end.
        await host.cycles(20)
        return answered | await self.answers()

    async def answers(self) -> set[int]:
        """Tags of the whole answers that have come. Every part has the right scores and decision, and flags as sent.

        An answer that ends before the last step is none, since the core has stopped. Its parts are those of the first
        steps.
        """
        found = set()
        while parts := () if self.host.sink.empty() else await self.host.parts():
            tag = parts[-1].tag
            wanted = self.config["parts"][tag]
            assert len(parts) <= len(wanted), f"answer {tag} has {len(parts)} parts, expected {len(wanted)}"
            for number, (part, scores) in enumerate(zip(parts, wanted, strict=False)):
                right = part.tag == tag and list(part.scores) == scores and part.decision == int(np.argmax(scores))
                right = right and int(part.flags) == Flag.INFER | Flag.LABEL_VALID | reserved(tag)
                assert right, f"answer {tag} is wrong: part {number} is {part}, expected {scores}"
            if len(parts) < len(wanted):
                self.parts_cut += len(parts)
                continue
            found.add(tag)
            self.right += 1
            self.parts_right += len(parts)
        return found

    async def recover(self, *causes: str) -> None:
        """Of a stopped core: it tells why, nothing runs, and a soft reset starts it anew.

        Args:
            causes: that are possible here; all where none is given.
        """
        host = self.host
        found = {name for name, value in (await host.read("MACRO_STATUS")).items() if value}
        assert found and found <= set(causes or found), f"{found} where {causes} is possible"
        self.causes.update(found)
        await host.until("busy", 0, pause_cycles=20)
        for cause in found:
            cover("timeouts", cause=cause)
        await host.expect("STATUS", window_busy=0)
        await host.expect("INTERRUPT_STATUS", macro_timeout=1)
        before = await host.counters()
        await host.cycles(3 * self.longest_wait)
        after = await host.counters()
        assert before[Counter.STEPS] == after[Counter.STEPS], "a sequence runs without a soft reset"
        assert host.sink.empty(), "an answer leaves a core that has stopped"
        await self.soft_reset()

    async def soft_reset(self) -> None:
        """Twice: the second one forgets the packet that the sender had in hand. No cause is left."""
        host = self.host
        run = (await host.read("CONTROL"))["run"]
        host.source.clear()
        for _ in range(2):
            await host.write("CONTROL", run=0, soft_reset=1)
            await host.source.wait()
            await host.until("busy", 0, pause_cycles=20)
        assert not any((await host.read("MACRO_STATUS")).values())
        await host.write("INTERRUPT_STATUS", macro_timeout=1)
        await host.cycles(2)
        assert not self.stopped
        await host.write("CONTROL", run=run)

    async def infer_all(self, most: int) -> None:
        """Every sequence is answered right at last, sent again as often as a time-out forgets it."""
        await self.host.start()
        left = list(range(len(self.lengths)))
        while left:
            batch = left[: self.random.randint(1, most)]
            for index in batch:
                self.send(index)
            answered = await self.finished(batch)
            if self.stopped:
                await self.recover()
            left = [index for index in left if index not in answered]
        await self.host.halt()

    async def program(self, tile: Tile, column: int, levels: np.ndarray) -> None:
        """Program a column, slice after slice, each again where a pulse or a read-back of it hangs."""
        for part, rows in enumerate(tile.window_slices):
            await self._program_slice(tile, column, part, levels[rows])

    async def _program_slice(self, tile: Tile, column: int, part: int, levels: np.ndarray) -> None:
        host = self.host
        for _ in range(TRIES):
            await host.begin_slice(tile, column, part, levels)
            while not self.stopped and (await host.read("STATUS"))["window_busy"]:
                await host.cycles(50)
            if not self.stopped:
                await host.expect("WINDOW_STATUS", mismatches=0)
                return
            name = tile.layer.name.lower()
            await self.recover(f"{name}_pulse", f"{name}_conversion")
        raise AssertionError(f"{tile.name} column {column} hangs {TRIES} times in a row")

    async def program_all(self, weights: Weights) -> None:
        """Program every column of every tile."""
        for tile in all_tiles(self.design):
            levels = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
            for column in range(tile.columns):
                await self.program(tile, column, levels[tile.row_slice, tile.first_column + column])


@cocotb.test()
async def conversions(dut) -> None:
    """Of either layer; every sequence is answered right at last, and nothing wrong leaves."""
    bench = await TimeoutBench.started(dut, 40)
    await bench.infer_all(4)
    assert bench.right >= len(bench.lengths)
    assert bench.parts_right >= sum(len(parts) for parts in bench.config["parts"])
    assert bench.parts_cut > 0 or not bench.design.capabilities.reads_every_step, "no answer was cut"
    missing = set(bench.config["causes"]) - bench.causes.keys()
    assert not missing, f"never seen: {missing}, among {bench.causes}"


@cocotb.test()
async def forgotten(dut) -> None:
    """A core that has stopped forgets what it holds: it takes as many packets as an idle one, and starts none of them.

    A soft reset forgets those, too.
    """
    bench = await TimeoutBench.started(dut, 40)
    host, banks = bench.host, bench.design.banks
    held, waiting, last = range(banks + 1), range(banks + 1, 2 * banks + 1), 2 * banks + 1
    await host.start()
    for index in held:
        bench.send(index)
    await bench.finished([*held])
    assert bench.stopped and host.source.idle(), "no readout hangs, or a packet still waits outside"
    before = await host.counters()
    for index in waiting:
        bench.send(index)
    await host.cycles(QUIET_CYCLES)
    after = await host.counters()
    assert host.source.idle(), "a core that has stopped takes fewer packets than it has banks"
    assert before[Counter.STEPS] == after[Counter.STEPS] and host.sink.empty(), "a sequence starts without a soft reset"
    await bench.soft_reset()
    await host.cycles(QUIET_CYCLES)
    await host.expect("STATUS", busy=0)
    assert (await host.counters())[Counter.STEPS] == after[Counter.STEPS], "a soft reset leaves a packet"
    for _ in range(TRIES):
        bench.send(last)
        if await bench.finished([last]):
            break
        await bench.recover("readout_conversion")
    else:
        raise AssertionError(f"a sequence hangs {TRIES} times in a row")
    assert not bench.stopped and host.sink.empty()


@cocotb.test()
async def programming(dut) -> None:
    """Pulses and conversions of the window: a column is programmed at last, and another network is inferred right."""
    bench = await TimeoutBench.started(dut, 60)
    await bench.program_all(random_weights(bench.design, 3))
    config = bench.config
    await bench.program_all(Weights(np.array(config["hidden"], np.int16), np.array(config["readout"], np.int16)))
    assert not (await bench.host.read("CONTROL"))["run"]
    await bench.infer_all(1)
    missing = set(config["causes"]) - bench.causes.keys()
    assert not missing, f"never seen: {missing}, among {bench.causes}"


@cocotb.test()
async def updates(dut) -> None:
    """Pulses of learning, or reads that verify them: the update ends without those that are left, its soft reset waits
    for that, and afterwards weights may be programmed and sequences inferred."""
    bench = await TimeoutBench.started(dut, 40)
    host, design, config = bench.host, bench.design, bench.config
    longest = design.cycles.most_update(design.network.max_steps) * 3 + bench.longest_wait
    within = 0
    for round_ in range(config["rounds"]):
        await host.start()
        began = host.cycle()
        while not bench.stopped:
            bench.send(bench.random.randrange(len(bench.lengths)), Flag.LEARN | Flag.LABEL_VALID)
            for _ in range(100):
                await host.cycles(10)
                if bench.stopped:
                    break
            assert host.cycle() < began + 100 * longest, "no pulse hangs"
        within += (await host.read("LEARN_PROGRESS"))["updating"]
        if round_ % 2:
            # Before the update has ended.
            found = {name for name, value in (await host.read("MACRO_STATUS")).items() if value}
            bench.causes.update(found)
            await bench.soft_reset()
        else:
            await bench.recover(*config["causes"])
        await host.halt()
        assert (await host.read("UPDATES"))["value"] > 0
    assert set(config["causes"]) <= bench.causes.keys(), bench.causes
    assert within >= config.get("within", 0), f"only {within} time-outs of {config['rounds']} were in an update"
    await bench.program_all(Weights(np.array(config["hidden"], np.int16), np.array(config["readout"], np.int16)))
    await bench.infer_all(2)


@cocotb.test()
async def tiles_that_answer(dut) -> None:
    """The least limit that covers what a tile may take stops nothing; settings are refused while the core runs."""
    bench = await TimeoutBench.started(dut)
    crossbar = bench.design.crossbar
    bench.limit = max(crossbar.adc_cycles, crossbar.pulse_cycles)
    await bench.host.write("MACRO_TIMEOUT", cycles=bench.limit)
    tile = all_tiles(bench.design)[0]
    column = np.array(bench.config["hidden"], np.int16)[tile.row_slice, 0]
    await bench.program(tile, 0, -column)
    await bench.program(tile, 0, column)
    await bench.infer_all(5)
    await bench.host.start()
    await bench.host.refused("MACRO_TIMEOUT", cycles=3)
    await bench.host.halt()
    await bench.host.expect("MACRO_TIMEOUT", cycles=bench.limit)
    assert not bench.causes and not bench.stopped
    cover("timeouts", limit="least")


@cocotb.test()
async def no_limit(dut) -> None:
    """With a limit of 0 the core waits for ever, and a soft reset helps."""
    bench = await TimeoutBench.started(dut, 0)
    await bench.host.start()
    for index in range(40):
        bench.send(index % len(bench.lengths))
    await bench.host.cycles(20_000)
    await bench.answers()
    await bench.host.expect("STATUS", busy=1)
    assert not bench.stopped and not any((await bench.host.read("MACRO_STATUS")).values())
    await bench.soft_reset()
    bench.send(0)
    assert await bench.finished([0]) == {0}
    cover("timeouts", limit="none")
