"""cocotb: resets at any cycle, of sequences in flight and of the weight window at work."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

import cocotb
import numpy as np

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights, random_weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.lib.packets import Answer, encode_packet
from remora.spec.lib.reset import HELD_CYCLES
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.aiming import between_packets
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover
from remora.tb.lib.resets import PIN, SOFT, in_any_order
from remora.tb.lib.streams import stalls


class ResetBench:
    """A host and what its hardware should remember.

    Attributes:
        coefficients: by register, what those of gates and gains should hold; none of bistable cells.
        resets: the resets so far, in order.
        cut: for each soft reset the answers that were under way or were taken by nobody yet, as rows of parts.
    """

    def __init__(self, host: CrossbarHost, design: DesignPoint, random: Random) -> None:
        self.host, self.design, self.random = host, design, random
        self.coefficients = self._defaults()
        self.resets: list[int] = []
        self.cut: list[list[list]] = []

    def _defaults(self) -> dict[str, int]:
        return Coefficients.of(self.design).registers(self.design)

    async def set_coefficients(self, *values: int) -> None:
        """Write those that there are and remember them; ``values`` as of `Coefficients`."""
        self.coefficients = Coefficients(*values).registers(self.design)
        for name, value in self.coefficients.items():
            await self.host.write(name, value=value)

    async def reset(self, kind: int) -> None:
        """Reset at once, drop what the agents hold, and see that the core is idle and remembers what it should."""
        host = self.host
        self.resets.append(kind)
        # Else the sender would go on with what waits as soon as the reset ends.
        host.source.clear()
        if kind == PIN:
            await host.reset(HELD_CYCLES + self.random.randrange(5))
            self.coefficients = self._defaults()
        else:
            # The agents are not told: a packet half sent and an answer half received must both end as AXI has it.
            await host.write("CONTROL", run=0, soft_reset=1)
            await host.source.wait()
            # An update that is under way ends first.
            await host.until("busy", 0, pause_cycles=20)
            while host.dut.m_axis_tvalid.value:
                await host.edge()
            await self._require_whole_answers()
        host.sink.clear()
        await self._require_idle(kind)

    async def _require_whole_answers(self) -> None:
        """What the sink holds are answers, each of whole parts, of which there may be fewer than steps."""
        self.cut.append([])
        while not self.host.sink.empty():
            parts = await self.host.parts()
            assert parts and parts[-1].last, "an answer was cut by a soft reset"
            self.cut[-1].append(rows(parts))

    async def late_comer(self, longest_sequence: int) -> tuple[Answer, ...]:
        """Parts of the answer to the packet, if any, that the sender had in hand but began to send after the reset."""
        await self.host.start()
        await self.host.cycles(longest_sequence)
        await self.host.halt()
        await self.host.cycles(longest_sequence)
        assert self.host.sink.count() <= 1, "more than one packet survived a reset"
        return () if self.host.sink.empty() else await self.host.parts() or ()

    async def _require_idle(self, kind: int) -> None:
        host = self.host
        status, control = await host.read("STATUS"), await host.read("CONTROL")
        assert not status["busy"] and not status["window_busy"] and not host.dut.m_axis_tvalid.value, status
        found = {name: (await host.read(name))["value"] for name in self.coefficients}
        assert found == self.coefficients
        if kind == PIN:
            assert control["run"] == 0
            names = [
                *(["UPDATES"] * self.design.capabilities.learns),
                *(["PRESENTED", "FILLED"] * self.design.capabilities.replays),
            ]
            assert not any([(await host.read(name))["value"] for name in names]), "counts of learning survived the pin"
            if self.design.capabilities.learns:
                assert not any((await host.read("LEARN_PROGRESS")).values())
            assert not any((await host.read("INTERRUPT_STATUS")).values())


def rows(parts: Iterable[Answer]) -> list[list]:
    """The parts of an answer as lists, for JSON."""
    return [[part.tag, part.decision, part.last, *part.scores] for part in parts]


async def prepare(dut) -> tuple[ResetBench, dict]:
    """A reset bench, after reset, halted."""
    host = await CrossbarHost.started(dut)
    return ResetBench(host, host.design, Random(f"{cocotb.RANDOM_SEED}")), load_config()


@cocotb.test()
async def in_flight(dut) -> None:
    """Phase after phase of sequences, all but the last cut by a reset at any cycle; the trace is compared outside."""
    bench, config = await prepare(dut)
    host, random = bench.host, bench.random
    features, lengths = np.array(config["features"]), config["lengths"]
    phases, counted, late_comers = [], 0, 0
    kinds = in_any_order(random, config["phases"] - 1, PIN, SOFT)
    for phase in range(config["phases"]):
        order = [(phase + index) % len(lengths) for index in range(len(lengths))]
        late: tuple[Answer, ...] = ()
        if bench.resets[-1:] == [SOFT]:
            late = await bench.late_comer(config["longest_sequence"])
            late_comers += bool(late)
        if (await host.read("CONTROL"))["run"]:
            await host.halt()
        await bench.set_coefficients(*config["coefficients"])
        for agent in (host.source, host.sink):
            agent.set_pause_generator(stalls(random.randrange(1 << 30), 0.3) if random.random() < 0.5 else None)
            agent.pause = False
        for index in order:
            host.source.send_nowait(encode_packet(features[index, : lengths[index]], tag=index))
        await host.start()
        last = phase == config["phases"] - 1
        answers = [*late]
        if last:
            for _ in order:
                parts = await host.parts(config["timeout_cycles"])
                assert parts is not None, "an answer is missing after the resets"
                answers += parts
        else:
            if kinds[phase] == SOFT and not late_comers:
                await between_packets(dut, config["busy_cycles"])
            else:
                # Every other reset comes before the sequences can have ended.
                await host.cycles(random.randrange(config["busy_cycles" if phase % 2 else "longest_wait"]))
            while not host.sink.empty():
                answers += await host.parts() or ()
        phases.append({"order": [part.tag for part in late if part.last] + order, "answers": rows(answers)})
        if not last:
            await bench.reset(kinds[phase])
            sequences = (await host.counters())[Counter.SEQUENCES]
            assert sequences == 0 if bench.resets[-1] == PIN else sequences >= counted
            counted = sequences
    assert late_comers, "no soft reset came while a packet was offered and not begun"
    outcome = {"phases": phases, "resets": bench.resets, "cut": bench.cut}
    Path(config["output"]).write_text(json.dumps(outcome), encoding="utf-8")


@cocotb.test()
async def while_programming(dut) -> None:
    """The window is reset at a random cycle of its work; the other columns keep their weights, and it works again."""
    bench, config = await prepare(dut)
    host, design, random = bench.host, bench.design, bench.random
    weights = random_weights(design, seed=11)
    await host.program(weights)
    tiles = all_tiles(design)
    for attempt in range(config["attempts"]):
        tile = random.choice(tiles)
        column = random.randrange(tile.columns)
        asked = np.array(
            [random.randint(-design.crossbar.weight_limit, design.crossbar.weight_limit) for _ in range(tile.rows)]
        )
        part = random.randrange(len(tile.window_slices))
        begun = host.begin_slice(tile, column, part, asked[tile.window_slices[part]])
        if random.random() < 0.5:
            await begun
            await host.cycles(random.randrange(config["longest_commit"]))
        else:
            # Anywhere in the accesses on the bus; with the pin, since a soft reset leaves the bus alone.
            task = cocotb.start_soon(begun)
            await host.cycles(random.randrange(40))
            task.cancel()
            host.dut.aresetn.value = 0
            await host.edge()
            host.renew_bus()
            await bench.reset(PIN)
        kind = random.choice((PIN, SOFT))
        at_work = (await host.read("STATUS"))["window_busy"]
        await bench.reset(kind)
        cover("resets", kind="pin" if kind == PIN else "soft", phase="window" if at_work else None)
        await host.until("halted", 1, pause_cycles=1)
        await _require_others(host, weights, tile, column, part)
        levels = _column(weights, tile, column)
        levels[:] = asked if attempt % 2 else levels
        await host.program_column(tile, column, levels)
    found = await host.read_weights()
    np.testing.assert_array_equal(found.hidden, weights.hidden)
    np.testing.assert_array_equal(found.readout, weights.readout)


async def _require_others(host: CrossbarHost, weights: Weights, tile: Tile, column: int, part: int) -> None:
    """All of the tile but the slice that was being programmed."""
    for other in range(tile.columns):
        if other != column:
            np.testing.assert_array_equal(await host.read_column(tile, other), _column(weights, tile, other))
    found, wanted = await host.read_column(tile, column), _column(weights, tile, column)
    for index, rows in enumerate(tile.window_slices):
        if index != part:
            np.testing.assert_array_equal(found[rows], wanted[rows])


def _column(weights: Weights, tile: Tile, column: int) -> np.ndarray:
    layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
    return layer[tile.row_slice, tile.first_column + column]
