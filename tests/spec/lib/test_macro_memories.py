"""What memories are made of: macros that compilers make hold each bit of each word once."""

from __future__ import annotations

import numpy as np
import pytest

from remora.spec.lib.macro_memories import MemoryShape

WIDTHS = (1, 7, 8, 9, 126, 127, 128, 129, 254, 255, 256, 257, 900)
DEPTHS = (1, 15, 16, 17, 101, 8191, 8192, 8193, 16384, 28000)


@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_bit_lies_in_one_macro(width, parity):
    for depth in DEPTHS:
        shape = MemoryShape(width, depth, parity=parity)
        held = np.zeros((2, depth, 1), int), np.zeros((2, 1, width), int)
        covered = 0
        for bank in shape.banks:
            assert bank.width % 8 == 0 and 8 <= bank.width <= 128
            assert bank.depth % 16 == 0 and 16 <= bank.depth <= 8192
            assert bank.bits + parity <= bank.width < bank.bits + parity + 8 and bank.bits > 0
            assert bank.words <= bank.depth < bank.words + 16 and bank.words > 0
            assert bank.depth <= 1 << bank.address_bits
            # The upper bits of an address name the bank.
            assert bank.first_word % 8192 == 0
            held[0][0, bank.first_word : bank.first_word + bank.words] = 1
            held[1][0, :, bank.first_bit : bank.first_bit + bank.bits] = 1
            covered += bank.bits * bank.words
        assert held[0][0].all() and held[1][0].all() and covered == width * depth
        assert len({bank.path for bank in shape.banks}) == len(shape.banks)
        assert [bank.path for bank in shape.banks] == ["macro"] or len(shape.banks) > 1


def test_small_ones_are_flip_flops():
    assert MemoryShape(16, 32, small_bits=512).banks == [] and MemoryShape(16, 32, small_bits=512).in_flip_flops
    assert [(bank.depth, bank.width) for bank in MemoryShape(27, 19, small_bits=512).banks] == [(32, 32)]
    assert MemoryShape(1, 1).banks


@pytest.mark.parametrize(("width", "depth"), [(0, 1), (1, 0), (-1, 4)])
def test_what_is_no_memory_is_refused(width, depth):
    with pytest.raises(ValueError, match="both must be 1 or more"):
        MemoryShape(width, depth)
