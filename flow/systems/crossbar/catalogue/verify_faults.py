"""Faults of the catalogue in program-and-verify, for designs whose weight window corrects what it has programmed."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint

VERIFIER, PROBE, COUNTERS = (f"remora_{name}" for name in ("row_verifier", "column_probe", "counters"))


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
