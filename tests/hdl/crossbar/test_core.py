"""The core on Verilator: what only the whole of it can break, reading and programming at once."""

from __future__ import annotations

from remora.hdl.crossbar.core import Core
from tests.hdl.designs import cases, make_design
from tests.hdl.macro_models import CROSSBAR, CROSSBAR_OPTIONS, MEMORY
from tests.support import simulate_cases


def test_core():
    slow = make_design(  # pulses longer than it takes to send a packet
        network={"features": 3, "hidden": 4, "classes": 2, "max_steps": 3},
        cell={"lanes": 2},
        crossbar={"rows": 8, "columns": 4, "pulse_cycles": 100, "levels": 4},
    )
    options = {"extra_sources": [*CROSSBAR, MEMORY], **CROSSBAR_OPTIONS}
    assert len(simulate_cases(Core, cases({"core": slow}), "remora.tb.blocks.crossbar.test_core", **options).tests) == 2
