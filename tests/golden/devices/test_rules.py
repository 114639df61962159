"""The document suffices for devices too: its independent reading and golden agree on random chips."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices, with_utmost_devices
from remora.golden.devices import ahead, chip, curves, pulses, reading, state, wires
from remora.spec.devices.tables import log_table, normal_table, power_table
from tests.golden import scalar_devices
from tests.golden.designs import make_design
from tests.golden.devices.comparison import compare_chip, compare_life, compare_tiles

CHIPS = 60
SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))


def any_chip(random: np.random.Generator):
    """A small design point on a chip whose sums are exact in golden."""
    design = any_design(random)
    return with_devices(design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)}), random)


def test_chips():
    """Rules D1 to D4, D19 and D20."""
    random, seen = np.random.default_rng([SEED, 21]), Counter()
    for _ in range(CHIPS):
        seen += compare_chip(any_chip(random))
    assert seen["numbers"] > 100 * CHIPS and seen["planes"] > CHIPS
    assert min(seen[name] for name in ("stuck", "moved", "erring")) > CHIPS, seen


def test_lives():
    """Rules D5 to D12, D21 and D22."""
    random, seen = np.random.default_rng([SEED, 22]), Counter()
    for _ in range(CHIPS):
        seen += compare_life(any_chip(random), random)
    assert seen["values"] > 1000 * CHIPS
    assert min(seen[name] for name in ("applied", "dropped", "drifted", "slow", "rest", "full")) > 5 * CHIPS, seen
    assert min(seen[name] for name in ("few", "many", "ahead", "alone")) > CHIPS, seen


def test_samples():
    """Rules D13 to D18."""
    random, seen = np.random.default_rng([SEED, 23]), Counter()
    for _ in range(CHIPS):
        seen += compare_tiles(any_chip(random), random)
    assert seen["codes"] > 10 * CHIPS and min(seen["lowered"], seen["codes"] - seen["saturated"]) > CHIPS, seen


def test_chips_at_the_ends_of_what_is_legal():
    """Nothing overflows: what a design point lets pass fits golden's integers. Rules D1 to D25."""
    random, seen = np.random.default_rng([SEED, 24]), Counter()
    for _ in range(CHIPS):
        design = with_utmost_devices(any_design(random), random)
        seen += compare_chip(design) + compare_life(design, random) + compare_tiles(design, random)
        seen += Counter(fine=design.crossbar.fraction_bits > 14)
    assert seen["values"] > 500 * CHIPS and seen["codes"] > 10 * CHIPS and seen["fine"] > CHIPS // 5, seen


def test_tables_of_spec():
    """Rules D8, D9 and D16."""
    assert list(log_table()) == scalar_devices.log_table()
    assert list(power_table()) == scalar_devices.power_table()
    assert list(normal_table()) == scalar_devices.normal_table()


# A fault in each rule -------------------------------------------------------------------------------------------------

EVERYTHING = {
    "seed": 5, "on_off": 20, "raise_steps": [1.5, 0.5], "lower_steps": [0.3, 1.7], "step_spread": 0.2,
    "direction_spread": 0.1, "step_anchor": 0.03, "rest_spread": 0.05, "full_spread": 0.1, "cycle_noise": 0.3,
    "cycle_noise_range": 0.01, "write_noise": [0.02, 0.01], "read_noise": 0.1, "slow_noise": 0.02, "slow_base": 10,
    "stuck_rest": 0.1, "stuck_full": 0.1, "corrupt": 0.1, "drift": [0.1, 0.05], "drift_spread": 0.02, "drift_start": 20,
    "endurance": 5, "endurance_spread": 0.3, "wire_row": 20, "wire_column": 20, "full_conductance": 1e-4,
    "converter_offset": 3, "converter_gain": 0.1, "converter_noise": 1, "plane_error": 0.05,
}  # fmt: skip
DESIGN = make_design(
    network={"features": 7, "hidden": 11, "classes": 3, "max_steps": 2},
    crossbar={"rows": 12, "columns": 9},
    devices=EVERYTHING,
)


EVEN = DESIGN.evolve(devices={"raise_steps": 1.5, "lower_steps": 0.7, "write_noise": 0.02})
"""Its steps and errors are the same wherever a device is."""


def shifted(module, name: str, by: int = 1) -> tuple:
    return module, name, getattr(module, name) + by


def wrapped(module, name: str, change: Callable) -> tuple:
    """A function whose result is changed."""
    former = getattr(module, name)
    return module, name, lambda *arguments: change(former(*arguments), *arguments)


FAULTS = {
    "D2, the number of a device": wrapped(chip, "device_number", lambda found, *_: found ^ 1),
    "D3, a position is one further": wrapped(curves, "at", lambda found, *_: np.minimum(4096, found + 1)),
    "D3, knots are not interpolated": wrapped(
        curves, "interpolate", lambda found, table, x: np.array(table)[np.minimum(15, x >> 8)]
    ),
    "D6, always upwards": wrapped(pulses, "moved", lambda found, *a: found + (found == a[3])),
    "D6, endurance does not end": (pulses, "moved", lambda m, i, k, *rest, former=pulses.moved: former(
        m, i, np.concatenate([k[:5], k[5:] + 100]), *rest)),
    "D6, the draw of another pulse": (pulses, "moved", lambda m, i, k, p, n, up, former=pulses.moved: former(
        m, i ^ np.uint32(1), k, p, n, up)),
    "D7, the draw before the pulse": (pulses, "shown", lambda m, i, p, n, former=state.shown: former(m, i, p, n - 1)),
    "D8, the logarithm's table": (state, "_LOG", state._LOG + 30 * (np.arange(257) % 256 > 0)),
    "D9, drift rounds down": wrapped(state, "drifted", lambda found, *_: found - (found > 0)),
    "D9, the power's table": (state, "_POWER", state._POWER + 1),
    "D10, slow noise is left out": (state, "conducted", lambda m, made, layer, former=state.conducted: former(
        m, made, state.LayerState(layer.p, layer.n, layer.t, layer.s * 0))),
    "D11, the ageing before": (state, "slow_noise", lambda m, made, layer, a, former=state.slow_noise: former(
        m, made, layer, a - 1)),
    "D11, another logarithm": shifted(state, "NATURAL", 1000),
    "D12, at rest is lower": (state, "at_rest", lambda m, g: g <= m.rest),
    "D12, full is higher": (state, "is_full", lambda m, g: g >= m.full),
    "D13, the other end of the bitlines": (
        wires, "behind_wires", lambda m, g, former=wires.behind_wires: former(m, g[:, ::-1])[:, ::-1]),
    "D13, no wires": (wires, "behind_wires", lambda m, g: g),
    "D14, the variance": wrapped(reading, "weights_and_variances", lambda found, *_: (found[0], found[1] * 2)),
    "D15, planes without errors": (reading, "word_table", lambda planes, former=reading.word_table: former(
        planes * 0 + 256)),
    "D16, the table of deviates": (reading, "_normal_entries", lambda: -np.array(normal_table())),
    "D17, the lane": shifted(reading, "LANE_OF_LAYER", -1),
    "D17, the step": shifted(reading, "STEP_BITS", -1),
    "D18, the offset": shifted(reading, "OFFSET_BITS"),
    "D18, the gain": shifted(reading, "GAIN_BITS"),
    "D19, the least gain": (chip, "LEAST_GAIN", 4000),
    "D19, steps without an anchor": (chip, "_anchored", lambda model, spreads, up, down, low, high: (up, down)),
    "D19, bounds beyond the anchor": (chip, "_bounds", lambda model, spreads, *words, former=chip._bounds: former(
        model, replace(spreads, step_anchor=0), *words)),
    "D19, aging": shifted(chip, "AGING_DEVIATION"),
    "D19, a share": shifted(chip, "SHARE_WORD_BITS"),
    "D20, the lane": shifted(chip, "LANE_OF_LAYER", -1),
    "D21, programmed to rest": (state.LayerState, "fresh", classmethod(
        lambda cls, m, made, levels, *rest, former=state.LayerState.fresh.__func__: former(
            cls, m, made, levels * 0, *rest))),
    "D23, partners stay": (state, "compensated", lambda m, made, levels, p, marks: p),
    "D23, partners beyond their bounds": (state, "compensated", lambda m, made, levels, p, marks: np.where(
        marks[::-1] & ~marks, p[::-1] + m.level * np.stack([levels, -levels]), p)),
    "P4, marks are ignored": (pulses, "sense_pairs", lambda m, g, marked, *rest, former=state.sense_pairs: former(
        m, g, None, *rest)),
    "P4, marks of the other side": (pulses, "sense_pairs", lambda m, g, marked, w, former=state.sense_pairs: former(
        m, g, marked if marked is None else marked[::-1], w)),
    "D3, of pulses ahead": wrapped(ahead, "reciprocals", lambda found, *_: found + found // 9),
    "D3, the last knot of pulses ahead": shifted(ahead, "_LAST", -1),
    "D6, of pulses ahead": wrapped(ahead, "scaled_deviate", lambda found, *_: -found),
    "D6, even steps of pulses ahead": wrapped(ahead, "round_shift", lambda found, *_: found + 1),
    "D7, the count of what is written ahead": (ahead, "MOST_PULSES", 0),
    "D7, errors of what is written ahead": wrapped(ahead, "value_at", lambda found, *_: found + 9),
    "D22, the other direction of pulses ahead": (ahead.PulsesAhead, "pulse",
        lambda self, counts, devices, p, n, up, former=ahead.PulsesAhead.pulse: former(
            self, counts, devices, p, n, ~up)),
    "D22, the other direction": (pulses, "pulse_devices", lambda m, made, layer, d, up, former=pulses.pulse_devices:
        former(m, made, layer, d, ~up)),
}  # fmt: skip


def compare_all() -> Counter:
    random = np.random.default_rng(4)
    lives = sum((compare_life(each, random) for each in (DESIGN, DESIGN, EVEN, EVEN)), Counter())
    return compare_chip(DESIGN) + lives + compare_tiles(DESIGN, random)


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_every_fault_is_seen(monkeypatch, fault):
    chip._chip.cache_clear()
    if fault is None:
        assert compare_all()["values"] > 1000
        return
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(AssertionError):
        compare_all()
    chip._chip.cache_clear()


def test_the_position_of_a_device_between_equal_bounds():
    assert curves.at(9, 9, 9) == 0 and curves.at(10, 9, 9) == 4096
