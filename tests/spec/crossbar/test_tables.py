"""The candidate and its derivative against the mathematics library."""

from __future__ import annotations

from math import tanh

import pytest

from remora.spec.crossbar.tables import candidate_table, derivative_table
from tests.golden.designs import make_design

FORMATS = [
    {},
    {"state_bits": 10},
    {"adc_bits": 6, "adc_range_log2": 4},
    {"adc_bits": 10, "adc_range_log2": 0, "state_bits": 12},
    {"adc_bits": 6, "adc_range_log2": 0},
]


@pytest.mark.parametrize("formats", FORMATS, ids=str)
def test_tables_round_the_functions(formats):
    design = make_design(formats=formats)
    step, scale = 2.0**-design.formats.adc_fraction_bits, 2**design.formats.state_bits
    candidates, derivatives = candidate_table(design), derivative_table(design)
    assert len(candidates) == len(derivatives) == design.formats.adc_limit + 1
    for code, (candidate, derivative) in enumerate(zip(candidates, derivatives, strict=True)):
        exact = tanh(code * step)
        assert candidate == design.formats.state_limit or abs(candidate - scale * exact) <= 0.5 + 1e-6
        assert derivative == 255 or abs(derivative - 256 * (1 - exact**2)) <= 0.5 + 1e-6


@pytest.mark.parametrize("formats", FORMATS, ids=str)
def test_tables_are_monotonic_and_bounded(formats):
    design = make_design(formats=formats)
    candidates, derivatives = candidate_table(design), derivative_table(design)
    assert candidates[0] == 0 and derivatives[0] == 255
    assert list(candidates) == sorted(candidates) and candidates[-1] <= design.formats.state_limit
    assert list(derivatives) == sorted(derivatives, reverse=True) and derivatives[-1] >= 0
