"""The MiRU cell and the streamed words: every rule between a converted column and the next wordline.

Values are integers held exactly in floating point (see `remora.golden.crossbar.array`); ``rs`` is ``floor(v·2^-n +
½)``, and on magnitudes ``trunc(v·2^-n ± ½)``.

Rules N2 and N4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.array import HALF, constant
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import COEFFICIENT_BITS
from remora.spec.crossbar.gain.code_gain import UNITY, check_gain
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.tables import candidate_table
from remora.spec.lib.fixed import round_magnitude, round_shift, saturate


@dataclass(frozen=True)
class Coefficients:
    """The two scalar gates, and the gains of the layers' codes, as the registers hold them.

    Rules C2 and G1.

    Attributes:
        reset: β in 1/256, 0 … 256.
        update: ``u = 256·(1 − λ)``, 0 … 256.
        hidden_gain, readout_gain: in 2^−12, 1024 … 32768; they count only where the design point has gains.
    """

    reset: int
    update: int
    hidden_gain: int = UNITY
    readout_gain: int = UNITY

    def __post_init__(self):
        for name in ("reset", "update"):
            value = getattr(self, name)
            if not 0 <= value <= 1 << COEFFICIENT_BITS:
                raise ValueError(f"{name} coefficient is {value}; it must be in 0…{1 << COEFFICIENT_BITS}")
        for name, value in (("hidden", self.hidden_gain), ("readout", self.readout_gain)):
            check_gain(name, value)

    @classmethod
    def of(cls, design: DesignPoint) -> Coefficients:
        """Values after reset."""
        return cls(design.cell.reset_coefficient, design.cell.update_coefficient)

    def registers(self, design: DesignPoint) -> dict[str, int]:
        """Register → value, of those that a design point has; bistable cells have none."""
        if design.capabilities.bistable:
            return {}
        gains = {"HIDDEN_GAIN": self.hidden_gain, "READOUT_GAIN": self.readout_gain}
        cell = {"RESET_COEFFICIENT": self.reset, "UPDATE_COEFFICIENT": self.update}
        return cell | gains if design.capabilities.gains else cell

    def gain(self, design: DesignPoint, layer: Layer) -> int | None:
        """Of a layer's codes; None where the design point has no gains."""
        if not design.capabilities.gains:
            return None
        return self.hidden_gain if layer is Layer.HIDDEN else self.readout_gain


def feature_words(design: DesignPoint) -> NDArray[np.int64]:
    """Streamed word of every feature byte: (256,), indexed by the byte as unsigned, two's complement where signed.

    Unsigned: ``min(limit, rs(x, feature_shift))``. Signed: magnitudes are doubled, so that both use the same planes,
    and -128, which has no counterpart, is taken as -127.

    Rules F1 to F3.
    """
    if not design.network.feature_signed:
        return saturate(round_shift(np.arange(256), design.formats.feature_shift), design.formats.stream_limit)
    values = np.maximum(np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64), -127)
    return round_magnitude(2 * values, design.formats.feature_shift, design.formats.stream_limit)


def signed_candidates(design: DesignPoint) -> NDArray[np.int64]:
    """Candidates of the codes ``-adc_limit … adc_limit``: (2·adc_limit + 1,), odd-symmetric. Rule C1."""
    table = np.array(candidate_table(design))
    return np.concatenate([-table[:0:-1], table])


class WordStreamer:
    """State to streamed word: ``sign(h)·min(limit, rs(|h|·factor, shift))``.

    Rules C4 and O1.

    Attributes:
        threshold: smallest ``|h|`` whose word saturates, None where no state reaches it.
    """

    def __init__(self, design: DesignPoint, factor: int, shift: int, dtype: type[np.floating] = np.float32):
        limit = design.formats.stream_limit
        self._half, self._scale = constant(HALF, dtype), constant(factor * 2.0**-shift, dtype)
        self._highest, self._lowest = constant(limit, dtype), constant(-limit, dtype)
        overflow = ((design.formats.stream_limit + 1) << shift) - ((1 << shift) >> 1)
        threshold = -(-overflow // factor) if factor else design.formats.state_limit + 1
        self.threshold = threshold if threshold <= design.formats.state_limit else None

    def stream(self, states: NDArray[np.floating], out: NDArray[np.floating], work: NDArray[np.floating]) -> None:
        """Words of ``states`` into ``out``; ``work`` is overwritten. All of one shape."""
        np.copysign(self._half, states, out=work)
        np.multiply(states, self._scale, out=out)
        out += work
        np.trunc(out, out=out)
        if self.threshold is not None:
            np.minimum(out, self._highest, out=out)
            np.maximum(out, self._lowest, out=out)

    def saturations(self, states: NDArray[np.floating]) -> int:
        """How many words of ``states`` saturate. Rule C5."""
        return 0 if self.threshold is None else int(np.count_nonzero(np.abs(states) >= self.threshold))


class StateBlend:
    """State update ``h + rs((c − h)·u, 8)`` from codes; the candidate ROM is folded into a table of ``c·u/256 + ½``.

    Rule C3.
    """

    def __init__(self, design: DesignPoint, update: int, dtype: type[np.floating]):
        self._kept = constant(1 - update * 2.0**-COEFFICIENT_BITS, dtype)
        self._offset = constant(design.formats.adc_limit, dtype)
        self._table = (signed_candidates(design) * (update * 2.0**-COEFFICIENT_BITS) + HALF).astype(dtype)

    def blend(
        self, codes: NDArray[np.floating], states: NDArray[np.floating], index: NDArray[np.intp], work, step
    ) -> None:
        """Advance ``states`` by one step in place; ``index``, ``work``, ``step`` are overwritten. All of one shape.

        ``codes`` may also be complete sums that are not converted yet: to become an index, which ends where the table
        does, a sum is rounded down and saturated just as a code is.
        """
        # Two steps, since an addition that also converts works through a buffer.
        np.add(codes, self._offset, out=work)
        index[...] = work
        self._table.take(index, out=step, mode="clip")
        np.multiply(states, self._kept, out=work)
        work += step
        np.floor(work, out=states)
