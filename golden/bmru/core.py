"""The integer model of the BMRU core: what the macro does, cycle by cycle, for a batch of clips at once.

Rules A1 to A19 have the formulas; every current is an exact integer in pA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.devices import CellBiases, MirrorLayer
from remora.spec.bmru.design import CHARGE_BITS, BmruDesign
from remora.spec.bmru.records import FRAME
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose, draw, normal_integer
from remora.spec.lib.trace import record_types

MAX_BATCH = 512
"""Clips at once: what is worked on should stay in the processor's cache."""

BRANCHES = ("input", "first", "second", "output", "biases", "skips", "nodes", "cells")
"""Where charge goes: the mirrors of each layer, and the rest as rule A18 names it."""


@dataclass(frozen=True)
class CoreRun:
    """What a core did, frame by frame; leading axes are (clips, frames).

    Attributes:
        feature: DAC codes as applied, (…, features) int16.
        candidate: currents at the inputs of the cells before their diode, (…, blocks, width) int32 pA.
        state: cells, (…, blocks, width) bool.
        output: currents of the output nodes, (…, classes) int32 pA.
        decision: class of the largest output, ties to the lower, (…,) int16.
        charges: by branch, (…,) int64 pA·cycles of each frame.
        frame: number of each frame, (…,) uint32.
    """

    feature: NDArray[np.int16]
    candidate: NDArray[np.int32]
    state: NDArray[np.bool_]
    output: NDArray[np.int32]
    decision: NDArray[np.int16]
    charges: dict[str, NDArray[np.int64]]
    frame: NDArray[np.uint32]

    @property
    def charge(self) -> NDArray[np.int64]:
        """(clips, frames) pA·cycles of all branches. Rules A19 and A20."""
        return np.sum(list(self.charges.values()), axis=0)

    def records(self, design: BmruDesign, charge: int = 0) -> NDArray:
        """Trace records of all frames, clip after clip; ``charge`` is the counter before the first."""
        dtype = record_types(design)[FRAME]
        flat = np.zeros(self.decision.size, dtype)
        for name in ("feature", "candidate", "state", "output", "decision", "frame"):
            flat[name] = getattr(self, name).reshape(-1, *dtype[name].shape)
        flat["charge"] = (charge + np.cumsum(self.charge.reshape(-1))) & ((1 << CHARGE_BITS) - 1)
        return flat


class BmruCore:
    """A core, or a batch of equal ones that see different clips.

    Attributes:
        cells: (blocks, width, clips) which are set.
        layers: by name, such as ``blocks.0.first``.
        biases: of the cells of each block.
    """

    def __init__(self, design: BmruDesign, codes: BmruCodes) -> None:
        self.design, blocks = design, range(design.network.blocks)
        names = ["input", *(f"blocks.{block}.{part}" for block in blocks for part in ("first", "second")), "output"]
        self.layers = {name: MirrorLayer(design, codes, name) for name in names}
        self.biases = [CellBiases.of(design, codes, block) for block in blocks]
        self._first = [self.layers[f"blocks.{block}.first"] for block in blocks]
        self._second = [self.layers[f"blocks.{block}.second"] for block in blocks]
        self._static = {
            "biases": sum(layer.bias_current for layer in self.layers.values()),
            "cells": sum(biases.current for biases in self.biases),
        }
        self.clear(1)

    def clear(self, clips: int) -> None:
        """Unpower the cores of this many clips: every current 0, every cell off. Rule A15."""
        network = self.design.network
        # Clips are the last axis throughout, so that sums over the few units of a layer run along contiguous memory.
        self.cells = np.zeros((network.blocks, network.width, clips), np.bool_)
        self._z0 = np.zeros((network.width, clips), np.int64)
        self._c, self._u = (np.zeros((network.blocks, network.width, clips), np.int64) for _ in range(2))
        self._o = np.zeros((network.classes, clips), np.int64)

    def run(self, features: ArrayLike, first_frame: ArrayLike = 0) -> CoreRun:
        """Run clips, each from a cleared core.

        Args:
            features: (clips, frames, features) DAC codes.
            first_frame: number of each clip's first frame, by which noise is drawn; one for all, or (clips,).

        Raises:
            ValueError: the features have another shape, are no integers, or exceed the DAC's codes.
        """
        features = self._checked(features)
        first = np.broadcast_to(np.asarray(first_frame, np.int64), len(features))
        parts = []
        for start in range(0, len(features), MAX_BATCH):
            part = slice(start, start + MAX_BATCH)
            self.clear(len(features[part]))
            parts.append(self.resume(features[part], first[part]))
        return parts[0] if len(parts) == 1 else _joined(parts)

    def resume(self, features: ArrayLike, first_frame: ArrayLike = 0) -> CoreRun:
        """`run` that goes on from where the cores are; as many clips as they are. Rule A17."""
        features, network = self._checked(features), self.design.network
        clips, frames = features.shape[:2]
        if clips != self.cells.shape[-1]:
            raise ValueError(f"{clips} clips were given to the cores of {self.cells.shape[-1]}")
        numbers = (np.broadcast_to(np.asarray(first_frame, np.int64), clips)[:, None] + np.arange(frames)) % 2**32
        result = CoreRun(
            feature=features.astype(np.int16),
            candidate=np.empty((clips, frames, network.blocks, network.width), np.int32),
            state=np.empty((clips, frames, network.blocks, network.width), np.bool_),
            output=np.empty((clips, frames, network.classes), np.int32),
            decision=np.empty((clips, frames), np.int16),
            charges={branch: np.empty((clips, frames), np.int64) for branch in BRANCHES},
            frame=numbers.astype(np.uint32),
        )
        for t in range(frames):
            charges = self._frame(features[:, t].T.astype(np.int64), numbers[:, t])
            result.candidate[:, t] = np.moveaxis(self._c, -1, 0)
            result.state[:, t], result.output[:, t] = np.moveaxis(self.cells, -1, 0), self._o.T
            for branch, charge in charges.items():
                result.charges[branch][:, t] = charge
        result.decision[:] = result.output.argmax(axis=-1)
        return result

    def _checked(self, features: ArrayLike) -> NDArray[np.integer]:
        features, wanted = np.asarray(features), self.design.network.features
        if features.ndim != 3 or features.shape[-1] != wanted or not np.issubdtype(features.dtype, np.integer):
            raise ValueError(
                f"features are {features.dtype} of shape {features.shape}; expected integers (clips, frames, {wanted})"
            )
        if features.size and np.abs(features).max() > self.design.formats.feature_limit:
            raise ValueError(f"features exceed the DAC's codes, ±{self.design.formats.feature_limit}")
        return features

    def _noise(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """(nodes, clips) pA of one frame. Rule A16."""
        amplitude, nodes = self.design.nonidealities.noise_rms_pa, np.arange(self.design.network.nodes)[:, None]
        if not amplitude:
            return np.zeros((self.design.network.nodes, len(frames)), np.int64)
        return normal_integer(draw(self.design.nonidealities.seed, Purpose.FRAME_NOISE, frames, nodes), amplitude)

    def _follow(self, current: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        """One cycle of settling, in place. Rule A10."""
        settling = self.design.settling
        current += round_shift((target - current) * settling.factor, settling.shift)

    def _outputs(self, block: int) -> NDArray[np.int64]:
        """(width, clips) pA that the cells of a block put out. Rule A12."""
        return np.ascontiguousarray(self.biases[block].output(self.cells[block].T, self.design.cell.leakage_pa).T)

    def _frame(self, features: NDArray[np.int64], frames: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """One frame of features (features, clips), to its sample; returns its charge by branch.

        Rules A7, A14, A18 and A19.
        """
        design, width = self.design, self.design.network.width
        blocks, phase_cycles = range(design.network.blocks), design.settling.phase_cycles
        noise = self._noise(frames)
        node_noise = [noise[width * n : width * (n + 1)] for n in range(1 + 2 * len(blocks))]
        output_noise = noise[width * len(node_noise) :]

        inputs = features * design.formats.feature_step_pa
        rails = self.layers["input"].rails(inputs)
        target = self.layers["input"].target(rails, node_noise[0])
        # Currents that do not change within the frame.
        fixed: dict[str, Any] = dict.fromkeys(BRANCHES, 0) | self._static
        fixed |= {"input": self.layers["input"].supply(rails), "nodes": np.abs(inputs).sum(axis=0)}
        charges = {branch: np.zeros(features.shape[1], np.int64) for branch in BRANCHES}
        for phase in range(len(blocks) + 1):
            held = [self._outputs(b) for b in blocks]
            lifted = [self._second[b].target(held[b], node_noise[2 + 2 * b]) for b in blocks]
            steady = fixed | {
                "second": sum(self._second[b].supply(held[b]) for b in blocks),
                "cells": fixed["cells"] + sum(h.sum(axis=0) for h in held),
            }
            for _ in range(phase_cycles):
                supply = self._cycle(target, lifted, node_noise, output_noise)
                for branch in BRANCHES:
                    charges[branch] += steady[branch] + supply.get(branch, 0)
            if phase < len(blocks):
                self.cells[phase] = self.biases[phase].decide(self._c[phase].T, self.cells[phase].T).T
        for branch in BRANCHES:
            charges[branch] += design.cycles.hold * (steady[branch] + supply.get(branch, 0))
        return charges

    def _cycle(self, target, lifted, node_noise, output_noise) -> dict[str, NDArray[np.int64]]:
        """One settle cycle; returns the supply currents that depend on nodes. Rules A11 and A18."""
        self._follow(self._z0, target)
        z, magnitude = self._z0, np.abs(self._z0).sum(axis=0)
        first, skips, nodes = np.zeros_like(magnitude), np.zeros_like(magnitude), magnitude
        for block, layer in enumerate(self._first):
            rails = layer.rails(z)
            self._follow(self._c[block], layer.target(rails, node_noise[1 + 2 * block]))
            self._follow(self._u[block], lifted[block])
            lift = np.maximum(self._u[block], 0)
            skips = skips + magnitude
            z = saturate(z + lift, self.design.formats.node_limit)
            magnitude = np.abs(z).sum(axis=0)
            first = first + layer.supply(rails)
            nodes = nodes + np.maximum(self._c[block], 0).sum(axis=0) + lift.sum(axis=0) + magnitude
        output = self.layers["output"]
        rails = output.rails(z)
        self._follow(self._o, output.target(rails, output_noise))
        nodes = nodes + np.abs(self._o).sum(axis=0)
        return {"first": first, "skips": skips, "nodes": nodes, "output": output.supply(rails)}


def _joined(parts: list[CoreRun]) -> CoreRun:
    def join(name: str) -> NDArray:
        return np.concatenate([getattr(part, name) for part in parts])

    charges = {branch: np.concatenate([part.charges[branch] for part in parts]) for branch in BRANCHES}
    names = ("feature", "candidate", "state", "output", "decision", "frame")
    return CoreRun(**{name: join(name) for name in names}, charges=charges)
