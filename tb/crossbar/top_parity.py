"""cocotb: words of the memories of learning that lost a bit are noticed at each read, counted, and told to the host."""

from __future__ import annotations

import cocotb
import numpy as np

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import GROUP_BITS, HostMemory, host_memories
from remora.spec.lib.packets import Flag, encode_packet
from remora.tb.crossbar import checkpoint_host
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.config import load_config
from remora.tb.lib.coverage import cover


async def expect(host: CrossbarHost, accumulators: int, reservoir: int, pending: bool) -> None:
    """The counts, the cause, and the interrupt line."""
    await host.cycles(4)
    await host.expect("MEMORY_ERRORS", accumulators=accumulators, reservoir=reservoir)
    await host.expect("INTERRUPT_STATUS", memory_parity=int(pending))
    assert bool(int(host.dut.irq.value)) == pending


async def cleared(host: CrossbarHost) -> None:
    """The sticky cause, by a 1; the counts stay."""
    await host.write("INTERRUPT_STATUS", memory_parity=1)


async def started(dut) -> tuple[CrossbarHost, DesignPoint, dict]:
    """Halted, interrupt enabled, no error."""
    host, config = await CrossbarHost.started(dut), load_config()
    await host.expect("LEARN_CAPABILITIES", parity=1)
    await host.until("memory_busy", 0, pause_cycles=50)
    await host.write("INTERRUPT_ENABLE", memory_parity=1)
    await expect(host, 0, 0, False)
    return host, host.design, config


@cocotb.test()
async def the_window_reads_what_lost_a_bit(dut) -> None:
    """Steps and accumulators: every read counts; W1C clears the cause, a soft reset the counts, and sound words add
    none."""
    host, design, config = await started(dut)
    memory, size = HostMemory.RESERVOIR_STEPS, host_memories(design)[HostMemory.RESERVOIR_STEPS]
    sound, bad = config["step"] ^ 1, config["step"]
    await checkpoint_host.write_memory(host, memory, 0, [sound, bad, sound | 1 << size.width - 1])
    await expect(host, 0, 0, False)
    assert await checkpoint_host.read_memory(host, memory, [0, 2]) == [sound, sound | 1 << size.width - 1]
    await expect(host, 0, 0, False)
    for count in (1, 2, 3):
        assert await checkpoint_host.read_memory(host, memory, [1]) == [bad ^ 1]
        await expect(host, 0, count, True)
        cover("parity", memory="reservoir", reader="window")
        await cleared(host)
        await expect(host, 0, count, False)
    await host.write("CONTROL", soft_reset=1)
    await expect(host, 0, 0, False)
    # Rows 0 to 3 of a column are a word; of a slice the last row is stored last, and a load reads the word four times.
    column = config["row"] << 3 * GROUP_BITS | 7
    await checkpoint_host.write_memory(host, HostMemory.ACCUMULATORS, 3, [column])
    await expect(host, 0, 0, False)
    assert await checkpoint_host.read_memory(host, HostMemory.ACCUMULATORS, [3]) == [column ^ 1]
    await expect(host, 4, 0, True)
    cover("parity", memory="accumulators", reader="window")
    # The write of a row reads the rest of the word, and counts too; the pattern is in the word until the last row's.
    await host.write("CONTROL", soft_reset=1)
    await cleared(host)
    await checkpoint_host.write_memory(host, HostMemory.ACCUMULATORS, 3, [0])
    await expect(host, 4, 0, True)
    await cleared(host)
    await checkpoint_host.write_memory(host, HostMemory.ACCUMULATORS, 3, [0])
    assert await checkpoint_host.read_memory(host, HostMemory.ACCUMULATORS, [3]) == [0]
    await expect(host, 4, 0, False)


@cocotb.test()
async def learning_reads_what_lost_a_bit(dut) -> None:
    """A sound run counts nothing; then an update reads χ, and a replay reads a step, that lost a bit."""
    host, design, config = await started(dut)

    async def learn(index: int) -> None:
        x = config["features"][index][: config["lengths"][index]]
        label = index % design.network.classes
        packet = encode_packet(np.array(x, np.uint8), label=label, flags=Flag.LEARN | Flag.INFER)
        host.source.send_nowait(packet)
        await host.start()
        assert await host.answer() is not None
        await host.halt()

    for index in range(4):
        await learn(index)
    await expect(host, 0, 0, False)
    await checkpoint_host.write_memory(host, HostMemory.ACCUMULATORS, 0, [config["row"] << 3 * GROUP_BITS])
    await expect(host, 0, 0, False)
    await learn(4)
    found = await host.read("MEMORY_ERRORS")
    assert found["accumulators"] and not found["reservoir"]
    cover("parity", memory="accumulators", reader="learning")
    await cleared(host)
    depth = host_memories(design)[HostMemory.RESERVOIR_STEPS].depth
    await checkpoint_host.write_memory(host, HostMemory.RESERVOIR_STEPS, 0, [config["step"]] * depth)
    await learn(5)
    assert (await host.read("MEMORY_ERRORS"))["reservoir"] and int(host.dut.irq.value)
    cover("parity", memory="reservoir", reader="learning")
