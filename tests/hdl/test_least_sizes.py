"""Verilog of the least design points: one row tile, one column tile, one lane, with everything that can be built in.

A signal that counts one thing has no bits. Verilog cannot declare it, and simulators refuse the netlist.
"""

from __future__ import annotations

import re

import pytest

from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.verilog import TOP_NAME, to_verilog
from tests.hdl.designs import make_design

LEAST = make_design(
    network={"features": 1, "hidden": 1, "classes": 1, "max_steps": 1},
    cell={"lanes": 1},
    crossbar={"rows": 8, "columns": 1, "adc_cycles": 1},
)
LEARNS = {"enabled": True, "compensation": True, "replay_capacity": 1, "healing": True}
BUILT_IN = {
    "corrects and tests itself": LEAST.evolve(
        crossbar={"self_test": True, "calibrate_offsets": True, "bias": "digital", "gain": True, "spare_columns": 1},
        learning=LEARNS,
    ),
    "verifies": LEAST.evolve(
        crossbar={"verify_pulses": 1, "verify_reads": 1},
        learning=LEARNS | {"verify_reads": 1, "lanes": 1},
        system={"count_codes": True},
    ),
    "direct": LEAST.evolve(
        crossbar={"pair": "reference", "columns": 8},
        learning=LEARNS | {"update": "direct", "winners": 1},
        network={"readout": "every"},
    ),
}
NO_BITS = re.compile(r"\[-\d+:")
DECLARED = re.compile(r"^ *(?:input|output|wire|reg) \[\d+:0\]", re.MULTILINE)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_signal_has_bits(name):
    verilog = to_verilog(Remora(BUILT_IN[name]), TOP_NAME)
    assert len(DECLARED.findall(verilog)) > 1000
    assert [line.strip() for line in verilog.splitlines() if NO_BITS.search(line)] == []
