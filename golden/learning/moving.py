"""From the design point that a network was stored under to the one at hand: what moves, and what is left behind.

The roles that `remora.spec.lib.roles` marks on the fields decide. Inference asks for little: a weight must keep its
meaning. To continue a training asks for everything that the training depends on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.golden.learning.reservoir import ReservoirState
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.roles import Difference, Role, differences


class MovingError(ValueError):
    """The network cannot move; the message names the fields with both values."""


@dataclass(frozen=True)
class Moved:
    """State as the design point at hand can hold it.

    Attributes:
        hidden_accumulators, readout_accumulators: χ; zero where it is left behind.
        reservoir: as long as ``max_steps`` of the design point at hand; as after reset where it is left behind.
        settings: those that software set, the others as after reset of the design point at hand.
        remarks: why answers may differ, a sentence each.
        left_behind: what did not move and why, a sentence each.
    """

    hidden_accumulators: NDArray[np.int32]
    readout_accumulators: NDArray[np.int32]
    reservoir: ReservoirState
    settings: LearningSettings | None
    remarks: tuple[str, ...]
    left_behind: tuple[str, ...]


def require_same_training(stored: Mapping[str, Any], design: DesignPoint) -> None:
    """Refuse to continue a training under a design point in which it would go on otherwise; FREE fields may differ.

    Raises:
        MovingError: it would.
        ValueError: ``stored`` is no design point.
    """
    found = [
        each
        for each in _differences(stored, design)
        if each.role is not Role.FREE or _of_devices(each, design) or _of_pulses(each, design)
    ]
    if found:
        raise MovingError(
            f"this training cannot be continued with another design point than it began with: {_listed(found)}. Use "
            "the values that it began with, another file, or begin again: delete the file, or give --fresh where the "
            "command has it"
        )


def require_same_meaning(stored: Mapping[str, Any], design: DesignPoint) -> None:
    """Refuse a design point under which the weights would mean something else.

    Raises:
        MovingError: they would.
        ValueError: ``stored`` is no design point.
    """
    found = [each for each in _differences(stored, design) if _binds(each, design)]
    if found:
        raise MovingError(
            f"it is of another design point than '{design.name}': {_listed(found)}. Use a design point that agrees in "
            "these, or train again: delete the file, or give --fresh where the command has it"
        )


def explain_range(stored: Mapping[str, Any], design: DesignPoint, reason: str) -> str:
    """The reason why weights do not fit, after the fields that say how large they may be, where these differ."""
    found = [each for each in _differences(stored, design) if each.path in _LEVELS]
    return f"{_listed(found)}: {reason}" if found else reason


def move(
    stored: Mapping[str, Any],
    design: DesignPoint,
    accumulators: Sequence[NDArray[np.int32]],
    reservoir: ReservoirState,
    settings: LearningSettings | None,
    gates: Mapping[str, int],
) -> Moved:
    """What of the state beside the weights moves to ``design``.

    Args:
        stored: the design point that it was stored under, as JSON holds it; weights keep their meaning.
        accumulators: χ of hidden layer and readout.
        settings: as stored; None where the file has none.
        gates: field of the design point → the network's own gate.

    Raises:
        ValueError: the state is damaged.
    """
    found = {each.path: each for each in _differences(stored, design)}
    remarks = [f"{each}: answers may differ from those of the training" for each in _answers(found, design)]
    remarks += [
        f"{path} of the design point is {found[path].ours}: the network keeps the {value} that is stored with it"
        for path, value in gates.items()
        if path in found and not design.capabilities.bistable
    ]
    left = []
    if reason := _accumulators_stay(found, design, accumulators):
        accumulators = [np.zeros(layer.shape, np.int32) for layer in accumulators]
        left.append(f"accumulators are left behind: {reason}")
    if reason := _reservoir_stays(found, design, reservoir):
        reservoir = ReservoirState.empty(design)
        left.append(f"the reservoir and its count are left behind: {reason}")
    elif "network.max_steps" in found:
        reservoir = _resized(reservoir, design.network.max_steps)
    settings, dropped = _settings(found, design, settings)
    hidden, readout = accumulators
    return Moved(hidden, readout, reservoir, settings, tuple(remarks), tuple(left + dropped))


def _differences(stored: Mapping[str, Any], design: DesignPoint) -> list[Difference]:
    """Those that show: tiles that hold a whole column convert alike, however many rows they leave empty."""
    longest = max(design.hidden_rows, design.readout_rows)
    return [
        each
        for each in differences(stored, design)
        if each.path != "crossbar.rows" or min(each.theirs, each.ours) < longest
    ]


def _listed(found: Sequence[Difference]) -> str:
    return "; ".join(map(str, found))


def _binds(difference: Difference, design: DesignPoint) -> bool:
    return difference.role is Role.MEANING or (difference.role is Role.THRESHOLDS and design.capabilities.bistable)


def _of_devices(difference: Difference, design: DesignPoint) -> bool:
    """Whether a field that is free else changes what real devices do: their grains, and how long their wires are."""
    if design.devices.ideal:
        return False
    return difference.path == GRAINS or (difference.path == "crossbar.columns" and design.device_model().wired)


def _of_pulses(difference: Difference, design: DesignPoint) -> bool:
    """Whether a field that is free else decides which real devices learning pulses."""
    return difference.path == COMPENSATION and not design.devices.ideal


def _answers(found: Mapping[str, Difference], design: DesignPoint) -> list[Difference]:
    """Differences that answers may show; what a bistable readout is scaled by is the largest weight."""
    roles = {Role.ANSWERS, Role.THRESHOLDS}
    return [
        each
        for each in found.values()
        if each.role in roles or (design.capabilities.bistable and each.path in _LEVELS) or _of_devices(each, design)
    ]


_LEVELS = ("crossbar.levels", "crossbar.pair")
GRAINS = "crossbar.fraction_bits"
"""In which conductances of real devices are counted."""
COMPENSATION = "learning.compensation"
"""Which asks for a map of devices that no pulse reaches."""


def _accumulators_stay(
    found: Mapping[str, Difference], design: DesignPoint, accumulators: Sequence[NDArray[np.integer]]
) -> str:
    """Why χ cannot move; nothing where it can, or where none is held."""
    if not any(layer.any() for layer in accumulators):
        return ""
    if counted := [each for each in found.values() if each.role is Role.ACCUMULATORS]:
        return _listed(counted)
    limit = (1 << (design.learning.accumulator_bits - 1)) - 1
    width, largest = found.get("learning.accumulator_bits"), max(int(np.abs(layer).max()) for layer in accumulators)
    return f"{width}, and the largest is {largest}" if width and largest > limit else ""


def _reservoir_stays(found: Mapping[str, Difference], design: DesignPoint, state: ReservoirState) -> str:
    """Why the reservoir cannot move; nothing where it can, or where it holds nothing."""
    filled, longest = len(state.steps), int(state.steps.max(initial=0))
    capacity, steps = found.get("learning.replay_capacity"), found.get("network.max_steps")
    if capacity and filled > design.learning.replay_capacity:
        return f"{capacity}, and {filled} sequences are held"
    if steps and longest > design.network.max_steps:
        return f"{steps}, and the longest sequence held has {longest}"
    return ""


def _resized(state: ReservoirState, max_steps: int) -> ReservoirState:
    """The same sequences in slots of another length; beyond a sequence's end a slot is zero."""
    kept = state.features[:, :max_steps]
    return replace(state, features=np.pad(kept, ((0, 0), (0, max_steps - kept.shape[1]), (0, 0))))


def _settings(
    found: Mapping[str, Difference], design: DesignPoint, settings: LearningSettings | None
) -> tuple[LearningSettings | None, list[str]]:
    """A setting that stood at its value after reset follows the design point; one that software set stays, if legal."""
    if settings is None:
        return None, []
    here, left = LearningSettings.of(design), []
    for name in ("seed", "winners", "replay_ratio", "verify_feedback"):
        field = found.get(f"learning.{name}")
        if not field:
            continue
        after_reset = design.network.hidden if field.theirs == "all" else field.theirs
        default = replace(settings, **{name: getattr(here, name)})
        if getattr(settings, name) == after_reset:
            settings = default
            continue
        try:
            settings.check(design)
        except ValueError as error:
            settings = default
            left.append(f"the setting {name} is left behind: {error}")
    return settings, left
