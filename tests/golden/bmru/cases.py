"""BMRU designs of the tests: odd sizes and odd formats. `remora.golden.bmru.random_codes` has random codes for them."""

from __future__ import annotations

from remora.spec.bmru.design import BmruDesign

ALL_ERRORS = {"mismatch": True, "bias_error": True, "noise": True, "noise_pa": 40, "seed": 7}


def make_bmru(features: int, width: int, blocks: int = 2, classes: int = 2, **sections) -> BmruDesign:
    """A design point from sizes, and sections given as dictionaries."""
    sizes = {"features": features, "width": width, "blocks": blocks, "classes": classes}
    sections.setdefault("vote", {"wake_class": 0})
    return BmruDesign(name="test", network=sizes, **sections)


BMRU_DESIGNS = {
    "one": make_bmru(1, 1, 1, 1),
    "odd": make_bmru(5, 3, nonidealities=ALL_ERRORS),
    "spotter": make_bmru(13, 4, nonidealities=ALL_ERRORS | {"bias_error": False}),
    "ideal": make_bmru(13, 4),
    "deep": make_bmru(2, 7, 3, 3, settling={"factor": 1, "shift": 1, "phase_cycles": 5}, cell={"leakage_pa": 0}),
    "coarse": make_bmru(
        3, 2, 1, 5,
        formats={"ratio_bits": 3, "ratio_fraction": 0, "bias_bits": 5, "bias_step_pa": 100, "feature_bits": 4,
                 "feature_step_pa": 100, "node_bits": 10},
        settling={"factor": 1, "shift": 0, "phase_cycles": 1}, nonidealities={"mismatch": True, "seed": 2**32 - 1},
    ),
}  # fmt: skip
