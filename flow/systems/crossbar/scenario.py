"""What the testbench does to a crossbar design: packets with golden's answers, and read-back of what it holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from remora.flow.generate.scenario import Scenario, spread
from remora.flow.systems.crossbar.devices import of_tile
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.run import timeout_cycles
from remora.flow.systems.crossbar.stimulus import NO_LABEL, Stimulus, stress_features
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.learning.checkpoint import Checkpoint
from remora.golden.learning.memory_words import pack_accumulators
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import ROWS_PER_WORD, WINDOW_ROWS, Layer, Tile, all_tiles
from remora.spec.crossbar.memories import GROUP_BITS, SLICE_GROUPS, HostMemory, host_memories
from remora.spec.devices.section import Devices
from remora.spec.lib.packets import Flag, encode_packet
from remora.spec.lib.registers import WORD_MASK, register_map

SEED = 1
INFERRED, LEARNT = 4, range(2, 7)
"""Sequences that are inferred, and before them, where the design learns, those that are learnt: fewest and most."""
LEARN_CYCLES = 25_000
"""Clock cycles that new updates may take: a large design that learns does less than a thousand a second on Icarus."""
STEP_READINGS = 12_000_000
"""Readings of a device that all steps together may cost: Icarus does about a million a second."""
READ_BACK_CYCLES = 10_000
"""Clock cycles that reading back may take, of weights and of accumulators each: Icarus does a few thousand a second."""
GAINS = {"hidden_gain": 6144, "readout_gain": 3072}
"""What software sets where the design has gains of codes."""
ACCESS_CYCLES = 5
"""Of a register, about."""


IDEAL_DEVICES = (
    "This testbench has ideal devices and converters, and its answers are golden's with ideal ones: the section "
    "devices of the design point describes a chip, and one netlist serves every chip."
)
"""Of the testbench of a design point with real devices: it has no chip to run."""


def with_ideal_devices(design: DesignPoint) -> DesignPoint:
    """The design point as the testbench simulates it: the same hardware, and devices and converters that do not err."""
    return design.evolve(devices=Devices().model_dump())


def crossbar_scenario(design: DesignPoint, weights: Weights) -> Scenario:
    """The scenario of a design that starts from the memory images of ``weights``, on ideal devices."""
    real = not design.devices.ideal
    design = with_ideal_devices(design)
    stimulus = _stimulus(design, weights)
    reference = Reference(design, stimulus, trace=False)
    expected = reference.advance(0, len(stimulus))
    after = reference.checkpoint if design.capabilities.learns else None

    scenario = Scenario(register_map(design), _timeout_cycles(design, stimulus), ("+remora_images=../images",))
    if real:
        scenario.about.append(IDEAL_DEVICES)
    scenario.identify()
    _configure(scenario, design, stimulus.coefficients)
    if design.capabilities.digital_bias:
        _write_biases(scenario, weights)
    _queue(scenario, design, stimulus, expected)
    if weights.thresholds is not None:
        _read_thresholds(scenario, weights.thresholds)
    scenario.write("CONTROL", run=1)
    scenario.stream()
    scenario.write("CONTROL", run=0, snapshot=1)
    scenario.until("STATUS", halted=1)
    scenario.expect("INTERRUPT_STATUS", sequence_done=1, window_failed=0)
    _compare_counters(scenario, reference)
    if after:
        _compare_counts(scenario, design, after)
    _read_weights(scenario, design, after.weights if after else weights)
    if after and design.capabilities.accumulates:
        _read_accumulators(scenario, design, after)
    _program_last_column(scenario, design)
    scenario.finish()
    return scenario


def _stimulus(design: DesignPoint, weights: Weights) -> Stimulus:
    """Sequences of every kind and of many lengths; those to be learnt come first."""
    random = np.random.default_rng(SEED)
    learnt = 0
    if design.capabilities.learns:
        affordable = LEARN_CYCLES // design.cycles.most_update(design.network.max_steps)
        learnt = min(max(affordable, LEARNT[0]), LEARNT[-1])
    count = learnt + INFERRED
    readings = design.macs_per_step * design.formats.stream_bits
    longest = min(design.network.max_steps, max(2, STEP_READINGS // (count * readings)))
    lengths = random.integers(1, longest + 1, count)
    lengths[0] = lengths[-1] = longest
    labels = random.integers(0, design.network.classes, count)
    labels[learnt + 1 :] = NO_LABEL
    asked = np.full(count, int(Flag.INFER))
    # Every third is learnt without an answer.
    asked[:learnt] = [Flag.LEARN if index % 3 == 1 else Flag.LEARN | Flag.INFER for index in range(learnt)]
    features = stress_features(design, count, random)
    coefficients = replace(Coefficients.of(design), **GAINS)
    return Stimulus(features, lengths, labels, weights, coefficients, asked=asked)


def _timeout_cycles(design: DesignPoint, stimulus: Stimulus) -> int:
    """Within which the next answer comes, a column is programmed or read back, and the accumulators are cleared."""
    words = sum(size.stored_depth for size in host_memories(design).values())
    access = _access_cycles(design.crossbar.rows)
    return timeout_cycles(design, stimulus, 0.0) + 4 * (design.cycles.most_commit + access) + words


def _access_cycles(rows: int) -> int:
    """About how long the accesses take that read back a column."""
    return rows * ACCESS_CYCLES // ROWS_PER_WORD + 10 * ACCESS_CYCLES * (1 + rows // WINDOW_ROWS)


def _configure(scenario: Scenario, design: DesignPoint, coefficients: Coefficients) -> None:
    for name, value in coefficients.registers(design).items():
        scenario.write(name, value=value)
    if host_memories(design):
        scenario.until("STATUS", memory_busy=0)


def _write_biases(scenario: Scenario, weights: Weights) -> None:
    """Digital biases, which no memory image holds."""
    for layer, levels in zip(Layer, (weights.hidden, weights.readout), strict=True):
        for column, bias in enumerate(levels[-1].tolist()):
            scenario.write("CORRECTION_POINTER", layer=layer, column=column)
            scenario.write("CORRECTION_BIAS", bias=bias & 0xFFFF)


def _queue(scenario: Scenario, design: DesignPoint, stimulus: Stimulus, expected) -> None:
    """All packets, and the answers to those that ask for one."""
    tags, flags, lengths = stimulus.tags.tolist(), stimulus.flags.tolist(), stimulus.lengths.tolist()
    for index, label in enumerate(stimulus.labels.tolist()):
        data = encode_packet(
            stimulus.features[index, : lengths[index]], tag=tags[index], label=None if label == NO_LABEL else label,
            flags=Flag(flags[index]),
        )  # fmt: skip
        asked = " and ".join(str(flag.name).lower() for flag in (Flag.LEARN, Flag.INFER) if flags[index] & flag)
        scenario.packet(index, data, f"{asked}, steps = {lengths[index]}")
        if flags[index] & Flag.INFER:
            for part in expected.answer(index, tags[index], Flag(flags[index]), lengths[index]):
                scenario.answer(index, part)
    learnt, answered = int(stimulus.learns.sum()), int(stimulus.answered.sum())
    told = f"{len(stimulus)} sequences of {min(lengths)} to {max(lengths)} steps go in; "
    told += f"{learnt} of them are learnt, " if learnt else ""
    scenario.about.append(f"{told}{answered} are answered, and every score, class, flag and tag is compared.")


def _compare_counters(scenario: Scenario, reference: Reference) -> None:
    exact = {counter: fewest for counter, (fewest, most) in reference.cycles.items() if fewest == most}
    design = reference.design
    if design.capabilities.reads_every_step and 2 * (1 + design.network.classes) > design.cycles.step:
        # The testbench does not take a beat in every cycle, for which steps may wait.
        exact.pop(Counter.STEP_CYCLES, None)
    counters = {**reference.counters, **exact}
    scenario.expect_counters(counters)
    scenario.about.append(f"{len(counters)} of the hardware's counters are compared at the end.")


def _compare_counts(scenario: Scenario, design: DesignPoint, after: Checkpoint) -> None:
    scenario.expect("UPDATES", value=after.updates)
    scenario.expect("LEARN_PROGRESS", updating=0)
    if after.reservoir is not None and design.capabilities.replays:
        scenario.expect("PRESENTED", value=after.reservoir.presented)
        scenario.expect("FILLED", value=len(after.reservoir.steps))


# Read-back ------------------------------------------------------------------------------------------------------------
def _read_weights(scenario: Scenario, design: DesignPoint, weights: Weights) -> None:
    """As many columns as time allows, of every tile the same share."""
    columns = [(tile, column) for tile in all_tiles(design) for column in range(tile.columns)]
    cycles = sum(design.cycles.column_read(tile) + _access_cycles(tile.rows) for tile, _ in columns)
    chosen = spread(columns, max(2, len(columns) * READ_BACK_CYCLES // cycles))
    for tile, column in chosen:
        _read_column(scenario, tile, column, of_tile(weights, tile)[:, column])
    scenario.about.append(
        f"{_share(len(chosen), len(columns))} columns of weights are read back through the weight window."
    )


def _read_column(scenario: Scenario, tile: Tile, column: int, levels: np.ndarray) -> None:
    for part, rows in enumerate(tile.window_slices):
        _select(scenario, tile, column, part)
        scenario.write("WINDOW_CONTROL", read=1)
        scenario.until("STATUS", window_busy=0)
        scenario.write("WINDOW_POINTER", row=0)
        for row, word, mask in _words(levels[rows]):
            scenario.expect_word(
                "WINDOW_DATA", word, mask, f"{tile.name}, column {column}, rows from {rows.start + row}"
            )


def _select(scenario: Scenario, tile: Tile, column: int, part: int) -> None:
    scenario.write("WINDOW_SELECT", layer=int(tile.layer), tile=tile.index, column=column, slice=part)
    scenario.write("WINDOW_POINTER", row=0)


def _words(levels: np.ndarray):
    """First row, word and bits that count of each access to WINDOW_DATA."""
    for row in range(0, len(levels), ROWS_PER_WORD):
        group = levels[row : row + ROWS_PER_WORD].astype(np.int8).tobytes()
        yield row, int.from_bytes(group, "little"), (1 << 8 * len(group)) - 1


def _read_thresholds(scenario: Scenario, thresholds: NDArray) -> None:
    """Of all cells."""
    scenario.write("CELL_POINTER", unit=0)
    for unit, pair in enumerate(thresholds.T.tolist()):
        for name, value in zip(("CELL_LOW", "CELL_HIGH"), pair, strict=True):
            scenario.expect_word(name, value & WORD_MASK, note=f"unit {unit}")
    scenario.about.append("The thresholds of all bistable cells are read back.")


def _read_accumulators(scenario: Scenario, design: DesignPoint, after: Checkpoint) -> None:
    """As many slices of columns as time allows."""
    words = pack_accumulators(design, after.hidden_accumulators, after.readout_accumulators)
    size = host_memories(design)[HostMemory.ACCUMULATORS]
    slices = [(address, part) for address in range(size.depth) for part in range(size.slices)]
    cycles = ACCESS_CYCLES * (SLICE_GROUPS + 5) + size.groups
    chosen = spread(slices, max(2, READ_BACK_CYCLES // cycles))
    for address, part in chosen:
        scenario.write("MEMORY_SELECT", memory=int(HostMemory.ACCUMULATORS), slice=part)
        scenario.write("MEMORY_ADDRESS", address=address)
        scenario.write("MEMORY_CONTROL", load=1)
        scenario.until("STATUS", memory_busy=0)
        scenario.write("MEMORY_POINTER", group=0)
        for group in range(SLICE_GROUPS * part, min(SLICE_GROUPS * (part + 1), size.groups)):
            value = words[address] >> GROUP_BITS * group & (1 << GROUP_BITS) - 1
            scenario.expect_word("MEMORY_DATA", value, note=f"accumulators, column {address}, row {group}")
    scenario.about.append(
        f"{_share(len(chosen), len(slices))} slices of four accumulators are read back through the memory window."
    )


def _program_last_column(scenario: Scenario, design: DesignPoint) -> None:
    """The last column of all, as software programs a chip that has no memory images; then the spare of it."""
    tile = all_tiles(design)[-1]
    column = tile.columns - 1
    ends = np.resize([design.crossbar.weight_limit, -1, 0, -design.crossbar.weight_limit, 1], tile.rows)
    _program_column(scenario, tile, column, ends)
    scenario.about.append(
        f"At the end column {column} of {tile.name} is programmed through the weight window, verified and read back."
    )
    if tile.spares:
        _use_spare(scenario, tile, column, ends)


def _program_column(scenario: Scenario, tile: Tile, column: int, levels: NDArray) -> None:
    for part, rows in enumerate(tile.window_slices):
        _select(scenario, tile, column, part)
        for _, word, _ in _words(levels[rows]):
            scenario.write_word("WINDOW_DATA", word, f"{tile.name}, column {column}")
        scenario.write("WINDOW_CONTROL", commit=1)
        scenario.until("STATUS", window_busy=0)
        scenario.expect("WINDOW_STATUS", mismatches=0)
    scenario.expect("INTERRUPT_STATUS", window_done=1, window_failed=0)
    _read_column(scenario, tile, column, levels)


def _use_spare(scenario: Scenario, tile: Tile, column: int, levels: NDArray) -> None:
    """A spare stands in for a column, holds other weights, is erased, and the column is as it was."""
    spare = tile.spares - 1
    scenario.write("SPARE_SELECT", layer=int(tile.layer), tile=tile.index, spare=spare)
    scenario.write("SPARE_COLUMN", column=column, enable=1)
    scenario.expect("SPARE_COLUMN", column=column, enable=1)
    for held in (-levels, np.zeros_like(levels)):
        _program_column(scenario, tile, column, held)
    scenario.write("SPARE_COLUMN", column=0, enable=0)
    _read_column(scenario, tile, column, levels)
    scenario.about.append(
        f"Spare column {spare} of {tile.name} stands in for column {column} meanwhile, and is erased."
    )


def _share(some: int, total: int) -> str:
    return f"All {total}" if some == total else f"{some} of {total}"
