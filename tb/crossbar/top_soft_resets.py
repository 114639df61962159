"""cocotb: a long run of learning, cut by soft resets at random cycles and, until enough of them hit one, at updates.
It goes on beyond the planned sequences until enough did. What the registers then tell is written down. Started by
test_soft_resets.py."""

from __future__ import annotations

import json
from pathlib import Path

import cocotb
import numpy as np

from remora.golden.learning.checkpoint import save_checkpoint
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar.checkpoint_host import save_checkpoint as read_checkpoint
from remora.tb.crossbar.run_sequences import coy_stalls, stalls
from remora.tb.crossbar.top_resets import SOFT, Victim, prepare
from remora.tb.lib.aiming import Missing, delays, during_an_update


async def progress(victim: Victim) -> dict[str, int]:
    """How far learning has come, from the registers."""
    host, design = victim.host, victim.design
    found = {"updates": (await host.read("UPDATES"))["value"], "pending": 0, **(await host.read("LEARN_PROGRESS"))}
    if design.capabilities.replays:
        found |= {name.lower(): (await host.read(name))["value"] for name in ("PRESENTED", "FILLED")}
    return found


@cocotb.test()
async def learn_through_resets(dut) -> None:
    """Phases of sequences to learn, each but the last cut by a soft reset; the sequences that had not begun come again
    in the next. The trace, the registers, and now and then all that is learnt, are compared outside."""
    victim, config = await prepare(dut)
    host, random = victim.host, victim.random
    data = np.load(config["input"])
    features, lengths, labels = (data[name] for name in ("features", "lengths", "labels"))
    await victim.set_coefficients(*config["coefficients"])
    phases, done, presented = [], 0, 0
    missing, planned = Missing(config["needed"]), config["sequences"]
    late = delays(random, config["column_cycles"])
    while done < planned or (missing and done < len(lengths)):
        if (await host.read("CONTROL"))["run"]:
            await host.halt()
        stalled = random.random() < config["stalled"]
        host.source.set_pause_generator(stalls(random.randrange(1 << 30), 0.3) if stalled else None)
        host.sink.set_pause_generator(coy_stalls(dut, random.randrange(1 << 30), 0.3) if stalled else None)
        host.source.pause = host.sink.pause = False
        # Beyond the planned sequences each one is a try of its own.
        count = min(random.randint(1, config["longest_phase"]), max(1, planned - done))
        chunk = range(done, done + count)
        for index in chunk:
            flags = Flag.LEARN | (Flag.INFER if random.random() < 0.8 else Flag(0))
            packet = encode_packet(
                features[index, : lengths[index]], tag=index % 256, label=int(labels[index]), flags=flags
            )
            host.source.send_nowait(packet)
        phase = {"first": done, "handed": len(chunk), "cycle": host.cycle()}
        await host.start()
        longest = len(chunk) * config["cycles_per_sequence"]
        if missing and (len(phases) % 2 == 0 or done >= planned):
            await during_an_update(host, random, longest)
            await host.cycles(next(late))
        else:
            await host.cycles(random.randrange(longest))
        await victim.reset(SOFT)
        # Forgets the packet, if any, that the sender had in hand but began to send only after the first.
        await victim.reset(SOFT)
        phase |= await progress(victim)
        begun = phase.get("presented", phase["updates"]) - presented
        done, presented = done + begun, presented + begun
        # Of a phase in which nothing began, the registers tell of the one before.
        if begun and (phase["pending"] or phase["updating"]):
            missing.happened(unfinished=1, cut=phase["updating"] and phase["columns"] > 0)
        if config["checkpoints"] and (random.random() < config["checkpoints"] or done >= planned):
            phase["checkpoint"] = str(Path(config["output"]).with_name(f"phase_{len(phases)}.npz"))
            save_checkpoint(phase["checkpoint"], victim.design, await read_checkpoint(host))
        phases.append(phase)
    counters = await host.counters()
    result = {
        "phases": phases,
        "counters": {counter.name: counters[counter] for counter in Counter if counter in counters},
    }
    Path(config["output"]).write_text(json.dumps(result), encoding="utf-8")
