"""Yield: what a chip loses by the share of its devices that are stuck, half of them at rest and half full."""

from __future__ import annotations

from remora.flow.experiments.real_devices.rungs import (
    COLUMNS,
    HEAL_SETTING,
    IDEAL,
    chip_table,
    chip_units,
    table_charts,
    table_lines,
)
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.settings import SomeOf
from remora.flow.report.figures import Chart, Curve, Guide, Panel
from remora.flow.sweep.units import Unit

SUMMARY = "permuted MNIST with up to a tenth of the devices stuck: learnt, moved and healed"
TAKES_SEQUENCES = True
PERCENT = {f"stuck-{percent}": percent for percent in (1, 2, 5, 10)}
"""Chip → devices that are stuck, in percent; the ideal chip has none."""
DEFAULT_SHARES, QUICK_SHARES = tuple(map(str, PERCENT.values())), ("2", "10")
SETTINGS = {"stuck": SomeOf("shares of stuck devices, in percent", DEFAULT_SHARES), "heal": HEAL_SETTING}


def plan(options: Options) -> list[Unit]:
    """What a chip of each share learns, and what moves to it."""
    shares = options.settings.get("stuck", QUICK_SHARES if options.quick else DEFAULT_SHARES)
    half = {name: percent / 200 for name, percent in PERCENT.items() if str(percent) in shares}
    return chip_units(options, {name: {"stuck_rest": one, "stuck_full": one} for name, one in half.items()}, {})


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """The table of the chips, and curves over the share."""
    result = chip_table(results)
    return Conclusion(result, _charts(result), table_lines(result))


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds, each chip beside the ideal one of its seed."""
    return Conclusion({}, _charts(mean, spread), table_lines(mean, spread))


def _charts(result: dict, spread: dict | None = None) -> dict[str, Chart]:
    chips = result["chips"]
    x = [0 if name == IDEAL else PERCENT[name] for name in chips]
    curves: list[Curve | Guide] = []
    for column in COLUMNS:
        deviation = [spread["chips"][name][column] for name in chips] if spread else None
        curves.append(Curve(column, x, [chips[name][column] for name in chips], deviation))
    curves.append(Guide("ideal chip", [0, max(x)], [result["accuracy"]] * 2, "--"))
    panel = Panel("accuracy with stuck devices", "devices that are stuck, percent", "accuracy", curves, y_span=(0, 1))
    return {"shares": Chart([panel]), **table_charts(result, spread)}
