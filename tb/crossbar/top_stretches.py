"""cocotb: tiles that are given more time: answers, weights and counters of cycles. Started by test_stretches.py."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import cocotb
import numpy as np

from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.cycles import Cycles, Stretch
from remora.spec.lib.packets import Flag
from remora.tb.crossbar.top_timeouts import TimeoutBench
from remora.tb.lib.coverage import cover


async def stretch(bench: TimeoutBench, values: list[int]) -> Cycles:
    """Write the register, and return the cycles that it leads to."""
    wanted = Stretch(*values)
    written = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    await bench.host.write("MACRO_STRETCH", **written)
    await bench.host.expect("MACRO_STRETCH", **written)
    return Cycles(bench.design, wanted)


def cover_stretch(values: list[int], use: str) -> None:
    """What was given more time in a run that agreed."""
    for field, cycles in zip(fields(Stretch), values, strict=True):
        cover("stretches", what=field.name if cycles else None, use=use)


@cocotb.test()
async def counted(dut) -> None:
    """Lone sequences take exactly as many cycles as the model says; then many at once, whose trace is looked at
    outside. Every answer is right."""
    bench = await TimeoutBench.started(dut)
    host, phases = bench.host, []
    await host.expect("MACRO_STRETCH", integrate=0, settle=0, convert=0, pulse=0)
    for values in bench.config["stretches"]:
        cycles = await stretch(bench, values)
        await host.start()
        await host.refused("MACRO_STRETCH", integrate=1)
        before, lone = await host.counters(), [cycles.lone(length) for length in bench.lengths[:6]]
        for index in range(len(lone)):
            bench.send(index)
            assert await bench.finished([index]) == {index}
        after = await host.counters()
        grown = {counter: after[counter] - before[counter] for counter in after}
        assert grown[Counter.STEP_CYCLES] == sum(each.steps for each in lone), values
        assert grown[Counter.READOUT_CYCLES] == sum(each.readout for each in lone), values
        began, many = host.cycle(), range(len(bench.lengths))
        for index in many:
            bench.send(index)
        assert await bench.finished([*many]) == {*many}
        cover_stretch(values, "infer")
        phases.append({"stretch": values, "began": began, "ended": host.cycle()})
        await host.halt()
    assert not bench.stopped
    assert bench.parts_right == len(phases) * sum(map(len, bench.config["parts"][:6] + bench.config["parts"]))
    Path(bench.config["output"]).write_text(json.dumps(phases), encoding="utf-8")


@cocotb.test()
async def learnt(dut) -> None:
    """The same weights are learnt, whatever time pulses and conversions are given."""
    bench = await TimeoutBench.started(dut)
    host, config = bench.host, bench.config
    initial = Weights(np.array(config["hidden"], np.int16), np.array(config["readout"], np.int16))
    found, learning = [], []
    for values in bench.config["stretches"]:
        # Devices keep what they were taught; everything else begins anew.
        await host.reset()
        await bench.program_all(initial)
        cycles = await stretch(bench, values)
        before = await host.counters()
        await host.start()
        bench.random.seed(7)
        for index in range(config["learnt"]):
            bench.send(index % len(bench.lengths), Flag.LEARN | Flag.LABEL_VALID)
        await host.until("value", config["learnt"], pause_cycles=500, register="PRESENTED")
        await host.halt()
        after = await host.counters()
        learning.append(after[Counter.LEARN_CYCLES] - before[Counter.LEARN_CYCLES])
        most = sum(cycles.most_update(bench.lengths[index % len(bench.lengths)]) for index in range(config["learnt"]))
        assert after[Counter.PULSES] > before[Counter.PULSES] and learning[-1] <= most
        cover_stretch(values, "learn")
        found.append(await host.read_weights())
    changed = (found[0].hidden != initial.hidden).sum(), (found[0].readout != initial.readout).sum()
    assert len(found) > 1 and min(changed) > 0, "nothing was learnt"
    assert learning[1] > learning[0]
    for other in found[1:]:
        np.testing.assert_array_equal(other.hidden, found[0].hidden)
        np.testing.assert_array_equal(other.readout, found[0].readout)


@cocotb.test()
async def slow_converters(dut) -> None:
    """Converters that take longer than the design point says: more time for conversions lets several sequences wait for
    them; without, the first overrun stops the core, and nothing wrong leaves."""
    bench = await TimeoutBench.started(dut)
    host, many = bench.host, [*range(len(bench.lengths))]
    await host.start()
    for index in many:
        bench.send(index)
    await bench.finished(many)
    # Only what was read out before the overrun.
    assert bench.right < len(many)
    await bench.recover("overrun")
    await host.halt()
    await stretch(bench, [0, 0, 1, 0])
    await host.start()
    for index in many:
        bench.send(index)
    assert await bench.finished(many) == {*many}
    assert not bench.stopped
    assert bench.parts_right >= sum(map(len, bench.config["parts"]))
