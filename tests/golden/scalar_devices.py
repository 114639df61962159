"""An independent reading of ``docs/reference/arithmetic.md`` in plain integers: real devices, one at a time.

A model is what `spec` makes of the section of devices: it has the integers that the rules name as attributes.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

from tests.golden.scalar_numbers import clip, draw, rs

DEVICE, READ, PROBE, PULSE, WRITE, SLOW, CONVERTER = 9, 20, 21, 22, 23, 24, 25
"""Purposes, rule R3."""


def byte(word: int, number: int) -> int:
    return word // 256**number % 256


def normal(word: int, amplitude: int) -> int:
    """Rule R5."""
    return rs((sum(byte(word, number) for number in range(4)) - 510) * amplitude * 443, 16)


def root(value: int) -> int:
    """The integer part of a square root, as rule D11 uses it."""
    low, high = 0, 2**40
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle * middle <= value else (low, middle - 1)
    return low


def at(conductance: int, low: int, high: int) -> int:
    """Rule D3."""
    return min(4096, (max(conductance, low) - low) * (2**28 // max(1, high - low)) // 2**16)


def value_at(knots, x: int) -> int:
    """Rule D3."""
    k = min(15, x // 256)
    return knots[k] + rs((knots[k + 1] - knots[k]) * (x - 256 * k), 8)


@cache
def log_table() -> list[int]:
    """Rule D8."""
    with localcontext() as context:
        context.prec = 40
        return [rounded(2**16 * (1 + Decimal(k) / 256).ln() / Decimal(2).ln()) for k in range(257)]


@cache
def power_table() -> list[int]:
    """Rule D9."""
    with localcontext() as context:
        context.prec = 40
        return [rounded(2**16 * Decimal(2) ** (-Decimal(k) / 256)) for k in range(257)]


def rounded(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_EVEN))


@cache
def normal_table() -> list[int]:
    """Rule D16: quantiles by Newton's method on the series of the error function."""
    with localcontext() as context:
        context.prec = 40
        tau = 2 * Decimal("3.141592653589793238462643383279502884197")
        upper = []
        for k in range(128, 256):
            target, x = (Decimal(k) + Decimal("0.5")) / 256 - Decimal("0.5"), Decimal(0)
            for _ in range(60):
                total, term, n = x, x, 0
                while abs(term) > Decimal(10) ** -36:
                    n += 1
                    term = -term * x * x / (2 * n)
                    total += term / (2 * n + 1)
                step = (total / tau.sqrt() - target) / ((-x * x / 2).exp() / tau.sqrt())
                x -= step
                if abs(step) < Decimal(10) ** -30:
                    break
            upper.append(x)
        values = [-x for x in reversed(upper)] + upper
        rms = (sum(x * x for x in values) / 256).sqrt()
        return [rounded(64 * x / rms) for x in values]


class Device:
    """One device: rules D2, D4 and D5. ``marked`` says what the fault map does, rule P4."""

    def __init__(self, model, layer: int, side: int, row: int, column: int, numbers):
        self.model, self.number = model, layer * 2**24 + side * 2**23 + row * 2**11 + column
        self.low, self.high, self.up, self.down, self.aging, self.endurance = numbers
        self.p = self.n = self.t = self.s = 0
        self.marked = False

    def program(self, level: int) -> None:
        """Rule D21."""
        self.p = min(self.high, max(self.low, self.model.rest + level * self.model.level))
        self.n = self.t = self.s = 0

    def pulse(self, upwards: bool) -> None:
        """Rule D6."""
        model = self.model
        knots, gain = (model.raise_steps, self.up) if upwards else (model.lower_steps, self.down)
        d = rs(value_at(knots, at(self.p, self.low, self.high)) * gain, 12)
        w0, w1 = draw(model.seed, PULSE, self.n, self.number)
        e = normal(w0, rs(d * model.cycle_noise, 12)) + normal(w1, model.cycle_range)
        if self.n < self.endurance:
            moved = self.p + d + e if upwards else self.p - d - e
            self.p = min(self.high, max(self.low, moved))
        self.n = min(2**32 - 1, self.n + 1)
        self.t = self.s = 0

    def shows(self) -> int:
        """Rule D7."""
        amplitude = value_at(self.model.write_noise, at(self.p, 0, self.model.full))
        word = draw(self.model.seed, WRITE, self.n, self.number)[0]
        return min(2 * self.model.full, max(0, self.p + normal(word, amplitude)))

    def log_time(self) -> int:
        """Rule D8."""
        u = self.t + 256
        m = u.bit_length() - 1
        f = u * 2**16 // 2**m - 2**16
        log = log_table()
        return (m - 8) * 2**16 + log[f // 256] + rs((log[f // 256 + 1] - log[f // 256]) * (f % 256), 8)

    def drifted(self) -> int:
        """Rule D9."""
        v, model = self.shows(), self.model
        x = at(v, 0, model.full)
        exponent = max(0, value_at(model.drift, x) + rs(value_at(model.drift_spread, x) * self.aging, 8))
        y = exponent * self.log_time() // 2**12
        k, power = y // 256 % 256, power_table()
        return rs(v * (power[k] + rs((power[k + 1] - power[k]) * (y % 256), 8)), 16 + min(31, y // 2**16))

    def conducts(self) -> int:
        """Rule D10."""
        return min(2 * self.model.full, max(0, self.drifted() + self.s))

    def age(self, ticks: int, ageings: int) -> None:
        """Rule D11, with the number of this ageing."""
        self.t = min(2**47 - 1, self.t + ticks)
        left = self.drifted()
        share = value_at(self.model.slow_noise, at(self.shows(), 0, self.model.full))
        time = root((self.model.slow_base + self.log_time() * 45426 // 2**24) * 2**8)
        word = draw(self.model.seed, SLOW, ageings, self.number)[0]
        self.s = normal(word, rs(rs(left * share, 12) * time, 8))

    def at_rest(self) -> bool:
        """Rule D12."""
        return self.conducts() <= self.model.rest + self.model.level // 2

    def is_full(self) -> bool:
        """Rule D12; W levels lie between rest and full, and E is half of them, rounded down."""
        highest = self.model.full
        if self.model.pair == "reference":
            levels = (self.model.full - self.model.rest) // self.model.level
            highest = self.model.rest + levels // 2 * 2 * self.model.level
        return self.conducts() >= highest - self.model.level // 2

    def symmetry_point(self) -> int:
        """Rule D24."""
        model = self.model
        f = [r * self.up - d * self.down for r, d in zip(model.raise_steps, model.lower_steps, strict=True)]
        for k in range(16):
            if f[k] > 0 >= f[k + 1]:
                x = 256 * k + min(256, f[k] // max(1, (f[k] - f[k + 1]) // 256))
                return self.low + (self.high - self.low) * x // 4096
        middle = (model.full - model.rest) // model.level // 2
        return clip(model.rest + middle * model.level, self.low, self.high)


def manufactured(model, spreads, layer: int, side: int, row: int, column: int) -> list[int]:
    """The six numbers of rule D4 by rule D19; ``spreads`` has what the rule names as attributes."""
    number = layer * 2**24 + side * 2**23 + row * 2**11 + column
    words = [draw(model.seed, DEVICE, sequence, number) for sequence in range(4)]
    limit = 2 * model.full
    z = [[Decimal(sum(byte(word, b) for b in range(4)) - 510) / Decimal("147.8") for word in pair] for pair in words]
    with localcontext() as context:
        context.prec = 40
        if spreads.lognormal:
            sigma = Decimal(spreads.step_sigma)
            gain = min(2**24, rounded(4096 * (sigma * z[0][0] - sigma * sigma / 2).exp()))
        else:
            gain = min(2**24, max(64, 4096 + normal(words[0][0], spreads.step_spread)))
        endurance = 2**32 - 1
        if spreads.endurance:
            decades = Decimal(spreads.endurance_spread) * z[3][1]
            endurance = max(1, min(endurance, rounded(Decimal(spreads.endurance) * Decimal(10) ** decades)))
    asymmetry = normal(words[0][1], spreads.direction_spread)
    up, down = (max(0, rs(gain * (4096 + sign * asymmetry), 12)) for sign in (1, -1))
    low = model.rest + normal(words[1][0], spreads.rest_spread)
    high = model.full + normal(words[1][1], spreads.full_spread)
    anchor, span = spreads.step_anchor, model.full - model.rest
    fixed = model.rest + anchor
    if anchor:
        low, high = min(low, 2 * fixed - low), max(high, 2 * fixed - high)
    low, high = clip(low, 0, limit), clip(high, 0, limit)
    high = max(low, high)
    if anchor:
        up = min(2**24, min(2**32, up * (high - low) // max(1, high - fixed)) * (span - anchor) // span)
        down = min(2**24, min(2**32, down * (high - low) // max(1, fixed - low)) * anchor // span)
    which, where = words[2]
    if which < spreads.stuck_rest + spreads.stuck_full + spreads.corrupt:
        endurance = 0
        if which < spreads.stuck_rest:
            high = low
        elif which < spreads.stuck_rest + spreads.stuck_full:
            low = high
        else:
            low = high = low + where * (high - low + 1) // 2**32
    return [low, high, up, down, normal(words[3][0], 256), endurance]


def dead_bitline(model, spreads, layer: int, row_tile: int, bitline: int) -> bool:
    """Rule Y6."""
    return draw(model.seed, CONVERTER, 2, bitline, layer * 2**15 + row_tile)[0] < spreads.dead_columns


def converter(model, spreads, layer: int, row_tile: int, column: int) -> tuple[int, int]:
    """Offset and gain of a converter, rule D20."""
    w0, w1 = draw(model.seed, CONVERTER, 0, column, layer * 2**15 + row_tile)
    return normal(w0, spreads.converter_offset), normal(w1, spreads.converter_gain)


def plane_error(model, spreads, layer: int, row_tile: int, plane: int) -> int:
    """Rule D20."""
    return normal(draw(model.seed, CONVERTER, 1, plane, layer * 2**15 + row_tile)[0], spreads.plane_error)


def program_pair(positive: Device, negative: Device, weight: int) -> None:
    """A fresh pair of a weight. Rules D21, D23 and D25."""
    if positive.model.pair == "reference":
        negative.p = clip(positive.symmetry_point(), negative.low, negative.high)
        positive.p = clip(negative.p + weight * positive.model.level, positive.low, positive.high)
    else:
        positive.program(max(0, weight))
        negative.program(max(0, -weight))
    compensate(positive, negative, weight)


def pulse_pair(positive: Device, negative: Device, upwards: bool) -> Device | None:
    """The device that one pulse of a weight reaches, which takes it; None where it is dropped. Rules D22, P4 and P5."""
    if positive.model.pair == "reference":
        if positive.marked or (positive.is_full() if upwards else positive.at_rest()):
            return None
        positive.pulse(upwards)
        return positive
    falling, rising = (negative, positive) if upwards else (positive, negative)
    if not falling.at_rest() and not falling.marked:
        falling.pulse(False)
        return falling
    if not rising.is_full() and not rising.marked:
        rising.pulse(True)
        return rising
    return None


def compensate(positive: Device, negative: Device, level: int) -> None:
    """What programming a pair to a weight does beside a marked device. Rule D23."""
    change = level * positive.model.level
    if negative.marked and not positive.marked:
        positive.p = min(positive.high, max(positive.low, negative.p + change))
    if positive.marked and not negative.marked:
        negative.p = min(negative.high, max(negative.low, positive.p - change))


def behind_wires(model, rows: list[list[int]]) -> list[list[int]]:
    """What the devices of a tile count as; rows of bitlines, g⁺ and g⁻ of a column in turn. Rule D13."""
    m, found = len(rows), []
    for i, row in enumerate(rows):
        found.append([])
        for c, g in enumerate(row):
            a = sum(min(c + 1, other + 1) * row[other] for other in range(len(row)))
            b = sum(min(m - i, m - other) * rows[other][c] for other in range(m))
            drop = rs(model.wire_row * a + model.wire_column * b, 28)
            found[-1].append(g * 2**16 // (2**16 + drop))
    return found


def noise_entry(model, layer: int, row_tile: int, column: int, sequence: int, step: int, purpose: int) -> int:
    """z of rules D16 and D17."""
    words = draw(model.seed, purpose, sequence, step * 2**16 + column // 8, layer * 2**15 + row_tile)
    return normal_table()[byte(words[column % 8 // 4], column % 4)]


def counted_word(word: int, errors: list[int]) -> int:
    """μ of rule D15."""
    total = sum((abs(word) // 2**p % 2) * 2**p * (256 + error) for p, error in enumerate(errors))
    return -total if word < 0 else total


def code(
    model, layer: int, words: list[int], pairs: list[tuple[int, int]], errors: list[int], z: int,
    offset: int, gain: int, shift: int, full_scale: int,
) -> int:  # fmt: skip
    """Code of a column of a tile: what its devices count as, planes, noise entry and converter. Rules D14 to D18.

    Args:
        shift: F of rule D18.
    """
    total = power = 0
    for word, (positive, negative) in zip(words, pairs, strict=True):
        mu = counted_word(word, errors)
        total += mu * (positive - negative)
        power += rs(mu * mu, 22) * rs(model.read_noise**2 * (positive**2 + negative**2), 30)
    noise = root(power + model.converter_noise[layer]) * z
    value = ((rs(total, 8) + noise) * (4096 + gain) // 4096) + (offset * 2**shift // 16)
    return clip(rs(value, shift), -full_scale, full_scale)
