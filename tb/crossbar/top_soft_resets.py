"""cocotb: a long run of learning, cut by soft resets at random cycles and, until enough of them hit one, at updates.
It goes on beyond the planned sequences until enough did. What the registers then tell is written down. Started by
test_soft_resets.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

from remora.golden.learning.checkpoint import save_checkpoint
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.checkpoint_host import save_checkpoint as read_checkpoint
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.crossbar.top_resets import ResetBench, prepare
from remora.tb.lib.aiming import Missing, delays, during_an_update
from remora.tb.lib.coverage import cover
from remora.tb.lib.resets import SOFT
from remora.tb.lib.streams import ready_after_valid, stalls


async def progress(bench: ResetBench) -> dict[str, int]:
    """How far learning has come, from the registers."""
    host, design = bench.host, bench.design
    found = {"updates": (await host.read("UPDATES"))["value"], "pending": 0, **(await host.read("LEARN_PROGRESS"))}
    if design.capabilities.replays:
        found |= {name.lower(): (await host.read(name))["value"] for name in ("PRESENTED", "FILLED")}
    return found


async def release(host: CrossbarHost, cycles: int) -> None:
    """Take answers again, so many cycles later."""
    await host.cycles(cycles)
    host.sink.pause = False


@cocotb.test()
async def learn_through_resets(dut) -> None:
    """Phases of sequences to learn, each but the last cut by a soft reset; the sequences that had not begun come again
    in the next. The trace, the registers, and now and then all that is learnt, are compared outside."""
    bench, config = await prepare(dut)
    host, random = bench.host, bench.random
    data = np.load(config["input"])
    features, lengths, labels = (data[name] for name in ("features", "lengths", "labels"))
    await bench.set_coefficients(*config["coefficients"])
    done = presented = 0
    phases: list[dict[str, Any]] = []
    missing, planned = Missing(config["needed"]), config["sequences"]
    late = delays(random, config["column_cycles"])
    while done < planned or (missing and done < len(lengths)):
        if (await host.read("CONTROL"))["run"]:
            await host.halt()
        stalled = random.random() < config["stalled"]
        host.source.set_pause_generator(stalls(random.randrange(1 << 30), 0.3) if stalled else None)
        host.sink.set_pause_generator(ready_after_valid(dut, random.randrange(1 << 30), 0.3) if stalled else None)
        host.source.pause = host.sink.pause = False
        if held := config["held"] and random.random() < config["held"]:
            host.sink.set_pause_generator(None)
            host.sink.pause = True
        # Beyond the planned sequences each one is a try of its own.
        count = min(random.randint(1, config["longest_phase"]), max(1, planned - done))
        chunk, asked = range(done, done + count), []
        for index in chunk:
            flags = Flag.LEARN | (Flag.INFER if random.random() < 0.8 else Flag(0))
            asked += [index % 256] * (Flag.INFER in flags)
            packet = encode_packet(
                features[index, : lengths[index]], tag=index % 256, label=int(labels[index]), flags=flags
            )
            host.source.send_nowait(packet)
        phase: dict[str, Any] = {"first": done, "handed": len(chunk), "asked": asked, "cycle": host.cycle()}
        await host.start()
        longest = len(chunk) * config["cycles_per_sequence"]
        if missing and (len(phases) % 2 == 0 or done >= planned):
            await during_an_update(host, random, longest)
            await host.cycles(next(late))
        else:
            await host.cycles(random.randrange(longest))
        if held:
            # While the reset waits for the column of an update, or later.
            cocotb.start_soon(release(host, random.randrange(config["column_cycles"])))
        await bench.reset(SOFT)
        # Forgets the packet, if any, that the sender had in hand but began to send only after the first.
        await bench.reset(SOFT)
        cover("resets", kind="soft", phase="idle")
        phase["answers"] = [*bench.cut[-2], *bench.cut[-1]]
        phase |= await progress(bench)
        begun = phase.get("presented", phase["updates"]) - presented
        done, presented = done + begun, presented + begun
        # Of a phase in which nothing began, the registers tell of the one before.
        if begun and (phase["pending"] or phase["updating"]):
            missing.happened(unfinished=1, cut=phase["updating"] and phase["columns"] > 0)
        if config["checkpoints"] and (random.random() < config["checkpoints"] or done >= planned):
            phase["checkpoint"] = str(Path(config["output"]).with_name(f"phase_{len(phases)}.npz"))
            save_checkpoint(phase["checkpoint"], bench.design, await read_checkpoint(host))
        phases.append(phase)
    counters = await host.counters()
    result = {
        "phases": phases,
        "counters": {counter.name: counters[counter] for counter in Counter if counter in counters},
    }
    Path(config["output"]).write_text(json.dumps(result), encoding="utf-8")
