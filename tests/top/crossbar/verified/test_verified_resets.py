"""Verified learning through soft resets and power cuts, at any cycle of a verification too: exact with golden
afterwards."""

from __future__ import annotations

import pytest

from tests.top.crossbar.test_checkpoint import HALF, Runs, require_same
from tests.top.crossbar.test_learning_resets import DESIGN as PULSED
from tests.top.crossbar.test_learning_resets import learn_through_pin_resets
from tests.top.crossbar.test_soft_resets import Case, learn_through_resets
from tests.top.crossbar.verified.designs import IDEAL, VERIFIED, WIDE


@pytest.mark.parametrize(
    "design",
    [VERIFIED, *(pytest.param(design, marks=pytest.mark.nightly) for design in (WIDE, IDEAL))],
    ids=lambda design: design.name,
)
def test_what_pulses_missed_survives_soft_resets(harness, tmp_path, design):
    """Rules J1 to J3: a column is read, pulsed, read again and corrected as a whole, or not begun."""
    # No fault map: the bench of resets writes none.
    design = design.evolve(learning={"compensation": False})
    follower = learn_through_resets(Case(design, 12, 0.5, longest_phase=6, checkpoints=0.0), harness, tmp_path)
    given_up = sum(hidden.given_up + readout.given_up for hidden, readout in follower.learned)
    # As without resets: a weight of ideal devices that does not move is full, and many pulses move every weight.
    assert given_up > 0 or design.devices.ideal


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


@pytest.mark.nightly
@pytest.mark.parametrize("columns", [1, 3])
def test_the_pin_ends_reads_and_pulses_where_they_are(columns, harness, tmp_path):
    """Rules J1 and Z1: a reset in any phase of a verification, and what is read and corrected afterwards is golden's.

    Devices are ideal, so that a reading that a reset has left behind shows in χ."""
    learning = {"columns": columns, "verify_reads": 4, "verify_give_up": 2}
    learn_through_pin_resets(PULSED.evolve(name="verified_resets", learning=learning), harness, tmp_path)
