"""Small design points that verify what they learn."""

from __future__ import annotations

from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

REAL = {
    "on_off": 20, "step_spread": 0.3, "rest_spread": 0.05, "full_spread": 0.2, "cycle_noise": 0.5, "read_noise": 0.05,
    "stuck_full": 0.1, "converter_noise": 0.5, "converter_offset": 3, "converter_gain": 0.1, "plane_error": 0.05,
    "write_noise": 0.02, "wire_row": 2,
}  # fmt: skip
LEARNING = {
    "enabled": True, "hidden_shift": 6, "readout_shift": 4, "verify_reads": 2, "verify_give_up": 2,
    "replay_capacity": 5,
}  # fmt: skip
VERIFIED = load_design("tiny", DesignPoint).evolve(name="tiny-verified", learning=LEARNING, devices=REAL)
"""Several row tiles and column tiles, noisy reads, wires, stuck devices, and replay."""
WIDE = VERIFIED.evolve(
    name="tiny-verified-wide",
    learning={"verify_reads": 1, "verify_give_up": 1, "columns": 3, "lanes": 4, "compensation": True, "winners": 4},
    system={"contexts": 3, "small_memory_bits": 0},
    crossbar={"integrators": 2, "adc_cycles": 1, "sense_cycles": 3},
)
"""Samples as close as they come, several columns and contexts, lanes in folds, a fault map and two integrators."""
REFERENCE = VERIFIED.evolve(
    name="tiny-verified-reference",
    crossbar={"pair": "reference", "rows": 64, "pulse_cycles": 6},
    learning={"verify_reads": 16, "verify_give_up": 4, "max_pulses": 3, "healing": True, "verify_feedback": 5},
    network={"readout": "every"},
)
"""One row tile, many reads, devices beside a reference, healing and a readout at every step."""
OFFSET = VERIFIED.evolve(name="tiny-verified-offset", devices={"converter_offset": 40})
"""Converters that are off by so much that many rows read full scale."""
IDEAL = VERIFIED.evolve(name="tiny-verified-ideal", devices={name: 0 for name in REAL}, learning={"verify_give_up": 3})
SLOW_FLAGS = IDEAL.evolve(
    name="tiny-verified-slow-flags",
    crossbar={"sense_cycles": 200, "adc_cycles": 1, "rows": 64},
    learning={"verify_reads": 1, "replay_capacity": 0, "hidden_shift": 8, "readout_shift": 6},
)
"""Flags that settle slower than a row is read; where the controller holds a tile's numbers already, they are there."""
