"""An independent reading of ``docs/reference/arithmetic.md``: on-chip learning with replay, one value at a time."""

from __future__ import annotations

from tests.golden.scalar_miru import bias_codes, fraction_bits, run_sequence
from tests.golden.scalar_numbers import (
    FEEDBACK,
    HEALING_INDEX,
    QUANTISER,
    REPLAY_INDEX,
    RESERVOIR_INDEX,
    ROUNDING,
    WORD,
    clip,
    derivative,
    draw,
    index_below,
    largest_weight,
    rs,
)


def rounding(seed: int, q: int, layer: int, row: int, column: int, level: int) -> int:
    """r of a row of the hidden layer's, rule L15."""
    low, high = draw(seed, ROUNDING, q, layer * 65536 + column, row // 4)
    halves = low % 65536, low // 65536, high % 65536, high // 65536
    return halves[row % 4] % level


def feedback_matrix(design, seed: int) -> list[list[int]]:
    """Ψ by class and hidden unit, rule L4."""
    units, classes = range(design.network.hidden), range(design.network.classes)
    return [[-1 if draw(seed, FEEDBACK, 0, j, k // 32)[0] >> k % 32 & 1 else 1 for j in units] for k in classes]


def stored(design, seed: int, n: int, x) -> list[list[int]]:
    """A sequence as the reservoir holds it, rule M5."""
    signed = design.network.feature_signed
    nibbles = []
    for step, row in enumerate(x):
        nibbles.append([])
        for feature, value in enumerate(row):
            word = draw(seed, QUANTISER, n, step, feature // 4)[0]
            r = word // 256 ** (feature % 4) % 256
            nibbles[-1].append((15 * (int(value) + 128 * signed) + r) // 256)
    return nibbles


def replayed(design, nibbles) -> list[list[int]]:
    """Bytes as they are replayed, rule M6."""
    return [[17 * q - 128 * design.network.feature_signed for q in row] for row in nibbles]


class ScalarLearner:
    """The whole learning chip: weights and χ as nested lists, reservoir as a list of (nibbles, label).

    It starts as rules Z1, L2 and M1 say: q, n and χ are 0, and the reservoir is empty.
    """

    def __init__(self, design, weights, accumulators=None, reset=None, update=None, gains=(4096, 4096)):
        self.design, self.feedback = design, feedback_matrix(design, design.learning.seed)
        self.weights = [weights.hidden.tolist(), weights.readout.tolist()]
        zeros = [[[0] * len(layer[0]) for _ in layer] for layer in self.weights]
        self.chi = [layer.tolist() for layer in accumulators] if accumulators else zeros
        self.reset = design.cell.reset_coefficient if reset is None else reset
        self.update = design.cell.update_coefficient if update is None else update
        self.gains = gains
        self.q = self.n = 0
        self.reservoir: list = []
        self.frozen = False
        learning = design.learning
        self.seed, self.ratio, self.rate_shifts = learning.seed, learning.replay_ratio, (0, 0)
        self.winners = design.network.hidden if learning.winners == "all" else learning.winners
        self.heal_rate_shifts, self.heal_start, self.heal_stop = (2, 2), 0, 0
        self.verify_feedback, self.given_up, self.returned, self.touched = learning.verify_feedback, 0, {}, set()
        self.accuracy, self.left, self.policy = 65535, 0, False

    def set(
        self, seed: int, winners: int, replay_ratio: int, hidden_rate_shift: int, readout_rate_shift: int,
        heal_hidden_rate_shift: int, heal_readout_rate_shift: int, heal_start: int, heal_stop: int,
        verify_feedback: int,
    ) -> None:  # fmt: skip
        """Other settings; the feedback matrix follows the seed, rule L16."""
        self.heal_rate_shifts = heal_hidden_rate_shift, heal_readout_rate_shift
        self.heal_start, self.heal_stop, self.verify_feedback = heal_start, heal_stop, verify_feedback
        self.seed, self.winners, self.ratio = seed, winners, replay_ratio
        self.rate_shifts, self.feedback = (hidden_rate_shift, readout_rate_shift), feedback_matrix(self.design, seed)

    def learn(self, x, label: int, updates: int = WORD, columns: int = WORD, inserted: bool = True) -> list[dict]:
        """One new sequence, rules M1 to M3; what each update did, the new one's first.

        A soft reset lets so many updates begin, so many columns of the last of them be written, and the sequence be
        inserted or not, rules Z2 and Z3.
        """
        if not updates:
            return []
        self.n = min(self.n + 1, WORD - 1)
        done = [self.train(x, label, columns if updates == 1 else WORD)]
        if self.reservoir:
            size = len(self.reservoir)
            for number in range(min(self.ratio, updates - 1)):
                nibbles, old = self.reservoir[index_below(size, self.seed, REPLAY_INDEX, self.n, number)]
                done.append(self.train(replayed(self.design, nibbles), old, columns if updates == number + 2 else WORD))
                self.count(done[-1]["decision"] == old)
        if inserted:
            self.insert(x, label)
        return done

    def heal(self, count: int) -> list[tuple[int, dict]]:
        """So many healing replays, rules M11, M12 and M14; slot and update of each."""
        self.left, done = count, []
        while self.left and self.reservoir:
            done.append(self.heal_once())
            self.left -= 1
        return done

    def heal_once(self, until: int = WORD) -> tuple[int, dict]:
        """Rules M11 and M12."""
        slot = index_below(len(self.reservoir), self.seed, HEALING_INDEX, self.q)
        nibbles, label = self.reservoir[slot]
        ordinary, self.rate_shifts = self.rate_shifts, self.heal_rate_shifts
        update = self.train(replayed(self.design, nibbles), label, until)
        self.rate_shifts = ordinary
        self.count(update["decision"] == label)
        return slot, update

    def count(self, right: bool) -> None:
        """A replay, rules M13 and M14."""
        if right:
            self.accuracy += (65535 - self.accuracy) // 256
        else:
            self.accuracy -= self.accuracy // 256
        if self.accuracy < self.heal_start:
            self.policy = True
        elif self.accuracy > self.heal_stop or self.heal_start == 0:
            self.policy = False

    def insert(self, x, label: int) -> None:
        """Rules M4 and M7."""
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
        """One update in the order of rules L1 and L17; columns from ``until`` on are not written."""
        design, learning = self.design, self.design.learning
        self.q = (self.q + 1) % WORD  # rule L2
        outcome = self.run(x)
        a, error = fraction_bits(design), self.error(outcome["scores"], label)
        units = range(design.network.hidden)
        f = [sum(self.feedback[k][j] * error[k] for k in range(len(error))) for j in units]  # rule L5
        winners = sorted(sorted(units, key=lambda j: (-abs(f[j]), j))[: self.winners])  # rule L6
        gradient = [[0] * len(units) for _ in self.weights[0]]
        for step in outcome["steps"]:
            for j in winners:
                delta = rs(f[j] * derivative(step["code"][j], a), 8 + learning.feedback_shift)  # rules L7 and L8
                for i, m in enumerate(step["words"]):
                    gradient[i][j] += m * delta  # rule L9
        readout = [[m * e for e in error] for m in outcome["words"]]  # rule L10
        self.given_up, self.returned = 0, {}
        writes = [
            self.write(0, gradient, [j for j in winners if j < until], learning.hidden_shift + self.rate_shifts[0]),
            self.write(
                1, readout, [k for k in range(len(error)) if len(units) + k < until],
                learning.readout_shift + self.rate_shifts[1],
            ),
        ]  # fmt: skip
        left = [  # rule T1: as rule L13 left it
            [[value - self.returned.get((layer, i, j), 0) for j, value in enumerate(row)] for i, row in enumerate(rows)]
            for layer, rows in enumerate(self.chi)
        ]
        gradients, accumulators = (self.checksum(of_layers, winners) for of_layers in ([gradient, readout], left))
        return outcome | {
            "error": error, "feedback": f, "winners": winners, "writes": writes,
            "gradient_sum": gradients, "accumulator_sum": accumulators, "given_up": self.given_up,
        }  # fmt: skip

    def run(self, x) -> dict:
        """The forward pass with the present weights."""
        return run_sequence(
            self.design, *self.weights, x, self.reset, self.update, added=self.added(), gains=self.gains
        )

    def added(self, offsets=(None, None)) -> list[list[int] | None]:
        """What is added to the codes of the columns, rules K1 and K5."""
        found = []
        for rows, of_layer in zip(self.weights, offsets, strict=True):
            parts = [] if of_layer is None else [of_layer]
            if self.design.crossbar.bias == "digital":
                parts.append(bias_codes(self.design, rows[-1]))
            found.append([sum(each) for each in zip(*parts, strict=True)] if parts else None)
        return found

    def error(self, scores: list[int], label: int) -> list[int]:
        """Rule L3."""
        a = fraction_bits(self.design)
        scaled = [o * 2 ** (6 - a) if a <= 6 else rs(o, a - 6) for o in scores]
        return [clip(128 + v, 0, 255) - 255 * (k == label) for k, v in enumerate(scaled)]

    def checksum(self, layers, winners: list[int]) -> int:
        """Rule T1, of values by layer, row and column."""
        hidden, readout = layers
        rows, units = len(hidden), self.design.network.hidden
        positions = [(j, i, hidden[i][j]) for j in winners for i in range(rows)]
        first = rows - len(readout)
        positions += [(units + k, first + i, row[k]) for i, row in enumerate(readout) for k in range(len(row))]
        return sum(value * (2 * (j * rows + i) + 1) for j, i, value in positions) % WORD

    def write(self, layer: int, gradient, columns, shift: int) -> tuple[int, int, int]:
        """Pulses applied, pulses dropped, devices written, rules L11 and P3."""
        learning, counts = self.design.learning, [0, 0, 0]
        if learning.verify_reads:
            return self.write_verified(layer, gradient, columns, shift)
        decide = self.accumulate if learning.update == "accumulate" else self.direct
        for i, row in enumerate(gradient):
            for j in columns:
                pulses = decide(layer, i, j, rs(row[j], shift))
                counts = [a + b for a, b in zip(counts, self.program(layer, i, j, pulses), strict=True)]
        return tuple(counts)

    def write_verified(self, layer: int, gradient, columns, shift: int) -> tuple[int, int, int]:
        """As `write`, column by column and in these row tile by row tile. Rule J1."""
        counts, rows = [0, 0, 0], self.design.crossbar.rows
        for j in columns:
            due = {i: self.accumulate(layer, i, j, rs(row[j], shift)) for i, row in enumerate(gradient)}
            for first in range(0, len(gradient), rows):
                part = {i: n for i, n in due.items() if n and first <= i < first + rows}
                counts = [a + b for a, b in zip(counts, self.verify(layer, j, part), strict=True)]
        return tuple(counts)

    def verify(self, layer: int, j: int, due: dict[int, int]) -> tuple[int, int, int]:
        """Read rows, pulse them, read them again, and once more what has not moved. Rules J1 to J3."""
        learning, applied, dropped, reached = self.design.learning, 0, 0, set()
        level = learning.verify_reads * 2 ** self.fine_bits()
        top = 2 ** (learning.accumulator_bits - 1) - 1
        before, blind = self.read_rows(layer, list(due), j), set(self.full)
        pending, now, given, change, blocked = list(due), dict(due), dict.fromkeys(due, 0), {}, set()
        while pending:
            for i in pending:
                counts = self.program(layer, i, j, now[i])
                applied, dropped = applied + counts[0], dropped + counts[1]
                reached |= {(i, device) for device in self.touched}
                given[i] += abs(now[i])
                if counts[1]:
                    blocked.add(i)
                now[i] = 1 if due[i] > 0 else -1
            after = self.read_rows(layer, pending, j)
            change |= {i: after[i] - before[i] for i in pending}
            blind |= self.full
            resting = [i for i in pending if i not in blind | blocked and 4 * abs(change[i]) < level]
            pending = [i for i in resting if given[i] < learning.verify_give_up]
            self.given_up += len(resting) - len(pending)
        for i, n in due.items():
            if i not in blind and 4 * abs(change[i]) >= level:
                missed = (n * level - change[i]) * learning.accumulator_level * self.verify_feedback
                chi = self.chi[layer][i][j]
                self.chi[layer][i][j] = clip(chi + rs(missed, level.bit_length() - 1 + 3), -top, top)
                self.returned[layer, i, j] = self.chi[layer][i][j] - chi
        return applied, dropped, len(reached)

    def fine_bits(self) -> int:
        """f of rule W3."""
        limit, most = 2 ** (self.design.formats.adc_bits - 1) - 1, largest_weight(self.design)
        return max(f for f in range(32) if f == 0 or most * 2**f <= limit)

    def read_rows(self, layer: int, rows: list[int], j: int) -> dict[int, int]:
        """What each row of a column reads, k times; `full` are those at full scale. Rule J1; ideal devices are read
        exactly."""
        codes = {i: self.weights[layer][i][j] * 2 ** self.fine_bits() for i in rows}
        self.full = {i for i in rows if abs(codes[i]) == 2 ** (self.design.formats.adc_bits - 1) - 1}
        return {i: self.design.learning.verify_reads * codes[i] for i in rows}

    def accumulate(self, layer: int, i: int, j: int, step: int) -> int:
        """Rules L12 and L13."""
        learning = self.design.learning
        top = 2 ** (learning.accumulator_bits - 1) - 1
        chi = clip(self.chi[layer][i][j] - step, -top, top)
        pulses = min(abs(chi) // learning.accumulator_level, learning.max_pulses) * (1 if chi > 0 else -1)
        self.chi[layer][i][j] = chi - pulses * learning.accumulator_level
        return pulses

    def direct(self, layer: int, i: int, j: int, step: int) -> int:
        """Rules L14 and L15."""
        learning = self.design.learning
        row = i + layer * self.design.network.features  # the readout's rows count as the last of the hidden layer's
        r = rounding(self.seed, self.q, layer, row, j, learning.accumulator_level)
        return min((abs(step) + r) // learning.accumulator_level, learning.max_pulses) * (-1 if step > 0 else 1)

    def program(self, layer: int, i: int, j: int, pulses: int) -> tuple[int, int, int]:
        """Pulse by pulse on the two devices of a pair, rules X1, P1 and P2; with a reference rules X8 and P5."""
        weight, full = self.weights[layer][i][j], self.design.crossbar.levels - 1
        if self.design.crossbar.pair == "reference":
            middle = full // 2
            plus, dropped = middle + weight, 0
            for _ in range(abs(pulses)):
                if plus == (2 * middle if pulses > 0 else 0):
                    dropped += 1
                else:
                    plus += 1 if pulses > 0 else -1
            self.weights[layer][i][j] = plus - middle
            self.touched = {"plus"} if abs(pulses) > dropped else set()
            return abs(pulses) - dropped, dropped, int(abs(pulses) > dropped)
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
        self.weights[layer][i][j], self.touched = pair["plus"] - pair["minus"], written
        return abs(pulses) - dropped, dropped, len(written)


def stored_sum(nibbles: list[list[int]]) -> int:
    """Rule T2."""
    flat = [value for row in nibbles for value in row]
    return sum(value * (2 * position + 1) for position, value in enumerate(flat)) % WORD
