"""The whole BMRU design as software sees it: registers, the scan window, refusals, halting."""

from __future__ import annotations

import cocotb

from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.random_codes import clip_packets, random_codes, random_features
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.scan import check_word, pack_chain
from remora.spec.lib.registers import Kind
from remora.tb.bmru.host import BmruHost
from remora.tb.lib.coverage import cover

STATUS_OK = {"ready": 0, "written_wrong": 0, "chain_wrong": 0, "latches_wrong": 0}


@cocotb.test(timeout_time=200, timeout_unit="ms")
async def registers(dut) -> None:
    """Everything reads its reset value; what can be written reads back; what cannot is refused."""
    host = await BmruHost.started(dut)
    for register in host.registers:
        stored = {
            field.name: field.reset
            for field in register.fields
            if field.kind in (Kind.CONSTANT, Kind.CONFIGURATION, Kind.EVENT)
        }
        if stored:
            await host.expect(register.name, **stored)
        if not register.writable:
            await host.refused(register.name)
    await host.expect("STATUS", halted=1, busy=0, scan_busy=0, programmed=0, in_clip=0)
    await host.refused("SCAN_DATA", bits=1)
    for name in ("PACE", "VOTE", "WAKE_THRESHOLD", "REPORT", "INTERRUPT_ENABLE", "SCAN_CHECK"):
        values = {field.name: field.maximum for field in host.registers[name].fields}
        await host.write(name, **values)
        await host.expect(name, **values)
    await host.start()
    await host.expect("STATUS", halted=0)
    await host.refused("SCAN_CONTROL", load=1)
    await host.refused("SCAN_CHECK", value=1)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def scan_window(dut) -> None:
    """Load, read back, verify; wrong check words; resets: codes stay, trust is lost with the reset pin alone."""
    host = await BmruHost.started(dut)
    codes = random_codes(host.design, 1)
    bits = codes.chain()
    assert await host.load(codes, check=check_word(bits) ^ 0x80000000) == STATUS_OK | {"written_wrong": 1}
    await host.expect("STATUS", programmed=0, scan_busy=0)
    await host.expect("INTERRUPT_STATUS", scan_done=1, scan_failed=1)
    assert await host.load(codes) == STATUS_OK
    await host.expect("STATUS", programmed=1)
    await host.expect("SCAN_FOUND", value=check_word(bits))
    assert await host.read_back() == pack_chain(bits)
    await host.expect("STATUS", programmed=1)
    assert await host.verify(check_word(bits) ^ 1) == STATUS_OK | {"latches_wrong": 1}
    await host.expect("STATUS", programmed=0)
    assert await host.verify(check_word(bits)) == STATUS_OK
    await host.write("CONTROL", soft_reset=1)
    await host.expect("STATUS", programmed=1)
    # A soft reset within a load: it ends, and nothing is trusted.
    await host.write("SCAN_CONTROL", load=1)
    await host.until_word()
    await host.write("SCAN_DATA", bits=0)
    await host.expect("STATUS", scan_busy=1)
    await host.refused("SCAN_CONTROL", read=1)
    await host.write("CONTROL", soft_reset=1)
    await host.expect("STATUS", programmed=0, scan_busy=0)
    cover("bmru_resets", kind="soft", phase="load")
    await host.reset()
    await host.expect("STATUS", programmed=0)
    assert await host.verify(check_word(bits)) == STATUS_OK
    await host.expect("STATUS", programmed=1)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def frames_without_codes(dut) -> None:
    """Frames are refused until codes have passed, and again while they are in doubt."""
    host = await BmruHost.started(dut)
    codes, clip = random_codes(host.design, 2), clip_packets(random_features(host.design, 1, 3, 2))
    await host.configure(VoteSettings.of(host.design), 0)
    await host.start()
    for _ in range(2):
        for packet in clip:
            await host.source.send(packet.data)
        await host.source.wait()
        await host.cycles(20)
        counters = await host.counters()
        assert counters[BmruCounter.FRAMES] == 0 and await host.answer(200) is None
        await host.halt()
        await host.load(codes, check=check_word(codes.chain()) ^ 1)
        await host.start()
    assert counters[BmruCounter.DROPPED_UNPROGRAMMED] == 2 * len(clip)
    cover("bmru_frames", cause="unprogrammed", stall=False)
    await host.expect("INTERRUPT_STATUS", dropped_unprogrammed=1, dropped_outside=0)
    await host.halt()
    await host.program_codes(codes)
    await host.start()
    for packet in clip:
        await host.source.send(packet.data)
    answer = await host.answer(4000)
    assert answer is not None and sum(answer.scores) == len(clip)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def halting(dut) -> None:
    """Halted within a clip, the core finishes its frame, holds the next, and goes on where it was."""
    host = await BmruHost.started(dut)
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
        sampled = (await host.counters())[BmruCounter.FRAMES]
        await host.cycles(300)
        assert (await host.counters())[BmruCounter.FRAMES] == sampled >= done
        await host.expect("STATUS", halted=1, busy=0)
        done = sampled
        await host.start()
    answer = await host.answer(4000)
    assert answer is not None and sum(answer.scores) == len(clip)
    assert (await host.counters())[BmruCounter.FRAMES] == len(clip)


@cocotb.test(timeout_time=2000, timeout_unit="ms")
async def trust(dut) -> None:
    """With a frame in the buffer and ``run`` set, nothing settles while codes are in doubt or a scan command works."""
    host = await BmruHost.started(dut)
    codes = random_codes(host.design, 6)
    bits = codes.chain()
    packets = clip_packets(random_features(host.design, 1, 3, 6))
    words = [int.from_bytes(pack_chain(bits)[at : at + 4], "little") for at in range(0, len(pack_chain(bits)), 4)]

    async def waiting(packet: FramePacket) -> None:
        await host.source.send(packet.data)
        await host.source.wait()
        await host.cycles(8)

    async def sampled(count: int, why: str) -> None:
        await host.cycles(3 * host.design.cycles.awake)
        found = (await host.counters())[BmruCounter.FRAMES]
        assert found == count, f"{found} frames were sampled {why}, not {count}"

    await host.program_codes(codes)
    await host.configure(VoteSettings.of(host.design), 0)
    await waiting(packets[0])
    await host.expect("STATUS", in_clip=1, busy=0)
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
    host = await BmruHost.started(dut)
    await host.program_codes(random_codes(host.design, 7))
    await host.configure(VoteSettings.of(host.design), 0)
    host.sink.pause = True
    await host.start()
    clip = clip_packets(random_features(host.design, 1, 3, 7))
    for packet in clip:
        await host.source.send(packet.data)
    await host.source.wait()
    await host.cycles(5 * host.design.cycles.awake)
    assert (await host.counters())[BmruCounter.FRAMES] == len(clip)
    await host.write("CONTROL", run=0)
    for _ in range(3):
        await host.cycles(50)
        await host.expect("STATUS", halted=0, busy=0)
        await host.refused("SCAN_CONTROL", verify=1)
        await host.refused("SCAN_CHECK", value=1)
    host.sink.pause = False
    answer = await host.answer(200)
    assert answer is not None and sum(answer.scores) == len(clip)
    await host.until("halted", 1, pause_cycles=4)
    await host.write("SCAN_CONTROL", verify=1)
