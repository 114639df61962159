"""cocotb: the reset pin at any cycle of learning, weights read back between. Started by test_learning_resets.py."""

from __future__ import annotations

import json
from pathlib import Path

import cocotb
import numpy as np

from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.top_resets import PIN, prepare
from remora.tb.lib.aiming import during_an_update


@cocotb.test()
async def resets_while_learning(dut) -> None:
    """Phases of sequences to learn, each cut by a reset at a random cycle, or in an update, but the last; compared
    outside."""
    victim, config = await prepare(dut)
    host, random = victim.host, victim.random
    features, lengths, labels = (np.array(config[name]) for name in ("features", "lengths", "labels"))
    phases = []
    for phase in range(config["phases"]):
        if (await host.read("CONTROL"))["run"]:
            await host.halt()
        weights = await host.read_weights()
        await victim.set_coefficients(*config["coefficients"])
        for index, length in enumerate(lengths):
            packet = encode_packet(
                features[index, :length], tag=index, label=int(labels[index]), flags=Flag.LEARN | Flag.INFER
            )
            host.source.send_nowait(packet)
        await host.start()
        if last := phase == config["phases"] - 1:
            for _ in lengths:
                assert await host.answer(config["patience_cycles"]) is not None, "an answer is missing after the resets"
            await host.halt()
        elif phase % 2:
            await during_an_update(host, random, config["longest_wait"])
            # Anywhere in the column.
            await host.cycles(random.randrange(config["column_cycles"]))
        else:
            await host.cycles(random.randrange(config["longest_wait"]))
        phases.append({"hidden": weights.hidden.tolist(), "readout": weights.readout.tolist()})
        if not last:
            await victim.reset(PIN)
    weights = await host.read_weights()
    phases.append({"hidden": weights.hidden.tolist(), "readout": weights.readout.tolist()})
    Path(config["output"]).write_text(json.dumps({"phases": phases, "resets": victim.resets}), encoding="utf-8")
