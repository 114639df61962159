"""Stored figures of a design point: where a new figure is worse by more than its tolerance, the check does not hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remora.spec.lib.errors import CheckFailed, RemoraError
from remora.spec.lib.files import write_text

VERSION = 1


@dataclass(frozen=True)
class Metric:
    """A figure that is held.

    Attributes:
        tolerance: share of the stored value by which it may be worse.
        more_is_better: which way is worse.
    """

    tolerance: float
    more_is_better: bool


@dataclass(frozen=True)
class Kind:
    """Figures of one command.

    Attributes:
        command: of Remora, that stores them.
        tools: versions that are stored beside them, by their names in the result.
        metrics: by their names in the result.
    """

    command: str
    tools: tuple[str, ...]
    metrics: Mapping[str, Metric]

    @property
    def format(self) -> str:
        """What the file says that it is."""
        return f"remora-{self.command}-baseline"


SYNTHESIS = Kind(
    "synth",
    ("yosys", "opensta", "cells"),
    {
        "mhz": Metric(0.03, True),
        "area_um2": Metric(0.02, False),
        "memory_area_um2": Metric(0.0, False),
        "flip_flops": Metric(0.01, False),
        "hold_slack_ns": Metric(0.25, True),
        "registered_macro_inputs": Metric(0.0, True),
        "gated_share": Metric(0.02, True),
        "max_fanout": Metric(0.0, False),
    },
)
"""Synthesis with pinned tools repeats exactly; a change of the design that is meant moves figures a little."""
FPGA = Kind(
    "fpga",
    ("yosys", "nextpnr"),
    {
        "mhz": Metric(0.15, True),
        "luts": Metric(0.02, False),
        "flip_flops": Metric(0.01, False),
        "block_memories": Metric(0.0, False),
        "multipliers": Metric(0.0, False),
    },
)
"""Placement repeats exactly, too, but another netlist is another draw, as another seed is."""


def store(kind: Kind, path: Path, result: Mapping[str, Any]) -> None:
    """Write the figures of a result, each with its tolerance.

    Args:
        result: the figures, with ``name`` and ``tools``.

    Raises:
        OSError: it cannot be written; the error names it.
    """
    document = {
        "format": kind.format,
        "version": VERSION,
        "name": result["name"],
        "tools": {name: result["tools"][name] for name in kind.tools},
        "metrics": {
            name: {"value": result[name], "tolerance": metric.tolerance} for name, metric in kind.metrics.items()
        },
    }
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def compare(kind: Kind, path: Path, result: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """Hold a result against stored figures.

    Returns:
        Name, stored and new value of every figure that was compared.

    Raises:
        CheckFailed: a figure is worse than its tolerance allows; the message has each such figure.
        RemoraError: ``path`` holds no stored figures, those of another design point, or none at all.
        OSError: it cannot be read; the error names it.
    """
    again = f"store them with: remora {kind.command} {result['name']} --store {path}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stored = {name: (one["value"], float(one["tolerance"])) for name, one in document["metrics"].items()}
        whole = (document["format"], document["version"]) == (kind.format, VERSION) and stored.keys() == set(
            kind.metrics
        )
        name = document["name"]
    except (ValueError, KeyError, TypeError, AttributeError):
        whole, name, stored = False, "", {}
    if not whole:
        raise RemoraError(f"{path} holds no figures of remora {kind.command} in the form of this version: {again}")
    if name != result["name"]:
        raise RemoraError(f"{path} holds the figures of '{name}', not of '{result['name']}': {again}")
    worse = [
        f"{one} is {result[one]}, stored {value}, tolerance {tolerance:.0%}"
        for one, (value, tolerance) in stored.items()
        if _is_worse(kind.metrics[one], value, result[one], tolerance)
    ]
    if worse:
        raise CheckFailed(f"{result['name']} is worse than {path}: {'; '.join(worse)}. Where this is meant, {again}")
    return [(one, value, result[one]) for one, (value, _) in stored.items()]


def _is_worse(metric: Metric, stored: float | None, found: float | None, tolerance: float) -> bool:
    """A figure that is gone is worse; one that is new is not."""
    if stored is None or found is None:
        return stored is not None
    loss = stored - found if metric.more_is_better else found - stored
    return loss > abs(stored) * tolerance
