"""The core: currents, cells and charge of every settle cycle. Rules A1 to A19."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remora.flow.verify.reading.integers import first_largest, rs, sat
from remora.flow.verify.reading.random_words import BIAS_ERROR, FRAME_NOISE, MIRROR_MISMATCH, WORD, normal, words

MATCHING = 1 << 10
CHARGE = (1 << 48) - 1


@dataclass
class Layer:
    """A layer of mirrors: ratios by output and input on rail 0 and on rail 1, and a bias current by output."""

    rails: tuple[list[list[int]], list[list[int]]]
    biases: list[int]


@dataclass
class Block:
    """A block: its two layers, and threshold, hysteresis and gain of each cell in pA."""

    first: Layer
    second: Layer
    threshold: list[int]
    hysteresis: list[int]
    gain: list[int]


@dataclass
class Frame:
    """What a frame leaves: codes as applied, c and cells by block, outputs, the class, charge so far, its number."""

    feature: list[int]
    candidate: list[list[int]]
    state: list[list[int]]
    output: list[int]
    decision: int
    charge: int
    frame: int


class Core:
    """The core with its codes.

    Args:
        fields: of the design point, section by section.
        codes: by the name of the group, such as ``input.weight`` or ``blocks.0.threshold``; a row is an output.
    """

    def __init__(self, fields: Mapping[str, Mapping[str, Any]], codes: Mapping[str, Any]) -> None:
        self.fields, network, formats = fields, fields["network"], fields["formats"]
        self.blocks_count, self.width, self.classes = network["blocks"], network["width"], network["classes"]
        self.shift = formats["ratio_fraction"] + 10
        self.limit = 2 ** formats["node_bits"] - 1
        self.errors = fields["nonidealities"]
        self._element = 0
        self.input = self._layer(codes, "input")
        self.blocks = [self._block(codes, f"blocks.{b}") for b in range(self.blocks_count)]
        self.output = self._layer(codes, "output")
        system, self.phase = fields["system"], fields["settling"]["phase_cycles"]
        self.hold = round(system["clock_hz"] * system["frame_ms"] / 1000) - (self.blocks_count + 1) * self.phase
        self.charge = self.frames = 0
        self.clear()

    def clear(self) -> None:
        """Unpower the core. Rule A15."""
        many = range(self.blocks_count)
        self.nodes_in = [0] * self.width
        self.c, self.u = ([[0] * self.width for _ in many] for _ in range(2))
        self.cells = [[0] * self.width for _ in many]
        self.nodes_out = [0] * self.classes

    def run(self, feature: list[int]) -> Frame:
        """A frame of DAC codes. Rules A14, A16 and A17."""
        step, noise = self.fields["formats"]["feature_step_pa"], self._noise()
        currents = [code * step for code in feature]
        for phase in range(self.blocks_count + 1):
            for cycle in range(self.phase):
                last = cycle == self.phase - 1
                drawn = self._settle(currents, noise, evaluate=phase if last and phase < self.blocks_count else None)
                times = 1 + (self.hold if last and phase == self.blocks_count else 0)
                self.charge = self.charge + times * drawn & CHARGE
        frame = Frame(
            feature, [list(c) for c in self.c], [list(cells) for cells in self.cells], list(self.nodes_out),
            first_largest(self.nodes_out), self.charge, self.frames,
        )  # fmt: skip
        self.frames = self.frames + 1 & WORD
        return frame

    # What the codes make ----------------------------------------------------------------------------------------------
    def _layer(self, codes: Mapping[str, Any], name: str) -> Layer:
        rails: tuple[list[list[int]], list[list[int]]] = [], []
        for row in codes[f"{name}.weight"]:
            made = [self._mirror(int(code)) for code in row]
            for rail in (0, 1):
                rails[rail].append([pair[rail] for pair in made])
        return Layer(rails, [self._bias(int(code)) for code in codes[f"{name}.bias"]])

    def _block(self, codes: Mapping[str, Any], name: str) -> Block:
        first = self._layer(codes, f"{name}.first")
        cells = [
            [self._bias(int(code)) for code in codes[f"{name}.{part}"]] for part in ("threshold", "hysteresis", "gain")
        ]
        return Block(first, self._layer(codes, f"{name}.second"), *cells)

    def _mirror(self, code: int) -> tuple[int, int]:
        """Ratios on both rails of the next element. Rule A5."""
        element, made = self._element, []
        self._element += 1
        for rail in (0, 1):
            error = 0
            if self.errors["mismatch"]:
                drawn, _ = words(self.errors["seed"], MIRROR_MISMATCH, index=element, lane=rail)
                error = normal(drawn, self.errors["mismatch_amplitude"])
            made.append(code * (MATCHING + error))
        return made[0], made[1]

    def _bias(self, code: int) -> int:
        """Current of the next element. Rule A6."""
        element, error = self._element, 0
        self._element += 1
        if self.errors["bias_error"]:
            drawn, _ = words(self.errors["seed"], BIAS_ERROR, index=element)
            error = normal(drawn, self.errors["bias_error_amplitude"])
        current = rs(abs(code) * self.fields["formats"]["bias_step_pa"] * (MATCHING + error), 10)
        return -current if code < 0 else current

    # What a cycle does ------------------------------------------------------------------------------------------------
    def _noise(self) -> list[int]:
        """Noise of every node in this frame. Rule A16."""
        count = self.width * (1 + 2 * self.blocks_count) + self.classes
        if not self.errors["noise"]:
            return [0] * count
        return [
            normal(words(self.errors["seed"], FRAME_NOISE, sequence=self.frames, index=k)[0], self.errors["noise_pa"])
            for k in range(count)
        ]

    def _settle(self, x: list[int], noise: list[int], evaluate: int | None) -> int:
        """One settle cycle; its supply current. Rules A9 to A13 and A18."""
        noises = iter(noise)
        drawn = sum(map(abs, x))
        drawn += self._follow(self.nodes_in, self.input, x, noises)
        z = list(self.nodes_in)
        drawn += sum(map(abs, z))
        leakage = self.fields["cell"]["leakage_pa"]
        for b, block in enumerate(self.blocks):
            drawn += sum(map(abs, z))  # at the input of the block
            drawn += self._follow(self.c[b], block.first, [max(0, each) for each in z], noises)
            put = [gain if cell else leakage for gain, cell in zip(block.gain, self.cells[b], strict=True)]
            drawn += self._follow(self.u[b], block.second, put, noises)
            z = [sat(each + max(0, u), self.limit) for each, u in zip(z, self.u[b], strict=True)]
            drawn += sum(map(abs, z))
            drawn += sum(max(0, each) for each in (*self.c[b], *self.u[b]))
            drawn += sum((*block.threshold, *block.hysteresis, *block.gain, *put))
        drawn += self._follow(self.nodes_out, self.output, z, noises)
        drawn += sum(map(abs, self.nodes_out))
        if evaluate is not None:
            self._decide(evaluate)
        return drawn

    def _follow(self, nodes: list[int], layer: Layer, x: list[int], noises: Any) -> int:
        """Nodes go towards their targets; what the layer draws. Rules A8 to A10 and A18."""
        settling, one = self.fields["settling"], 1 << self.shift
        copied = 0
        for j in range(len(nodes)):
            total = layer.biases[j] * one
            for i, current in enumerate(x):
                ratio = layer.rails[current < 0][j][i]
                total += ratio * current
                copied += abs(current) * abs(ratio)
            target = sat(rs(total, self.shift) + next(noises), self.limit)
            nodes[j] += rs((target - nodes[j]) * settling["factor"], settling["shift"])
        return rs(copied, self.shift) + sum(map(abs, layer.biases))

    def _decide(self, b: int) -> None:
        """Cells of a block. Rule A13."""
        block, cells = self.blocks[b], self.cells[b]
        for j, c in enumerate(self.c[b]):
            current = max(0, c)
            if current >= block.threshold[j]:
                cells[j] = 1
            elif current <= block.threshold[j] - block.hysteresis[j]:
                cells[j] = 0
