"""cocotb: learn, save all through the bus, restore it, learn on; and what is refused meanwhile."""

from __future__ import annotations

from pathlib import Path
from random import Random

import cocotb
import numpy as np

from remora.golden.devices.fault_map import FaultMap
from remora.golden.learning.checkpoint import load_checkpoint, save_checkpoint
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import GROUP_BITS, HostMemory, head_parts, host_memories
from remora.spec.lib.packets import Flag, encode_packet
from remora.spec.lib.registers import Kind
from remora.tb.crossbar import checkpoint_host
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.borders import border_numbers
from remora.tb.lib.config import load_config


async def restored(dut) -> tuple[CrossbarHost, dict]:
    """A host after power-on, with what was saved before, and what the test is told."""
    host, config = await CrossbarHost.started(dut), load_config()
    await checkpoint_host.restore_checkpoint(host, load_checkpoint(config["restore"], host.design))
    if config["settings"]:
        await checkpoint_host.write_settings(host, LearningSettings.from_dict(config["settings"]))
    return host, config


def send(host: CrossbarHost, config: dict) -> int:
    """Hand all sequences to the sender, to be learnt and answered; how many."""
    features = np.array(config["features"], np.int8 if host.design.network.feature_signed else np.uint8)
    for sequence, length, label in zip(features, config["lengths"], config["labels"], strict=True):
        host.source.send_nowait(encode_packet(sequence[:length], label=label, flags=Flag.LEARN | Flag.INFER))
    return len(features)


@cocotb.test()
async def learn_and_save(dut) -> None:
    """Restore one file, learn, save another."""
    await learn_on(*await restored(dut))


async def learn_on(host: CrossbarHost, config: dict) -> None:
    """Learn all sequences, and save."""
    count = send(host, config)
    await host.start()
    for _ in range(count):
        assert await host.answer(config["timeout_cycles"]) is not None, "an answer is missing"
    await host.halt()
    saved = await checkpoint_host.save_checkpoint(host)
    save_checkpoint(Path(config["save"]), host.design, saved)


@cocotb.test()
async def refused_while_learning(dut) -> None:
    """Everything guarded answers SLVERR at random moments of learning, and changes nothing of what is learnt."""
    (host, config), random = await restored(dut), Random(cocotb.RANDOM_SEED)
    guarded = [register for register in host.registers if register.guard]
    learning = [register for register in guarded if not register.name.startswith("WINDOW") and register.address >= 0x50]
    assert {"LEARN_SEED", "UPDATES", "FILLED", "MEMORY_CONTROL", "MEMORY_DATA"} <= {each.name for each in learning}
    count, answers, tried = send(host, config), 0, 0
    await host.start()
    while answers < count:
        register = random.choice(learning)
        fields = {field.name: random.randint(field.minimum, min(1, field.maximum)) for field in register.fields}
        await host.refused(register.name, **fields)
        tried += 1
        while not host.sink.empty():
            answers += await host.answer() is not None
    await host.halt()
    assert tried > 100
    saved = await checkpoint_host.save_checkpoint(host)
    save_checkpoint(Path(config["save"]), host.design, saved)


@cocotb.test()
async def words_that_do_not_exist(dut) -> None:
    """Commands on them answer SLVERR; so does whatever a register cannot hold."""
    host, _ = await restored(dut)
    design = host.design
    if design.capabilities.compensates:
        await checkpoint_host.write_faults(host, random_faults(design))
    before, memories = await checkpoint_host.save_checkpoint(host), host_memories(design)
    sizes = {int(memory): size for memory, size in memories.items()}
    for memory in range(4):
        depth = sizes[memory].depth if memory in sizes else 0
        for address in (depth, depth + 1, 1 << 16, (1 << 32) - 1):
            await host.write("MEMORY_SELECT", memory=memory, slice=0)
            await host.write("MEMORY_ADDRESS", address=address)
            for command in ("load", "store"):
                await host.refused("MEMORY_CONTROL", **{command: 1})
        await host.write("MEMORY_ADDRESS", address=0)
        for part in (sizes[memory].slices if memory in sizes else 0, 1 << 15, (1 << 16) - 1):
            await host.write("MEMORY_SELECT", memory=memory, slice=part)
            for command in ("load", "store"):
                await host.refused("MEMORY_CONTROL", **{command: 1})
    if HostMemory.ACCUMULATORS in memories:
        # The walk to the last rows of a column takes longer than an access.
        last = memories[HostMemory.ACCUMULATORS].slices - 1
        await host.write("MEMORY_ADDRESS", address=0)
        for name, field in (("MEMORY_ADDRESS", "address"), ("MEMORY_DATA", "bits"), ("MEMORY_CONTROL", "load")):
            for part in (0, last):
                await host.until("memory_busy", 0, pause_cycles=1)
                await host.write("MEMORY_SELECT", memory=int(HostMemory.ACCUMULATORS), slice=part)
                await host.write("MEMORY_CONTROL", load=1)
            await host.refused(name, **{field: 1})
        await host.until("memory_busy", 0, pause_cycles=1)
        await host.expect("MEMORY_ADDRESS", address=0)
    beyond = 0
    for register in host.registers:
        for field in register.fields:
            if field.kind in (Kind.CONFIGURATION, Kind.LOADED) and field.limited:
                largest = (1 << field.width) - 1
                for value in {field.maximum + 1, largest, *([0] if field.minimum else [])} - {field.maximum}:
                    await host.refused_word(register.name, value << field.lsb)
                    beyond += 1
    assert beyond >= 6
    assert same(before, await checkpoint_host.save_checkpoint(host))
    # A soft reset keeps all of it, the fault map too.
    await host.write("CONTROL", soft_reset=1)
    await host.until("busy", 0, pause_cycles=1)
    assert same(before, await checkpoint_host.save_checkpoint(host))


@cocotb.test()
async def heads_that_may_not_be_stored(dut) -> None:
    """Heads at the borders: legal ones are stored; others answer SLVERR, the old head stays, and replay goes on."""
    (host, config), memory = await restored(dut), HostMemory.RESERVOIR_HEADS
    design = host.design
    before, refused = await checkpoint_host.save_checkpoint(host), 0
    label_part, steps_part = head_parts(design)
    heads = [
        label << label_part.lsb | steps << steps_part.lsb
        for label in border_numbers(label_part)
        for steps in border_numbers(steps_part)
    ]
    for index, head in enumerate(heads):
        slot = index % design.learning.replay_capacity
        old = await checkpoint_host.read_memory(host, memory, [slot])
        await checkpoint_host.fill_window(host, [head])
        if label_part.holds(head) and steps_part.holds(head):
            await host.write("MEMORY_CONTROL", store=1)
            assert await checkpoint_host.read_memory(host, memory, [slot]) == [head]
            await checkpoint_host.write_memory(host, memory, slot, old)
        else:
            await host.refused("MEMORY_CONTROL", store=1)
            await host.refused("MEMORY_CONTROL", store=1, load=1)
            assert await checkpoint_host.read_memory(host, memory, [slot]) == old
            refused += 1
    assert 2 <= refused < len(heads)
    assert same(before, await checkpoint_host.save_checkpoint(host))
    await learn_on(host, config)


@cocotb.test()
async def what_nobody_wrote(dut) -> None:
    """FILLED covers slots that hold noise, and so do lanes without a weight; what the host reads is what is learnt."""
    (host, config), random = await restored(dut), Random(cocotb.RANDOM_SEED)
    design = host.design
    if design.capabilities.accumulates:
        await checkpoint_host.write_memory(host, HostMemory.ACCUMULATORS, 0, words_with_rubbish(design, random))
    await host.write("PRESENTED", value=design.learning.replay_capacity)
    await host.write("FILLED", value=design.learning.replay_capacity)
    save_checkpoint(Path(config["between"]), design, await checkpoint_host.save_checkpoint(host))
    await learn_on(host, config)


def words_with_rubbish(design: DesignPoint, random: Random) -> list[int]:
    """Columns of accumulators of 0, and of anything in rows without a weight."""
    network, words = design.network, []
    for column in range(network.hidden + network.classes):
        first = 0 if column < network.hidden else network.features
        words.append(random.getrandbits(GROUP_BITS * first) if first else 0)
    assert any(words)
    return words


def random_faults(design) -> FaultMap:
    """Some devices of both layers marked."""
    random, weights = np.random.default_rng(cocotb.RANDOM_SEED), checkpoint_host.no_weights(design)
    hidden, readout = (random.random((2, *layer.shape)) < 0.5 for layer in (weights.hidden, weights.readout))
    return hidden, readout


def same(first, second) -> bool:
    """Two checkpoints hold the same."""
    arrays = (
        (getattr(one.weights, layer), getattr(one, f"{layer}_accumulators"))
        for one in (first, second)
        for layer in ("hidden", "readout")
    )
    found = [array for pair in arrays for array in pair]
    half = len(found) // 2
    counts = [
        (one.updates, one.settings, one.coefficients, one.reservoir.presented, one.reservoir.frozen)
        for one in (first, second)
    ]
    kept = [(one.reservoir.features, one.reservoir.steps, one.reservoir.labels) for one in (first, second)]
    marks = [one.fault_map or () for one in (first, second)]
    return counts[0] == counts[1] and all(
        map(np.array_equal, [*found[:half], *kept[0], *marks[0]], [*found[half:], *kept[1], *marks[1]])
    )
