"""An independent reading of the learning rules in plain Python integers, one value at a time: slow and obvious.

Shares nothing with `golden`, and of `spec` only the design point and the derivative's table: even the random numbers
are hashed here once more. The tests compare the two exactly.
"""

from __future__ import annotations

from functools import cache

from spec.tables import derivative_table
from tests.golden.scalar_miru import clip, rs, run_sequence

FEEDBACK, QUANTISER, RESERVOIR_INDEX, REPLAY_INDEX, ROUNDING = 1, 5, 6, 7, 8
WORD = 2**32


@cache
def words(seed: int, purpose: int, sequence: int, index: int, lane: int, attempt: int = 0) -> tuple[int, int]:
    """Threefry-2x32-13 of the key (seed, purpose | attempt | lane) and the counter (sequence, index)."""
    key = [seed, purpose * 2**24 + attempt * 2**16 + lane]
    key.append(key[0] ^ key[1] ^ 0x1BD11BDA)
    a, b = (sequence + key[0]) % WORD, (index + key[1]) % WORD
    for step in range(13):
        turn = (13, 15, 26, 6, 17, 29, 16, 24)[step % 8]
        a = (a + b) % WORD
        b = ((b << turn) % WORD + (b >> (32 - turn))) ^ a
        if step % 4 == 3:
            block = step // 4 + 1
            a, b = (a + key[block % 3]) % WORD, (b + key[(block + 1) % 3] + block) % WORD
    return a, b


def index_below(bound: int, seed: int, purpose: int, sequence: int, index: int = 0) -> int:
    mask = 1
    while mask < bound:
        mask *= 2
    for attempt in range(256):
        found = words(seed, purpose, sequence, index, 0, attempt)[0] % mask
        if found < bound:
            return found
    raise AssertionError("256 rejections in a row")


def rounding(seed: int, q: int, layer: int, row: int, column: int, level: int) -> int:
    low, high = words(seed, ROUNDING, q, layer * 65536 + column, row // 4)
    halves = low % 65536, low // 65536, high % 65536, high // 65536
    return halves[row % 4] % level


def feedback_matrix(design, seed: int) -> list[list[int]]:
    """Ψ by class and hidden unit."""
    units, classes = range(design.network.hidden), range(design.network.classes)
    return [[-1 if words(seed, FEEDBACK, 0, j, k // 32)[0] >> k % 32 & 1 else 1 for j in units] for k in classes]


def stored(design, seed: int, n: int, x) -> list[list[int]]:
    """A sequence as the reservoir holds it."""
    signed = design.network.feature_signed
    nibbles = []
    for step, row in enumerate(x):
        nibbles.append([])
        for feature, value in enumerate(row):
            word = words(seed, QUANTISER, n, step, feature // 4)[0]
            r = word // 256 ** (feature % 4) % 256
            nibbles[-1].append((15 * (int(value) + 128 * signed) + r) // 256)
    return nibbles


def replayed(design, nibbles) -> list[list[int]]:
    return [[17 * q - 128 * design.network.feature_signed for q in row] for row in nibbles]


class ScalarLearner:
    """The whole learning chip: weights and χ as nested lists, reservoir as a list of (nibbles, label)."""

    def __init__(self, design, weights, feedback, accumulators=None, reset=None, update=None):
        self.design, self.feedback = design, [[int(v) for v in row] for row in feedback]
        self.weights = [weights.hidden.tolist(), weights.readout.tolist()]
        zeros = [[[0] * len(layer[0]) for _ in layer] for layer in self.weights]
        self.chi = [layer.tolist() for layer in accumulators] if accumulators else zeros
        self.reset = design.cell.reset_coefficient if reset is None else reset
        self.update = design.cell.update_coefficient if update is None else update
        self.q = self.n = 0
        self.reservoir: list = []
        self.frozen = False
        learning = design.learning
        self.seed, self.ratio, self.slower = learning.seed, learning.replay_ratio, (0, 0)
        self.winners = design.network.hidden if learning.winners == "all" else learning.winners

    def set(self, seed: int, winners: int, replay_ratio: int, hidden_slower: int, readout_slower: int) -> None:
        """Other settings; the feedback matrix follows the seed."""
        self.seed, self.winners, self.ratio = seed, winners, replay_ratio
        self.slower, self.feedback = (hidden_slower, readout_slower), feedback_matrix(self.design, seed)

    def learn(self, x, label: int, updates: int = WORD, columns: int = WORD, offered: bool = True) -> list[dict]:
        """One new sequence; what each update did, the new one's first. A reset lets so many updates begin, so many
        columns of the last of them be written, and the sequence be offered or not."""
        if not updates:
            return []
        self.n = min(self.n + 1, WORD - 1)
        done = [self.train(x, label, columns if updates == 1 else WORD)]
        if self.reservoir:
            size = len(self.reservoir)
            for place in range(min(self.ratio, updates - 1)):
                nibbles, old = self.reservoir[index_below(size, self.seed, REPLAY_INDEX, self.n, place)]
                done.append(self.train(replayed(self.design, nibbles), old, columns if updates == place + 2 else WORD))
        if offered:
            self.offer(x, label)
        return done

    def offer(self, x, label: int) -> None:
        learning = self.design.learning
        if self.frozen or learning.replay_capacity == 0:
            return
        entry = (stored(self.design, self.seed, self.n, x), label)
        if len(self.reservoir) < learning.replay_capacity:
            self.reservoir.append(entry)
            return
        slot = index_below(self.n, self.seed, RESERVOIR_INDEX, self.n)
        if slot < learning.replay_capacity:
            self.reservoir[slot] = entry

    def train(self, x, label: int, until: int = WORD) -> dict:
        design, learning = self.design, self.design.learning
        self.q = (self.q + 1) % WORD
        outcome = run_sequence(design, _Columns(self.weights), x, self.reset, self.update)
        step_bits = design.formats.adc_bits - 1 - design.formats.adc_range_log2
        scaled = [o * 2 ** (6 - step_bits) if step_bits <= 6 else rs(o, step_bits - 6) for o in outcome["scores"]]
        error = [clip(128 + v, 0, 255) - 255 * (k == label) for k, v in enumerate(scaled)]
        units = range(design.network.hidden)
        f = [sum(self.feedback[k][j] * error[k] for k in range(len(error))) for j in units]
        winners = sorted(sorted(units, key=lambda j: (-abs(f[j]), j))[: self.winners])
        derivative = derivative_table(design)
        gradient = [[0] * len(units) for _ in range(design.hidden_rows)]
        for step in outcome["steps"]:
            for j in winners:
                delta = rs(f[j] * derivative[abs(step["code"][j])], 8 + learning.feedback_shift)
                for i, m in enumerate(step["words"]):
                    gradient[i][j] += m * delta
        readout = [[m * e for e in error] for m in outcome["words"]]
        writes = [
            self.write(0, gradient, [j for j in winners if j < until], learning.hidden_shift + self.slower[0]),
            self.write(
                1, readout, [k for k in range(len(error)) if len(units) + k < until],
                learning.readout_shift + self.slower[1],
            ),
        ]  # fmt: skip
        return outcome | {"error": error, "feedback": f, "winners": winners, "writes": writes}

    def write(self, layer: int, gradient, columns, shift: int) -> tuple[int, int, int]:
        """Pulses applied, pulses dropped, devices written."""
        learning, counts = self.design.learning, [0, 0, 0]
        decide = self.accumulate if learning.update == "accumulate" else self.direct
        for i, row in enumerate(gradient):
            for j in columns:
                pulses = decide(layer, i, j, rs(row[j], shift))
                counts = [a + b for a, b in zip(counts, self.program(layer, i, j, pulses), strict=True)]
        return tuple(counts)

    def accumulate(self, layer: int, i: int, j: int, step: int) -> int:
        learning = self.design.learning
        top = 2 ** (learning.accumulator_bits - 1) - 1
        chi = clip(self.chi[layer][i][j] - step, -top, top)
        pulses = min(abs(chi) // learning.accumulator_level, learning.max_pulses) * (1 if chi > 0 else -1)
        self.chi[layer][i][j] = chi - pulses * learning.accumulator_level
        return pulses

    def direct(self, layer: int, i: int, j: int, step: int) -> int:
        learning = self.design.learning
        row = i + layer * self.design.network.features  # the readout's rows count as the last of the hidden layer's
        r = rounding(self.seed, self.q, layer, row, j, learning.accumulator_level)
        return min((abs(step) + r) // learning.accumulator_level, learning.max_pulses) * (-1 if step > 0 else 1)

    def program(self, layer: int, i: int, j: int, pulses: int) -> tuple[int, int, int]:
        """Pulse by pulse on the two devices of a pair, one of which is always at rest."""
        weight, full = self.weights[layer][i][j], self.design.crossbar.levels - 1
        pair = {"plus": max(weight, 0), "minus": max(-weight, 0)}
        raised, lowered = ("plus", "minus") if pulses > 0 else ("minus", "plus")
        dropped, written = 0, set()
        for _ in range(abs(pulses)):
            if pair[lowered] > 0:
                pair[lowered] -= 1
                written.add(lowered)
            elif pair[raised] < full:
                pair[raised] += 1
                written.add(raised)
            else:
                dropped += 1
        self.weights[layer][i][j] = pair["plus"] - pair["minus"]
        return abs(pulses) - dropped, dropped, len(written)


class _Columns:
    """Nested lists as the weights that `run_sequence` takes."""

    def __init__(self, weights):
        self.hidden, self.readout = (_Transposed(layer) for layer in weights)


class _Transposed:
    def __init__(self, rows):
        self.T = [list(column) for column in zip(*rows, strict=True)]
