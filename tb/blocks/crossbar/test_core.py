"""The core: a sequence that may start while devices are being programmed waits, and then gives the right answer."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from remora.spec.crossbar.layout import Layer, Tile, all_tiles
from remora.spec.lib.packets import Flag, decode_answer
from remora.tb.blocks.crossbar.sequence_reader import frame_of
from remora.tb.lib.bench import BlockBench, block_test, pack
from remora.tb.models.core import scores
from remora.tb.models.crossbar import CrossbarModel
from remora.tb.models.packets import to_beats

COEFFICIENTS = {"reset_coefficient": 200, "update_coefficient": 230}
TIMEOUT_US = 500


class CoreBench:
    """One core: agents on its streams, a host on its window, and the devices' model."""

    def __init__(self, bench: BlockBench) -> None:
        self.bench, self.block = bench, bench.blocks[0]
        self.design, self.random = self.block.design, bench.random
        buses = [
            AxiStreamBus.from_prefix(bench.dut, f"{self.block.name}__{name}", bus_separator="__")
            for name in ("input", "output")
        ]
        self.source = AxiStreamSource(buses[0], bench.dut.clk)
        self.sink = AxiStreamSink(buses[1], bench.dut.clk)
        self.models = {layer: CrossbarModel(self.design, layer) for layer in Layer}
        self.block.put(run=0, **{f"cell__{name}": value for name, value in COEFFICIENTS.items()})

    def send(self) -> list[bytes]:
        """Queue a sequence of random features."""
        network = self.design.network
        steps = [self.random.randbytes(network.features) for _ in range(self.random.randint(1, network.max_steps))]
        self.source.send_nowait(frame_of(to_beats(int(Flag.INFER) << 16, b"".join(steps))))
        return steps

    async def check_answer(self, steps: list[bytes]) -> None:
        """Compare the next answer."""
        frame = await with_timeout(self.sink.recv(), TIMEOUT_US, "us")
        expected = scores(self.design, self.models, steps, *COEFFICIENTS.values())
        self.bench.compare(self.block, f"scores of {steps}", list(decode_answer(bytes(frame.tdata)).scores), expected)

    async def commit(self, tile: Tile, column: int) -> None:
        """Start to program a column with random weights, which the model has at once."""
        limit, block = self.design.crossbar.weight_limit, self.block
        weights = [self.random.randint(-limit, limit) for _ in range(tile.rows)]
        block.put(window__layer=int(tile.layer), window__tile=tile.index, window__column=column)
        for row in range(0, tile.rows, 4):
            block.put(
                window__pointer=row,
                window__data_value=pack(weights[row : row + 4], 8),
                window__data_strobes=15,
                window__data_write=1,
            )
            await self.bench.cycle()
        block.put(window__data_write=0, window__commit=1)
        await self.bench.cycle()
        block.put(window__commit=0)
        pair = np.maximum(weights, 0), np.maximum([-weight for weight in weights], 0)
        self.models[tile.layer].pairs[:, tile.row_slice, tile.first_column + column] = pair

    async def committed(self) -> None:
        """Wait for the end of a commit; every device holds its weight."""
        await with_timeout(RisingEdge(self.block.handle("window__done")), TIMEOUT_US, "us")
        await self.bench.cycle()
        self.bench.compare(self.block, "failed", self.block.get("window__failed"), 0)

    async def program_all(self) -> None:
        """Give every device a known weight."""
        for tile in all_tiles(self.design):
            for column in range(tile.columns):
                await self.commit(tile, column)
                await self.committed()


@block_test
async def run_while_the_window_programs(bench: BlockBench) -> None:
    """Run is set with a sequence waiting, in the middle of a commit: it starts afterwards, on the new weights."""
    core = CoreBench(bench)
    await core.program_all()
    for _ in range(6):
        tile = bench.random.choice(all_tiles(core.design))
        steps = core.send()
        await core.commit(tile, bench.random.randrange(tile.columns))
        await bench.cycle(bench.random.randint(1, 400))
        core.block.put(run=1)
        done = cocotb.start_soon(core.committed())
        await core.check_answer(steps)
        bench.compare(core.block, "commit was done before the answer", done.done(), True)
        core.block.put(run=0)
        await bench.cycle(3)
        bench.compare(core.block, "halted", core.block.get("halted"), 1)


@block_test
async def sequence_after_a_reset_in_a_pulse(bench: BlockBench) -> None:
    """A reset leaves a long pulse under way; a sequence that comes at once waits for its end."""
    core = CoreBench(bench)
    await core.program_all()
    tile = all_tiles(core.design)[0]
    for _ in range(4):
        await core.commit(tile, 0)
        await bench.cycle(bench.random.randint(1, 300))
        await bench.reset(1)
        core.block.put(run=1)
        core.send()
        await with_timeout(core.sink.recv(), TIMEOUT_US, "us")  # of a column that is half programmed
        core.block.put(run=0)
        await bench.cycle(3)
        await core.commit(tile, 0)
        await core.committed()
        steps = core.send()
        core.block.put(run=1)
        await core.check_answer(steps)
        core.block.put(run=0)
        await bench.cycle(3)
