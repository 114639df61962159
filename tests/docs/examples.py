"""What the examples of ``docs/reference/arithmetic.md`` call: golden behind short names, with plain numbers.

Nothing is computed in these modules. Every function lays out a small case, runs golden, and picks from what it gives.
"""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.random_codes import by_hand
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.thresholds import initial_thresholds
from remora.golden.devices.gain_drift import gain_for
from remora.golden.learning.kernel.rules import feedback_matrix, output_error
from remora.golden.learning.reservoir import quantised, restored
from remora.golden.learning.trace import checksum
from remora.spec.bmru.scan import check_word
from remora.spec.crossbar.learning import accumulator_words, head_bits, head_label_bits, reservoir_step_bits
from remora.spec.crossbar.memories import head_parts
from remora.spec.crossbar.records import NO_SLOT
from remora.spec.crossbar.tables import derivative_table
from remora.spec.lib.fixed import round_magnitude as rm
from remora.spec.lib.fixed import round_shift as rs
from remora.spec.lib.fixed import saturate as sat
from remora.spec.lib.rng import (
    Purpose,
    draw,
    draw_pair,
    normal,
    normal_integer,
    permutation,
    threefry2x32,
    uniform_index,
)
from tests.docs import (
    example_bmru,
    example_corrections,
    example_devices,
    example_healing,
    example_host,
    example_inference,
    example_learning,
    example_points,
    example_self_tests,
    example_spares,
    example_verify,
)

__all__ = [
    "Coefficients", "NO_SLOT", "Purpose", "accumulator_words", "by_hand", "check_word", "checksum", "derivative_table",
    "draw", "draw_pair", "feedback_matrix", "gain_for", "head_bits", "head_label_bits", "head_parts",
    "initial_thresholds", "normal", "normal_integer", "np", "output_error", "permutation", "quantised",
    "reservoir_step_bits", "restored", "rm", "rs", "sat", "threefry2x32", "uniform_index",
]  # fmt: skip


def names() -> dict[str, object]:
    """All names that an example can use."""
    modules = (
        example_points, example_inference, example_learning, example_healing, example_devices, example_bmru,
        example_host, example_self_tests, example_corrections, example_verify, example_spares,
    )  # fmt: skip
    found = {name: globals()[name] for name in __all__}
    for module in modules:
        own = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        clashes = {name for name in own.keys() & found.keys() if own[name] is not found[name]}
        assert not clashes, f"{module.__name__} gives other names than those before: {sorted(clashes)}"
        found |= own
    return found
