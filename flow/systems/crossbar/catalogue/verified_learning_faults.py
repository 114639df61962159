"""Faults of the catalogue in verified learning, for designs whose updates read what their pulses did."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint

VERIFIER, READER, CORRECTOR, MISSED, COUNTERS = (
    f"remora_{name}" for name in ("pulse_verifier", "row_reader", "corrector", "missed", "counters")
)


def verified_learning_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is read, in what returns, in where it goes, and in what is counted."""
    faults = [
        Fault("returns_the_other_way", "accumulators lose what they should get back", MISSED, {"missed": "-missed"}),
        Fault("returns_nothing", "accumulators get nothing back", VERIFIER, {"corrects": "1'b0"}),
        Fault("returns_to_the_next_column", "another column gets it", CORRECTOR, {"column": "column + 1"}),
        Fault("returns_without_limit", "an accumulator wraps or is off by one", CORRECTOR, {"data": "good_data ^ 1"}),
        Fault("reads_one_row_less", "the lowest row is never read", READER, {"rows": "rows & (rows - 1)"}),
        Fault("full_scale_unseen", "what full scale hides returns to accumulators", READER, {"full": "1'b0"}),
        Fault("full_scale_everywhere", "no row says how far it moved", READER, {"full": "1'b1"}),
        Fault("repeats_no_pulse", "a row that has not moved takes no further pulse", VERIFIER, {"tile__blocked": "'1"}),
        Fault(
            "given_up_uncounted", "weights that are given up are not counted", COUNTERS,
            {"increments__given_up": "'0"},
        ),
    ]  # fmt: skip
    if design.crossbar.integrators == 1 and not design.devices.ideal:
        faults.append(Fault("reads_codes_late", "a read takes the code of the one before", READER, {"total": "'0"}))
    return faults
