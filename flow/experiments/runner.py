"""Running an experiment: units of work that are done once, progress, the result as JSON with provenance, charts.

Change ``VERSION`` of an experiment's module where its code gives other results for the same parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from remora.flow.experiments.seeds import half_intervals, mean_and_spread
from remora.flow.report.console import progress, write_json
from remora.flow.report.provenance import provenance
from remora.flow.sweep.clusters import HERE, Workers
from remora.flow.sweep.units import Advance, Store, Unit
from remora.flow.sweep.workers import do_all

if TYPE_CHECKING:
    from remora.flow.report.figures import Chart


@dataclass(frozen=True)
class Options:
    """What a person may choose.

    Attributes:
        seed: of weights, feedback, task order and every draw.
        quick: small enough for two minutes on two cores.
        directory: of units, result and figures.
        sequences: new training sequences, in each task where there are several; the experiment's own where None.
        seeds: how many seeds, from `seed` up; with more than one the result is their mean and spread. None: one, or as
            many as the experiment takes of its own accord.
        settings: what the experiment's ``SETTINGS`` offer, by name; its own where a name is missing.
    """

    seed: int = 1
    quick: bool = False
    directory: Path = Path("build/experiments")
    sequences: int | None = None
    seeds: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """What these options add to the name of a file."""
        count = self.seeds or 1
        seeds = f"seeds{self.seed}-{self.seed + count - 1}" if count > 1 else f"seed{self.seed}"
        parts = [seeds, *(["quick"] if self.quick else [])]
        if self.sequences is not None:
            parts.append(f"sequences{self.sequences}")
        for name, value in self.settings.items():
            parts.append(name + ("+".join(value) if isinstance(value, tuple) else str(value)))
        return "-".join(parts)


@dataclass(frozen=True)
class Conclusion:
    """An experiment's own result.

    Attributes:
        result: as JSON.
        charts: name → chart, drawn and written as a table beside the result.
        lines: what to tell the person, in words.
    """

    result: dict[str, Any]
    charts: dict[str, Chart] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def run_experiment(
    name: str, module: ModuleType, options: Options, workers: Workers = HERE
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Do what is not done yet, conclude, write result and figures; the result and the lines to show.

    Args:
        workers: who does the units.

    Raises:
        ExperimentError: data is missing that the experiment cannot do without.
    """
    every = [replace(options, seed=options.seed + number, seeds=1) for number in range(options.seeds or 1)]
    if getattr(module, "TAKES_SEEDS", False):
        every = [options]
    plans = [module.plan(one) for one in every]
    version, conclusions, commits = getattr(module, "VERSION", 1), [], set()
    with progress(name, sum(unit.cost for units in plans for unit in units), "sequences") as advance:
        for one in every:
            units = plans.pop(0)  # so that its data goes with it
            done = _all_done(Store(name, version, options.directory), units, workers, advance)
            commits |= {found["provenance"]["commit"] for found in done}
            conclusions.append(module.conclude(one, [found["result"] for found in done]))
    conclusion = conclusions[0] if len(every) == 1 else _over_seeds(module, every, conclusions)
    stem = f"{name}-{options.stem}"
    written = [chart.write(options.directory, f"{stem}-{title}") for title, chart in conclusion.charts.items()]
    # `figures` and `tables` are names beside the JSON, so that the directory can be moved; `commits` are those of the
    # units, which may have been done by earlier commands.
    figures = [names[kind] for names in written for kind in ("png", "svg")]
    result = {"experiment": name, "quick": options.quick, "settings": dict(options.settings), **conclusion.result}
    result |= {"figures": figures, "tables": [names["csv"] for names in written]}
    result |= {"commits": sorted(map(str, commits)), **provenance(options.seed)}
    write_json(options.directory / f"{stem}.json", result)
    return result, (*conclusion.lines, f"result: {options.directory / f'{stem}.json'}")


def _over_seeds(module: ModuleType, every: list[Options], conclusions: list[Conclusion]) -> Conclusion:
    """Mean and spread over seeds; charts and lines as the module makes them, where it does."""
    results = [one.result for one in conclusions]
    mean, spread = mean_and_spread(results)
    mean["seeds"] = seeds = [one.seed for one in every]
    if hasattr(module, "over_seeds"):
        drawn = module.over_seeds(mean, spread)
    else:
        lines = [f"{key}: {mean[key]:.4g} ± {value:.2g}" for key, value in spread.items() if isinstance(value, float)]
        drawn = Conclusion({}, {}, tuple(lines))
    result = {**mean, **drawn.result, "standard_deviation": spread, "half_interval": half_intervals(spread, len(seeds))}
    result |= {"per_seed": results}
    said = f"mean ± standard deviation of seeds {seeds[0]}…{seeds[-1]}"
    return Conclusion(result, drawn.charts, (*drawn.lines, said))


def _all_done(store: Store, units: list[Unit], workers: Workers, advance: Advance) -> list[dict[str, Any]]:
    """Every unit as it is stored, in order.

    Raises:
        Exception: the first that a unit's work raised; the others end.
    """
    done: list[dict[str, Any]] = [{}] * len(units)
    for each in do_all(store, units, workers, advance):
        if isinstance(each.stored, Exception):
            raise each.stored
        done[each.number] = each.stored
    return done
