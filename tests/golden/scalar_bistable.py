"""An independent reading of ``docs/reference/arithmetic.md``: inference with bistable cells, one value at a time."""

from __future__ import annotations

from tests.golden.scalar_miru import columns_of, feature_word, read_out
from tests.golden.scalar_numbers import largest_weight


def run_sequence(design, hidden, readout, thresholds, features) -> dict:
    """One sequence: every value of every step, the readout, and what the saturation counter must show.

    Args:
        hidden, readout: weights in levels, rows of columns (rule X1).
        thresholds: low and high of every cell.
        features: rows of bytes, signed where the design's are.
    """
    units, limit = design.network.hidden, 2**design.formats.stream_bits - 1
    columns = columns_of(hidden)
    low, high = ([int(v) for v in row] for row in thresholds)
    state, steps = [0] * units, []  # rule B5
    for x in features:
        words = [feature_word(design, int(v)) for v in x] + [limit]  # rules F4 and F5
        sums = [sum(w * g for w, g in zip(words, column, strict=True)) for column in columns]  # rule B1
        for unit, total in enumerate(sums):
            rectified = total if total > 0 else 0  # rule B3
            if rectified >= high[unit]:  # rule B4
                state[unit] = 1
            elif rectified <= low[unit]:
                state[unit] = 0
        steps.append({"words": words, "sums": sums, "state": list(state)})
    return {"steps": steps} | read_out(design, [*state, 1], columns_of(readout), readout_shift(design))  # rule B6


def readout_shift(design) -> int:
    """Rule B7."""
    root = 0
    while (root + 1) ** 2 <= design.network.hidden:
        root += 1
    walk = largest_weight(design) * (root + 1) // 4
    shift = 0
    while (2 ** (design.formats.adc_bits - 1) - 1) * 2**shift < walk:
        shift += 1
    return shift
