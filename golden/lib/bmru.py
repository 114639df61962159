"""Inference of a BMRU network in floating point, and the recurrence of its cells as a loop and as a parallel scan.

A cell with candidate ĥ, thresholds β_lo <= β_hi and level α:

    set = [ĥ >= β_hi]      reset = [ĥ <= β_lo] ∧ ¬set      h_t = set·(α + ε h₋) + reset·ε h₋ + (1 − set − reset)·h₋

With ε = 0, always so in inference, h_t is α or 0 and one state bit says which. Training anneals ε from 1 to 0.
For any ε the recurrence is linear in h, h_t = keep_t·h₋ + add_t, so it can be scanned in parallel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.lib.bmru_network import BmruNetwork, Linear, NetworkError


@dataclass(frozen=True)
class BmruRun:
    """What a network did, frame by frame.

    Attributes:
        outputs: o, (n, T, classes) float64.
        candidates: ĥ, (n, T, blocks, width) float64, in units of the model.
        states: whether each cell is set after the frame, (n, T, blocks, width) bool.
    """

    outputs: NDArray[np.float64]
    candidates: NDArray[np.float64]
    states: NDArray[np.bool_]

    @property
    def frame_classes(self) -> NDArray[np.int64]:
        """Class of the highest output of every frame, ties to the lower class, (n, T)."""
        return self.outputs.argmax(axis=2)


def run(network: BmruNetwork, x: NDArray, initial: NDArray[np.bool_] | None = None, parallel: bool = False) -> BmruRun:
    """Run sequences through a network.

    Args:
        x: (n, T, features), any real type; computed in float64.
        initial: states before the first frame, (n, blocks, width) bool; all reset where None.
        parallel: cells by the parallel scan instead of frame by frame; the result is the same, bit for bit.

    Raises:
        NetworkError: ``x`` does not fit the network.
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 3 or x.shape[2] != network.features:
        raise NetworkError(f"sequences have shape {x.shape}; the network needs (sequences, frames, {network.features})")
    z = _linear(network.input, x)
    candidates, states = [], []
    cells = scan_states if parallel else cell_states
    for number, block in enumerate(network.blocks):
        candidate = _relu(_linear(block.first, _relu(z)))
        first = None if initial is None else initial[:, number]
        state = cells(candidate, block.low, block.high, first)
        z = z + _relu(_linear(block.second, state * block.level))
        candidates.append(candidate)
        states.append(state)
    return BmruRun(_linear(network.output, z), np.stack(candidates, axis=2), np.stack(states, axis=2))


def vote(frame_classes: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """The class that most frames of each clip chose, ties to the lower class.

    Args:
        frame_classes: (n, T).
        classes: how many there are.
    """
    return (frame_classes[:, :, None] == np.arange(classes)).sum(axis=1).argmax(axis=1)


def decide(network: BmruNetwork, x: NDArray) -> NDArray[np.int64]:
    """Class of each sequence of ``x`` (n, T, features) by majority of its frames, (n,)."""
    return vote(run(network, x).frame_classes, network.classes)


def cell_states(
    candidates: NDArray, low: NDArray, high: NDArray, initial: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """State bits of cells after every frame, frame by frame.

    Args:
        candidates: ĥ, (n, T, width).
        low, high: β_lo and β_hi, (width,).
        initial: before the first frame, (n, width); reset where None.
    """
    sets, resets = candidates >= high, candidates <= low
    state = np.zeros(sets[:, 0].shape, bool) if initial is None else np.array(initial, bool)
    states = np.empty_like(sets)
    for t in range(candidates.shape[1]):
        state = states[:, t] = sets[:, t] | (state & ~resets[:, t])
    return states


def scan_states(
    candidates: NDArray, low: NDArray, high: NDArray, initial: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """What `cell_states` returns, in about log₂ T vector operations."""
    keep, add = recurrence_terms(candidates, low, high, np.ones_like(low), 0.0)
    if initial is not None:
        add[:, 0] += keep[:, 0] * initial
    return scan(keep, add).astype(bool)


def recurrence_terms(
    candidates: NDArray, low: NDArray, high: NDArray, level: NDArray, epsilon: float
) -> tuple[NDArray, NDArray]:
    """``keep`` and ``add`` of the linear form, (n, T, width): keep = 1 − (1 − ε)(set + reset), add = set·α."""
    sets = candidates >= high
    moved = sets | (candidates <= low)
    return np.where(moved, epsilon, 1.0), sets * level


def scan(keep: NDArray, add: NDArray) -> NDArray:
    """h of h_t = keep_t·h₋ + add_t with h_0 = 0 along axis 1, in about log₂ T vector operations: a parallel prefix.

    Steps compose associatively: first (k₁, a₁), then (k₂, a₂) is (k₁k₂, k₂a₁ + a₂). After the round of distance D every
    position holds the composition of the 2D steps that end there (Hillis and Steele, "Data parallel algorithms",
    1986).
    With keep 0 or 1 and one level a cell nothing rounds, so it equals the loop over t exactly; else to rounding.
    """
    keep, h = keep.copy(), add.copy()
    distance = 1
    while distance < h.shape[1]:
        # The right-hand sides are evaluated whole before anything is written.
        h[:, distance:] = keep[:, distance:] * h[:, :-distance] + h[:, distance:]
        keep[:, distance:] = keep[:, distance:] * keep[:, :-distance]
        distance *= 2
    return h


def _linear(layer: Linear, x: NDArray) -> NDArray:
    return x @ layer.weight.T + layer.bias


def _relu(x: NDArray) -> NDArray:
    return np.maximum(x, 0)
