"""Weighted-bit streaming: words streamed plane by plane into tiles give exactly the product of words and weights."""

from __future__ import annotations

import numpy as np

from remora.spec.crossbar.layout import Layer
from remora.tb.blocks.crossbar.crossbar_driver import CrossbarDriver
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed
from remora.tb.models.streaming import feature_word, stored_word


class Streamer(CrossbarDriver):
    """A crossbar driver whose words come from features and states."""

    async def step(self, features: list[int], states: list[int], first: bool = False) -> list[int]:
        """Stream a step, compare the codes of all columns and return them."""
        design, block, bench = self.design, self.block, self.bench
        bits = design.formats.stream_bits
        block.put(
            features=pack(features, 8),
            words=pack([stored_word(design, word) for word in states], bits + 1),
            control__first=int(first),
        )
        block.put(control__enable=1)
        for plane in range(bits):
            block.put(control__plane=plane)
            await bench.cycle()
        block.put(control__enable=0)
        await self.convert()
        words = (
            [feature_word(design, byte) for byte in features]
            + ([0] * len(states) if first else states)
            + [design.formats.stream_limit]
        )
        # One row tile, and all columns in one group, so that the sums are the codes.
        found = unpack_signed(block.get("columns__code"), design.formats.adc_bits, self.lanes)
        bench.compare(block, f"codes of {words}", found, self.model.codes(np.array(words)))
        return found


def named(bench: BlockBench, name: str) -> Block:
    return next(block for block in bench.blocks if block.name == name)


@block_test
async def one_row_exhaustively(bench: BlockBench) -> None:
    """Every word -255 … 255 times every weight -31 … 31, on a state row; the sum itself where a code can hold it."""
    streamer = Streamer(bench, named(bench, "exact"), Layer.HIDDEN)
    network, limit = streamer.design.network, streamer.model.full
    weights = np.zeros((streamer.model.layout.rows, network.hidden), dtype=int)
    row, columns = network.features + 70, np.arange(-limit, limit + 1)
    weights[row, : len(columns)] = columns
    await streamer.program_weights(weights)
    exact = 0
    for word in range(-255, 256):
        states = [0] * network.hidden
        states[70] = word
        codes = await streamer.step([0] * network.features, states)
        exact += sum(
            code == word * int(weight) for code, weight in zip(codes, columns, strict=False)
        )  # of the first columns
    assert exact > 511 * 2 * (511 // 255) and bench.compared > 511


@block_test
async def two_rows_exhaustively(bench: BlockBench) -> None:
    """Every pair of words -255 … 255 on two rows, added and subtracted: two rows, two columns for each of 64."""
    streamer = Streamer(bench, named(bench, "exact"), Layer.HIDDEN)
    network = streamer.design.network
    await streamer.erase()
    weights = np.zeros((streamer.model.layout.rows, network.hidden), dtype=int)
    for pair in range(64):
        first = network.features + 2 * pair
        weights[first : first + 2, pair] = 1, 1
        weights[first : first + 2, 64 + pair] = 1, -1
    await streamer.program_weights(weights)
    words = [(left, right) for left in range(-255, 256) for right in range(-255, 256)]
    streamed = 0
    for start in range(0, len(words), 64):
        group = (words[start : start + 64] + [(0, 0)] * 64)[:64]
        codes = await streamer.step([0] * network.features, [word for pair in group for word in pair])
        assert codes == [left + right for left, right in group] + [left - right for left, right in group]
        streamed += len(words[start : start + 64])
    assert streamed == 511 * 511


@block_test
async def full_size(bench: BlockBench) -> None:
    """Random, full-scale, zero and alternating data on every row, with random weights; saturated codes among them."""
    saturated = 0

    async def drive(block: Block) -> None:
        nonlocal saturated
        streamer = Streamer(bench, block, Layer.HIDDEN)
        network, random = block.design.network, bench.random
        await streamer.erase()
        limit = streamer.model.full
        rows = [some_integers(random, -limit, limit, network.hidden) for _ in range(streamer.model.layout.rows)]
        await streamer.program_weights(np.array(rows))
        for _ in range(150):
            features = some_integers(random, 0, 255, network.features)
            codes = await streamer.step(
                features, some_integers(random, -255, 255, network.hidden), first=bench.chance(0.1)
            )
            saturated += sum(abs(code) == block.design.formats.adc_limit for code in codes)

    await bench.each(drive)
    assert saturated > 1000
