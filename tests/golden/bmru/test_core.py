"""The integer model of the BMRU core against the equations, against numbers by hand, and against itself."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.core import BRANCHES, BmruCore
from remora.golden.bmru.random_codes import by_hand, random_codes, random_features
from remora.golden.lib.bmru import run
from remora.spec.bmru.design import BmruDesign
from remora.spec.presets import load_design
from tests.golden.bmru.cases import ALL_ERRORS, BMRU_DESIGNS, make_bmru
from tests.golden.bmru.code_networks import network_of, ordered
from tests.golden.scalar_bmru import ScalarCore

KWS = load_design("kws", BmruDesign)


@pytest.mark.parametrize(("width", "blocks", "seed"), [(1, 1, 7), (4, 2, 2), (5, 3, 2)])
def test_a_settled_core_computes_the_equations(width, blocks, seed):
    """Without leakage it differs from the network that the codes stand for by the rounding of its nodes alone."""
    design = make_bmru(13, width, blocks, cell={"leakage_pa": 0}, settling={"phase_cycles": 12})
    features = random_features(design, 20, 50, 3)
    # Weights small enough that no node saturates.
    moderate = {
        name: array // 6 if name.endswith("weight") else array
        for name, array in ordered(random_codes(design, seed)).arrays.items()
    }
    codes = BmruCodes(design, moderate)
    found = BmruCore(design, codes).run(features)
    assert np.abs(found.candidate).max() < design.formats.node_limit > np.abs(found.output).max()
    exact = run(network_of(codes), features * (design.formats.feature_step_pa / 1000))
    assert (found.state == exact.states).mean() > 0.999 and found.state.any() and not found.state.all()
    same = (found.state == exact.states).all(axis=(2, 3))
    error = np.abs(np.maximum(found.candidate, 0) - 1000 * exact.candidates)[same]
    assert error.max() <= 4 * (2 * width) ** blocks
    assert (found.decision == exact.frame_classes).mean() > 0.99


def test_one_cell_by_hand():
    """Weights of 1, threshold 300 pA, hysteresis 200 pA, gain 500 pA: sets at 300, holds above 100, resets at 100."""
    design = make_bmru(1, 1, 1, 1)
    one = 32
    codes = by_hand(
        design,
        input__weight=one, blocks__0__first__weight=one, blocks__0__second__weight=one, output__weight=-one,
        blocks__0__threshold=30, blocks__0__hysteresis=20, blocks__0__gain=50,
    )  # fmt: skip
    features = np.array([29, 30, 11, 10, 11, 29, 511, -511]).reshape(1, -1, 1)
    found = BmruCore(design, codes).run(features)
    assert found.state.reshape(-1).tolist() == [0, 1, 1, 0, 0, 0, 1, 0]
    assert found.candidate.reshape(-1).tolist() == [290, 300, 110, 100, 110, 290, 5110, 0]
    # A cell that is off leaks 5 pA into the node after it.
    assert found.output.reshape(-1).tolist() == [-295, -800, -610, -105, -115, -295, -5610, 5105]
    # The second frame's held current: mirrors 300 + 300 + 5 or 500 + 305 or 800, and so on, settled.
    held = {branch: charge[0, 3] for branch, charge in found.charges.items()}
    z, c, h, lift = 100, 100, 5, 5
    settled = {
        "input": 100, "first": z, "second": h, "output": z + lift, "biases": 0, "skips": z,
        "nodes": 100 + z + c + lift + 2 * (z + lift), "cells": 300 + 200 + 500 + h,
    }  # fmt: skip
    for branch in BRANCHES:
        assert held[branch] >= settled[branch] * design.cycles.hold
        assert held[branch] - settled[branch] * (design.cycles.hold + 12) < 24 * 1600
    assert held["input"] == 100 * design.cycles.frame


def test_a_cell_without_hysteresis_is_a_comparator():
    design = make_bmru(1, 1, 1, 1, cell={"leakage_pa": 0})
    codes = by_hand(design, input__weight=32, blocks__0__first__weight=32, blocks__0__threshold=30)
    features = np.random.default_rng(1).integers(20, 40, (1, 200, 1))
    assert (BmruCore(design, codes).run(features).state[0, :, 0, 0] == (features[0, :, 0] >= 30)).all()


@pytest.mark.parametrize("name", BMRU_DESIGNS)
def test_clips_are_independent_and_batches_change_nothing(name, monkeypatch):
    design = BMRU_DESIGNS[name]
    core, features = BmruCore(design, random_codes(design, 4)), random_features(design, 5, 12, 5)
    whole = core.run(features, np.arange(5) * 12)
    alone = core.run(features[3:4], 36)
    monkeypatch.setattr("remora.golden.bmru.core.MAX_BATCH", 2)
    parts = core.run(features, np.arange(5) * 12)
    for name in ("candidate", "state", "output", "decision", "charge", "frame"):
        assert (getattr(whole, name)[3] == getattr(alone, name)[0]).all()
        assert (getattr(whole, name) == getattr(parts, name)).all()


def test_resuming_is_going_on():
    design = BMRU_DESIGNS["odd"]
    core, features = BmruCore(design, random_codes(design, 6)), random_features(design, 2, 20, 7)
    whole = core.run(features)
    core.run(features[:, :8])
    later = core.resume(features[:, 8:], 8)
    assert (later.state == whole.state[:, 8:]).all() and (later.charge == whole.charge[:, 8:]).all()
    assert whole.records(design, 5)["charge"][0] == 5 + whole.charge[0, 0] and len(whole.records(design)) == 40


@pytest.mark.parametrize("switch", ["mismatch", "bias_error", "noise"])
def test_each_nonideality_acts_alone_and_follows_the_seed(switch):
    codes, features = random_codes(KWS, 8), random_features(KWS, 2, 10, 9)

    def output(**values) -> np.ndarray:
        return BmruCore(KWS.evolve(nonidealities=values), codes).run(features).output

    ideal, on, reseeded = output(seed=3), output(seed=3, **{switch: True}), output(seed=4, **{switch: True})
    assert (ideal != on).any() and (on != reseeded).any() and (ideal == output(seed=9)).all()
    assert (on == output(seed=3, **{switch: True})).all()


def test_features_that_do_not_fit_are_refused():
    core = BmruCore(KWS, random_codes(KWS, 1))
    for features, message in (
        (np.zeros((2, 3, 12), int), r"expected integers \(clips, frames, 13\)"),
        (np.zeros((2, 3, 13)), "float64"),
        (np.full((1, 1, 13), 512), "exceed the DAC's codes, ±511"),
    ):
        with pytest.raises(ValueError, match=message):
            core.run(features)
    with pytest.raises(ValueError, match="2 clips were given to the cores of 1"):
        core.resume(np.zeros((2, 3, 13), int))


SCALAR_DESIGNS = {
    **BMRU_DESIGNS,
    "narrow": make_bmru(3, 2, 3, 2, formats={"node_bits": 13}, settling={"phase_cycles": 3}, nonidealities=ALL_ERRORS),
}


@pytest.mark.parametrize("name", SCALAR_DESIGNS)
def test_as_a_scalar_reading_of_the_formulas_has_it(name):
    """Every current, state, class and charge, for two sets of codes."""
    design = SCALAR_DESIGNS[name]
    for seed in (20, 21):
        codes, features = random_codes(design, seed), random_features(design, 1, 10, seed)
        records = BmruCore(design, codes).run(features).records(design)
        scalar, charge = ScalarCore(design, codes.chain()), 0
        for record, frame in zip(records, features[0].tolist(), strict=True):
            expected = scalar.frame(frame)
            charge = expected["charge"] = (charge + expected["charge"]) % 2**48
            found = {field: record[field].reshape(-1).tolist() for field in expected}
            assert found == {field: value if isinstance(value, list) else [value] for field, value in expected.items()}
