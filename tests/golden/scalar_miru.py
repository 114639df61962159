"""An independent reading of the design document in plain Python integers, one value at a time: slow and obvious.

Shares no code with `golden` beyond the tables of `spec`; the tests compare the two exactly.
"""

from __future__ import annotations

from spec.tables import candidate_table


def rs(value: int, shift: int) -> int:
    return value if shift == 0 else (value + 2 ** (shift - 1)) // 2**shift


def clip(value: int, low: int, high: int) -> int:
    return low if value < low else high if value > high else value


def word(value: int, shift: int, limit: int) -> int:
    magnitude = min(limit, rs(abs(value), shift))
    return -magnitude if value < 0 else magnitude


def feature_word(design, x: int) -> int:
    bits = design.formats.stream_bits
    limit = 2**bits - 1
    if design.network.feature_signed:
        return word(2 * max(x, -127), 8 - bits, limit)
    return min(limit, rs(x, 8 - bits))


def tile_codes(design, words: list[int], column: list[int]) -> list[int]:
    """Codes of one column, one a row tile."""
    formats, rows = design.formats, design.crossbar.rows
    full_scale = 2 ** (formats.adc_bits - 1) - 1
    step_bits = formats.adc_bits - 1 - formats.adc_range_log2
    shift = formats.stream_bits + design.crossbar.level_bits - step_bits
    codes = []
    for first in range(0, len(words), rows):
        total = sum(w * g for w, g in zip(words[first : first + rows], column[first : first + rows], strict=True))
        codes.append(clip(rs(total, shift), -full_scale, full_scale))
    return codes


def run_sequence(design, weights, features, reset: int, update: int) -> dict:
    """One sequence: every value of every step, the readout, and what the saturation counters must show."""
    units, classes = design.network.hidden, design.network.classes
    bits, state_bits = design.formats.stream_bits, design.formats.state_bits
    limit, full_scale = 2**bits - 1, 2 ** (design.formats.adc_bits - 1) - 1
    table = candidate_table(design)
    hidden = [[int(g) for g in column] for column in weights.hidden.T]
    readout = [[int(g) for g in column] for column in weights.readout.T]
    h, words = [0] * units, [0] * units
    adc = limited = 0
    steps = []
    for t, x in enumerate(features):
        streamed = [feature_word(design, int(v)) for v in x] + words + [limit]
        codes = [tile_codes(design, streamed, column) for column in hidden]
        code = [clip(sum(parts), -full_scale, full_scale) for parts in codes]
        c = [table[o] if o >= 0 else -table[-o] for o in code]
        h = [v + rs((w - v) * update, 8) for v, w in zip(h, c, strict=True)]
        adc += sum(abs(o) == full_scale for parts in codes for o in parts)
        if t + 1 < len(features):
            shift = state_bits + 8 - bits
            words = [word(v * reset, shift, limit) for v in h]
            limited += sum(rs(abs(v * reset), shift) > limit for v in h)
        steps.append(
            {
                "words": streamed,
                "codes": [list(row) for row in zip(*codes, strict=True)],
                "code": code,
                "candidate": c,
                "state": h,
            }
        )
    words = [word(v, state_bits - bits, limit) for v in h] + [limit]
    limited += sum(rs(abs(v), state_bits - bits) > limit for v in h)
    codes = [tile_codes(design, words, column) for column in readout]
    adc += sum(abs(o) == full_scale for parts in codes for o in parts)
    scores = [clip(sum(parts), -full_scale, full_scale) for parts in codes]
    decision = max(range(classes), key=lambda k: (scores[k], -k))
    return {
        "steps": steps, "words": words, "codes": [list(row) for row in zip(*codes, strict=True)], "scores": scores,
        "decision": decision, "adc": adc, "limited": limited,
    }  # fmt: skip
