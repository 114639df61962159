"""The learning engine on Verilator, in numbers: accumulators and rounding, folds, winners and a fault map."""

from __future__ import annotations

from remora.hdl.learning.learning_engine import LearningEngine
from tests.hdl.designs import cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

MAPPED = make_design(  # folds with a short one at the end; groups that end with a fold of the cell
    network={"features": 4, "hidden": 7, "classes": 4, "max_steps": 6},
    cell={"lanes": 3},
    crossbar={"rows": 3, "columns": 3, "levels": 6, "adc_cycles": 2, "pulse_cycles": 2},
    system={"contexts": 2},
    learning={
        "enabled": True, "lanes": 5, "columns": 3, "hidden_shift": 7, "readout_shift": 6, "accumulator_bits": 12,
        "accumulator_level": 300, "max_pulses": 3, "winners": 2, "compensation": True,
    },
)  # fmt: skip
DESIGNS = {
    "mapped": MAPPED,
    "one": make_design(
        network={"features": 1, "hidden": 1, "classes": 1, "max_steps": 1}, cell={"lanes": 1},
        learning={"enabled": True, "hidden_shift": 4, "readout_shift": 4, "accumulator_level": 100},
    ),
    "direct": MAPPED.evolve(
        learning={"update": "direct", "accumulator_level": 256, "lanes": 4, "winners": "all", "compensation": False}
    ),
}  # fmt: skip


def test_numbers():
    module = "remora.tb.blocks.learning.test_engine_numbers"
    assert len(simulate_cases(LearningEngine, cases(DESIGNS), module, extra_sources=[MEMORY]).tests) == 2
