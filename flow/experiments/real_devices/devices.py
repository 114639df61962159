"""Real devices: the same network learnt on a chip, moved to a chip, and healed there by replaying the reservoir.

Permuted MNIST in five tasks, with replay, beside the ideal chip of the same seed.
"""

from __future__ import annotations

from typing import Any

from remora.flow.experiments.real_devices.rungs import (
    HEAL_SETTING,
    IDEAL,
    chip_table,
    chip_units,
    table_charts,
    table_lines,
)
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.settings import SomeOf
from remora.flow.sweep.units import Unit

SUMMARY = "permuted MNIST learnt on real devices, moved to them, and healed there by replay, against ideal ones"
TAKES_SEQUENCES = True
VERSION = 2
YEAR = 365.25 * 86400
LEVEL = 1 / 31
"""Of the range, of 32 levels."""
CHIPS: dict[str, dict[str, Any]] = {
    IDEAL: {},
    "spread-10": {
        "step_spread": 0.1, "rest_spread": 0.1 * LEVEL, "full_spread": 0.1, "cycle_noise": 0.3,
        "cycle_noise_range": 0.2 * LEVEL, "read_noise": 0.01, "converter_noise": 0.5,
    },
    "stuck-5": {"stuck_rest": 0.025, "stuck_full": 0.025},
    "stuck-10": {"stuck_rest": 0.05, "stuck_full": 0.05},
    "offset-8": {"converter_offset": 8.0},
    **{name: {"model": name} for name in ("taox-hfox", "epiram", "ag-asi", "om-array", "hfo2-array", "ecram", "pcm")},
    **dict.fromkeys(("om-array-verified", "om-reference", "om-reference-verified"), {"model": "om-array"}),
    "pcm-10y": {"model": "pcm"},
}  # fmt: skip
"""Chip → its section ``[devices]``."""
COMPENSATED = {f"{name}-compensated": {"learning": {"compensation": True}} for name in ("stuck-5", "stuck-10")}
"""Chip → the chip of the same name, with a map of its stuck devices."""
DEAD = "dead-columns-5"
SPARED: dict[str, dict[str, dict[str, Any]]] = {
    f"{DEAD}-spares": {"crossbar": {"spare_columns": 2}},
    f"{DEAD}-narrow-spares": {"crossbar": {"spare_columns": 2, "columns": 25}},
}
"""Chip → the chip with one column in twenty dead, with two spare columns a tile: wide tiles, and some of 25 columns."""
CHIPS |= dict.fromkeys((DEAD, *SPARED), {"dead_columns": 0.05})
CHIPS |= {name: CHIPS[name.removesuffix("-compensated")] for name in COMPENSATED}
CALIBRATED = {"offset-8-calibrated": {"crossbar": {"calibrate_offsets": True}}}
"""Chip → the chip of the same name, which takes the offsets of its columns off."""
CHIPS |= {name: CHIPS[name.removesuffix("-calibrated")] for name in CALIBRATED}
WHOLE_STEPS = {"verify_reads": 1, "accumulator_level": 2048}
"""Verified learning counts in levels (rule J3). With 16 levels a level is about one step of ``om-array``, and twice as
many counts make one. Its reads have no noise, so one tells as much as several."""
PAIRED: dict[str, dict[str, dict[str, Any]]] = {
    "om-array-verified": {"crossbar": {"levels": 16, "level_bits": 3}, "learning": WHOLE_STEPS},
    "om-reference": {"crossbar": {"pair": "reference"}},
    "om-reference-verified": {
        "crossbar": {"pair": "reference", "levels": 16, "level_bits": 2}, "learning": WHOLE_STEPS,
    },
}  # fmt: skip
"""Chip → ``om-array`` by either policy of pairs. Of ``om-reference-verified`` a level weighs twice as much, so that
half the range holds the same weights."""
OTHERS = COMPENSATED | CALIBRATED | SPARED | PAIRED
"""Chip → section → fields in which it differs from the ideal chip, beside its devices."""
AGED = {"pcm-10y": 10 * YEAR}
"""Chip → seconds by which it ages after the network has moved to it; it is not learnt on."""
DEFAULT_CHIPS = (
    "spread-10",
    "stuck-5",
    "stuck-10",
    "offset-8",
    "offset-8-calibrated",
    "taox-hfox",
    "om-array",
    "om-reference",
    "pcm-10y",
)
QUICK_CHIPS = ("stuck-5", "taox-hfox")
SETTINGS = {
    "chips": SomeOf("kinds of devices, the ideal ones besides", tuple(name for name in CHIPS if name != IDEAL)),
    "heal": HEAL_SETTING,
}


def plan(options: Options) -> list[Unit]:
    """What each chip learns, and what moves to it."""
    names = options.settings.get("chips", QUICK_CHIPS if options.quick else DEFAULT_CHIPS)
    aged = {name: AGED[name] for name in names if name in AGED}
    return chip_units(options, {name: CHIPS[name] for name in names}, aged, OTHERS)


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """A row a chip: accuracy learnt, moved and healed, points lost against the ideal chip, and pulses."""
    result = chip_table(results)
    return Conclusion(result, table_charts(result), table_lines(result))


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds, each chip beside the ideal one of its seed."""
    return Conclusion({}, table_charts(mean, spread), table_lines(mean, spread))
