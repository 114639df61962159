"""Running an experiment: units of work that are done once, progress, the result as JSON with provenance, charts.

Every finished unit is a JSON file in the output directory, named by a hash of its parameters; a later run with the same
parameters takes it from there. A unit of long work may keep its own state in a folder, so that an interruption costs
little. Change ``VERSION`` of an experiment's module where its code gives other results for the same parameters.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from remora.flow.experiments.seeds import half_intervals, mean_and_spread
from remora.flow.report.console import progress, write_json
from remora.flow.report.provenance import provenance
from remora.flow.tools.children import Ended, end_workers, signals_end

if TYPE_CHECKING:
    from remora.flow.experiments.figures import Chart


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
class Context:
    """What a unit may use while it works.

    Attributes:
        advance: to be called with the amount of work done since the last call.
        folder: for its state between interruptions; removed when the unit is done.
        shared: for what units share, of one experiment or several; it need not be there yet.
    """

    advance: Callable[[int], None]
    folder: Path
    shared: Path


@dataclass(frozen=True)
class Unit:
    """A piece of work with a JSON result.

    Attributes:
        parameters: all that decides the result, as JSON holds it.
        cost: amount of work, in the unit of the progress bar.
        work: does it.
    """

    parameters: dict[str, Any]
    cost: int
    work: Callable[[Context], dict[str, Any]]


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
    name: str, module: ModuleType, options: Options, jobs: int = 1
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Do what is not done yet, conclude, write result and figures; the result and the lines to show.

    Args:
        jobs: units that are done at once, each in a process of its own where there are several.

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
            done = list(_all_done(name, version, units, options.directory, advance, jobs))
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


def _all_done(
    name: str, version: int, units: list[Unit], directory: Path, advance: Callable[[int], None], jobs: int
) -> Iterator[dict[str, Any]]:
    """Every unit as it is stored, in order. With several jobs progress comes unit by unit."""
    if jobs == 1:
        yield from (_do(name, version, unit, directory, advance) for unit in units)
        return
    from joblib import Parallel, delayed

    # A process for each unit at hand; joblib shares the processor's threads out among them.
    work = (delayed(_do_apart)(name, version, unit, directory) for unit in units)
    for unit, done in zip(units, Parallel(n_jobs=jobs, return_as="generator", batch_size=1)(work), strict=True):
        if isinstance(done, Exception):
            end_workers()
            raise done
        advance(unit.cost)
        yield done


def _do_apart(name: str, version: int, unit: Unit, directory: Path) -> dict[str, Any] | Exception:
    """`_do` in a process of its own, which ends its children when a signal ends it; nobody watches its progress.

    Returns what it raises: joblib would kill the workers beside it before they could end their children.
    """
    try:
        with signals_end():
            return _do(name, version, unit, directory, lambda work: None)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error
    except Ended as end:
        # joblib would keep a worker that raises anything.
        os._exit(end.exit_code)


def _do(name: str, version: int, unit: Unit, directory: Path, advance: Callable[[int], None]) -> dict[str, Any]:
    # As JSON gives it back, so that a stored unit is known again: a tuple comes back as a list.
    identity = json.loads(json.dumps({"experiment": name, "version": version, "parameters": unit.parameters}))
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    path = directory / "units" / f"{name}-{key}.json"
    done = _finished(path, identity)
    if done is not None:
        advance(unit.cost)
        return done
    folder = path.with_suffix(".state")
    folder.mkdir(parents=True, exist_ok=True)
    result = unit.work(Context(advance, folder, directory / "shared"))
    stored = {**identity, "result": result, "provenance": provenance()}
    write_json(path, stored)
    shutil.rmtree(folder)
    return stored


def _finished(path: Path, identity: dict) -> dict[str, Any] | None:
    """The stored unit; None where there is none, or none that can be read, which is then done again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        complete = all(found[key] == identity[key] for key in identity) and "commit" in found["provenance"]
        return found if complete and "result" in found else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
