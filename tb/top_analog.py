"""The whole analog design as software sees it: registers, the scan window, refusals, halting."""

from __future__ import annotations

import cocotb
from cocotb_bus.drivers.amba import AXIProtocolError

from golden.analog import AnalogCore
from golden.analog_clips import FramePacket, VoteSettings
from golden.analog_random import clip_packets, lively_codes, random_codes, random_features
from spec.frames import FrameFlag, ReportFlag
from spec.presets import parse_design
from spec.registers import WORD_BITS, AnalogCounter, Kind, Response
from spec.scan import check_word, pack_chain
from tb.analog_host import AnalogHost
from tb.blocks import pack
from tb.config import load_config

STATUS_OK = {"ready": 0, "written_wrong": 0, "chain_wrong": 0, "latches_wrong": 0}


async def started(dut) -> AnalogHost:
    """A host after reset."""
    host = AnalogHost(dut, parse_design(load_config()["design"], "config"))
    await host.reset()
    return host


async def refused(host: AnalogHost, name: str, **fields: int) -> None:
    """A write must answer SLVERR."""
    try:
        await host.write(name, **fields)
    except AXIProtocolError as error:
        assert Response(int(error.xresp)) == Response.SLVERR
        return
    raise AssertionError(f"a write to {name} of {fields} was taken")


async def expect(host: AnalogHost, name: str, **fields: int) -> None:
    """Fields of a register have these values."""
    content = await host.read(name)
    found = {field: content[field] for field in fields}
    assert found == fields, f"{name}: found {found}, expected {fields}"


@cocotb.test(timeout_time=200, timeout_unit="ms")
async def registers(dut) -> None:
    """Everything reads its reset value; what can be written reads back; what cannot is refused."""
    host = await started(dut)
    for register in host.registers:
        stored = {
            field.name: field.reset
            for field in register.fields
            if field.kind in (Kind.CONSTANT, Kind.CONFIGURATION, Kind.EVENT)
        }
        if stored:
            await expect(host, register.name, **stored)
        if not register.writable:
            await refused(host, register.name)
    await expect(host, "STATUS", halted=1, busy=0, scan_busy=0, programmed=0, in_clip=0)
    await refused(host, "SCAN_DATA", bits=1)
    for name in ("PACE", "VOTE", "WAKE_THRESHOLD", "REPORT", "INTERRUPT_ENABLE", "SCAN_CHECK"):
        values = {field.name: field.maximum for field in host.registers[name].fields}
        await host.write(name, **values)
        await expect(host, name, **values)
    await host.start()
    await expect(host, "STATUS", halted=0)
    await refused(host, "SCAN_CONTROL", load=1)
    await refused(host, "SCAN_CHECK", value=1)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def scan_window(dut) -> None:
    """Load, read back, verify; wrong check words; resets: codes stay, trust is lost with the reset pin alone."""
    host = await started(dut)
    codes = random_codes(host.design, 1)
    bits = codes.chain()
    assert await host.load(codes, check=check_word(bits) ^ 0x80000000) == STATUS_OK | {"written_wrong": 1}
    await expect(host, "STATUS", programmed=0, scan_busy=0)
    await expect(host, "INTERRUPT_STATUS", scan_done=1, scan_failed=1)
    assert await host.load(codes) == STATUS_OK
    await expect(host, "STATUS", programmed=1)
    await expect(host, "SCAN_FOUND", value=check_word(bits))
    assert await host.read_back() == pack_chain(bits)
    await expect(host, "STATUS", programmed=1)
    assert await host.verify(check_word(bits) ^ 1) == STATUS_OK | {"latches_wrong": 1}
    await expect(host, "STATUS", programmed=0)
    assert await host.verify(check_word(bits)) == STATUS_OK
    await host.write("CONTROL", soft_reset=1)
    await expect(host, "STATUS", programmed=1)
    # A soft reset within a load: it ends, and nothing is trusted.
    await host.write("SCAN_CONTROL", load=1)
    await host.until_word()
    await host.write("SCAN_DATA", bits=0)
    await expect(host, "STATUS", scan_busy=1)
    await refused(host, "SCAN_CONTROL", read=1)
    await host.write("CONTROL", soft_reset=1)
    await expect(host, "STATUS", programmed=0, scan_busy=0)
    await host.reset()
    await expect(host, "STATUS", programmed=0)
    assert await host.verify(check_word(bits)) == STATUS_OK
    await expect(host, "STATUS", programmed=1)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def frames_without_codes(dut) -> None:
    """Frames are refused until codes have passed, and again while they are in doubt."""
    host = await started(dut)
    codes, clip = random_codes(host.design, 2), clip_packets(random_features(host.design, 1, 3, 2))
    await host.configure(VoteSettings.of(host.design), 0)
    await host.start()
    for _ in range(2):
        for packet in clip:
            await host.source.send(packet.data)
        await host.source.wait()
        await host.cycles(20)
        counters = await host.counters()
        assert counters[AnalogCounter.FRAMES] == 0 and await host.answer(200) is None
        await host.halt()
        await host.load(codes, check=check_word(codes.chain()) ^ 1)
        await host.start()
    assert counters[AnalogCounter.DROPPED_UNPROGRAMMED] == 2 * len(clip)
    await expect(host, "INTERRUPT_STATUS", dropped_unprogrammed=1, dropped_outside=0)
    await host.halt()
    await host.program_codes(codes)
    await host.start()
    for packet in clip:
        await host.source.send(packet.data)
    assert sum((await host.answer(4000)).scores) == len(clip)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def halting(dut) -> None:
    """Halted within a clip, the core finishes its frame, holds the next, and goes on where it was."""
    host = await started(dut)
    codes, clip = random_codes(host.design, 3), clip_packets(random_features(host.design, 1, 6, 3))
    await host.program_codes(codes)
    await host.configure(VoteSettings.of(host.design), 0)
    await host.start()
    for packet in clip:
        await host.source.send(packet.data)
    done = 0
    for wait in (30, 61, 92):
        await host.cycles(wait)
        await host.halt()
        sampled = (await host.counters())[AnalogCounter.FRAMES]
        await host.cycles(300)
        assert (await host.counters())[AnalogCounter.FRAMES] == sampled >= done
        await expect(host, "STATUS", halted=1, busy=0)
        done = sampled
        await host.start()
    assert sum((await host.answer(4000)).scores) == len(clip)
    assert (await host.counters())[AnalogCounter.FRAMES] == len(clip)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def reports_of_a_clip(dut) -> None:
    """REPORT, written within a clip, takes effect with the next one."""
    host = await started(dut)
    codes, clips = random_codes(host.design, 4), random_features(host.design, 3, 3, 4)
    await host.program_codes(codes)
    await host.configure(VoteSettings.of(host.design), 0)
    await host.start()
    packets = clip_packets(clips)
    await host.source.send(packets[0].data)
    await host.source.wait()
    await host.cycles(8)
    await expect(host, "STATUS", in_clip=1)
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
async def trust(dut) -> None:
    """With a frame in the buffer and ``run`` set, nothing settles while codes are in doubt or a scan command works."""
    host = await started(dut)
    codes = random_codes(host.design, 6)
    bits = codes.chain()
    packets = clip_packets(random_features(host.design, 1, 3, 6))
    words = [int.from_bytes(pack_chain(bits)[at : at + 4], "little") for at in range(0, len(pack_chain(bits)), 4)]

    async def waiting(packet: FramePacket) -> None:
        await host.source.send(packet.data)
        await host.source.wait()
        await host.cycles(8)

    async def sampled(count: int, why: str) -> None:
        await host.cycles(3 * host.design.frame_awake_cycles)
        found = (await host.counters())[AnalogCounter.FRAMES]
        assert found == count, f"{found} frames were sampled {why}, not {count}"

    await host.program_codes(codes)
    await host.configure(VoteSettings.of(host.design), 0)
    await waiting(packets[0])
    await expect(host, "STATUS", in_clip=1, busy=0)
    # A verification that fails.
    assert (await host.verify(check_word(bits) ^ 1))["latches_wrong"] == 1
    await host.start()
    await sampled(0, "on codes in doubt")
    await host.halt()
    # A load, which ends well: the frame that waited goes ahead then, and not before.
    await host.write("SCAN_CHECK", value=check_word(bits))
    await host.write("SCAN_CONTROL", load=1)
    await host.start()
    await sampled(0, "within a load")
    for word in words:
        await host.until_word()
        await host.write("SCAN_DATA", bits=word)
    await host.scan_end()
    await sampled(1, "after a load")
    # A read-back puts nothing in doubt, but the core cannot settle meanwhile: its clock is the chain's.
    await host.halt()
    await waiting(packets[1])
    await host.write("SCAN_CONTROL", read=1)
    await host.start()
    await sampled(1, "within a read-back")
    for word in words:
        await host.until_word()
        assert (await host.read("SCAN_DATA"))["bits"] == word
    await host.scan_end()
    await sampled(2, "after a read-back")


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def answers_before_a_halt(dut) -> None:
    """While an answer waits to be taken the core is not halted, and the scan window refuses to work."""
    host = await started(dut)
    await host.program_codes(random_codes(host.design, 7))
    await host.configure(VoteSettings.of(host.design), 0)
    host.sink.pause = True
    await host.start()
    clip = clip_packets(random_features(host.design, 1, 3, 7))
    for packet in clip:
        await host.source.send(packet.data)
    await host.source.wait()
    await host.cycles(5 * host.design.frame_awake_cycles)
    assert (await host.counters())[AnalogCounter.FRAMES] == len(clip)
    await host.write("CONTROL", run=0)
    for _ in range(3):
        await host.cycles(50)
        await expect(host, "STATUS", halted=0, busy=0)
        await refused(host, "SCAN_CONTROL", verify=1)
        await refused(host, "SCAN_CHECK", value=1)
    host.sink.pause = False
    assert sum((await host.answer(200)).scores) == len(clip)
    await host.until("halted", 1, pause_cycles=4)
    await host.write("SCAN_CONTROL", verify=1)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def cell_states(dut) -> None:
    """Software reads the states of golden's cells after each frame; a soft reset clears them."""
    host = await started(dut)
    codes, features = lively_codes(host.design, 12), random_features(host.design, 1, 8, 12)
    expected = AnalogCore(host.design, codes).run(features, first_frame=0).state[0].reshape(8, -1).astype(int)
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
    await host.write("STATE_SELECT", word=-(-host.design.cells // WORD_BITS))
    await expect(host, "STATE", bits=0)
    await refused(host, "STATE")
    await host.write("CONTROL", soft_reset=1)
    assert await host.states() == 0


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def votes_of_a_clip(dut) -> None:
    """VOTE, written within a clip, takes effect with the next one."""
    host = await started(dut)
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
            await host.cycles(2 * host.design.frame_awake_cycles + 8)
            if t == 0:
                following = settings[number + 1]
                await host.write("VOTE", frames=following[0], sliding=following[1])
                await expect(host, "STATUS", in_clip=1)
        await expect(host, "STATUS", in_clip=0)
    found = []
    while (answer := await host.answer(400)) is not None:
        found.append((answer.tag, sum(answer.scores)))
    assert found == expected, f"found {found}, expected {expected}"
