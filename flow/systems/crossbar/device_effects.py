"""What each non-ideality of a chip does by itself: the share of codes that it changes against ideal devices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import READOUT, STEP
from remora.spec.devices.section import IDEAL_VALUES, NON_IDEALITIES
from remora.spec.lib.errors import CheckFailed

MOST_SEQUENCES = 256
"""Of a run that are looked at, from its first."""
SILENT = ("on_off", "endurance", "dead_columns")
"""Those that may change nothing: what devices conduct at rest cancels in a pair, a short run wears nothing out, and
spares may stand in for every dead column."""
BY_AGE = ("drift", "slow_noise")
"""Those that change nothing before devices age."""
BY_PULSES = ("response", "step_spread", "cycle_noise", "endurance")
"""Those that change nothing before devices are pulsed."""


def codes_changed_by(design: DesignPoint, stimulus: Stimulus) -> dict[str, float]:
    """Non-ideality that is on → share of codes that it alone changes, of steps and readouts together.

    Raises:
        CheckFailed: one changes none, although it could in this run, so that the run says nothing of it.
    """
    given = design.devices.resolved()
    few = _first(stimulus, MOST_SEQUENCES)
    reference = _codes(alone(design, ()), few)
    found = {}
    for name, fields in NON_IDEALITIES.items():
        own = [field for field in fields if not _is_shared(field, name)] or fields
        if all(given[field] == IDEAL_VALUES[field] for field in own):
            continue
        found[name] = float((_codes(alone(design, fields), few) != reference).mean())
    must = set(found) - set(SILENT)
    must -= set() if stimulus.age else set(BY_AGE)
    must -= set() if few.learns.any() else set(BY_PULSES)
    if idle := [name for name in sorted(must) if not found[name]]:
        raise CheckFailed(
            f"{', '.join(idle)} of the devices changes no code of {len(few):,} sequences against ideal devices, so "
            "a run shows nothing of it: run more sequences, or turn it off"
        )
    return found


def alone(design: DesignPoint, fields: tuple[str, ...]) -> DesignPoint:
    """The design point whose devices err in these fields only."""
    given = design.devices.resolved()
    ideal = dict.fromkeys(IDEAL_VALUES)
    kept = {field: given[field] for field in fields}
    return design.evolve(devices={"model": "ideal", **ideal, **kept})


def _is_shared(field: str, name: str) -> bool:
    """Whether a field only says how another one counts."""
    return any(field in fields for other, fields in NON_IDEALITIES.items() if other != name) or field in (
        "step_law",
        "full_conductance",
    )


def _first(stimulus: Stimulus, count: int) -> Stimulus:
    # Every one of the chips that are compared is fresh: they are of other kinds.
    return replace(stimulus.part(0, min(count, len(stimulus))), first_place=stimulus.first_place, devices=None)


def _codes(design: DesignPoint, stimulus: Stimulus) -> NDArray[np.int16]:
    records = Reference(design, stimulus, trace=True).advance(0, len(stimulus)).records
    return np.concatenate([records[kind]["codes"].reshape(-1) for kind in (STEP, READOUT)])
