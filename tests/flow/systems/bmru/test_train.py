"""Training of a keyword spotter, from the command line too."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from remora.flow import cli
from remora.flow.systems.bmru import networks, train
from remora.flow.systems.bmru.networks import (
    BUNDLED_FOR,
    KeywordError,
    bundled_network,
    bundled_path,
    check_design,
    train_spotter,
)
from remora.golden.data.normalisation import ClipNormaliser
from remora.golden.offline.bmru_training import Recipe
from remora.spec.bmru.design import BmruDesign
from remora.spec.presets import load_design

KWS = load_design("kws", BmruDesign)
SHORT = Recipe(steps=12, batch=16)


def test_a_spotter_needs_a_fitting_design(clips):
    with pytest.raises(KeywordError, match="network.features = 12"):
        check_design(BmruDesign(name="x", network={"features": 12}))
    with pytest.raises(KeywordError, match="= 13 × 5 × 2 × 2.*only for those of kws, kws16"):
        bundled_network(KWS.evolve(network={"width": 5}))
    with pytest.raises(KeywordError, match="legal are: clip, running"):
        train_spotter(KWS, SHORT, clips, "none")


def test_the_shipped_network_is_chosen_by_sizes_and_not_by_the_name():
    wide = load_design("kws16", BmruDesign)
    found = {one.name: bundled_network(one) for one in (KWS, wide)}
    assert len(BUNDLED_FOR) == len(found) == 2 and len(found["kws16"].output.weight[0]) == 16
    assert bundled_path(wide.evolve(name="kws")) == bundled_path(wide) != bundled_path(KWS)
    assert bundled_path(KWS.evolve(name="mine", vote={"frames": 5})) == bundled_path(KWS)
    assert bundled_path(KWS.evolve(network={"width": 5})) is None


def test_training_from_the_command_line(clips, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Recipe, "of", lambda design, seed: replace(SHORT, seed=seed))
    arguments = ["train", "kws", "-o", str(tmp_path / "net.npz"), "--normalisation", "running", "--seed", "5"]
    with pytest.raises(SystemExit) as caught:
        cli.main([*arguments, "--json", str(tmp_path / "result.json")])
    assert not caught.value.code and "balanced accuracy" in capsys.readouterr().out
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["seed"] == 5 and found["trained_on"] == 88 and found["test"]["clips"] == 88
    assert (tmp_path / "net.npz").is_file()


@pytest.mark.parametrize(
    ("splits", "keyword", "message"),
    [
        (("test",), False, "no clip of 'yes' in the split test of the bundled excerpt"),
        (("test",), True, "only clips of 'yes' in the split test of"),
        (("train", "validation"), False, "no clip of 'yes' in the splits train, validation of"),
    ],
)
def test_clips_that_cannot_be_learnt_are_told_before_the_training(
    clips, splits, keyword, message, tmp_path, monkeypatch, capsys
):
    kept = clips.where(~np.isin(clips.split, splits) | ((clips.y == 1) == keyword))
    monkeypatch.setattr(train, "load_clips", lambda versions: kept)
    monkeypatch.setattr(train, "train_spotter", None)
    path, result = tmp_path / "net.npz", tmp_path / "result.json"
    for there in (path, result):
        there.write_text("what was there", encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "kws", "-o", str(path), "--json", str(result)])
    assert caught.value.code == 2 and message in capsys.readouterr().err
    assert result.read_text() == path.read_text() == "what was there"


def test_trials_are_compared_on_the_clips_as_they_are(clips, monkeypatch):
    seen = {}

    def remember(design, recipe, x, y, progress, compared):
        seen.update(x=x[compared], y=y[compared], heard=len(x))
        return bundled_network(KWS)

    monkeypatch.setattr(networks, "train_bmru", remember)
    altered = clips.x[:, None] + np.arange(1, 3, dtype=np.int16)[:, None, None] * clips.x[::-1, None]
    train_spotter(KWS, SHORT, replace(clips, altered=altered))
    assert seen["heard"] == 3 * len(clips)
    np.testing.assert_array_equal(seen["x"], ClipNormaliser().run(clips.x))
    np.testing.assert_array_equal(seen["y"], clips.y)


def test_a_training_needs_clips_of_both_kinds(clips):
    with pytest.raises(KeywordError, match="no clip of 'yes' in the splits test, train, validation of"):
        train_spotter(KWS, SHORT, clips.where(clips.y == 0))
