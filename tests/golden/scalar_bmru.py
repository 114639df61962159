"""An independent reading of ``docs/reference/arithmetic.md``: BMRU accelerator, one bit and one current at a time."""

from __future__ import annotations

from tests.golden.scalar_numbers import BIAS_ERROR, MISMATCH, NOISE, clip, draw, largest, nearly_normal, rs


class ScalarCore:
    """One core: its elements from a chain of bits, then frames."""

    def __init__(self, design, bits) -> None:
        self.design, self.bits = design, [int(bit) for bit in bits]
        self.at = self.element = 0
        n, odd = design.network, design.nonidealities
        self.mismatch = odd.mismatch_amplitude if odd.mismatch else 0
        self.bias_error = odd.bias_error_amplitude if odd.bias_error else 0
        self.noise_pa = odd.noise_pa if odd.noise else 0
        self.input = self.layer(n.width, n.features)  # rule A2
        self.blocks = []
        for _ in range(n.blocks):
            first = self.layer(n.width, n.width)
            cells = [[self.bias(signed=False) for _ in range(n.width)] for _ in range(3)]
            self.blocks.append((first, *cells, self.layer(n.width, n.width)))
        self.output = self.layer(n.classes, n.width)
        assert self.at == len(self.bits)
        self.frame_number = 0
        self.clear()

    def clear(self) -> None:
        """Rule A15."""
        n = self.design.network
        self.z0, self.o = [0] * n.width, [0] * n.classes
        self.c, self.u, self.on = ([[0] * n.width for _ in range(n.blocks)] for _ in range(3))

    # The chain --------------------------------------------------------------------------------------------------------
    def take(self, count: int) -> int:
        """A code, rule A3."""
        value = sum(bit << position for position, bit in enumerate(self.bits[self.at : self.at + count]))
        self.at += count
        return value

    def error(self, purpose: int, amplitude: int, sequence: int, index: int, lane: int = 0) -> int:
        """Rule R5 of a draw."""
        return nearly_normal(amplitude, draw(self.design.nonidealities.seed, purpose, sequence, index, lane)[0])

    def mirror(self) -> tuple[int, int]:
        """Signed ratio of the device on the positive rail and on the negative one, in 2^-w; rule A5."""
        code, negative = self.take(self.design.formats.ratio_bits), self.take(1)
        errors = [self.error(MISMATCH, self.mismatch, 0, self.element, rail) for rail in (0, 1)]
        self.element += 1
        return tuple((-code if negative else code) * (1024 + error) for error in errors)

    def bias(self, signed: bool = True) -> int:
        """Rule A6."""
        code = self.take(self.design.formats.bias_bits) * self.design.formats.bias_step_pa
        current = rs(code * (1024 + self.error(BIAS_ERROR, self.bias_error, 0, self.element)), 10)
        self.element += 1
        return -current if signed and self.take(1) else current

    def layer(self, outputs: int, inputs: int) -> tuple[list, list]:
        return [[self.mirror() for _ in range(inputs)] for _ in range(outputs)], [self.bias() for _ in range(outputs)]

    # A frame ----------------------------------------------------------------------------------------------------------
    def settle(self, nodes: list[int], layer, currents: list[int]) -> int:
        """One cycle of the nodes of a layer on signed currents; returns what its mirrors and bias sources draw.

        Rules A8 to A10, and A18.
        """
        (devices, biases), settling = layer, self.design.settling
        shift, limit = self.design.formats.ratio_fraction + 10, 2**self.design.formats.node_bits - 1  # rule A1
        drawn = 0
        for j, (row, bias) in enumerate(zip(devices, biases, strict=True)):
            total = bias * 2**shift
            for (positive, negative), x in zip(row, currents, strict=True):
                total += (positive if x >= 0 else negative) * x
                drawn += abs(positive if x >= 0 else negative) * abs(x)
            target = clip(rs(total, shift) + self.noise[self.node], -limit, limit)
            self.node += 1
            nodes[j] += rs((target - nodes[j]) * settling.factor, settling.shift)
        return rs(drawn, shift) + sum(abs(bias) for bias in biases)

    def cycle(self, features: list[int], evaluate: int | None) -> int:
        """One settle cycle, after which the cells of a block decide; returns the supply current.

        Rules A11 to A13, and A18.
        """
        limit, self.node = 2**self.design.formats.node_bits - 1, 0
        supply = sum(abs(x) for x in features) + self.settle(self.z0, self.input, features)
        z = list(self.z0)
        supply += sum(abs(x) for x in z)
        for b, (first, threshold, hysteresis, gain, second) in enumerate(self.blocks):
            supply += sum(abs(x) for x in z) + self.settle(self.c[b], first, [max(x, 0) for x in z])
            h = [gain[j] if on else self.design.cell.leakage_pa for j, on in enumerate(self.on[b])]
            supply += self.settle(self.u[b], second, h) + sum(threshold) + sum(hysteresis) + sum(gain) + sum(h)
            z = [clip(x + max(u, 0), -limit, limit) for x, u in zip(z, self.u[b], strict=True)]
            supply += sum(max(x, 0) for x in self.c[b] + self.u[b]) + sum(abs(x) for x in z)
        supply += self.settle(self.o, self.output, z) + sum(abs(x) for x in self.o)
        if evaluate is not None:
            _, threshold, hysteresis, _, _ = self.blocks[evaluate]
            for j, c in enumerate(self.c[evaluate]):
                if max(c, 0) >= threshold[j]:
                    self.on[evaluate][j] = 1
                elif max(c, 0) <= threshold[j] - hysteresis[j]:
                    self.on[evaluate][j] = 0
        return supply

    def frame(self, codes: list[int]) -> dict:
        """One frame of DAC codes, and the fields of its trace record; ``charge`` is of this frame alone.

        Rules A7, A14, A16, A17 and A19.
        """
        design, cycles = self.design, self.design.settling.phase_cycles
        blocks = design.network.blocks
        nodes = design.network.width * (1 + 2 * blocks) + design.network.classes
        self.noise = [self.error(NOISE, self.noise_pa, self.frame_number, index) for index in range(nodes)]
        features, charge, supply = [code * design.formats.feature_step_pa for code in codes], 0, 0
        for phase in range(blocks + 1):
            for t in range(cycles):
                supply = self.cycle(features, phase if phase < blocks and t == cycles - 1 else None)
                charge += supply
        self.frame_number = (self.frame_number + 1) % 2**32
        held = round(design.system.clock_hz * design.system.frame_ms / 1000) - cycles * (blocks + 1)
        return {
            "candidate": [x for block in self.c for x in block],
            "state": [x for block in self.on for x in block],
            "output": list(self.o),
            "decision": largest(self.o),
            "charge": charge + supply * held,
        }


def check_word(bits: list[int]) -> int:
    """Rule A4, a bit at a time."""
    register = 2**32 - 1
    for bit in [*bits, *[0] * (-len(bits) % 32)]:
        low = (register ^ bit) & 1
        register = register >> 1 ^ (0xEDB88320 if low else 0)
    return register ^ (2**32 - 1)


def applied_feature(design, value: int) -> tuple[int, bool]:
    """DAC code of a feature of the stream, and whether it was saturated; rule A7."""
    limit = 2 ** (design.formats.feature_bits - 1) - 1
    code = clip(value, -limit, limit)
    return code, code != value


class ScalarVote:
    """Votes over the frames of a clip and the wake-up, rules V1 to V5; ``settings`` has the registers' fields."""

    def __init__(self, settings, classes: int) -> None:
        self.settings, self.classes = settings, classes
        self.chosen: list[int] = []
        self.wanted = False

    def frame(self, decision: int, end: bool) -> tuple[bool, list[int], int, bool] | None:
        """A frame's class; the vote where one is taken: whether the clip ends, votes, majority, wake-up."""
        self.chosen.append(decision)
        ends = end or (not self.settings.sliding and len(self.chosen) == self.settings.frames)
        if not (ends or self.settings.sliding):
            return None
        counted = self.chosen[-self.settings.frames :] if self.settings.sliding else self.chosen
        votes = [counted.count(k) for k in range(self.classes)]
        majority = largest(votes)
        wants = majority == self.settings.wake_class and votes[majority] >= self.settings.threshold
        wakes, self.wanted = wants and not self.wanted, wants
        return ends, votes, majority, wakes
