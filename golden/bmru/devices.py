"""What codes become in silicon: conductors of the layers and bias currents of the cells, with their errors.

Rules A5 to A9 have the formulas. All arrays hold exact integers; those of matrix products are float64, below 2⁵³.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.design import MATCHING_BITS, BmruDesign
from remora.spec.bmru.scan import Group, group
from remora.spec.lib.fixed import round_shift, saturate
from remora.spec.lib.rng import Purpose, draw, normal_integer


class MirrorLayer:
    """Mirrors and bias sources of one layer.

    Rules A1 and A5.

    Attributes:
        devices: (outputs, rails · inputs) float64: signed ratios in 2^−`weight_shift`, of the positive input rails,
            then of the negative ones where the input has two.
        bias: (outputs,) int64 pA.
        bias_current: pA that the bias sources draw together.
    """

    def __init__(self, design: BmruDesign, codes: BmruCodes, name: str) -> None:
        self._design = design
        mirrors = group(design, f"{name}.weight")
        self._two_rails = mirrors.input_rails == 2
        rails = [_mirrors(design, codes, mirrors, rail) for rail in range(mirrors.input_rails)]
        self.devices = np.concatenate([rails[0], *(-rail for rail in rails[1:])], axis=1).astype(np.float64)
        self._drawn = np.concatenate([np.abs(rail).sum(axis=0) for rail in rails])
        self.bias = bias_currents(design, codes, f"{name}.bias")
        self.bias_current = int(np.abs(self.bias).sum())
        self._offset = self.bias[:, None].astype(np.float64) * float(1 << design.formats.weight_shift)

    def rails(self, currents: NDArray[np.int64]) -> NDArray[np.int64]:
        """(rails · inputs, clips): what diodes make of signed currents (inputs, clips). Rule A8."""
        positive = np.maximum(currents, 0)
        return np.concatenate([positive, positive - currents]) if self._two_rails else positive

    def target(self, rails: NDArray[np.int64], noise: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """(outputs, clips) pA at which the nodes aim. Rule A9."""
        total = self.devices @ rails.astype(np.float64)
        total += self._offset
        current = round_shift(total.astype(np.int64), self._design.formats.weight_shift)
        current += noise
        return saturate(current, self._design.formats.node_limit)

    def supply(self, rails: NDArray[np.int64]) -> NDArray[np.int64]:
        """(clips,) pA that the outputs of the mirrors draw together. Rule A18."""
        return round_shift(self._drawn @ rails, self._design.formats.weight_shift)


@dataclass(frozen=True)
class CellBiases:
    """Bias currents of a block's cells, (width,) int64 pA each."""

    threshold: NDArray[np.int64]
    hysteresis: NDArray[np.int64]
    gain: NDArray[np.int64]

    @classmethod
    def of(cls, design: BmruDesign, codes: BmruCodes, block: int) -> CellBiases:
        """Of block number ``block``."""
        names = ("threshold", "hysteresis", "gain")
        return cls(*(bias_currents(design, codes, f"blocks.{block}.{name}") for name in names))

    @property
    def low(self) -> NDArray[np.int64]:
        """(width,) β_lo; negative where a cell never resets."""
        return self.threshold - self.hysteresis

    @property
    def current(self) -> int:
        """pA that the three sources of all cells draw together."""
        return int((self.threshold + self.hysteresis + self.gain).sum())

    def decide(self, candidate: NDArray[np.int64], state: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The next state of cells, (…, width), whose candidate ĥ is the current before its diode. Rule A13."""
        candidate = np.maximum(candidate, 0)
        return (candidate >= self.threshold) | (state & (candidate > self.low))

    def output(self, state: NDArray[np.bool_], leakage_pa: int) -> NDArray[np.int64]:
        """(…, width) pA that cells put out. Rule A12."""
        return np.where(state, self.gain, leakage_pa)


def _elements(one: Group) -> NDArray[np.int64]:
    return one.first_element + np.arange(one.elements).reshape(one.shape)


def _mirrors(design: BmruDesign, codes: BmruCodes, mirrors: Group, rail: int) -> NDArray[np.int64]:
    """Rules A5 and R5."""
    word = draw(design.nonidealities.seed, Purpose.MIRROR_MISMATCH, 0, _elements(mirrors), rail)
    error = normal_integer(word, design.nonidealities.mismatch_rms)
    return codes[mirrors.name].astype(np.int64) * ((1 << MATCHING_BITS) + error)


def bias_currents(design: BmruDesign, codes: BmruCodes, name: str) -> NDArray[np.int64]:
    """pA of the sources of a group, of its shape; the sign is that of the code.

    The magnitude is rounded, so that either rail errs alike.

    Rules A6 and R5.
    """
    sources = group(design, name)
    word = draw(design.nonidealities.seed, Purpose.BIAS_ERROR, 0, _elements(sources))
    nominal = np.abs(codes[name]).astype(np.int64) * design.formats.bias_step_pa
    error = normal_integer(word, design.nonidealities.bias_error_rms)
    actual = round_shift(nominal * ((1 << MATCHING_BITS) + error), MATCHING_BITS)
    return np.sign(codes[name]) * actual
