"""The host saves and restores all that a Remora has learnt, through the weight window, the memory window and registers.

The core must be halted, with nothing begun that is not finished: a sequence that a soft reset cut short
(LEARN_PROGRESS) is no state between sequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.fault_map import FaultMap
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.healing import HealingState
from remora.golden.learning.learnt_state import no_faults
from remora.golden.learning.memory_words import pack_accumulators, pack_faults, unpack_accumulators, unpack_faults
from remora.golden.learning.offsets import no_offsets
from remora.golden.learning.reservoir import ReservoirState
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import REPLAY_BITS, head_label_bits
from remora.spec.crossbar.memories import GROUP_BITS, SLICE_GROUPS, HostMemory, MemorySize, head_parts, host_memories
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.tb.crossbar.correction_host import read_corrections, write_corrections
from remora.tb.crossbar.host import CrossbarHost
from remora.tb.lib.bench import pack, unpack
from remora.tb.lib.coverage import cover
from remora.tb.lib.register_script import RegisterScript

POLL_CYCLES = 50
GROUP_MASK = (1 << GROUP_BITS) - 1


async def save_checkpoint(host: CrossbarHost, weights: bool = True) -> Checkpoint:
    """Everything that the hardware holds: weights, χ, reservoir, fault map, offsets, spares, counts, settings,
    coefficients.

    Args:
        weights: read them; without, they count as 0, as for a chip of real devices, which does not read back exactly.
    """
    registers = Coefficients.of(host.design).registers(host.design)
    coefficients = [(await host.read(name))["value"] for name in registers]
    return Checkpoint(
        await host.read_weights() if weights else no_weights(host.design),
        *await read_accumulators(host),
        Coefficients(*coefficients),
        updates=(await host.read("UPDATES"))["value"],
        reservoir=await read_reservoir(host),
        settings=await read_settings(host),
        healing=await read_healing(host),
        fault_map=await read_faults(host),
        offsets=await read_corrections(host) if host.design.capabilities.calibrates else None,
        spares=await host.read_spares() if host.design.capabilities.spares else None,
    )


async def restore_checkpoint(host: CrossbarHost, checkpoint: Checkpoint) -> None:
    """Everything back: from here on the hardware goes on as the one that was saved would have."""
    design = host.design
    if design.capabilities.compensates:
        # The window spares what an earlier map marks, and weights are to be as they were.
        await write_faults(host, no_faults(checkpoint.weights))
    if design.capabilities.spares:
        await host.use_spares(checkpoint.spares or SpareMap.idle(design))
    await host.program(checkpoint.weights)
    for name, value in checkpoint.coefficients.registers(design).items():
        await host.write(name, value=value)
    await write_settings(host, checkpoint.settings or LearningSettings.of(design))
    if design.capabilities.accumulates:
        await write_accumulators(host, checkpoint.hidden_accumulators, checkpoint.readout_accumulators)
    await host.write("UPDATES", value=checkpoint.updates)
    if design.capabilities.replays:
        await write_reservoir(host, checkpoint.reservoir or ReservoirState.empty(design))
    if design.capabilities.heals:
        await write_healing(host, checkpoint.healing or HealingState())
    if design.capabilities.compensates:
        await write_faults(host, checkpoint.fault_map or no_faults(checkpoint.weights))
    if design.capabilities.calibrates:
        await write_corrections(host, checkpoint.offsets or no_offsets(design))


def no_weights(design: DesignPoint) -> Weights:
    """Weights of 0 throughout."""
    network = design.network
    hidden = np.zeros((design.hidden_rows, network.hidden), np.int16)
    return Weights(hidden, np.zeros((design.readout_rows, network.classes), np.int16))


# Settings -------------------------------------------------------------------------------------------------------------
async def read_settings(host: CrossbarHost) -> LearningSettings:
    """Settings as the registers hold them; the design's where there is no register."""
    design = host.design
    rates, present = await host.read("LEARN_RATES"), LearningSettings.of(design)
    return LearningSettings(
        (await host.read("LEARN_SEED"))["value"],
        (await host.read("WINNERS"))["value"] if design.capabilities.selects else present.winners,
        (await host.read("REPLAY_RATIO"))["value"] if design.capabilities.replays else present.replay_ratio,
        rates["hidden_rate_shift"],
        rates["readout_rate_shift"],
        **(await _read_healing_settings(host) if design.capabilities.heals else {}),
        verify_feedback=(await host.read("VERIFY_FEEDBACK"))["value"]
        if design.capabilities.verifies_learning
        else present.verify_feedback,
    )


async def _read_healing_settings(host: CrossbarHost) -> dict[str, int]:
    rates = await host.read("HEAL_RATES")
    return {
        **{f"heal_{name}": shift for name, shift in rates.items()},
        **{name.lower(): (await host.read(name))["value"] for name in ("HEAL_START", "HEAL_STOP")},
    }


async def write_settings(host: CrossbarHost, settings: LearningSettings) -> None:
    """Settings into the registers that there are."""
    await host.write("LEARN_SEED", value=settings.seed)
    shifts = {f"{layer}_rate_shift": getattr(settings, f"{layer}_rate_shift") for layer in ("hidden", "readout")}
    await host.write("LEARN_RATES", **shifts)
    if host.design.capabilities.selects:
        await host.write("WINNERS", value=settings.winners)
    if host.design.capabilities.verifies_learning:
        await host.write("VERIFY_FEEDBACK", value=settings.verify_feedback)
    if host.design.capabilities.replays:
        await host.write("REPLAY_RATIO", value=settings.replay_ratio)
    if host.design.capabilities.heals:
        shifts = {
            f"{layer}_rate_shift": getattr(settings, f"heal_{layer}_rate_shift") for layer in ("hidden", "readout")
        }
        await host.write("HEAL_RATES", **shifts)
        await host.write("HEAL_START", value=settings.heal_start)
        await host.write("HEAL_STOP", value=settings.heal_stop)


# Healing --------------------------------------------------------------------------------------------------------------
async def read_healing(host: CrossbarHost) -> HealingState | None:
    """What asks for healing replays, and the accuracy; None where nothing heals. Rules M13 and M14."""
    if not host.design.capabilities.heals:
        return None
    accuracy, left = [(await host.read(name))["value"] for name in ("RESERVOIR_ACCURACY", "HEAL_COUNT")]
    control = await host.read("HEAL_CONTROL")
    return HealingState(accuracy, left, bool(control["run"]), bool(control["policy"]))


async def write_healing(host: CrossbarHost, state: HealingState) -> None:
    """What asked, and the accuracy; what runs goes on as soon as the core does."""
    await host.write("RESERVOIR_ACCURACY", value=state.accuracy)
    await host.write("HEAL_COUNT", value=state.left)
    await host.write("HEAL_CONTROL", run=int(state.run), policy=int(state.policy))


# Words ----------------------------------------------------------------------------------------------------------------
async def read_memory(host: CrossbarHost, memory: HostMemory, addresses: Iterable[int]) -> list[int]:
    """Words of a memory."""
    script, wanted, slices = RegisterScript(host.registers), list(addresses), list(_slices(host, memory))
    script.until("STATUS", "memory_busy", 0)
    for address in wanted:
        script.write("MEMORY_ADDRESS", address=address)
        for part, groups in slices:
            script.write("MEMORY_SELECT", memory=int(memory), slice=part)
            script.write("MEMORY_CONTROL", load=1)
            script.until("STATUS", "memory_busy", 0)
            script.write("MEMORY_POINTER", group=0)
            script.record("MEMORY_DATA", len(groups))
    found = iter(await host.make(script, POLL_CYCLES))
    cover("memory_window", memory=memory, access="read")
    return [sum(next(found) << GROUP_BITS * group for _, groups in slices for group in groups) for _ in wanted]


async def write_memory(host: CrossbarHost, memory: HostMemory, first: int, words: Iterable[int]) -> None:
    """Words of a memory, from one address on."""
    await _idle(host)
    for address, word in enumerate(words, first):
        await host.write("MEMORY_ADDRESS", address=address)
        for part, groups in _slices(host, memory):
            await host.write("MEMORY_SELECT", memory=int(memory), slice=part)
            await fill_window(host, [word >> GROUP_BITS * group & GROUP_MASK for group in groups])
            await host.write("MEMORY_CONTROL", store=1)
            await _idle(host)
    cover("memory_window", memory=memory, access="write")


async def fill_window(host: CrossbarHost, groups: Iterable[int]) -> None:
    """The groups of a slice into the window, to be stored."""
    data = host.registers["MEMORY_DATA"].address
    await host.write("MEMORY_POINTER", group=0)
    for group in groups:
        await host.axil.write(data, group)


async def _idle(host: CrossbarHost) -> None:
    # After a reset the accumulators are cleared, one word a cycle; a slice of rows takes a few cycles a row.
    await host.until("memory_busy", 0, pause_cycles=POLL_CYCLES)


def _slices(host: CrossbarHost, memory: HostMemory) -> Iterator[tuple[int, range]]:
    """Number of each slice of a word, and its groups."""
    size = _size(host.design, memory)
    for part in range(size.slices):
        yield part, range(SLICE_GROUPS * part, min(SLICE_GROUPS * (part + 1), size.groups))


def _size(design: DesignPoint, memory: HostMemory) -> MemorySize:
    return host_memories(design)[memory]


# Accumulators ---------------------------------------------------------------------------------------------------------
async def read_accumulators(host: CrossbarHost) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """χ of the hidden layer and the readout, of the shapes of the weights; 0 where there is none. Rule M9."""
    design = host.design
    if not design.capabilities.accumulates:
        shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
        hidden, readout = (np.zeros(shape, np.int32) for shape in shapes)
        return hidden, readout
    memory = HostMemory.ACCUMULATORS
    return unpack_accumulators(design, await read_memory(host, memory, range(_size(design, memory).depth)))


async def write_accumulators(host: CrossbarHost, hidden: NDArray[np.integer], readout: NDArray[np.integer]) -> None:
    """χ of both layers; those of lanes without a weight become 0."""
    await write_memory(host, HostMemory.ACCUMULATORS, 0, pack_accumulators(host.design, hidden, readout))


# Fault map ------------------------------------------------------------------------------------------------------------
async def read_faults(host: CrossbarHost) -> FaultMap | None:
    """The marks of all devices; None where there is no map. Rule M16."""
    if not host.design.capabilities.compensates:
        return None
    memory = HostMemory.FAULT_MAP
    return unpack_faults(host.design, await read_memory(host, memory, range(_size(host.design, memory).depth)))


async def write_faults(host: CrossbarHost, fault_map: FaultMap) -> None:
    """The marks of all devices; those of rows without a weight become 0."""
    await write_memory(host, HostMemory.FAULT_MAP, 0, pack_faults(host.design, fault_map))


# Reservoir ------------------------------------------------------------------------------------------------------------
async def read_reservoir(host: CrossbarHost) -> ReservoirState | None:
    """All that is held, and n; None where there is no reservoir. Rules M8 and M10."""
    design = host.design
    if not design.capabilities.replays:
        return None
    network = design.network
    label_part, steps_part = head_parts(design)
    filled = (await host.read("FILLED"))["value"]
    features = np.zeros((filled, network.max_steps, network.features), np.uint8)
    steps, labels = np.zeros((2, filled), np.int64)
    for slot, head in enumerate(await read_memory(host, HostMemory.RESERVOIR_HEADS, range(filled))):
        # Of a slot that nobody wrote: what the hardware replays of it.
        steps[slot], labels[slot] = steps_part.nearest(head), label_part.nearest(head)
    held = [(slot, step) for slot in range(filled) for step in range(steps[slot])]
    positions = [slot * network.max_steps + step for slot, step in held]
    words = await read_memory(host, HostMemory.RESERVOIR_STEPS, positions)
    for (slot, step), word in zip(held, words, strict=True):
        features[slot, step] = unpack(word, REPLAY_BITS, network.features)
    presented, frozen = (await host.read("PRESENTED"))["value"], (await host.read("REPLAY_CONTROL"))["freeze"]
    return ReservoirState(presented, bool(frozen), features, steps, labels)


async def write_reservoir(host: CrossbarHost, state: ReservoirState) -> None:
    """What was held, and n."""
    max_steps, label_bits = host.design.network.max_steps, head_label_bits(host.design)
    heads = zip(state.steps.tolist(), state.labels.tolist(), strict=True)
    await write_memory(host, HostMemory.RESERVOIR_HEADS, 0, (steps << label_bits | label for steps, label in heads))
    for slot, (steps, features) in enumerate(zip(state.steps.tolist(), state.features.tolist(), strict=True)):
        words = (pack(step, REPLAY_BITS) for step in features[:steps])
        await write_memory(host, HostMemory.RESERVOIR_STEPS, slot * max_steps, words)
    await host.write("PRESENTED", value=state.presented)
    await host.write("FILLED", value=len(state.steps))
    await host.write("REPLAY_CONTROL", freeze=int(state.frozen))
