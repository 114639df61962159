"""cocotb: the reset pin at any cycle of learning, weights read back between. Started by test_learning_resets.py."""

from __future__ import annotations

import json
from pathlib import Path

import cocotb
import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.learning.dfa import DfaTrainer
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.top_resets import prepare
from remora.tb.lib.aiming import Missing, delays, during_an_update
from remora.tb.lib.coverage import cover
from remora.tb.lib.resets import PIN

MOST_TIMES = 20
"""How many times the planned resets a run may need before enough of them cut an update."""


def lies_within_an_update(trainer: DfaTrainer, found: Weights, sequences: list[tuple[NDArray, int]]) -> bool:
    """Whether weights are those of no whole number of updates: neither what the trainer starts from, nor what it has
    after any of the sequences."""
    known = [trainer.weights]
    for sequence, label in sequences:
        trainer.train_sequence(sequence, label)
        known.append(trainer.weights)
    return not any(
        np.array_equal(one.hidden, found.hidden) and np.array_equal(one.readout, found.readout) for one in known
    )


@cocotb.test()
async def resets_while_learning(dut) -> None:
    """Phases of sequences to learn, each cut by a reset at a random cycle, or in an update, but the last; compared
    outside. Beyond the planned phases come more, until enough resets found an update under way."""
    bench, config = await prepare(dut)
    host, random = bench.host, bench.random
    features = np.array(config["features"], np.int8 if host.design.network.feature_signed else np.uint8)
    sequences = [
        (x[:length], label) for x, length, label in zip(features, config["lengths"], config["labels"], strict=True)
    ]
    packets = [
        encode_packet(sequence, tag=tag, label=label, flags=Flag.LEARN | Flag.INFER)
        for tag, (sequence, label) in enumerate(sequences)
    ]

    async def begin() -> None:
        await bench.set_coefficients(*config["coefficients"])
        for packet in packets:
            host.source.send_nowait(packet)
        await host.start()

    found = [await host.read_weights()]
    missing, planned = Missing(config["needed"]), config["phases"] - 1
    late = delays(random, config["column_cycles"])
    while len(bench.resets) < planned or (missing and len(bench.resets) < MOST_TIMES * planned):
        await begin()
        if len(bench.resets) % 2 or len(bench.resets) >= planned:
            await during_an_update(host, random, config["longest_wait"])
            # Anywhere in the column.
            await host.cycles(next(late))
        else:
            await host.cycles(random.randrange(config["longest_wait"]))
        await bench.reset(PIN)
        found.append(await host.read_weights())
        trainer = DfaTrainer(host.design, found[-2], Coefficients(*config["coefficients"]))
        missing.happened(cut=(within := lies_within_an_update(trainer, found[-1], sequences)))
        cover("resets", kind="pin", phase="update" if within else None)
    await begin()
    for _ in sequences:
        assert await host.answer(config["timeout_cycles"]) is not None, "an answer is missing after the resets"
    await host.halt()
    found.append(await host.read_weights())
    weights = [{"hidden": each.hidden.tolist(), "readout": each.readout.tolist()} for each in found]
    Path(config["output"]).write_text(json.dumps({"weights": weights, "resets": bench.resets}), encoding="utf-8")
