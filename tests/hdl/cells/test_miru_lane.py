"""A lane of the MiRU cell on Verilator, in the shortest and the longest formats."""

from __future__ import annotations

from remora.hdl.cells.miru_lane import MiruLane
from tests.hdl.designs import COARSE, EXACT, MNIST, cases, make_design
from tests.support import simulate_cases

FORMATS = {
    "shortest": {"stream_bits": 2, "state_bits": 10, "adc_bits": 6, "adc_range_log2": 2},
    "longest": {"stream_bits": 8, "state_bits": 15, "adc_bits": 10, "adc_range_log2": 4},
    "odd": {"stream_bits": 7, "state_bits": 13, "adc_bits": 9, "adc_range_log2": 0},
}


def test_miru_lane():
    designs = {"default": MNIST, "coarse": COARSE, "exact": EXACT}
    designs |= {name: make_design(formats=formats, crossbar={"levels": 8}) for name, formats in FORMATS.items()}
    designs |= {f"every_{name}": designs[name].evolve(network={"readout": "every"}) for name in ("default", *FORMATS)}
    assert len(simulate_cases(MiruLane, cases(designs), "remora.tb.blocks.cells.test_miru_lane").tests) == 3
