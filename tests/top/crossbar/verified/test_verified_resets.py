"""Verified learning through soft resets, at any cycle of a verification too: exact with golden afterwards."""

from __future__ import annotations

from tests.top.crossbar.test_soft_resets import Case, learn_through_resets
from tests.top.crossbar.verified.designs import VERIFIED


def test_what_pulses_missed_survives_soft_resets(harness, tmp_path):
    """Rules J1 to J3: a column is read, pulsed, read again and corrected as a whole, or not begun."""
    follower = learn_through_resets(Case(VERIFIED, 6, 0.5, longest_phase=6, checkpoints=0.0), harness, tmp_path)
    assert sum(hidden.given_up + readout.given_up for hidden, readout in follower.learned) > 0
