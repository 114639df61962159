"""cocotb: resets of either kind at any cycle of frames in flight; notes what was answered, for flow to compare."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import cocotb

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.scan import check_word
from remora.tb.bmru.host import BmruHost
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover
from remora.tb.lib.resets import PIN, SOFT, in_any_order
from remora.tb.lib.streams import stalls


@cocotb.test()
async def in_flight(dut) -> None:
    """Phases of packets, all but the last ended by a reset. After the pin's reset codes are verified, not loaded."""
    config = load_config()
    host, random = await BmruHost.started(dut), Random(cocotb.RANDOM_SEED)
    codes = BmruCodes.from_chain(host.design, [int(bit) for bit in config["chain"]])
    await host.program_codes(codes)
    host.source.set_pause_generator(stalls(random.randrange(1 << 30), 0.2))
    answers, resets = [], in_any_order(random, len(config["phases"]) - 1, PIN, SOFT)
    for number, packets in enumerate(config["phases"]):
        await host.configure(VoteSettings(**config["settings"]), 0)
        await host.start()
        for packet in packets:
            host.source.send_nowait(bytes.fromhex(packet))
        if number == len(config["phases"]) - 1:
            break
        # Every other reset finds frames done and answered.
        await host.cycles(random.randint(config["done"] if number % 2 else 1, config["longest_wait"]))
        busy = (await host.read("STATUS"))["busy"]
        await reset(host, resets[number], check_word(codes.chain()))
        cover("bmru_resets", kind="pin" if resets[number] == PIN else "soft", phase="frame" if busy else "between")
        answers += received(host)
    for _ in range(config["polls"]):
        await host.cycles(100)
        answers += received(host)
    await host.halt()
    Path(config["output"]).write_text(json.dumps({"answers": answers, "resets": resets}), encoding="utf-8")


async def reset(host: BmruHost, kind: int, check: int) -> None:
    """Reset at once, and leave the core programmed, idle and empty."""
    # Else the sender would go on with what waits as soon as the reset ends.
    host.source.clear()
    if kind == PIN:
        await host.reset()
        assert not (await host.read("STATUS"))["programmed"], "codes are trusted after a reset"
        host.renew_bus()
        await host.verify(check)
    else:
        # The agents are not told: a packet half sent and an answer half received must both end as AXI has it.
        await host.write("CONTROL", run=0, soft_reset=1)
        await host.source.wait()
        await host.cycles(40)
        # A packet that began after the reset was taken; it belongs to nobody.
        await host.write("CONTROL", run=0, soft_reset=1)
    status = await host.read("STATUS")
    assert status == {"halted": 1, "busy": 0, "scan_busy": 0, "programmed": 1, "in_clip": 0}, f"after a reset: {status}"


def received(host: BmruHost) -> list[list[int]]:
    """Answers that have come so far."""
    found = []
    while not host.sink.empty():
        data = bytes(host.sink.recv_nowait().tdata)
        words = [int.from_bytes(data[start : start + 4], "little") for start in range(0, len(data), 4)]
        found.append(words)
    return found
