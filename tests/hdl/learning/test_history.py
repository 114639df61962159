"""The history on Verilator: macros and flip-flops, of several contexts, steps and folds, and of one."""

from __future__ import annotations

from remora.hdl.learning.history import History
from tests.hdl.designs import DESIGNS, cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def test_history():
    odd = make_design(
        network={"features": 2, "hidden": 7, "classes": 3, "max_steps": 5},
        cell={"lanes": 3},
        formats={"stream_bits": 5, "adc_bits": 6},
        system={"contexts": 3},
        learning={"enabled": True},
    )
    designs = {
        "odd": odd.evolve(system={"small_memory_bits": 0}),
        "flip_flops": odd.evolve(system={"small_memory_bits": 4096}),
        "one_context": odd.evolve(system={"contexts": 1}),
        "one_fold": odd.evolve(cell={"lanes": 7}),
        "one_step": odd.evolve(network={"max_steps": 1}),
        "lane_each": odd.evolve(cell={"lanes": 1}, network={"max_steps": 4}),
        "one": DESIGNS["one"].evolve(learning={"enabled": True}),
    }
    module = "remora.tb.blocks.learning.test_history"
    assert len(simulate_cases(History, cases(designs), module, extra_sources=[MEMORY]).tests) == 2
