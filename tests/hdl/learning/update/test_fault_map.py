"""The fault map on Verilator: macros and flip-flops, with parity and without."""

from __future__ import annotations

from remora.hdl.learning.update.fault_map import FaultMap
from tests.hdl.designs import cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

DESIGN = make_design(
    network={"features": 3, "hidden": 5, "classes": 4, "max_steps": 2},
    cell={"lanes": 1},
    learning={"enabled": True, "compensation": True},
)


def test_fault_map():
    designs = {
        "macro": DESIGN.evolve(system={"small_memory_bits": 0}),
        "parity": DESIGN.evolve(system={"small_memory_bits": 0, "parity": True}),
        "flip_flops": DESIGN.evolve(system={"small_memory_bits": 4096}),
        "one": DESIGN.evolve(network={"features": 1, "hidden": 1, "classes": 1}),
    }
    module = "remora.tb.blocks.learning.test_fault_map"
    assert len(simulate_cases(FaultMap, cases(designs), module, extra_sources=[MEMORY]).tests) == 2
