"""What benches of the corrections share: an account of the words of all columns, and traffic at their ports."""

from __future__ import annotations

from random import Random

from remora.hdl.lib.columns import folds, lanes_of
from remora.spec.crossbar.correction.plan import COLUMN_BITS, added_bits, bias_bits
from remora.spec.crossbar.layout import Layer, adc_shift, bias_word, layer_layout
from remora.spec.lib.fixed import round_shift, saturate
from remora.tb.lib.bench import Block, BlockBench, unpack, unpack_signed

STROBES = ("drive", "integrate", "sample", "convert")
"""Of a probe."""


def some_offset(random: Random, bits: int, most: int) -> int:
    """A signed word near an end, near 0, of one bit, or any."""
    near = random.choice((-most, 0, most)) + random.randint(-2, 2)
    word = random.choice((near, 1 << random.randrange(bits), random.getrandbits(bits)))
    return signed(word, bits)


def signed(word: int, bits: int) -> int:
    """The low bits of a word as two's complement."""
    return unpack_signed(word, bits, 1)[0]


class Corrections:
    """The offset and the digital bias of each column, and what the ports show of them.

    Attributes:
        offsets, biases: by layer, of each column; 0 where the design has none.
    """

    def __init__(self, bench: BlockBench, block: Block, pointed: str = "pointed") -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.pointed = block.part(pointed)
        self.columns = {layer: layer_layout(self.design, layer).columns for layer in Layer}
        self.offsets, self.biases = ({layer: [0] * count for layer, count in self.columns.items()} for _ in range(2))
        self.raises = dict.fromkeys(Layer, 0.5)
        """How often a pulse raises a bias, for some time."""

    def put(self, writes: bool = True, at: tuple[Layer, int] | None = None) -> None:
        """Ask for any groups and columns, and write or pulse some words, or none; the host writes ``at`` a column."""
        random, design = self.bench.random, self.design
        self.folds = {layer: random.randrange(folds(design, layer, lanes_of(design, layer))) for layer in Layer}
        self.block.put(**{f"{layer.name.lower()}_fold": fold for layer, fold in self.folds.items()})
        self.layer = random.choice(list(Layer))
        self.column = self.some_column(self.layer)
        if at:
            self.layer, self.column = at
        self.pointed.put(layer=int(self.layer), column=self.column)
        self.offset: int | None = None
        self.bias: int | None = None
        if design.capabilities.calibrates:
            bits, most = design.formats.adc_bits, design.formats.adc_limit
            value, write = some_offset(random, bits, most), writes and (at is not None or random.random() < 0.4)
            self.offset = value if write else None
            self.pointed.put(write=int(write), offset_value=value % (1 << bits))
        if design.capabilities.digital_bias:
            self._put_biases(writes, at is not None)

    def _put_biases(self, writes: bool, written: bool) -> None:
        random, design = self.bench.random, self.design
        bits, most = bias_bits(design), design.crossbar.weight_limit
        value, write = some_offset(random, bits, most), writes and (written or random.random() < 0.2)
        self.bias = value if write else None
        self.pointed.put(write_bias=int(write), bias_value=value % (1 << bits))
        self.selected, self.steps = {}, {}
        for layer, count in self.columns.items():
            self.selected[layer] = column = self.some_column(layer)
            # The host writes only while nobody pulses.
            pulses = writes and not write and column < count and random.random() < 0.6
            if random.random() < 0.02:
                self.raises[layer] = random.choice((0.0, 0.5, 1.0))
            raises = int(random.random() < self.raises[layer])
            self.steps[layer] = (2 * raises - 1) * pulses
            self.block.part(f"{layer.name.lower()}_bias").put(column=column, step=int(pulses), raises=raises)

    def some_column(self, layer: Layer) -> int:
        """A column of the layer, and at times one that it lacks."""
        random, count = self.bench.random, self.columns[layer]
        column = random.choice((0, count - 1, random.randrange(count), random.randrange(count)))
        if random.random() < 0.3:
            bit = random.randrange(count.bit_length(), COLUMN_BITS)
            column = random.choice((count, (1 << COLUMN_BITS) - 1, *(column | 1 << bit,) * 6))
        return column

    def compare(self, silent: bool | None = False) -> None:
        """What the ports show, against the account. Columns get nothing where it is ``silent``; None: whatever."""
        design, told = self.design, f"column {self.column} of layer {self.layer}"
        if design.capabilities.calibrates:
            found = signed(self.pointed.get("offset"), design.formats.adc_bits)
            self.bench.compare(self.block, f"offset of {told}", found, _of(self.offsets[self.layer], self.column))
        if design.capabilities.digital_bias:
            found = signed(self.pointed.get("bias"), bias_bits(design))
            self.bench.compare(self.block, f"bias of {told}", found, _of(self.biases[self.layer], self.column))
            for layer, column in self.selected.items():
                found = signed(self.block.get(f"{layer.name.lower()}_bias__bias"), bias_bits(design))
                told = f"bias of selected column {column} of layer {layer}"
                self.bench.compare(self.block, told, found, _of(self.biases[layer], column))
        if silent is None:
            return
        for layer, fold in self.folds.items():
            lanes = lanes_of(design, layer)
            columns = range(fold * lanes, min((fold + 1) * lanes, self.columns[layer]))
            word = self.block.get(f"{layer.name.lower()}_added")
            added = unpack_signed(word, added_bits(design), len(columns))
            expected = [0 if silent else self.added(layer, column) for column in columns]
            self.bench.compare(self.block, f"added to columns {columns} of layer {layer}", added, expected)

    def added(self, layer: Layer, column: int) -> int:
        """What is added to the code of a column. Rules K1 and K5."""
        worth = round_shift(bias_word(self.design, layer) * self.biases[layer][column], adc_shift(self.design, layer))
        return self.offsets[layer][column] + worth

    def store(self, layer: Layer, fold: int, word: int) -> None:
        """A calibration stores the offsets of a group, packed."""
        bits, lanes = self.design.formats.adc_bits, lanes_of(self.design, layer)
        for lane, value in enumerate(unpack(word, bits, lanes)):
            if fold * lanes + lane < self.columns[layer]:
                self.offsets[layer][fold * lanes + lane] = signed(value, bits)

    def follow(self) -> None:
        """What was put leaves its traces."""
        most = self.design.crossbar.weight_limit
        if self.column < self.columns[self.layer]:
            if self.offset is not None:
                self.offsets[self.layer][self.column] = self.offset
            if self.bias is not None:
                self.biases[self.layer][self.column] = saturate(self.bias, most)
        if self.design.capabilities.digital_bias:
            for layer, step in self.steps.items():
                if step:
                    biases, column = self.biases[layer], self.selected[layer]
                    biases[column] = saturate(biases[column] + step, most)


def _of(words: list[int], column: int) -> int:
    return words[column] if column < len(words) else 0
