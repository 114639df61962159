"""An independent reading of ``docs/bmru-core.md`` and `spec.analog` in plain Python integers, one current at a time.

Shares no code with `golden` and takes the scan chain, bit by bit, not arrays; the tests compare the two exactly.
"""

from __future__ import annotations

from spec.rng import Purpose, draw
from tests.golden.scalar_miru import clip, rs


class ScalarCore:
    """One core: its elements from a chain of bits, then frames."""

    def __init__(self, design, bits) -> None:
        self.design, self.bits = design, [int(bit) for bit in bits]
        self.at = self.element = 0
        n = design.network
        self.input = self.layer(n.width, n.features)
        self.blocks = []
        for _ in range(n.blocks):
            first = self.layer(n.width, n.width)
            cells = [[self.bias(signed=False) for _ in range(n.width)] for _ in range(3)]
            self.blocks.append((first, *cells, self.layer(n.width, n.width)))
        self.output = self.layer(n.classes, n.width)
        assert self.at == len(self.bits)
        self.frame_number = 0
        self.z0, self.o = [0] * n.width, [0] * n.classes
        self.c, self.u, self.on = ([[0] * n.width for _ in range(n.blocks)] for _ in range(3))

    # The chain --------------------------------------------------------------------------------------------------------
    def take(self, count: int) -> int:
        value = sum(bit << place for place, bit in enumerate(self.bits[self.at : self.at + count]))
        self.at += count
        return value

    def error(self, purpose: Purpose, amplitude: int, sequence: int, index: int, lane: int = 0) -> int:
        if not amplitude:
            return 0
        word = int(draw(self.design.nonidealities.seed, purpose, sequence, index, lane))
        # Four uniform bytes, about their mean; 443 / 2^16 makes their rms 1.
        return rs((sum(word.to_bytes(4, "little")) - 510) * amplitude * 443, 16)

    def mirror(self) -> tuple[int, int]:
        """Signed ratio of the device on the positive rail and on the negative one, in 2^-(fraction + 10)."""
        code, negative = self.take(self.design.formats.ratio_bits), self.take(1)
        errors = [self.error(Purpose.MIRROR_MISMATCH, self.design.mismatch, 0, self.element, rail) for rail in (0, 1)]
        self.element += 1
        return tuple((-code if negative else code) * (1024 + error) for error in errors)

    def bias(self, signed: bool = True) -> int:
        code = self.take(self.design.formats.bias_bits) * self.design.formats.bias_step_pa
        current = rs(code * (1024 + self.error(Purpose.BIAS_ERROR, self.design.bias_error, 0, self.element)), 10)
        self.element += 1
        return -current if signed and self.take(1) else current

    def layer(self, outputs: int, inputs: int) -> tuple[list, list]:
        return [[self.mirror() for _ in range(inputs)] for _ in range(outputs)], [self.bias() for _ in range(outputs)]

    # A frame ----------------------------------------------------------------------------------------------------------
    def settle(self, nodes: list[int], layer, currents: list[int]) -> int:
        """One cycle of the nodes of a layer on signed currents; returns what its mirrors and bias sources draw."""
        (devices, biases), settling = layer, self.design.settling
        shift, limit, drawn = self.design.formats.ratio_fraction + 10, 2**self.design.formats.node_bits - 1, 0
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
        """One settle cycle, after which the cells of a block decide; returns the supply current."""
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
        """One frame of DAC codes, and the fields of its trace record; ``charge`` is of this frame alone."""
        design, cycles = self.design, self.design.settling.phase_cycles
        blocks = design.network.blocks
        nodes = design.network.width * (1 + 2 * blocks) + design.network.classes
        noise = design.noise_pa
        self.noise = [self.error(Purpose.FRAME_NOISE, noise, self.frame_number, index) for index in range(nodes)]
        features, charge = [code * design.formats.feature_step_pa for code in codes], 0
        for phase in range(blocks + 1):
            for t in range(cycles):
                supply = self.cycle(features, phase if phase < blocks and t == cycles - 1 else None)
                charge += supply
        self.frame_number += 1
        held = round(design.system.clock_hz * design.system.frame_ms / 1000) - cycles * (blocks + 1)
        return {
            "candidate": [x for block in self.c for x in block],
            "state": [x for block in self.on for x in block],
            "output": list(self.o),
            "decision": max(range(len(self.o)), key=lambda k: (self.o[k], -k)),
            "charge": charge + supply * held,
        }
