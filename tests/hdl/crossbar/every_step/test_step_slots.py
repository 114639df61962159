"""The slots of a readout at every step on Verilator: of one context, which has none, and of more; macros and
flip-flops."""

from __future__ import annotations

from remora.hdl.crossbar.every_step.step_slots import StepSlots
from tests.hdl.designs import ONE, cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

DESIGN = make_design(
    network={"features": 3, "hidden": 5, "classes": 3, "max_steps": 5, "readout": "every"},
    cell={"lanes": 1},
    formats={"adc_bits": 7},
    system={"contexts": 3, "small_memory_bits": 0},
)


def test_step_slots():
    designs = {
        "three": DESIGN,
        "flip_flops": DESIGN.evolve(system={"small_memory_bits": 4096}),
        "one_context": DESIGN.evolve(system={"contexts": 1}),
        "one_step": ONE.evolve(network={"readout": "every", "max_steps": 1}, system={"contexts": 2}),
        "five": DESIGN.evolve(network={"max_steps": 8, "classes": 11}, system={"contexts": 5}),
    }
    module = "remora.tb.blocks.crossbar.every_step.test_step_slots"
    assert len(simulate_cases(StepSlots, cases(designs), module, extra_sources=[MEMORY]).tests) == 3
