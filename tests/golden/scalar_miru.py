"""An independent reading of ``docs/reference/arithmetic.md``: inference with MiRU cells, one value at a time."""

from __future__ import annotations

from tests.golden.scalar_numbers import candidate, clip, largest, rs, word


def fraction_bits(design) -> int:
    """a of rule F1."""
    return design.formats.adc_bits - 1 - design.formats.adc_range_log2


def feature_word(design, x: int) -> int:
    """Rules F2 and F3."""
    bits = design.formats.stream_bits
    limit = 2**bits - 1
    if design.network.feature_signed:
        return word(2 * max(x, -127), 8 - bits, limit)
    return min(limit, rs(x, 8 - bits))


def tile_codes(design, words: list[int], column: list[int], shift: int | None = None) -> list[int]:
    """Codes of one column, one a row tile, rules X2 to X4."""
    rows, full_scale = design.crossbar.rows, 2 ** (design.formats.adc_bits - 1) - 1
    if shift is None:
        shift = design.formats.stream_bits + design.crossbar.level_bits - fraction_bits(design)
    codes = []
    for first in range(0, len(words), rows):
        total = sum(w * g for w, g in zip(words[first : first + rows], column[first : first + rows], strict=True))
        codes.append(clip(rs(total, shift), -full_scale, full_scale))
    return codes


def column_code(design, parts: list[int], gain: int) -> int:
    """Code of a column from those of its row tiles, rule X5, or rule G2 where the design has gains."""
    full_scale = 2 ** (design.formats.adc_bits - 1) - 1
    total = sum(parts)
    if design.crossbar.gain:
        total = (gain * total + 2048) // 4096
    return clip(total, -full_scale, full_scale)


def read_out(design, words: list[int], columns: list[list[int]], shift: int | None = None) -> dict:
    """Codes, scores and class of a readout whose words are given, rules X5, X6, O2 and O3."""
    return decided(design, words, [tile_codes(design, words, column, shift) for column in columns])


def column_codes(design, codes: list[list[int]], added: list[int] | None = None, gain: int = 4096) -> list[int]:
    """Codes of columns out of those of their row tiles, rules X5 and K1."""
    found = zip(codes, added or [0] * len(codes), strict=True)
    return [column_code(design, [*parts, r], gain) for parts, r in found]


def decided(design, words: list[int], codes: list[list[int]], added: list[int] | None = None, gain: int = 4096) -> dict:
    """Scores and class of a readout's codes, by column and row tile."""
    full_scale = 2 ** (design.formats.adc_bits - 1) - 1
    scores = column_codes(design, codes, added, gain)
    return {
        "words": words,
        "codes": [list(row) for row in zip(*codes, strict=True)],
        "scores": scores,
        "decision": largest(scores),
        "adc": sum(abs(code) == full_scale for parts in codes for code in parts),
    }


def driven(design, words: list[int]) -> list[int]:
    """What the wordlines carry: nothing on the last where biases are digital, rule K5."""
    return [*words[:-1], 0] if design.crossbar.bias == "digital" else words


def bias_codes(design, biases: list[int]) -> list[int]:
    """What digital biases are worth, rule K5."""
    shift = design.formats.stream_bits + design.crossbar.level_bits - fraction_bits(design)
    return [rs((2**design.formats.stream_bits - 1) * b, shift) for b in biases]


def columns_of(levels) -> list[list[int]]:
    """Columns of a matrix of weights, rows as rule F4 orders them."""
    return [[int(row[j]) for row in levels] for j in range(len(levels[0]))]


def run_sequence(
    design, hidden, readout, features, reset: int, update: int, codes_of=None, added=(None, None), gains=(4096, 4096)
) -> dict:
    """One sequence: every value of every step, the readout, and what the saturation counters must show.

    Args:
        hidden, readout: weights in levels, rows of columns (rule X1).
        features: rows of bytes, signed where the design's are.
        reset, update: the coefficients b and u of rule C2.
        codes_of: of a layer, its words and the step, the codes by column and row tile; those of ideal devices else.
        added: what is added to the codes of the columns of both layers, rules K1 and K5.
        gains: of hidden layer and readout, rule G1.
    """
    if codes_of is None:
        held = columns_of(hidden), columns_of(readout)

        def codes_of(layer: int, words: list[int], step: int) -> list[list[int]]:
            return [tile_codes(design, words, column) for column in held[layer]]

    units = design.network.hidden
    bits, state_bits = design.formats.stream_bits, design.formats.state_bits
    limit, full_scale = 2**bits - 1, 2 ** (design.formats.adc_bits - 1) - 1
    h, words = [0] * units, [0] * units  # rule F7
    adc = limited = 0
    steps = []
    for t, x in enumerate(features):
        streamed = [feature_word(design, int(v)) for v in x] + words + [limit]  # rules F4 and F5
        codes = codes_of(0, driven(design, streamed), t)
        code = column_codes(design, codes, added[0], gains[0])
        c = [candidate(o, fraction_bits(design), state_bits) for o in code]
        h = [rs(update * w + (256 - update) * v, 8) for v, w in zip(h, c, strict=True)]  # rule C3
        adc += sum(abs(o) == full_scale for parts in codes for o in parts)  # rule X6
        if t + 1 < len(features):
            shift = state_bits + 8 - bits
            words = [word(v * reset, shift, limit) for v in h]  # rule C4
            limited += sum(rs(abs(v * reset), shift) > limit for v in h)  # rule C5
        steps.append(
            {
                "words": streamed,
                "codes": [list(row) for row in zip(*codes, strict=True)],
                "code": code,
                "candidate": c,
                "state": h,
            }
        )
    shift = state_bits - bits
    limited += sum(rs(abs(v), shift) > limit for v in h)  # rule C5
    last = [word(v, shift, limit) for v in h] + [limit]  # rules O1 and F5
    final = decided(design, last, codes_of(1, driven(design, last), len(features) - 1), added[1], gains[1])
    return final | {"steps": steps, "adc": adc + final["adc"], "limited": limited}
