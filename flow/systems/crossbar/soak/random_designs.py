"""Random crossbar design points over the whole legal ranges of their formats, the ends of every range often, in small
sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from remora.flow.verify.soak.random_values import ATTEMPTS, legal_values, within
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import ConfigError
from remora.spec.lib.validation import validated


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
        content: dict[str, dict[str, Any]] = {
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
            return validated(DesignPoint, {"name": "any", **content}, "drawn")
        except ConfigError:
            continue
    raise AssertionError(f"none of {ATTEMPTS} design points was legal")


def any_columns(random: np.random.Generator, kind: str) -> dict[str, Any]:
    """What may be added to the codes of columns, and spare ones; each in a third of the design points."""
    corrects, digital, spares = random.random(3) < 1 / 3
    miru = kind == "miru"
    return {
        "calibrate_offsets": bool(corrects) and miru, "bias": "digital" if digital and miru else "row",
        "spare_columns": within(random, 1, 4) if spares else 0,
    }  # fmt: skip


def any_verification(random: np.random.Generator, kind: str, update: str) -> dict[str, Any]:
    """Pulses that are verified, in a third of the design points that can; or none."""
    if kind != "miru" or update != "accumulate" or random.random() > 1 / 3:
        return {}
    return {
        "verify_reads": int(random.choice([1, 2, 4])), "verify_give_up": within(random, 1, 4),
        "verify_feedback": within(random, 0, 8),
    }  # fmt: skip


def any_coefficients(random: np.random.Generator, design: DesignPoint) -> Coefficients:
    """The gates of a design point, and gains from its whole range."""
    gains = (within(random, 1024, 32768) if random.integers(2) else within(random, 2048, 8192) for _ in range(2))
    return replace(Coefficients.of(design), **dict(zip(("hidden_gain", "readout_gain"), gains, strict=True)))
