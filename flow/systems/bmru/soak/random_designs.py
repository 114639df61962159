"""Random BMRU design points over the whole legal ranges of their formats, in small sizes."""

from __future__ import annotations

import numpy as np

from remora.flow.verify.soak.random_values import ATTEMPTS, legal_values, within
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.errors import ConfigError
from remora.spec.lib.validation import validated


def any_core(random: np.random.Generator) -> BmruDesign:
    """A BMRU design point of a few cells.

    Raises:
        AssertionError: none of many was legal.
    """
    for _ in range(ATTEMPTS):
        shift, classes = within(random, 0, 8), within(random, 1, 4)
        content = {
            "core": "bmru",
            "network": {
                "features": within(random, 1, 4), "width": within(random, 1, 4), "blocks": within(random, 1, 3),
                "classes": classes,
            },
            "formats": legal_values(
                random, BmruDesign, "formats", "ratio_bits", "ratio_fraction", "bias_bits", "bias_step_pa",
                "feature_bits", "feature_step_pa", "node_bits",
            ),
            "cell": legal_values(random, BmruDesign, "cell", "leakage_pa"),
            "settling": {
                "factor": within(random, 1, 2**shift), "shift": shift, "phase_cycles": within(random, 1, 6),
            },
            "vote": {
                "frames": within(random, 1, 9), "sliding": bool(random.integers(2)),
                "wake_class": within(random, 0, max(1, classes - 1)),
            },
            "nonidealities": legal_values(
                random, BmruDesign, "nonidealities", "seed", "mismatch", "mismatch_amplitude", "bias_error",
                "bias_error_amplitude", "noise", "noise_pa",
            ),
            "system": legal_values(random, BmruDesign, "system", "clock_hz", "frame_ms"),
        }  # fmt: skip
        try:
            return validated(BmruDesign, {"name": "any", **content}, "drawn")
        except ConfigError:
            continue
    raise AssertionError(f"none of {ATTEMPTS} design points was legal")
