"""Verified learning through soft resets and power cuts, at any cycle of a verification too: exact with golden
afterwards."""

from __future__ import annotations

import pytest

from tests.top.crossbar.test_checkpoint import HALF, Runs, require_same
from tests.top.crossbar.test_soft_resets import Case, learn_through_resets
from tests.top.crossbar.verified.designs import IDEAL, VERIFIED


def test_what_pulses_missed_survives_soft_resets(harness, tmp_path):
    """Rules J1 to J3: a column is read, pulsed, read again and corrected as a whole, or not begun."""
    follower = learn_through_resets(Case(VERIFIED, 6, 0.5, longest_phase=6, checkpoints=0.0), harness, tmp_path)
    assert sum(hidden.given_up + readout.given_up for hidden, readout in follower.learned) > 0


@pytest.mark.nightly
def test_verified_learning_goes_on_from_what_was_saved(harness, tmp_path):
    """Once in one go; once with the power cut in the middle, in new silicon: the same to the last bit, and golden's."""
    runs = Runs(harness(IDEAL)[1], IDEAL, tmp_path)
    whole = runs.hardware("start", "whole", slice(None))
    require_same(whole, runs.golden("start", slice(None)))
    half = runs.hardware("start", "half", slice(0, HALF))
    require_same(half, runs.golden("start", slice(0, HALF)))
    require_same(runs.hardware("half", "rest", slice(HALF, None)), whole)
    assert whole.updates > HALF and whole.hidden_accumulators.any()
