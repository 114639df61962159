"""Faults of the models of real devices: each is one mistake in a rule, woken by ``+remora_fault=N``."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault

CROSSBAR, READS, DEVICES = "remora_crossbar", "remora_reads", "remora_devices"


def _fault(name: str, breaks: str, module: str, sound: str, broken: str) -> Fault:
    """A fault that puts ``broken`` in the place of ``sound`` while it is awake, inside of one statement."""
    return Fault(name, breaks, module, edits={sound: f"({{awake}} ? ({broken}) : ({sound}))"})


FAULTS = [
    _fault("number_without_side", "both devices of a pair draw the same", DEVICES, "(c & 1) << 23", "0"),
    _fault("number_in_tile", "devices draw by their row in the tile", DEVICES, "(first_row + row) << 11", "row << 11"),
    _fault("position_cut", "a table is read in whole segments", DEVICES, "x - longint'({segment, 8'd0})", "0"),
    _fault(
        "table_held",
        "the last segment of a table is read as the one before",
        DEVICES,
        "x < 4096 ? x[12:8] : 15",
        "x < 4096 ? x[12:8] : 14",
    ),
    _fault(
        "gain_shared",
        "lowering takes the gain of raising",
        DEVICES,
        "longint'(made[raise?UP : DOWN][row][c])",
        "longint'(made[UP][row][c])",
    ),
    _fault("table_shared", "lowering takes the steps of raising", DEVICES, "raise ? RAISES : LOWERS", "RAISES"),
    _fault(
        "noise_in_one_word",
        "both noises of a pulse come from one word",
        DEVICES,
        "normal(words[63:32], longint'(cycle_range))",
        "normal(words[31:0], longint'(cycle_range))",
    ),
    _fault(
        "cycle_noise_absolute",
        "the noise of a pulse does not follow its step",
        DEVICES,
        "rounded(step * longint'(cycle_noise), 12)",
        "longint'(cycle_noise)",
    ),
    _fault("pulse_uncounted", "a pulse does not count", DEVICES, "pulses[row][c] + 1", "pulses[row][c]"),
    _fault("count_wraps", "the count of pulses wraps", DEVICES, "pulses[row][c] != 32'hFFFF_FFFF", "1'b1"),
    _fault(
        "worn_late",
        "a device takes one pulse more than its endurance",
        DEVICES,
        "pulses[row][c] < 32'(made[ENDURANCE][row][c])",
        "pulses[row][c] <= 32'(made[ENDURANCE][row][c])",
    ),
    _fault(
        "full_unbounded",
        "pulses do not end at the upper bound",
        DEVICES,
        "clamped(value, least, most)",
        "clamped(value, least, longint'(limit))",
    ),
    Fault(
        "time_kept",
        "a pulse does not restart the drift",
        DEVICES,
        edits={
            "    idle[row][c] = 0;\n": "    if (!{awake}) idle[row][c] = 0;\n",
        },
    ),
    Fault(
        "slow_noise_kept",
        "a pulse leaves the slow noise",
        DEVICES,
        edits={
            "    slow[row][c] = 0;\n": "    if (!{awake}) slow[row][c] = 0;\n",
        },
    ),
    _fault(
        "write_noise_fixed",
        "what a device shows does not change with its pulses",
        DEVICES,
        "draw(seed, WRITE, pulses[row][c], number_of(row, c), 0)",
        "draw(seed, WRITE, 0, number_of(row, c), 0)",
    ),
    _fault(
        "negative_drift",
        "a negative exponent of drift grows",
        DEVICES,
        "exponent < 0 ? 0 : (exponent * log_of_time) >>> 12",
        "((exponent < 0 ? -exponent : exponent) * log_of_time) >>> 12",
    ),
    _fault("aging_ignored", "all devices drift alike", DEVICES, "longint'(made[AGING][row][c])", "0"),
    _fault(
        "years_cut", "drift stops after some halvings", DEVICES, "clamped(y >>> 16, 0, 31)", "clamped(y >>> 16, 0, 1)"
    ),
    _fault(
        "ageing_uncounted",
        "every ageing draws the same slow noise",
        DEVICES,
        "draw(seed, SLOW, ageings, number_of(row, c), 0)",
        "draw(seed, SLOW, 0, number_of(row, c), 0)",
    ),
    _fault(
        "slow_as_left",
        "slow noise goes by what drift left",
        DEVICES,
        "at_position(SLOWS, position(programmed, 0, whole_range))",
        "at_position(SLOWS, position(value, 0, whole_range))",
    ),
    _fault(
        "time_forgotten",
        "an ageing forgets the time before",
        DEVICES,
        "clamped(idle[row][c] + ticks, 0, MOST_TICKS)",
        "ticks",
    ),
    _fault(
        "sense_at_bounds", "sense flags compare with nothing and full", CROSSBAR, "positive <= at_rest", "positive <= 0"
    ),
    _fault(
        "sense_below_full",
        "sense flags tell full where a device is full at least",
        CROSSBAR,
        "negative >= at_full",
        "negative >= at_full + STEP / 2",
    ),
    Fault(
        "probe_keyed",
        "a probe draws by the key of a sequence",
        READS,
        edits={
            "disturb(PROBE, devices.probes, 0);": "disturb(PROBE, {awake} ? key_sequence : devices.probes, 0);",
        },
    ),
    _fault("probes_uncounted", "probes draw the same noise", READS, "devices.probes + 1", "devices.probes"),
    _fault(
        "step_ignored",
        "the steps of a sequence draw the same noise",
        READS,
        "{step, place[18:3]}",
        "{16'd0, place[18:3]}",
    ),
    _fault(
        "rows_of_tile",
        "all row tiles draw the same noise",
        READS,
        "devices.layer << 15 | devices.row_tile",
        "devices.layer << 15",
    ),
    _fault(
        "variance_of_weight",
        "read noise goes by the weight",
        READS,
        "positive * positive + negative * negative",
        "(positive - negative) * (positive - negative)",
    ),
    _fault(
        "plane_ideal",
        "a word's noise goes by its whole part",
        READS,
        "longint'(driven[i]) * longint'(driven[i])",
        "((longint'(driven[i]) >>> 8) <<< 8) * longint'(driven[i])",
    ),
    _fault("remainder_lost", "planes err in whole words alone", READS, "devices.rounded(longint'(part[j]), 8)", "0"),
    _fault(
        "bitline_from_top",
        "bitlines are sensed above the first row",
        READS,
        "wire_column * column_load[row][c]",
        "wire_column * column_load[rows-1-row][c]",
    ),
    _fault(
        "wires_stale",
        "a pulse does not touch the other rows of its bitline",
        READS,
        "wired ? stale_row[i] || stale_column[j] : stale_column[j]",
        "wired ? stale_row[i] : stale_column[j]",
    ),
    _fault(
        "gain_before_offset",
        "a converter's offset is amplified",
        READS,
        "((value * longint'(gain[col])) >>> 12) + offset[col]",
        "((value + offset[col]) * longint'(gain[col])) >>> 12",
    ),
    Fault(
        "columns_of_tile",
        "columns draw by their place in the tile",
        READS,
        edits={
            "    place = devices.first_column;\n": "    place = {awake} ? 0 : devices.first_column;\n",
        },
    ),
    Fault(
        "flags_stay",
        "sense flags stay as they were before an ageing",
        CROSSBAR,
        edits={
            "j < COLUMNS; j++) show_pair(i, j);": "j < COLUMNS; j++) if (!{awake}) show_pair(i, j);",
        },
    ),
]
"""In the order of their numbers, from 1."""
