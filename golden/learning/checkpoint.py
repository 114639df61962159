"""A network and all that its training needs to go on, in one `.npz` file, with the design point it was stored under."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.devices.fault_map import FaultMap
from remora.golden.devices.state import DeviceState
from remora.golden.learning.device_state import (
    check_devices,
    check_map,
    device_arrays,
    map_arrays,
    move_devices,
    move_map,
    of_another_chip,
)
from remora.golden.learning.healing import HealingState
from remora.golden.learning.moving import MovingError, explain_range, move, require_same_meaning, require_same_training
from remora.golden.learning.offsets import Offsets, check_offsets, offset_arrays, read_offsets
from remora.golden.learning.reservoir import ReservoirState
from remora.golden.learning.settings import LearningSettings
from remora.golden.learning.spare_state import move_spares, spare_arrays
from remora.golden.lib.npz import NpzError, read_npz, write_npz
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import UNITY
from remora.spec.crossbar.learning import UPDATE_COUNT_BITS
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.crossbar.update_rules.registry import update_rule
from remora.spec.lib.errors import RemoraError

FORMAT = "remora-checkpoint-3"
_WITHOUT_SETTINGS = "remora-checkpoint-2"
"""Files of this format are read too: what they hold was learnt with the design's settings."""
_ARRAYS = (
    "format",
    "design",
    "hidden",
    "readout",
    "hidden_accumulators",
    "readout_accumulators",
    "coefficients",
    "metadata",
    "counts",
    "reservoir_frozen",
    "reservoir_features",
    "reservoir_steps",
    "reservoir_labels",
    "settings",
)


class CheckpointError(RemoraError):
    """A checkpoint cannot be used; the message says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """State of a network between sequences.

    Attributes:
        weights: in levels, with the thresholds of bistable cells.
        hidden_accumulators, readout_accumulators: χ, int32, of the shapes of the weights; zero where there is none.
        coefficients: the two gates, and the gains of codes, which are stored only where the design point has some.
        metadata: anything that JSON holds, such as the accuracy reached.
        updates: q, sequences trained on so far, modulo 2³².
        reservoir: the replay memory with n; as after reset where None.
        settings: what software set of learning; the design's where None.
        devices: state of real ones, of which `weights` are the nearest levels; freshly programmed where None.
        healing: what asks for healing replays, with the reservoir accuracy; as after reset where None. Stored only
            where the design point asks for healing.
        fault_map: what the chip's fault map marks; that of ``devices`` where they are given.
        offsets: what the chip takes off its columns, rule K1; that of ``devices`` where they are given.
        spares: what spare columns stand in for; that of ``devices`` where they are given. None: for none.
        remarks: why answers may differ from those under the design point of the training; not stored.
        left_behind: what of the file did not move to this design point, and why; not stored.
    """

    weights: Weights
    hidden_accumulators: NDArray[np.int32]
    readout_accumulators: NDArray[np.int32]
    coefficients: Coefficients
    metadata: dict = field(default_factory=dict)
    updates: int = 0
    reservoir: ReservoirState | None = None
    settings: LearningSettings | None = None
    devices: DeviceState | None = None
    healing: HealingState | None = None
    fault_map: FaultMap | None = None
    offsets: Offsets | None = None
    spares: SpareMap | None = None
    remarks: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()

    @classmethod
    def of(cls, design: DesignPoint, weights: Weights, metadata: dict | None = None) -> Checkpoint:
        """A checkpoint of weights alone: empty accumulators, the design's coefficients."""
        hidden, readout = (np.zeros(layer.shape, np.int32) for layer in (weights.hidden, weights.readout))
        return cls(weights, hidden, readout, Coefficients.of(design), metadata or {})


def save_checkpoint(path: Path | str, design: DesignPoint, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the file appears whole or not at all.

    Raises:
        CheckpointError: the checkpoint does not fit the design point, or the file cannot be written.
    """
    path = Path(path)
    _check(design, checkpoint, path)
    reservoir = checkpoint.reservoir or ReservoirState.empty(design)
    content: dict[str, ArrayLike] = {
        "format": FORMAT,
        "design": design.model_dump_json(),
        "hidden": checkpoint.weights.hidden.astype(np.int16),
        "readout": checkpoint.weights.readout.astype(np.int16),
        "hidden_accumulators": checkpoint.hidden_accumulators.astype(np.int32),
        "readout_accumulators": checkpoint.readout_accumulators.astype(np.int32),
        "coefficients": np.array([checkpoint.coefficients.reset, checkpoint.coefficients.update], np.int16),
        "metadata": json.dumps(checkpoint.metadata),
        "counts": np.array([checkpoint.updates, reservoir.presented], np.int64),
        "reservoir_frozen": np.array(reservoir.frozen),
        "reservoir_features": reservoir.features,
        "reservoir_steps": reservoir.steps,
        "reservoir_labels": reservoir.labels,
        "settings": json.dumps((checkpoint.settings or LearningSettings.of(design)).as_dict()),
    }
    content |= device_arrays(checkpoint.devices) | map_arrays(_fault_map(checkpoint))
    content |= offset_arrays(checkpoint.devices.offsets if checkpoint.devices else checkpoint.offsets)
    content |= spare_arrays(_spares(checkpoint), checkpoint.devices)
    if checkpoint.weights.thresholds is not None:
        content["thresholds"] = checkpoint.weights.thresholds.astype(np.int32)
    if design.capabilities.gains:
        content["gains"] = np.array([checkpoint.coefficients.hidden_gain, checkpoint.coefficients.readout_gain])
    if design.learning.healing:
        healing = checkpoint.healing or HealingState()
        content["healing"] = np.array([healing.accuracy, healing.left, healing.run, healing.policy], np.int64)
    try:
        write_npz(path, content)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror or error}") from error


def _fault_map(checkpoint: Checkpoint) -> FaultMap | None:
    return checkpoint.devices.fault_map if checkpoint.devices else checkpoint.fault_map


def _spares(checkpoint: Checkpoint) -> SpareMap | None:
    return checkpoint.devices.spares if checkpoint.devices else checkpoint.spares


def load_checkpoint(path: Path | str, design: DesignPoint) -> Checkpoint:
    """Read a checkpoint for a design point under which its weights keep their meaning.

    Fields that `remora.spec.lib.roles` marks otherwise may differ. Then the checkpoint says in words what answers may
    show, and what of χ, reservoir and settings did not move.

    Raises:
        CheckpointError: the file is missing, damaged or not a checkpoint, its weights would mean something else (each
            field that says so is named with both values), or its arrays do not fit.
    """
    return _load(Path(path), design, require_same_meaning)


def continue_checkpoint(path: Path | str, design: DesignPoint) -> Checkpoint:
    """Read a checkpoint to go on with its training: every field that training depends on must be the same.

    Names, times, tiles and lanes may differ.

    Raises:
        CheckpointError: as of `load_checkpoint`, a field differs, or gains would be left behind.
    """
    checkpoint = _load(Path(path), design, require_same_training)
    if checkpoint.left_behind:
        raise CheckpointError(f"{path}: this training cannot be continued: {'; '.join(checkpoint.left_behind)}")
    return checkpoint


def _load(path: Path, design: DesignPoint, require: Callable[[Mapping, DesignPoint], None]) -> Checkpoint:
    content = _read(path)
    try:
        stored = json.loads(str(content["design"]))
        require(stored, design)
    except MovingError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path}: its design point cannot be read: {error}") from error
    try:
        checkpoint = _arranged(stored, design, content)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    _check(design, checkpoint, path)
    return checkpoint


def _arranged(stored: Mapping, design: DesignPoint, content: dict[str, NDArray]) -> Checkpoint:
    """The checkpoint of a file, arranged for a design point.

    Raises:
        ValueError, TypeError, AttributeError, OverflowError: an array is not what it should be.
    """
    weights = Weights(content["hidden"], content["readout"], content.get("thresholds"))
    try:
        weights.check(design)
    except ValueError as error:
        raise ValueError(explain_range(stored, design, str(error))) from error
    if not isinstance(metadata := json.loads(str(content["metadata"])), dict):
        raise ValueError(f"its metadata is no table, but {metadata!r:.40}")
    updates, presented = (int(value) for value in content["counts"])
    gains, left = _gains(design, content)
    coefficients = Coefficients(*(int(value) for value in content["coefficients"]), *gains)
    moved = move(
        stored,
        design,
        [content[f"{layer}_accumulators"] for layer in ("hidden", "readout")],
        ReservoirState(
            presented,
            bool(content["reservoir_frozen"]),
            *(content[f"reservoir_{name}"] for name in ("features", "steps", "labels")),
        ),
        LearningSettings.from_dict(json.loads(str(content["settings"]))) if "settings" in content else None,
        {"cell.reset_coefficient": coefficients.reset, "cell.update_coefficient": coefficients.update},
    )
    spares, devices = move_spares(stored, design, content, move_devices(stored, design, content))
    fault_map, devices = move_map(design, content, devices)
    offsets, state, said, uncorrected = read_offsets(
        design, content, devices.state, bool(of_another_chip(stored, design))
    )
    if state:
        state.set_biases(design, (weights.hidden, weights.readout))
    return Checkpoint(
        weights,
        moved.hidden_accumulators,
        moved.readout_accumulators,
        coefficients,
        metadata,
        updates,
        moved.reservoir,
        moved.settings,
        state,
        _healing(design, content),
        fault_map,
        offsets,
        spares,
        moved.remarks + devices.remarks + said,
        moved.left_behind + devices.left_behind + uncorrected + left,
    )


def _gains(design: DesignPoint, content: Mapping[str, NDArray]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The gains of a file, where it has some and the design point too; and what is left behind else."""
    found = tuple(int(value) for value in content.get("gains", ()))
    if design.capabilities.gains or all(gain == UNITY for gain in found):
        return found if design.capabilities.gains else (), ()
    return (), ("gains of codes are left behind: crossbar.gain is false here",)


def _healing(design: DesignPoint, content: Mapping[str, NDArray]) -> HealingState | None:
    """The state of healing, where the file has one and the design point heals."""
    if "healing" not in content or not design.learning.healing:
        return None
    accuracy, left, run, policy = (int(value) for value in content["healing"])
    return HealingState(accuracy, left, bool(run), bool(policy)).check()


def _read(path: Path) -> dict[str, NDArray]:
    try:
        content = read_npz(path)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path} does not exist; train a network and save it, or give the path of a checkpoint"
        ) from error
    except NpzError as error:
        raise CheckpointError(f"{path} is no checkpoint: {error}") from error
    if "format" in content and str(content["format"]) not in (FORMAT, _WITHOUT_SETTINGS):
        raise CheckpointError(
            f"{path} has format '{content['format']}'; this version reads '{FORMAT}'. Train again: "
            "delete the file, or give --fresh where the command has it"
        )
    missing = [name for name in _ARRAYS if name not in content]
    if str(content.get("format")) == _WITHOUT_SETTINGS:
        missing.remove("settings")
    if missing:
        raise CheckpointError(f"{path} is not a checkpoint of this program: it lacks {', '.join(missing)}")
    return content


def _check(design: DesignPoint, checkpoint: Checkpoint, path: Path) -> None:
    try:
        checkpoint.weights.check(design)
        if checkpoint.settings:
            checkpoint.settings.check(design)
        if checkpoint.reservoir:
            checkpoint.reservoir.check(design)
        check_devices(design, checkpoint.devices)
        check_map(design, checkpoint.fault_map)
        check_offsets(design, checkpoint.offsets)
        if spares := _spares(checkpoint):
            spares.check(design)
        if checkpoint.healing:
            checkpoint.healing.check()
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if not 0 <= checkpoint.updates < 1 << UPDATE_COUNT_BITS:
        raise CheckpointError(
            f"{path}: the update number is {checkpoint.updates}; it must be in 0…2**{UPDATE_COUNT_BITS} − 1"
        )
    limit = (1 << (design.learning.accumulator_bits - 1)) - 1
    for name in ("hidden", "readout"):
        accumulators, levels = getattr(checkpoint, f"{name}_accumulators"), getattr(checkpoint.weights, name)
        if accumulators.shape != levels.shape or not np.issubdtype(accumulators.dtype, np.integer):
            raise CheckpointError(
                f"{path}: {name} accumulators are {accumulators.dtype} of shape {accumulators.shape}; "
                f"expected integers of shape {levels.shape}"
            )
        if np.abs(accumulators).max() > limit:
            raise CheckpointError(f"{path}: {name} accumulators exceed ±{limit}")
        if not update_rule(design).accumulates and accumulators.any():
            update = design.learning.update
            raise CheckpointError(
                f'{path}: {name} accumulators are not zero, but learning.update = "{update}" has none'
            )
