"""What the fields of a crossbar design point demand of each other, and which fields change nothing beside others."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import TYPE_CHECKING

from remora.spec.crossbar.buses import too_wide
from remora.spec.crossbar.spares.rules import spare_faults
from remora.spec.crossbar.tiles import MAX_PULSE_CYCLES, MAX_TILE
from remora.spec.crossbar.update_rules.registry import rule_faults, update_rule
from remora.spec.devices.model import GAIN_BITS, PLANE_BITS, TICK_BITS, Manufacture, manufacture
from remora.spec.devices.pairs.registry import PAIRS
from remora.spec.devices.suggestions import pulse_cycles
from remora.spec.lib.rng import most_normal

if TYPE_CHECKING:
    from remora.spec.crossbar.design import DesignPoint

MAX_REPLAY_BYTES = 1 << 28
"""Largest replay memory: 256 MiB, which is already more than a chip holds."""
MOST_STEP_GAIN = 1 << 24
"""Largest b of rule D19, in 2^−12."""
MOST_LOG = 6920
"""Largest natural logarithm of a time in rule D11, in 2^−8."""
_VERIFY_SETTINGS = ("verify_feedback", "verify_give_up")
"""Fields of learning that change nothing where no pulse of learning is verified."""
_BUILT = (
    "update",
    "winners",
    "lanes",
    "columns",
    "replay_capacity",
    "replay_ratio",
    "healing",
    "compensation",
    "verify_reads",
    *_VERIFY_SETTINGS,
)
"""Fields of learning that ask for hardware; the others are rates and seeds, by which golden trains."""
_OFFLINE_TOO = ("enabled", "seed")
"""Fields of learning that bear on a design without it: whether it is there, and the seed of the initial weights."""


def faults(design: DesignPoint) -> Iterator[str]:
    """Each way in which fields that are legal one by one do not fit together, with the remedy."""
    if not design.capabilities.bistable and design.cell.lanes > design.network.hidden:
        yield (
            f"cell.lanes is {design.cell.lanes} but network.hidden is {design.network.hidden}; "
            f"lanes beyond the hidden units would idle: use 1…{design.network.hidden}"
        )
    if design.system.contexts > 1 and design.capabilities.bistable:
        yield (
            f'system.contexts is {design.system.contexts}, but with cell.kind = "bmru" a cell holds one state: '
            'use contexts = 1, where one stream takes as many cycles a step, or cell.kind = "miru"'
        )
    if design.learning.accumulator_level >= 1 << (design.learning.accumulator_bits - 1):
        yield (
            f"learning.accumulator_level is {design.learning.accumulator_level}, which an accumulator of "
            f"{design.learning.accumulator_bits} bits cannot reach: "
            f"use less than {1 << (design.learning.accumulator_bits - 1)}"
        )
    yield from _verify_faults(design)
    yield from _learning_faults(design)
    if design.adc_shift < 0:
        yield (
            f"formats.adc_bits = {design.formats.adc_bits} with formats.adc_range_log2 = "
            f"{design.formats.adc_range_log2} asks for a code finer than one level on the lowest plane: use at most "
            f"{design.formats.adc_bits + design.adc_shift} adc_bits, or a larger adc_range_log2"
        )
    if not design.crossbar.weight_limit:
        yield (
            f'crossbar.levels is {design.crossbar.levels}, but with crossbar.pair = "{design.crossbar.pair}" a weight '
            'ends half-way between rest and full: use at least 3 levels, or pair = "canonical"'
        )
    if design.crossbar.weight_limit > design.formats.adc_limit:
        yield (
            f"crossbar.levels is {design.crossbar.levels} but a code of formats.adc_bits = {design.formats.adc_bits} "
            f"ends at {design.formats.adc_limit}; a weight is read back in one conversion: "
            f"use at most {_most_levels(design)} levels or more adc_bits"
        )
    longest = max(design.hidden_rows, design.readout_rows)
    bound = min(design.crossbar.rows, longest) * design.crossbar.weight_limit << design.crossbar.fraction_bits
    if bound >= 1 << 31:
        yield (
            f"crossbar.rows, levels and fraction_bits give bitline sums up to {bound}, the behavioural "
            f"model holds less than "
            f"{1 << 31}: use fewer rows, levels or fraction_bits (now {design.crossbar.fraction_bits})"
        )
    if design.crossbar.reference_level and design.crossbar.self_test:
        yield (
            'crossbar.self_test is true, but with crossbar.pair = "reference" no pulse may reach g⁻, which it tests by '
            'pulses too: use pair = "canonical", or leave self_test out'
        )
    if design.capabilities.bistable and design.crossbar.self_test:
        yield (
            'crossbar.self_test is true, but with cell.kind = "bmru" no converter reads the hidden layer: '
            'use cell.kind = "miru", or leave self_test out'
        )
    yield from spare_faults(design)
    if design.capabilities.bistable and design.crossbar.bias == "digital":
        yield (
            'crossbar.bias is "digital", but with cell.kind = "bmru" no converter reads the hidden layer: '
            'use cell.kind = "miru", or bias = "row"'
        )
    if design.crossbar.bias == "digital" and design.capabilities.verifies_learning:
        yield (
            f'learning.verify_reads is {design.learning.verify_reads}, but with crossbar.bias = "digital" no read '
            'drives the row of the biases, and learning would give them up: use verify_reads = 0, or bias = "row"'
        )
    if design.crossbar.bias == "digital" and design.crossbar.verify_pulses:
        yield (
            f'crossbar.verify_pulses is {design.crossbar.verify_pulses}, but with crossbar.bias = "digital" the window '
            'reads biases in whole levels, and corrects by codes finer than these: use 0, or bias = "row"'
        )
    if design.capabilities.bistable and design.crossbar.calibrate_offsets:
        yield (
            'crossbar.calibrate_offsets is true, but with cell.kind = "bmru" no converter reads the hidden layer: '
            'use cell.kind = "miru", or leave calibrate_offsets out'
        )
    if design.capabilities.bistable and design.crossbar.gain:
        yield (
            'crossbar.gain is true, but with cell.kind = "bmru" the hidden layer has no codes: '
            'use cell.kind = "miru", or scale the thresholds of the cells and leave gain out'
        )
    yield from _macro_faults(design)
    yield from _device_faults(design)
    addressed = True
    for layer, tiles in (("hidden", design.hidden_tiles), ("readout", design.readout_tiles)):
        if tiles > 256:
            addressed = False
            yield (
                f"the {layer} layer needs {tiles} tiles, the weight window addresses 256: "
                "use larger crossbar.rows and crossbar.columns"
            )
    if addressed:
        yield from too_wide(design)


def _most_levels(design: DesignPoint) -> int:
    """Most levels whose largest weight is a code."""
    limit, policy = design.formats.adc_limit, PAIRS[design.crossbar.pair]
    return max(levels for levels in range(1, design.crossbar.levels) if policy.weight_limit(levels - 1) <= limit)


def _device_faults(design: DesignPoint) -> Iterator[str]:
    """Where devices err in a way that the design cannot have, or that golden's float64 and the model's 64 bits cannot
    hold."""
    if design.devices.ideal:
        return
    yield from _pulse_faults(design)
    if design.capabilities.bistable:
        yield (
            'devices are not ideal, but with cell.kind = "bmru" the bitlines drive cells for which there is no '
            'model of real devices: use cell.kind = "miru", or leave the section devices out'
        )
        return
    given, model = design.devices.resolved(), design.device_model()
    if 0 < given["on_off"] <= 1:
        yield f"devices.on_off is {given['on_off']:g}: use a ratio above 1, or 0 for no conductance at rest"
    if (shares := sum(given[name] for name in ("stuck_rest", "stuck_full", "corrupt"))) > 1 + 1e-9:
        yield f"devices.stuck_rest, stuck_full and corrupt come to {shares:g} of all devices: use 1 or less together"
    if (given["wire_row"] or given["wire_column"]) and not model.wired:
        yield (
            "devices.wire_row and wire_column lower no device by a count: use a larger devices.full_conductance, which "
            f"is {given['full_conductance']:g}, or wires of 0 ohm"
        )
    if not (any(model.raise_steps) and any(model.lower_steps)):
        yield (
            "a pulse of devices.raise_steps or lower_steps moves no device by a grain of conductance: use longer "
            f"steps, or more than crossbar.fraction_bits = {design.crossbar.fraction_bits}"
        )
    yield from _too_large(design)


def _pulse_faults(design: DesignPoint) -> Iterator[str]:
    needed, length = pulse_cycles(design.devices, design.system.clock_mhz), design.devices.resolved()["pulse_ns"]
    if design.crossbar.pulse_cycles >= needed:
        return
    fastest = MAX_PULSE_CYCLES * 1000 / length
    remedy = (
        f"use crossbar.pulse_cycles = {needed}"
        if needed <= MAX_PULSE_CYCLES
        else f"use crossbar.pulse_cycles = {MAX_PULSE_CYCLES} and a system.clock_mhz of at most {fastest:.3g}"
    )
    yield (
        f"crossbar.pulse_cycles is {design.crossbar.pulse_cycles}, but a pulse of devices.pulse_ns = {length:g} takes "
        f"{needed} cycles at system.clock_mhz = {design.system.clock_mhz:g}: {remedy}"
    )


def _too_large(design: DesignPoint) -> Iterator[str]:
    """Numbers of rules D1 to D20 beyond what golden's float64 and int64 hold, and the integers of the model."""
    for name, (value, bits) in (_of_samples(design) | _of_devices(design)).items():
        if value >> bits:
            yield (
                f"devices: {name} reaches 2^{value.bit_length() - 1}, beyond the 2^{bits} that golden and the model of "
                "the macro hold: use fewer crossbar.rows, levels or fraction_bits, or less of what makes it large"
            )


def _of_samples(design: DesignPoint) -> dict[str, tuple[int, int]]:
    """Name → largest number of rules D13 to D18, and how many bits there are for it."""
    model, spreads, rows = design.device_model(), _spreads(design), min(design.crossbar.rows, design.hidden_rows)
    columns = min(design.crossbar.columns, max(design.network.hidden, design.network.classes))
    # At least twice of what they should be.
    plane = max(2 << PLANE_BITS, (1 << PLANE_BITS) + most_normal(spreads.plane_error))
    gain = max(2 << GAIN_BITS, (1 << GAIN_BITS) + most_normal(spreads.converter_gain))
    word, squares = design.formats.stream_limit * plane, model.limit**2 >> 29
    # A read of one row makes a level weigh a code, or as many as fit: rules W1, W3 and S1.
    finest = max(1, design.formats.adc_limit // max(1, design.crossbar.weight_limit)).bit_length() - 1
    read = plane << max(design.adc_shift, design.readout_adc_shift) + finest
    charge, power = max(rows * word, read), max(rows * (word**2 >> 22), read**2 >> 22)
    variance = power * (model.read_noise**2 * model.limit**2 >> 29)
    wires = model.limit * (model.wire_row * 2 * columns**2 + model.wire_column * rows**2)
    return {
        "a bitline's charge times a converter's gain": ((charge * model.limit >> PLANE_BITS) * gain, 53),
        "the variance of a sample": (variance + max(model.converter_noise), 50),
        "the variance of a pair": (model.read_noise**2 * (squares + 1), 31),
        "the noise of converters": (max(model.converter_noise), 47),
        "the drop along the wires": (wires, 62),
        "a wire's factor": (max(model.wire_row, model.wire_column), 47),
        "a converter's offset": (most_normal(spreads.converter_offset), 31),
    }


def _of_devices(design: DesignPoint) -> dict[str, tuple[int, int]]:
    """As `_of_samples`, of rules D1 to D12 and D19."""
    model, spreads = design.device_model(), _spreads(design)
    steps, one = (model.raise_steps, model.lower_steps), 1 << GAIN_BITS
    tables = (*steps, model.write_noise, model.drift, model.drift_spread, model.slow_noise)
    largest = MOST_STEP_GAIN * (one + most_normal(spreads.direction_spread)) >> GAIN_BITS
    if not (spreads.lognormal or spreads.step_anchor):
        largest = min(largest, (one + most_normal(spreads.step_spread)) * largest // MOST_STEP_GAIN + 1)
    step = max(map(max, steps)) * largest >> GAIN_BITS
    root = isqrt((model.slow_base + MOST_LOG) << TICK_BITS)
    slow = (model.limit * max(model.slow_noise) >> GAIN_BITS) * root >> TICK_BITS
    return {
        "the conductance of a full device": (model.full, 26),
        "a curve over the conductance": (max(map(max, tables)), 31),
        "the noise of a pulse": (max(model.cycle_noise, model.cycle_range), 31),
        "the noise of a step": (step * model.cycle_noise >> GAIN_BITS, 40),
        "the base of slow noise": (model.slow_base, 31),
        "slow noise": (most_normal(slow), 31),
        "the spread of devices": (max(spreads.step_spread, spreads.rest_spread, spreads.full_spread), 40),
    }


def _spreads(design: DesignPoint) -> Manufacture:
    return manufacture(design.devices, design.crossbar.top_level, design.crossbar.fraction_bits)


def _macro_faults(design: DesignPoint) -> Iterator[str]:
    network, crossbar = design.network, design.crossbar
    used = {
        "rows": (min(crossbar.rows, max(design.hidden_rows, design.readout_rows)), "wordlines"),
        "columns": (min(crossbar.columns, max(network.hidden, network.classes)) + crossbar.spare_columns, "bitlines"),
    }
    for name, (most, lines) in used.items():
        if 0 < (given := getattr(crossbar, f"macro_{name}")) < most:
            yield (
                f"crossbar.macro_{name} is {given}, but the largest tile uses {most} {lines}, and one hard macro holds "
                f"every tile: use {most}…{MAX_TILE}, 0 for macros as large as their tiles, or fewer crossbar.{name}"
            )


def _verify_faults(design: DesignPoint) -> Iterator[str]:
    if (reads := design.crossbar.verify_reads) & (reads - 1):
        yield f"crossbar.verify_reads is {reads}, whose average is no shift: use 1, 2, 4, 8 or 16"
    learning = design.learning
    if (reads := learning.verify_reads) & (reads - 1):
        yield f"learning.verify_reads is {reads}, whose average is no shift: use 1, 2, 4, 8 or 16, or 0 for none"
    if learning.verify_reads and learning.update != "accumulate":
        yield (
            f'learning.verify_reads is {learning.verify_reads}, but learning.update = "{learning.update}" has no '
            'accumulator that keeps what a pulse missed: use update = "accumulate", or verify_reads = 0'
        )
    if learning.verify_reads and design.capabilities.bistable:
        yield (
            f'learning.verify_reads is {learning.verify_reads}, but cell.kind = "bmru" is trained offline: '
            'use cell.kind = "miru", or verify_reads = 0'
        )


def _learning_faults(design: DesignPoint) -> Iterator[str]:
    learning = design.learning
    if learning.winners != "all" and learning.winners > design.network.hidden:
        yield (
            f"learning.winners is {learning.winners} but network.hidden is {design.network.hidden}: "
            f'use 1…{design.network.hidden}, or "all"'
        )
    yield from rule_faults(design)
    if learning.enabled and design.capabilities.bistable:
        yield (
            'learning.enabled asks for hardware that learns, but with cell.kind = "bmru" no converter stands in a '
            "step, and the derivative of direct feedback alignment is made from its codes: leave enabled out and "
            'train offline, or use cell.kind = "miru"'
        )
    if design.learning_lanes > design.hidden_rows:
        yield (
            f"learning.lanes is {learning.lanes} but a column has {design.hidden_rows} rows: "
            f'use 1…{design.hidden_rows}, or "all"'
        )
    if not learning.replay_capacity and learning.replay_ratio > 1:
        yield (
            f"learning.replay_ratio is {learning.replay_ratio} but learning.replay_capacity is 0, so there is "
            "nothing to replay: use a capacity of 1 or more, or leave the ratio out"
        )
    if learning.healing and not learning.replay_capacity:
        yield (
            "learning.healing is true but learning.replay_capacity is 0, so there is nothing to replay: "
            "use a capacity of 1 or more, or leave healing out"
        )
    if design.replay_bytes > MAX_REPLAY_BYTES:
        one = design.replay_bytes / learning.replay_capacity
        yield (
            f"learning.replay_capacity is {learning.replay_capacity}, which takes {design.replay_bytes / 2**30:.1f} "
            f"GiB of replay memory, more than {MAX_REPLAY_BYTES >> 20} MiB: use at most {int(MAX_REPLAY_BYTES / one)}"
        )


def unheeded(design: DesignPoint) -> dict[str, str]:
    """Fields that change nothing of a design point's hardware → why."""
    found = _unheeded(design)
    if not design.capabilities.parity:
        found["system.parity"] = "no macro holds accumulators or a reservoir, or the parity is off"
    if not design.learning.verify_reads:
        reason = "learning.verify_reads is 0, so that no pulse of learning is verified"
        found |= {f"learning.{name}": reason for name in _VERIFY_SETTINGS if f"learning.{name}" not in found}
    if not design.capabilities.verifies:
        reason = "crossbar.verify_pulses is 0, so that the weight window corrects nothing"
        found |= dict.fromkeys(("crossbar.verify_reads", "crossbar.verify_tolerance"), reason)
    return found


def _unheeded(design: DesignPoint) -> dict[str, str]:
    if design.capabilities.bistable:
        gates = ("cell.lanes", "cell.reset_coefficient", "cell.update_coefficient")
        learning = [f"learning.{name}" for name in type(design.learning).model_fields if name not in _OFFLINE_TOO]
        return {
            **dict.fromkeys(gates, 'cell.kind = "bmru" has no gates and no lanes'),
            "formats.state_bits": "the state of a bistable cell is one bit",
            **dict.fromkeys(learning, "bistable cells are trained offline"),
        }
    if not design.learning.enabled:
        return dict.fromkeys([f"learning.{name}" for name in _BUILT], "learning.enabled is false, so it only infers")
    if not update_rule(design).accumulates:
        return {"learning.accumulator_bits": f'learning.update = "{design.learning.update}" has no accumulators'}
    return {}
