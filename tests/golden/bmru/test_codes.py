"""Networks become codes, codes become chains, and come back."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.bmru.codes import BmruCodes, CodesError, export_network, feature_codes
from remora.golden.bmru.random_codes import random_codes
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.scan import chain_bits, elements
from remora.spec.presets import load_design
from tests.golden.bmru.cases import BMRU_DESIGNS
from tests.golden.bmru.code_networks import network_of, ordered

KWS = load_design("kws", BmruDesign)


def same(one: BmruCodes, other: BmruCodes) -> bool:
    return all((one[name] == other[name]).all() for name in one.arrays | other.arrays)


@pytest.mark.parametrize("name", BMRU_DESIGNS)
def test_chain_and_network_round_trips(name):
    """Rules A2 and A3."""
    design = BMRU_DESIGNS[name]
    codes = ordered(random_codes(design, 1))
    assert same(BmruCodes.from_chain(design, codes.chain()), codes) and codes.chain().shape == (chain_bits(design),)
    export = export_network(design, network_of(codes))
    assert same(export.codes, codes) and not export.saturated


def test_every_bit_of_the_chain_programs_the_element_that_the_table_says():
    design = BMRU_DESIGNS["odd"]
    empty = np.zeros(chain_bits(design), np.bool_)
    checked = 0
    for element in elements(design):
        name, _, position = element.name.partition("[")
        index = tuple(int(part) for part in position.rstrip("]").split(","))
        for bit in range(element.code_bits):
            bits = empty.copy()
            bits[element.bit + bit] = True
            if element.signed:
                bits[element.bit + element.code_bits] = True
            codes = BmruCodes.from_chain(design, bits)
            assert codes[name][index] == (-1 if element.signed else 1) << bit
            assert sum(int(np.count_nonzero(array)) for array in codes.arrays.values()) == 1
            checked += 1
    assert checked > 500


def test_export_rounds_to_the_nearest_code_and_says_what_saturates():
    """Rule H4."""
    network = network_of(ordered(random_codes(KWS, 3)))
    network.input.weight[0, :3] = 1.017, -1.02, 9.0
    network.input.weight[1, 0] = -9.0
    network.blocks[1].level[2] = 10.3
    network.blocks[0].high[0], network.blocks[0].low[0] = 0.5049, 0.155
    export = export_network(KWS, network)
    assert export.codes["input.weight"][0, :3].tolist() == [33, -33, 255] and export.codes["input.weight"][1, 0] == -255
    assert export.saturated == {"input.weight": 2, "blocks.1.gain": 1}
    assert export.codes["blocks.0.threshold"][0] == 50 and export.codes["blocks.0.hysteresis"][0] == 50 - 16


def test_features_saturate_and_are_counted():
    """Rule H5."""
    codes, saturated = feature_codes(KWS, [[0.0, 1.004, -1.006, 5.11, 5.2, -7.0]])
    assert codes.tolist() == [[0, 100, -101, 511, 511, -511]] and saturated == 2


def test_what_does_not_fit_is_refused():
    codes = ordered(random_codes(KWS, 1))
    with pytest.raises(CodesError, match="'kws16': network.width is 4 there, 16 here. Use the design"):
        export_network(load_design("kws16", BmruDesign), network_of(codes))
    with pytest.raises(CodesError, match="1598 bits"):
        BmruCodes.from_chain(KWS, np.zeros(1597))
    with pytest.raises(CodesError, match="differ from its elements in: output.bias"):
        BmruCodes(KWS, {name: array for name, array in codes.arrays.items() if name != "output.bias"})
    with pytest.raises(CodesError, match=r"blocks.0.gain holds -1 … .*legal codes are 0 … 1023"):
        BmruCodes(KWS, codes.arrays | {"blocks.0.gain": np.array([-1, 0, 0, 5])})
