"""cocotb: accesses and frames that find the gated clock standing; notes what was answered, for flow to compare."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import cocotb

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.cycles import AWAKE_AFTER
from remora.spec.lib.registers import counter_value
from remora.tb.bmru.host import BmruHost
from remora.tb.bmru.top_resets import received
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover
from remora.tb.lib.streams import stalls

LONGEST_GAP = 60
"""Between what may only be accepted together, and after falling asleep."""


@cocotb.test()
async def asleep(dut) -> None:
    """Every round begins with the clock standing; then come writes, reads, snapshots and frames, at any distance."""
    config = load_config()
    host, random = await BmruHost.started(dut), Random(cocotb.RANDOM_SEED)
    bench = SleepBench(host, random)
    await host.program_codes(BmruCodes.from_chain(host.design, [int(bit) for bit in config["chain"]]))
    await host.configure(VoteSettings(**config["settings"]), config["period"])
    host.sink.set_pause_generator(stalls(random.randrange(1 << 30), 0.5))
    await host.start()
    answers: list[list[int]] = []
    for packet in config["packets"]:
        await bench.fall_asleep()
        tasks = [bench.register, bench.read_only, bench.cycles_go_on]
        for task in random.sample(tasks, random.randint(0, len(tasks))):
            await task()
        await bench.fall_asleep()
        host.source.send_nowait(bytes.fromhex(packet))
        if random.random() < 0.5:
            # Beside the frame's beats, anywhere.
            await host.cycles(random.randrange(20))
            await bench.register()
        answers += received(host)
    await bench.fall_asleep()
    answers += received(host)
    cover("bmru_clock", woken_by="frame" if answers else None)
    await host.halt()
    counters = await host.counters()
    found = {"answers": answers, "frames": counters[BmruCounter.FRAMES], "slept": bench.slept, "rounds": bench.rounds}
    Path(config["output"]).write_text(json.dumps(found), encoding="utf-8")


class SleepBench:
    """A host that waits for the clock to stop.

    Attributes:
        rounds: how often it did.
        slept: cycles in which the clock stood.
    """

    def __init__(self, host: BmruHost, random: Random) -> None:
        self.host, self.random, self.rounds, self.slept = host, random, 0, 0

    async def fall_asleep(self) -> None:
        """Wait until the clock stands, and some cycles more, in which nothing wakes it."""
        awake = 0
        while self.host.dut.clock_enable.value:
            await self.host.edge()
            awake += 1
            assert awake < 4000, "the clock never stops"
        for _ in range(self.random.randrange(1, LONGEST_GAP)):
            await self.host.edge()
            # A paced frame may begin.
            self.slept += int(self.host.dut.clock_enable.value == 0)
        self.rounds += 1

    async def register(self) -> None:
        """A write whose data come long before or after its address is whole; what was written is read."""
        register = self.host.registers["INTERRUPT_ENABLE"]
        fields = {name: self.random.randrange(2) for name in ("clip_done", "wake")}
        gaps = [0, self.random.randrange(LONGEST_GAP)]
        self.random.shuffle(gaps)
        await self.host.axil.write(
            register.address, register.encode(**fields), address_latency=gaps[0], data_latency=gaps[1]
        )
        await self.host.cycles(self.random.randrange(3 * AWAKE_AFTER))
        await self.host.expect("INTERRUPT_ENABLE", **fields)
        cover("bmru_clock", woken_by="write")

    async def read_only(self) -> None:
        """A read finds the content that there was before the sleep."""
        assert (await self.host.read("STATUS"))["programmed"]
        cover("bmru_clock", woken_by="read")

    async def cycles_go_on(self) -> None:
        """Between two snapshots that find the clock standing CYCLES grows by exactly what passed."""
        found = []
        for _ in range(2):
            await self.host.write("CONTROL", run=1, snapshot=1)
            taken = self.host.cycle()
            low, high = [await self.host.read_word(word) for word in self.host.registers.counter(BmruCounter.CYCLES)]
            found.append((counter_value(low, high), taken))
            await self.fall_asleep()
        (before, first), (after, second) = found
        assert after - before == second - first, "cycles were lost"
        cover("bmru_clock", woken_by="snapshot")
