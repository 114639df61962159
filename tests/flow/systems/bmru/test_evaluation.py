"""Bundled networks, and how a network is tested on clips."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from remora.flow.experiments.keyword_summary import (
    LEAST_CLIPS_ALIKE,
    LEAST_STATE_BITS_ALIKE,
    WITHIN,
)
from remora.flow.systems.bmru.evaluation import Spotter, add_up, balanced, evaluate
from remora.flow.systems.bmru.networks import bundled_network
from remora.golden.bmru.codes import export_network
from remora.golden.data.mfcc import FRAMES
from remora.golden.offline.bmru_training import Recipe
from remora.spec.bmru.design import BmruDesign
from remora.spec.presets import load_design

KWS = load_design("kws", BmruDesign)


@pytest.mark.parametrize(("preset", "least"), [("kws", 0.87), ("kws16", 0.9)])
def test_the_bundled_networks_spot_the_keyword_in_codes_too(clips, preset, least):
    design = load_design(preset, BmruDesign)
    network = bundled_network(design)
    found = evaluate(Spotter(design, network, clips.of("test")))
    assert found["clips"] == 88 and found["frames"] == 88 * FRAMES
    by_float, by_codes = (balanced(found[name], "yes") for name in ("float", "codes"))
    assert by_float > least and abs(by_float - by_codes) <= WITHIN
    assert found["alike"] / found["clips"] >= LEAST_CLIPS_ALIKE
    assert found["bits_alike"] / found["bits"] >= LEAST_STATE_BITS_ALIKE
    assert network.metadata["recipe"] == asdict(Recipe.of(design, 1)) and not export_network(design, network).saturated
    assert 100 < found["power_nw"] < (1000 if design.network.width == 4 else 2000) and sum(
        found["branches_nw"].values()
    ) == pytest.approx(found["power_nw"])
    assert not set(network.metadata) ^ {"recipe", "origin", "clips", "digest", "normalisation"}


def test_evaluations_add_up(clips):
    parts = [evaluate(Spotter(KWS, bundled_network(KWS), clips.of(split))) for split in ("test", "validation")]
    whole = evaluate(Spotter(KWS, bundled_network(KWS), clips.of("test", "validation")))
    total = add_up(parts)
    assert total["power_nw"] == pytest.approx(whole["power_nw"])
    assert all(total[key] == whole[key] for key in total if key != "power_nw")


def test_balanced_accuracy_weighs_both_classes_alike():
    assert balanced({"yes": [1, 3], "no": [8, 2], "up": [10, 0]}, "yes") == pytest.approx((0.75 + 0.9) / 2)
