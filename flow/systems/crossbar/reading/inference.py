"""Inference: words, codes, states, scores and decisions of one sequence, of ideal devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from remora.flow.systems.crossbar.reading.devices import RealLayer
from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.verify.reading.integers import first_largest, rm, rs, sat

Matrix = list[list[int]]
UNIT_GAIN = 4096


@dataclass
class Network:
    """What an inference takes from the chip.

    Attributes:
        hidden, readout: weights by row and column. ``thresholds``: low and high of each bistable cell.
        reset, update: β and u. ``hidden_gain``, ``readout_gain``: rule G1.
        chip: real devices of both layers, which hold the weights in place of ``hidden`` and ``readout``, but for
            digital biases. ``corrections``: of columns, by layer. Rule K1.
    """

    hidden: Matrix
    readout: Matrix
    thresholds: Sequence[Sequence[int]] = ()
    reset: int = 0
    update: int = 0
    hidden_gain: int = UNIT_GAIN
    readout_gain: int = UNIT_GAIN
    chip: tuple[RealLayer, RealLayer] | None = None
    corrections: tuple[list[int], list[int]] | None = None


@dataclass
class Step:
    """One step: words on the wordlines, codes by row tile and column, code, candidate and state by unit; with bistable
    cells sums in place of codes."""

    words: list[int]
    codes: Matrix = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    candidate: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    state: list[int] = field(default_factory=list)


@dataclass
class Readout:
    """One readout: the step after which it is, words, codes by row tile and class, scores and the decision."""

    step: int
    words: list[int]
    codes: Matrix
    scores: list[int]
    decision: int


@dataclass
class Passed:
    """One sequence: its steps and readouts, and how many codes there were, and saturated, and how many words."""

    steps: list[Step] = field(default_factory=list)
    readouts: list[Readout] = field(default_factory=list)
    codes: int = 0
    adc_saturations: int = 0
    word_saturations: int = 0


class Inference:
    """The forward pass of a design point."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.candidates = point.candidates()
        self.every = point.fields["network"]["readout"] == "every"
        self.state_bits = point.fields["formats"]["state_bits"]
        self.stream_bits = point.fields["formats"]["stream_bits"]

    def run(self, network: Network, features: Sequence[Sequence[int]], sequence: int = 0) -> Passed:
        """A sequence of feature bytes, from state 0. Rule F7.

        Args:
            sequence: its place in the stream. Rule D17.
        """
        point, passed = self.point, Passed()
        h = [0] * point.hidden
        for t, bytes_ in enumerate(features):
            fed = [point.feature_word(byte) for byte in bytes_]
            if point.bistable:
                step = self._bistable_step(network, fed, h)
            else:
                step = self._miru_step(network, fed, h, passed, (sequence, t))
            h = step.state
            passed.steps.append(step)
            if self.every or t == len(features) - 1:
                passed.readouts.append(self._readout(network, (sequence, t), h, passed))
        return passed

    def _bistable_step(self, network: Network, fed: list[int], h: list[int]) -> Step:
        """Rules B1 to B5."""
        words = [*fed, self.point.words]
        sums = [sum(word * row[j] for word, row in zip(words, network.hidden, strict=True)) for j in range(len(h))]
        state = []
        for was, total, low, high in zip(h, sums, *network.thresholds, strict=True):
            current = max(0, total)
            state.append(1 if current >= high else 0 if current <= low else was)
        return Step(words, sums=sums, state=state)

    def _miru_step(
        self, network: Network, fed: list[int], h: list[int], passed: Passed, moment: tuple[int, int]
    ) -> Step:
        """Rules C1 to C4, from the words of rules F2 to F5."""
        point = self.point
        bits = self.state_bits + 8 - self.stream_bits
        states = [rm(each * network.reset, bits, point.words) for each in h]
        passed.word_saturations += sum(rs(abs(each * network.reset), bits) > point.words for each in h)
        words = [*fed, *states, 0 if point.digital else point.words]
        codes = self._convert(network, 0, words, passed, moment)
        code = self._columns(network, 0, codes)
        candidate = [self.candidates[each] if each >= 0 else -self.candidates[-each] for each in code]
        u = network.update
        state = [rs(u * c + (256 - u) * was, 8) for c, was in zip(candidate, h, strict=True)]
        return Step(words, codes, code, candidate, state=state)

    def _readout(self, network: Network, moment: tuple[int, int], h: list[int], passed: Passed) -> Readout:
        """Rules O1 to O4, and B6 and B7."""
        point = self.point
        if point.bistable:
            words = [*h, 1]
        else:
            bits = self.state_bits - self.stream_bits
            passed.word_saturations += sum(rs(abs(each), bits) > point.words for each in h)
            words = [*(rm(each, bits, point.words) for each in h), 0 if point.digital else point.words]
        codes = self._convert(network, 1, words, passed, moment)
        scores = self._columns(network, 1, codes)
        return Readout(moment[1], words, codes, scores, first_largest(scores))

    def _convert(
        self, network: Network, layer: int, words: list[int], passed: Passed, moment: tuple[int, int]
    ) -> Matrix:
        """Codes by row tile and column. Rules X3, X4, X6 and X9; of real devices D15 to D18."""
        point = self.point
        weights = (network.hidden, network.readout)[layer]
        limit, columns, shift = point.code, range(len(weights[0])), (point.shift, point.readout_shift)[layer]
        codes = []
        if network.chip:
            codes = network.chip[layer].codes(words, *moment)
        else:
            for first, rows in (point.hidden_tiles, point.readout_tiles)[layer]:
                part = range(first, first + rows)
                codes.append([sat(rs(sum(words[i] * weights[i][j] for i in part), shift), limit) for j in columns])
        passed.codes += len(codes) * len(columns)
        passed.adc_saturations += sum(abs(code) == limit for row in codes for code in row)
        return codes

    def _columns(self, network: Network, layer: int, codes: Matrix) -> list[int]:
        """The code of each column. Rules X5, G2, K1 and K5."""
        point, found = self.point, []
        weights, gain = ((network.hidden, network.hidden_gain), (network.readout, network.readout_gain))[layer]
        for j in range(len(weights[0])):
            total = sum(row[j] for row in codes)
            if network.corrections:
                total += network.corrections[layer][j]
            if point.digital:
                total += rs(point.words * weights[-1][j], (point.shift, point.readout_shift)[layer])
            found.append(sat(rs(gain * total, 12), point.code))
        return found
