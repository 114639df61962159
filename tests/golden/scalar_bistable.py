"""An independent reading of the network with bistable cells in plain Python integers, one value at a time.

Shares no code with `golden`; the tests compare the two exactly.
"""

from __future__ import annotations

from tests.golden.scalar_miru import clip, feature_word, rs


def run_sequence(design, weights, features) -> dict:
    """One sequence: every value of every step, the readout, and what the saturation counter must show."""
    units, classes = design.network.hidden, design.network.classes
    limit, full_scale = 2**design.formats.stream_bits - 1, 2 ** (design.formats.adc_bits - 1) - 1
    hidden = [[int(g) for g in column] for column in weights.hidden.T]
    readout = [[int(g) for g in column] for column in weights.readout.T]
    low, high = ([int(v) for v in row] for row in weights.thresholds)
    state, steps = [0] * units, []
    for x in features:
        words = [feature_word(design, int(v)) for v in x] + [limit]
        sums = [sum(w * g for w, g in zip(words, column, strict=True)) for column in hidden]
        for unit, total in enumerate(sums):
            candidate = total if total > 0 else 0
            if candidate >= high[unit]:
                state[unit] = 1
            elif candidate <= low[unit]:
                state[unit] = 0
        steps.append({"words": words, "sums": sums, "state": list(state)})
    words = [*state, 1]
    codes = [readout_codes(design, words, column) for column in readout]
    scores = [clip(sum(parts), -full_scale, full_scale) for parts in codes]
    decision = max(range(classes), key=lambda k: (scores[k], -k))
    adc = sum(abs(o) == full_scale for parts in codes for o in parts)
    return {
        "steps": steps, "words": words, "codes": [list(row) for row in zip(*codes, strict=True)], "scores": scores,
        "decision": decision, "adc": adc,
    }  # fmt: skip


def readout_codes(design, words: list[int], column: list[int]) -> list[int]:
    """Codes of one class, one a row tile."""
    rows, full_scale = design.crossbar.rows, 2 ** (design.formats.adc_bits - 1) - 1
    codes = []
    for first in range(0, len(words), rows):
        total = sum(w * g for w, g in zip(words[first : first + rows], column[first : first + rows], strict=True))
        codes.append(clip(rs(total, readout_shift(design)), -full_scale, full_scale))
    return codes


def readout_shift(design) -> int:
    """Smallest shift at which a walk of ⌊√hidden⌋ + 1 steps of a quarter of the largest weight fits the converter."""
    root = 0
    while (root + 1) ** 2 <= design.network.hidden:
        root += 1
    walk = (design.crossbar.levels - 1) * (root + 1) // 4
    shift = 0
    while (2 ** (design.formats.adc_bits - 1) - 1) * 2**shift < walk:
        shift += 1
    return shift
