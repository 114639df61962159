"""Learning in a core on Verilator: replays, healing, contexts, winners, a fault map and parity."""

from __future__ import annotations

from remora.hdl.learning.core_learning import CoreLearning
from tests.hdl.designs import cases, make_design
from tests.hdl.macro_models import MEMORY, MEMORY_WORDS
from tests.support import simulate_cases


def test_core_learning():
    odd = make_design(
        network={"features": 3, "hidden": 5, "classes": 3, "max_steps": 4},
        cell={"lanes": 2},
        formats={"stream_bits": 5, "adc_bits": 6},
        crossbar={"rows": 4, "columns": 2, "levels": 5},
        system={"contexts": 3, "small_memory_bits": 0, "parity": True},
        learning={
            "enabled": True, "columns": 2, "lanes": 3, "max_pulses": 3, "accumulator_level": 256, "hidden_shift": 2,
            "readout_shift": 2, "winners": 3, "replay_capacity": 3, "healing": True, "compensation": True,
        },
    )  # fmt: skip
    designs = {"odd": odd}
    module = "remora.tb.blocks.learning.test_core_learning"
    assert len(simulate_cases(CoreLearning, cases(designs), module, extra_sources=[MEMORY, MEMORY_WORDS]).tests) == 4
