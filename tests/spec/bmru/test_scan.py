"""The scan chain's table and check word."""

from __future__ import annotations

import numpy as np
import pytest

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import Kind, chain_bits, check_word, elements, group, groups, pack_chain
from remora.spec.presets import load_design

KWS = load_design("kws", BmruDesign)


@pytest.mark.parametrize(
    "sizes", [{}, {"width": 1}, {"width": 5, "blocks": 1, "features": 3, "classes": 1}, {"blocks": 3}]
)
def test_each_learned_parameter_is_one_element_and_every_bit_belongs_to_one(sizes):
    design = BmruDesign(name="x", network=sizes, settling={"phase_cycles": 4})
    table = list(elements(design))
    assert len(table) == design.network.parameters == len({element.name for element in table})
    assert [element.number for element in table] == list(range(design.network.parameters))
    position = 0
    for element in table:
        assert element.bit == position
        position += element.code_bits + element.signed
    assert position == chain_bits(design)


def test_the_table_of_the_smallest_spotter():
    table = {element.name: element for element in elements(KWS)}
    kinds = [element.kind for element in table.values()]
    assert [kinds.count(kind) for kind in Kind] == [124, 22, 24] and chain_bits(KWS) == 124 * 9 + 22 * 11 + 24 * 10
    assert (table["input.weight[0,0]"].bit, table["input.weight[1,2]"].bit) == (0, 15 * 9)
    threshold = table["blocks.1.threshold[3]"]
    assert (threshold.kind, threshold.code_bits, threshold.signed) == (Kind.CELL_BIAS, 10, False)
    assert groups(KWS)[0].name == "input.weight" and groups(KWS)[-1].name == "output.bias"
    assert (group(KWS, "output.weight").input_rails, group(KWS, "blocks.0.first.weight").input_rails) == (2, 1)
    assert group(KWS, "input.weight").shape == (4, 13) and group(KWS, "blocks.0.gain").shape == (4,)


def test_the_check_word_is_the_serial_crc_of_the_bits_as_they_are_shifted():
    """Bit by bit, as a shift register of 32 flip-flops does it; zeros fill the last word."""
    bits = np.random.default_rng(1).random(75) < 0.5
    register = 0xFFFFFFFF
    for bit in [*bits, *[False] * (-75 % 32)]:
        feedback = (register ^ int(bit)) & 1
        register = register >> 1 ^ (0xEDB88320 if feedback else 0)
    assert check_word(bits) == register ^ 0xFFFFFFFF
    assert len(pack_chain(bits)) == 12 and pack_chain(bits)[0] & 1 == bits[0]


def test_the_check_word_finds_every_single_bit_error():
    bits = np.random.default_rng(2).random(chain_bits(KWS)) < 0.5
    words = {check_word(bits)}
    for position in range(len(bits)):
        flipped = bits.copy()
        flipped[position] ^= True
        words.add(check_word(flipped))
    assert len(words) == len(bits) + 1
