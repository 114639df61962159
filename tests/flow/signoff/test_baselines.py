"""Stored figures: presets keep to them, and a figure that slips is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from remora.flow.signoff.baseline import SYNTHESIS, compare, store
from remora.flow.signoff.verified import BASELINES, MAPPED_BY_DAY
from remora.spec.lib.errors import CheckFailed, RemoraError
from remora.spec.presets import preset_names

METRICS = SYNTHESIS.metrics
AT_NIGHT = sorted(path.stem for path in BASELINES.glob("*.json") if path.stem not in MAPPED_BY_DAY)

RESULT = {
    "name": "tiny", "tools": {"yosys": "0.70", "opensta": "2.0.17", "cells": "cells.lib"},
    "mhz": 50.0, "area_um2": 700_000.0, "memory_area_um2": 170_000.0, "flip_flops": 2000, "hold_slack_ns": 0.1,
    "registered_macro_inputs": 0.5, "gated_share": 0.0, "max_fanout": 32,
}  # fmt: skip
WORSE = {
    "mhz": 48.0, "area_um2": 720_000.0, "memory_area_um2": 170_001.0, "flip_flops": 2030, "hold_slack_ns": 0.07,
    "registered_macro_inputs": 0.49, "max_fanout": 33,
}  # fmt: skip


@pytest.fixture
def stored(tmp_path) -> Path:
    """Figures of `RESULT`."""
    store(SYNTHESIS, tmp_path / "tiny.json", RESULT)
    return tmp_path / "tiny.json"


def test_the_same_or_better_figures_hold(stored):
    better = RESULT | {"mhz": 80.0, "area_um2": 1.0, "gated_share": 0.9, "registered_macro_inputs": 1.0}
    for result in (RESULT, better, RESULT | {"mhz": 48.6, "flip_flops": 2020}):
        assert {name for name, *_ in compare(SYNTHESIS, stored, result)} == set(METRICS)


@pytest.mark.parametrize("metric", WORSE)
def test_each_figure_that_slips_is_named(stored, metric):
    with pytest.raises(CheckFailed, match=rf"tiny is worse than .*: {metric} is {WORSE[metric]}, stored"):
        compare(SYNTHESIS, stored, RESULT | {metric: WORSE[metric]})


def test_a_figure_that_is_gone_is_worse(stored):
    with pytest.raises(CheckFailed, match="registered_macro_inputs is None"):
        compare(SYNTHESIS, stored, RESULT | {"registered_macro_inputs": None})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": {}}, "holds no figures of remora synth"),
        ({"version": 2}, "holds no figures of remora synth"),
        ({"name": "kws"}, "holds the figures of 'kws', not of 'tiny'"),
    ],
)
def test_what_is_no_baseline_is_refused(stored, change, message):
    stored.write_text(json.dumps(json.loads(stored.read_text()) | change))
    with pytest.raises(RemoraError, match=message):
        compare(SYNTHESIS, stored, RESULT)
    stored.write_text("[]")
    with pytest.raises(RemoraError, match="remora synth tiny --store"):
        compare(SYNTHESIS, stored, RESULT)


def check(remora, preset: str, tmp_path: Path, *options: str) -> dict:
    files = "--json", tmp_path / "result.json", "--baseline", BASELINES / f"{preset}.json"
    done = remora("synth", preset, *files, *options)
    assert done.code == 0, done.err
    result = json.loads((tmp_path / "result.json").read_text())
    assert sum(f"{metric}: " in done.out for metric in METRICS) == len(METRICS)
    return result


@pytest.mark.parametrize(("preset", "options"), [("tiny", ["--flat"]), ("kws", [])])
def test_presets_keep_their_figures(remora, cells, preset, options, tmp_path):
    assert preset in MAPPED_BY_DAY
    result = check(remora, preset, tmp_path, *options)
    assert result["max_fanout"] <= result["assumptions"]["max_fanout"]
    if preset == "kws":
        assert result["registered_macro_inputs"] == 1.0 and result["unregistered_inputs"] == []
        # The only memory is made of flip-flops.
        assert result["exempt_inputs"] == [] and result["memories"] == {}
    if options:
        assert result["area_by_block"] is None and result["hierarchical"] is None
    else:
        areas, flops = (
            sum(block[name] for block in result["area_by_block"].values()) for name in ("area_um2", "flip_flops")
        )
        assert areas == pytest.approx(result["hierarchical"]["area_um2"])
        assert flops == pytest.approx(result["flip_flops"], rel=0.05)
    # A slip of the clock turns the same comparison red.
    with pytest.raises(CheckFailed, match="mhz is"):
        compare(SYNTHESIS, BASELINES / f"{preset}.json", result | {"mhz": 0.9 * result["mhz"]})


@pytest.mark.nightly
@pytest.mark.parametrize("preset", AT_NIGHT)
def test_larger_presets_keep_their_figures(remora, cells, preset, tmp_path):
    check(remora, preset, tmp_path)


def test_presets_with_figures_exist():
    assert {*MAPPED_BY_DAY, *AT_NIGHT} <= set(preset_names())
    assert all((BASELINES / f"{preset}.json").is_file() for preset in MAPPED_BY_DAY) and len(AT_NIGHT) >= 3


def test_the_document_states_the_stored_figures():
    page = (Path(__file__).parents[3] / "docs" / "explanation" / "synthesis.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.*) \|$", page.partition("\n## Figures\n")[2].partition("\n## ")[0], re.MULTILINE
    )
    stated = {name: cells.split(" | ") for name, cells in rows}
    wanted = {}
    for path in BASELINES.glob("*.json"):
        metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        found = {name: metric["value"] for name, metric in metrics.items()}
        wanted[path.stem] = [
            f"{found['mhz']:.1f}", f"{found['area_um2'] / 1e6:.3f}", f"{found['memory_area_um2'] / 1e6:.3f}",
            f"{found['flip_flops']:,}", f"{100 * found['gated_share']:.0f} %",
            f"{100 * found['registered_macro_inputs']:.0f} %",
        ]  # fmt: skip
    assert stated == wanted
