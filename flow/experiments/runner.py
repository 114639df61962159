"""Running an experiment: units of work that are done once, progress, the result as JSON with provenance, figures.

Every finished unit is a JSON file in the output directory, named by a hash of its parameters; a later run with the same
parameters takes it from there. A unit of long work may keep its own state in a folder, so that an interruption costs
little. Change ``VERSION`` of an experiment's module where its code gives other results for the same parameters.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flow.console import progress, write_json
from flow.provenance import provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Options:
    """What a person may choose.

    Attributes:
        seed: of weights, feedback, task order and every draw.
        quick: small enough for two minutes on two cores.
        directory: of units, result and figures.
        sequences: new training sequences, in each task where there are several; the experiment's own where None.
    """

    seed: int = 1
    quick: bool = False
    directory: Path = Path("build/experiments")
    sequences: int | None = None


@dataclass(frozen=True)
class Context:
    """What a unit may use while it works.

    Attributes:
        advance: to be called with the amount of work done since the last call.
        folder: for its state between interruptions; removed when the unit is done.
    """

    advance: Callable[[int], None]
    folder: Path


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
        figures: name → figure.
        lines: what to tell the person, in words.
    """

    result: dict[str, Any]
    figures: dict[str, Figure] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def run_experiment(name: str, module: ModuleType, options: Options) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Do what is not done yet, conclude, write result and figures; the result and the lines to show.

    Raises:
        ExperimentError: data is missing that the experiment cannot do without.
    """
    units = module.plan(options)
    version, results = getattr(module, "VERSION", 1), []
    with progress(name, sum(unit.cost for unit in units), "sequences") as advance:
        for unit in units:
            results.append(_do(name, version, unit, options.directory, advance))
    conclusion = module.conclude(options, results)
    stem = f"{name}-seed{options.seed}{'-quick' if options.quick else ''}"
    figures = [_draw(options.directory / f"{stem}-{title}.png", figure) for title, figure in conclusion.figures.items()]
    # `figures` are names beside the JSON, so that the directory can be moved.
    result = {"experiment": name, "quick": options.quick, **conclusion.result, "figures": figures}
    result |= provenance(options.seed)
    write_json(options.directory / f"{stem}.json", result)
    return result, (*conclusion.lines, f"result: {options.directory / f'{stem}.json'}")


def _do(name: str, version: int, unit: Unit, directory: Path, advance: Callable[[int], None]) -> dict[str, Any]:
    identity = {"experiment": name, "version": version, "parameters": unit.parameters}
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    path = directory / "units" / f"{name}-{key}.json"
    done = _finished(path, identity)
    if done is not None:
        advance(unit.cost)
        return done
    folder = path.with_suffix(".state")
    folder.mkdir(parents=True, exist_ok=True)
    result = unit.work(Context(advance, folder))
    partial = path.with_suffix(".part")
    write_json(partial, {**identity, "result": result, "provenance": provenance()})
    partial.replace(path)
    shutil.rmtree(folder)
    return result


def _finished(path: Path, identity: dict) -> dict[str, Any] | None:
    """The stored result; None where there is none, or none that can be read, which is then done again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found["result"] if all(found[key] == identity[key] for key in identity) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _draw(path: Path, figure: Figure) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    return path.name
