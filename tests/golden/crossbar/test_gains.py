"""Gains that undo a change, and what golden makes of gains."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.gain_drift import gain_for
from remora.spec.crossbar.gain.code_gain import LEAST, MOST
from tests.golden.crossbar.test_miru import assert_agrees, random_features
from tests.golden.designs import DESIGNS

GAINS = DESIGNS["tiny"].evolve(crossbar={"gain": True})


def test_the_gain_brings_a_reading_back():
    """Rule G4: within a half of 2^−12, rounded up where it lies between two."""
    compared = 0
    for before in (1, 7, 800, 123_457):
        for now in range(1, 2 * before, max(1, before // 50)):
            exact = 4096 * before / now
            found = gain_for(before, now)
            compared += 1
            if LEAST <= exact <= MOST:
                assert abs(found - exact) <= 0.5, (before, now)
            else:
                assert found in (LEAST, MOST)
    assert compared > 100
    assert (gain_for(2, 3, 3), gain_for(10, 10, 5000), gain_for(5, 10, 8192)) == (1024, 5000, 4096)
    with pytest.raises(ValueError, match="reference readings are 5 and 0; both must be more than 0"):
        gain_for(5, 0)


@pytest.mark.parametrize("readout", ["last", "every"])
def test_gains_at_the_ends_of_their_range(readout):
    """Rules G1 to G3: against the independent reading; a gain of 1 changes nothing, another does."""
    design = GAINS.evolve(network={"readout": readout})
    weights, features = random_weights(design, 3), random_features(design, 8)
    for gains in ((1024, 32768), (32768, 1024), (4095, 4097)):
        coefficients = Coefficients(201, 77, *gains)
        if readout == "last":
            assert_agrees(design, weights, features, None, coefficients)
        else:
            found = infer(design, weights, features, coefficients=coefficients).step_scores
            last = infer(GAINS, weights, features, coefficients=coefficients).scores
            np.testing.assert_array_equal(found[:, -1], last)
    tiny = DESIGNS["tiny"]
    plain = infer(tiny, weights, features).scores
    np.testing.assert_array_equal(infer(GAINS, weights, features).scores, plain)
    changed = infer(GAINS, weights, features, coefficients=Coefficients(128, 8, 8192, 4096)).scores
    assert (changed != plain).any()
    # A design point without gains does not look at them.
    same = infer(DESIGNS["tiny"], weights, features, coefficients=Coefficients(128, 8, 8192, 8192)).scores
    np.testing.assert_array_equal(
        same, infer(DESIGNS["tiny"], weights, features, coefficients=Coefficients(128, 8)).scores
    )


def test_gains_beyond_the_range_are_refused():
    for gains in ((1023, 4096), (4096, 32769)):
        with pytest.raises(ValueError, match="gain is .*; it must be in 1024…32768, 4096 being 1"):
            Coefficients(1, 1, *gains)
