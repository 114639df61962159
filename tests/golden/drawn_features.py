"""What random design points add to codes, keep to spare and verify: tests see that all of it was drawn."""

from __future__ import annotations

from collections import Counter

from remora.spec.crossbar.design import DesignPoint


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
