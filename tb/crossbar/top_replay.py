"""cocotb: what is refused while sequences are learnt and replayed; none of it may show in what is learnt."""

from __future__ import annotations

import cocotb
import numpy as np

from remora.spec.crossbar.counters import Counter
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.top_window import of_config, require_weights, started

GUARDED = {
    "REPLAY_RATIO": {"value": 0},
    "REPLAY_CONTROL": {"freeze": 1, "clear": 1},
    "RESET_COEFFICIENT": {"value": 0},
    "WINDOW_SELECT": {"layer": 1},
    "WINDOW_CONTROL": {"read": 1},
}
"""Registers that may be written while halted only, and what is tried."""


@cocotb.test()
async def refused_while_learning(dut) -> None:
    """Writes and read-back in flight are refused and change nothing; halted, they are accepted."""
    host, _, config = await started(dut)
    before = {name: await host.read(name) for name in ("REPLAY_RATIO", "REPLAY_CONTROL", "RESET_COEFFICIENT")}
    features, lengths, labels = (np.array(config[name]) for name in ("features", "lengths", "labels"))
    for index, length in enumerate(lengths):
        packet = encode_packet(features[index, :length], tag=index, label=int(labels[index]), flags=Flag.LEARN)
        host.source.send_nowait(packet)
    await host.start()
    refused = 0
    for _ in range(config["readbacks"]):
        if (await host.counters())[Counter.LEARNED] == len(lengths):
            break
        for name, fields in GUARDED.items():
            await host.refused(name, **fields)
            refused += 1
    assert refused >= 10 * len(GUARDED), "too few writes met a sequence in flight"
    await host.halt()
    counters = await host.counters()
    found = {name: counters[Counter[name]] for name in config["counts"]}
    assert found == config["counts"]
    assert {name: await host.read(name) for name in before} == before
    await require_weights(host, of_config(config))
    for name, fields in GUARDED.items():
        await host.write(name, **fields)
        await host.until("window_busy", 0, pause_cycles=50)
    assert await host.read("REPLAY_RATIO") == {"value": 0}
