"""Faults of the catalogue in program-and-verify, for designs whose weight window corrects what it has programmed."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint

VERIFIER, PROBE, COUNTERS, MARKS = (
    f"remora_{name}" for name in ("row_verifier", "column_probe", "counters", "slice_marks")
)


def verify_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is read and corrected, and in what is told; of a design point with real devices."""
    return [
        Fault(
            "corrects_the_other_way", "corrective pulses go away from the weight", VERIFIER,
            {"up": "good_down", "down": "good_up"},
        ),
        Fault("corrects_the_other_device", "the partner is pulsed instead", VERIFIER, {"side": "~good_side"}),
        Fault("gives_up_silently", "rows that gave up are not told", VERIFIER, {"unverified": "'0"}),
        Fault("verifies_all_but_one", "the second row of a slice is never read", VERIFIER, {"rows": "rows & ~2"}),
        Fault("verifies_coarsely", "a level weighs one code when rows are verified", PROBE, {"fine": "1'b0"}),
        Fault(
            "corrections_uncounted", "corrective pulses are counted with the others alone", COUNTERS,
            {"increments__corrections": "'0"},
        ),
    ]  # fmt: skip


def mark_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what the window knows of the fault map; of such a design point that compensates."""
    return [
        Fault("marks_ignored", "the window pulses marked devices", MARKS, {"pos": "'0", "neg": "'0"}),
        Fault("marks_exchanged", "the marks of g+ count for g-", MARKS, {"pos": "good_neg", "neg": "good_pos"}),
        Fault("marks_of_neighbour", "the marks of the next column", MARKS, {"map__column": "good_map__column + 1"}),
        Fault("marks_not_awaited", "marks are taken before they are read", MARKS, {"map__valid": "1'b1"}),
    ]
