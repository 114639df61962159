"""All that is learnt, as records that a comparison understands, and as a run reads it back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.golden.devices.fault_map import FaultMap
from remora.golden.learning.checkpoint import Checkpoint, load_checkpoint
from remora.golden.learning.healing import HealingState
from remora.golden.learning.offsets import no_offsets
from remora.golden.learning.reservoir import ReservoirState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.spares.spare_map import SpareMap

SPARES = "spares"
"""Kind of the records of what the spare columns of a tile stand in for, a record a tile."""
READINGS = "readings"
"""Kind of the records of what the weight window reads of real devices."""
LAYERS = tuple(layer.name.lower() for layer in Layer)
FAULTS = "faults"
"""Of a layer, records of the marks of its columns, those of g⁺ before those of g⁻."""

OFFSETS = "offsets"
"""Of a layer, records of what is taken off its columns."""


def state_file(directory: Path, index: int) -> Path:
    """Where a run leaves what it read back before sequence ``index``."""
    return directory / f"learnt_{index}.npz"


def read_state(directory: Path, index: int, design: DesignPoint) -> dict[str, NDArray]:
    """Records of what a run read back there."""
    return state_records(design, load_checkpoint(state_file(directory, index), design))


def state_records(design: DesignPoint, checkpoint: Checkpoint) -> dict[str, NDArray]:
    """Weights, χ, marks of the fault map and offsets, a record a column; sequences of the reservoir, a record each;
    counts, one record.

    χ and marks only where the design point has some, the reservoir likewise.
    """
    records = {f"{name} weights": _columns("weights", getattr(checkpoint.weights, name)) for name in LAYERS}
    if design.capabilities.accumulates:
        records |= {
            f"{name} accumulators": _columns("accumulators", getattr(checkpoint, f"{name}_accumulators"))
            for name in LAYERS
        }
    if design.capabilities.compensates:
        fault_map = checkpoint.fault_map or no_faults(checkpoint.weights)
        marks = zip(LAYERS, fault_map, strict=True)
        records |= {f"{name} {FAULTS}": _columns(FAULTS, np.concatenate(each)) for name, each in marks}
    if design.capabilities.calibrates:
        offsets = checkpoint.offsets or no_offsets(design)
        records |= {
            f"{name} {OFFSETS}": _columns(OFFSETS, each[None]) for name, each in zip(LAYERS, offsets, strict=True)
        }
    if design.capabilities.spares:
        mapped = (checkpoint.spares or SpareMap.idle(design)).columns
        records[SPARES] = np.array([(each,) for each in mapped], [("columns", "<i4", (len(mapped[0]),))])
    counts = [("updates", checkpoint.updates)]
    if design.capabilities.replays:
        reservoir = checkpoint.reservoir or ReservoirState.empty(design)
        records["reservoir"] = _slots(reservoir.features, reservoir.steps, reservoir.labels)
        if design.capabilities.heals:
            healing = checkpoint.healing or HealingState()
            counts += [(f"heal_{name}", int(value)) for name, value in asdict(healing).items()]
        counts += [("presented", reservoir.presented), ("filled", len(reservoir.steps)), ("frozen", reservoir.frozen)]
    records["counts"] = np.array([tuple(value for _, value in counts)], [(name, "<i8") for name, _ in counts])
    return records


def readings_file(directory: Path, index: int) -> Path:
    """Where a run leaves what the weight window read of real devices before sequence ``index``."""
    return directory / f"readings_{index}.npz"


def reading_records(hidden: NDArray[np.integer], readout: NDArray[np.integer]) -> dict[str, NDArray]:
    """Weights as the weight window reads them, a record a column."""
    return {
        f"{name} {READINGS}": _columns(READINGS, each) for name, each in zip(LAYERS, (hidden, readout), strict=True)
    }


def read_readings(directory: Path, index: int) -> dict[str, NDArray]:
    """Records of what a run read there.

    Raises:
        OSError: the run did not come to it.
    """
    with np.load(readings_file(directory, index)) as content:
        return reading_records(content["hidden"], content["readout"])


def no_faults(weights: Weights) -> FaultMap:
    """The map of a network that marks nothing, as after reset. Rule M16."""
    hidden, readout = (np.zeros((2, *layer.shape), bool) for layer in (weights.hidden, weights.readout))
    return hidden, readout


def _columns(name: str, values: NDArray) -> NDArray:
    records = np.zeros(values.shape[1], [(name, "<i4", (values.shape[0],))])
    records[name] = values.T
    return records


def _slots(features: NDArray, steps: NDArray, labels: NDArray) -> NDArray:
    records = np.zeros(len(steps), [("label", "<i8"), ("steps", "<i8"), ("features", "u1", features.shape[1:])])
    records["label"], records["steps"], records["features"] = labels, steps, features
    return records
