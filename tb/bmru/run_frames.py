"""cocotb: load codes, play or send frames, collect answers and counters. Compares nothing: that is for flow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotbext.axi import AxiStreamFrame

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.frames import RUN_EVENTS, FrameDrop
from remora.spec.bmru.scan import check_word
from remora.spec.lib.packets import Answer
from remora.tb.bmru.host import BmruHost
from remora.tb.lib.config import load_config
from remora.tb.lib.host_run import HostRun

QUEUED = 4
"""Packets handed to the agent at once."""
SETTLED = (BmruCounter.FRAMES, *(BmruCounter[f"DROPPED_{drop.name}"] for drop in FrameDrop))
"""Counters that together count every packet."""


@cocotb.test()
async def run_frames(dut) -> None:
    """One run: ``config`` names the input and output files, the design point, the settings and the stalls."""
    await FrameRun(await BmruHost.started(dut), load_config()).run()


class FrameRun(HostRun[BmruHost]):
    """Frames through the core; streams that stall are driven by the agent, others by the player."""

    async def program(self) -> None:
        """See the base; a load with a wrong check word comes first, and must be refused."""
        host, config = self.host, self.config
        codes = BmruCodes(host.design, dict(np.load(config["codes"])))
        status = await host.load(codes, check=check_word(codes.chain()) ^ 1)
        self.refused = {**status, "programmed": (await host.read("STATUS"))["programmed"]}
        await host.program_codes(codes)
        await host.configure(VoteSettings(**config["settings"]), config["period"])
        await host.write("INTERRUPT_ENABLE", **dict.fromkeys(RUN_EVENTS, 1))

    async def stream(self) -> list[Answer]:
        """See the base; ends when every packet was sampled or dropped."""
        config = self.config
        answers = []
        if self.plays:
            self.host.play()
            await self.until_recorded(config["answers"])
        else:
            cocotb.start_soon(self._feed(json.loads(Path(config["packets"]).read_text(encoding="utf-8"))))
            answers = [part for index in range(config["answers"]) for part in await self.answer(index)]
        late = f"{config['timeout_cycles']} cycles after the last answer"
        stuck = f"{{}} of {config['settled']} packets are accounted for, {late}"
        await self.until(self._settled, lambda found: found >= config["settled"], stuck)
        return self.recorded_answers() if self.plays else answers

    async def finish(self) -> dict[str, Any]:
        """See the base."""
        awake = await self.host.read("AWAKE")
        return {"awake": awake, "codes": (await self.host.read_back()).hex(), "refused": self.refused}

    async def _feed(self, packets: list) -> None:
        source = self.host.source
        for data, keep in packets:
            while source.count() >= QUEUED:
                await self.host.cycles(8)
            source.send_nowait(AxiStreamFrame(bytes.fromhex(data), tkeep=keep))

    async def _settled(self) -> int:
        """Packets that were sampled or dropped since the start of the stream."""
        counters = await self.host.counters()
        return sum(counters[counter] - self.before[counter] for counter in SETTLED)
