"""Clips as software sees them: settings that change within one, states of the cells after each frame."""

from __future__ import annotations

import cocotb

from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_codes, random_features
from remora.spec.bmru.frames import FrameFlag, ReportFlag
from remora.spec.lib.registers import WORD_BITS
from remora.tb.bmru.host import BmruHost
from remora.tb.lib.bench import pack


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def reports_of_a_clip(dut) -> None:
    """REPORT, written within a clip, takes effect with the next one."""
    host = await BmruHost.started(dut)
    codes, clips = random_codes(host.design, 4), random_features(host.design, 3, 3, 4)
    await host.program_codes(codes)
    await host.configure(VoteSettings.of(host.design), 0)
    await host.start()
    packets = clip_packets(clips)
    await host.source.send(packets[0].data)
    await host.source.wait()
    await host.cycles(8)
    await host.expect("STATUS", in_clip=1)
    found = []
    # The first clip was started with votes alone, the second with frames alone, the third with both.
    for number, (votes, frames) in enumerate(((0, 1), (1, 1), (1, 0))):
        await host.write("REPORT", votes=votes, frames=frames)
        following = packets[3 * number + 1 : 3 * number + 4]
        for packet in following:
            await host.source.send(packet.data)
        await host.source.wait()
        await host.cycles(8)
    while (answer := await host.answer(4000)) is not None:
        found.append((answer.tag, int(answer.flags) & int(ReportFlag.FRAME | ReportFlag.VOTE)))
    vote, frame = int(ReportFlag.VOTE), int(ReportFlag.FRAME)
    expected = [(0, vote), *[(1, frame)] * 3, *[(2, frame)] * 3, (2, vote)]
    assert found == expected, f"found {found}, expected {expected}"


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def cell_states(dut) -> None:
    """Software reads the states of golden's cells after each frame; a soft reset clears them."""
    host = await BmruHost.started(dut)
    codes, features = lively_codes(host.design, 12), random_features(host.design, 1, 8, 12)
    expected = BmruCore(host.design, codes).run(features, first_frame=0).state[0].reshape(8, -1).astype(int)
    await host.program_codes(codes)
    await host.configure(VoteSettings.of(host.design, sliding=True), 0)
    await host.start()
    found = set()
    for cells, packet in zip(expected.tolist(), clip_packets(features), strict=True):
        await host.source.send(packet.data)
        assert await host.answer(400) is not None
        states = await host.states()
        assert states == pack(cells, 1), f"states {states:b}, expected {pack(cells, 1):b}"
        found.add(states)
    assert max(found) > 0 and len(found) > 1
    await host.write("STATE_SELECT", word=-(-host.design.network.cells // WORD_BITS))
    await host.expect("STATE", bits=0)
    await host.refused("STATE")
    await host.write("CONTROL", soft_reset=1)
    assert await host.states() == 0


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def votes_of_a_clip(dut) -> None:
    """VOTE, written within a clip, takes effect with the next one."""
    host = await BmruHost.started(dut)
    await host.program_codes(random_codes(host.design, 8))
    settings = ((3, 0), (5, 0), (2, 1), (2, 0), (1, 0))
    frames = (3, 5, 4, 2)
    # Votes in each answer: one a clip, of all its frames, but for the third clip, which slides.
    expected = [(0, 3), (1, 5), (2, 1), (2, 2), (2, 2), (2, 2), (3, 2)]
    await host.configure(VoteSettings.of(host.design, frames=settings[0][0]), 0)
    await host.start()
    for number, count in enumerate(frames):
        flags = [FrameFlag.START, *[FrameFlag(0)] * (count - 1)]
        if settings[number][1]:
            flags[-1] |= FrameFlag.END
        packets = clip_packets(random_features(host.design, 1, count, 8))
        for t, (flag, packet) in enumerate(zip(flags, packets, strict=True)):
            await host.source.send(packet.data[:2] + bytes([flag, number]) + packet.data[4:])
            await host.source.wait()
            await host.cycles(2 * host.design.cycles.awake + 8)
            if t == 0:
                following = settings[number + 1]
                await host.write("VOTE", frames=following[0], sliding=following[1])
                await host.expect("STATUS", in_clip=1)
        await host.expect("STATUS", in_clip=0)
    found = []
    while (answer := await host.answer(400)) is not None:
        found.append((answer.tag, sum(answer.scores)))
    assert found == expected, f"found {found}, expected {expected}"
