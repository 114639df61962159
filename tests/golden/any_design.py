"""Random design points over the whole legal ranges of their formats, the ends of every range often, in small sizes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from pydantic import ValidationError

from remora.golden.crossbar.cell import Coefficients
from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint

ATTEMPTS = 1000
END = 0.2
"""Probability of each end of a range."""


def within(random: np.random.Generator, low: int, high: int) -> int:
    """A whole number in ``low … high``, often one of the two."""
    chosen = random.random()
    return low if chosen < END else high if chosen > 1 - END else int(random.integers(low, high + 1))


def legal_values(random: np.random.Generator, model: type, section: str, *names: str) -> dict:
    """A value for each field of a section, from the limits that the design point gives it; switches too."""
    fields, values = model.model_fields[section].annotation.model_fields, {}
    for name in names:
        if fields[name].annotation is bool:
            values[name] = bool(random.integers(2))
            continue
        limits = {type(limit).__name__: limit for limit in fields[name].metadata}
        values[name] = within(random, limits["Ge"].ge, limits["Le"].le)
    return values


def any_design(
    random: np.random.Generator, kind: str = "miru", update: str = "accumulate", plain: bool = False
) -> DesignPoint:
    """A crossbar design point of a few units.

    Args:
        plain: it adds nothing to codes, has no spare columns and verifies no pulse: a test sets these itself, or its
            second reading has none of them.

    Raises:
        AssertionError: none of many was legal.
    """
    for _ in range(ATTEMPTS):
        hidden, replays = within(random, 1, 5), bool(random.integers(2))
        content = {
            "network": {
                "features": within(random, 1, 5), "hidden": hidden, "classes": within(random, 1, 4),
                "max_steps": within(random, 1, 4), "feature_signed": bool(random.integers(2)),
            },
            "cell": {"kind": kind, "lanes": 1}
            | legal_values(random, DesignPoint, "cell", "reset_coefficient", "update_coefficient"),
            "formats": legal_values(
                random, DesignPoint, "formats", "stream_bits", "state_bits", "adc_bits", "adc_range_log2"
            ),
            "crossbar": {
                "rows": within(random, 1, 12), "columns": within(random, 1, 6),
                "pair": str(random.choice(["canonical", "reference"])),
                "gain": kind == "miru" and bool(random.integers(2)),
            }
            | ({} if plain else any_columns(random, kind))
            | legal_values(random, DesignPoint, "crossbar", "levels", "level_bits", "fraction_bits"),
            "learning": {
                "update": update, "winners": "all" if random.random() < 0.5 else within(random, 1, hidden),
                "replay_capacity": within(random, 1, 4) * replays,
                "replay_ratio": within(random, 1, 3) if replays else 1,
            }
            | legal_values(
                random, DesignPoint, "learning",
                "seed", "feedback_shift", "hidden_shift", "readout_shift", "accumulator_bits", "max_pulses",
            )
            | ({} if plain else any_verification(random, kind, update))
            | ({"accumulator_level": 2 ** within(random, 1, 14)} if update == "direct"
               else legal_values(random, DesignPoint, "learning", "accumulator_level")),
        }  # fmt: skip
        if content["crossbar"].get("bias") == "digital":
            content["learning"].pop("verify_reads", None)  # which is refused there
        try:
            return DesignPoint.model_validate({"name": "any"} | content)
        except ValidationError:
            continue
    raise AssertionError(f"none of {ATTEMPTS} design points was legal")


def any_columns(random: np.random.Generator, kind: str) -> dict:
    """What may be added to the codes of columns, and spare ones; each in a third of the design points."""
    corrects, digital, spares = random.random(3) < 1 / 3
    miru = kind == "miru"
    return {
        "calibrate_offsets": bool(corrects) and miru, "bias": "digital" if digital and miru else "row",
        "spare_columns": within(random, 1, 4) if spares else 0,
    }  # fmt: skip


def any_verification(random: np.random.Generator, kind: str, update: str) -> dict:
    """Pulses that are verified, in a third of the design points that can; or none."""
    if kind != "miru" or update != "accumulate" or random.random() > 1 / 3:
        return {}
    return {
        "verify_reads": int(random.choice([1, 2, 4])), "verify_give_up": within(random, 1, 4),
        "verify_feedback": within(random, 0, 8),
    }  # fmt: skip


def features_of(design: DesignPoint) -> Counter:
    """What a design point adds to codes, keeps to spare and verifies."""
    has = design.capabilities
    return Counter(
        digital=has.digital_bias, calibrates=has.calibrates, spares=has.spares, verifies=has.verifies_learning
    )


def assert_features(seen: Counter, update: str) -> None:
    """All of them were drawn that this update can have."""
    for name in ("digital", "calibrates", "spares", *(["verifies"] if update == "accumulate" else [])):
        assert seen[name] > 2, seen


def any_coefficients(random: np.random.Generator, design: DesignPoint) -> Coefficients:
    """The gates of a design point, and gains from its whole range."""
    gains = (within(random, 1024, 32768) if random.integers(2) else within(random, 2048, 8192) for _ in range(2))
    return replace(Coefficients.of(design), **dict(zip(("hidden_gain", "readout_gain"), gains, strict=True)))


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
            return BmruDesign.model_validate({"name": "any"} | content)
        except ValidationError:
            continue
    raise AssertionError(f"none of {ATTEMPTS} design points was legal")
