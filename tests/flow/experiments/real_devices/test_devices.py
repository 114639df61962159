"""Real devices as an experiment: learnt, moved and healed beside the ideal chip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.experiments.real_devices import course, devices
from remora.flow.experiments.real_devices.rungs import IDEAL
from remora.flow.experiments.runner import Options, run_experiment
from remora.flow.sweep.units import Context
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import mean_step
from tests.flow.experiments.test_continual import tiny_stream
from tests.flow.report.charts import cells, check_charts

CHOSEN = {"chips": ("stuck-10", "taox-hfox", "om-reference", "pcm-10y"), "heal": 40}


def test_every_chip_stands_beside_the_ideal_one(small_stream, charts, tmp_path):
    options = Options(quick=True, directory=tmp_path, sequences=160, settings=CHOSEN)
    result, lines = run_experiment("devices", devices, options)
    chips = result["chips"]
    assert set(chips) == {"ideal", *CHOSEN["chips"]} and len(lines) == 2 + len(chips)
    ideal = chips["ideal"]
    # Nothing is lost where the same network moves to ideal devices.
    assert ideal["learnt"] == ideal["moved"] == result["accuracy"] and ideal["pulses_of_ideal"] == 1
    assert ideal["lost_learnt"] == ideal["lost_moved"] == 0 and "worst_device" not in ideal
    for name in CHOSEN["chips"]:
        found = chips[name]
        assert found["lost_moved"] == pytest.approx(result["accuracy"] - found["moved"])
        assert found["healed_share"] == pytest.approx(found["healed"] / result["accuracy"])
        assert ("learnt" in found) == (name not in devices.AGED)
    assert 0 < chips["stuck-10"]["worst_device"] <= chips["stuck-10"]["pulses"]
    assert len({chips[name]["moved"] for name in chips} | {chips[name]["healed"] for name in chips}) > 2
    check_charts(charts, tmp_path, result)


def test_seeds_are_other_chips_and_have_a_spread(small_stream, charts, tmp_path):
    options = Options(
        quick=True, directory=tmp_path, sequences=20, seeds=2, settings={**CHOSEN, "chips": ("stuck-10",)}
    )
    result, lines = run_experiment("devices", devices, options)
    first, second = (one["chips"]["stuck-10"]["lost_moved"] for one in result["per_seed"])
    assert result["chips"]["stuck-10"]["lost_moved"] == pytest.approx((first + second) / 2)
    # Student's t of one degree of freedom at 0.975.
    half = 12.706 * abs(first - second) / 2
    assert result["half_interval"]["chips"]["stuck-10"]["lost_moved"] == pytest.approx(half, rel=1e-4)
    assert lines[2].startswith("stuck-10: learnt") and f"({-50 * (first + second):+.1f} ± {100 * half:.1f})" in lines[2]
    assert f"{50 * (first + second):.1f} ± {100 * half:.1f}" in cells(
        check_charts(charts, tmp_path, result), "below the ideal", "text"
    )


def test_the_ideal_chip_is_learnt_once(small_stream, charts, tmp_path, monkeypatch):
    learnt, learn = [], course.Course.learnt
    monkeypatch.setattr(
        course.Course, "learnt", lambda *arguments: learnt.append(arguments[1].devices.ideal) or learn(*arguments)
    )
    options = Options(quick=True, directory=tmp_path, sequences=20, settings={**CHOSEN, "chips": ("stuck-10",)})
    first, _ = run_experiment("devices", devices, options)
    assert sorted(learnt) == [False, True]
    # Neither is it where its units are lost, nor where another number of replays makes new ones.
    for path in (tmp_path / "units").glob("*.json"):
        path.unlink()
    run_experiment("devices", devices, replace(options, settings={**options.settings, "heal": 50}))
    assert sorted(learnt) == [False, False, True]
    # A damaged file of it is learnt anew, to the same chip.
    (stored,) = (tmp_path / "shared").glob("*.npz")
    stored.write_bytes(b"damaged")
    for path in (tmp_path / "units").glob("*.json"):
        path.unlink()
    again, _ = run_experiment("devices", devices, options)
    assert again["chips"] == first["chips"] and sorted(learnt) == [False, False, False, True, True]


def test_every_section_of_a_chip_is_legal():
    for name, section in devices.CHIPS.items():
        design = tiny_stream(1).design.evolve(devices=section, crossbar={"pulse_cycles": 18_000})
        assert design.devices.ideal == (name == IDEAL)
    assert {*devices.AGED, *devices.DEFAULT_CHIPS, *devices.QUICK_CHIPS} < set(devices.CHIPS)


def test_compensation_is_a_factor_of_the_same_chip():
    """Rules P4 and D23: the chips differ in nothing else, and the one without is the design point of before."""
    options = Options(quick=True, settings={"chips": ("stuck-10", "stuck-10-compensated")})
    units = {(u.parameters["kind"], u.parameters["chip"]): u.parameters["design"] for u in devices.plan(options)}
    assert {kind for kind, _ in units} == {"learn", "move"} and len(units) == 6
    for kind in ("learn", "move"):
        plain, mapped = (units[kind, name] for name in ("stuck-10", "stuck-10-compensated"))
        assert not plain["learning"]["compensation"] and mapped["learning"]["compensation"]
        assert plain | {"learning": {**plain["learning"], "compensation": True}} == mapped
        assert plain["devices"]["stuck_full"] == 0.05


def test_policies_of_pairs_stand_beside_each_other():
    """The verified chips differ in the policy, and in a level that gives the range of a weight back."""
    options = Options(quick=True, settings={"chips": tuple(devices.PAIRED)})
    units = {
        u.parameters["chip"]: u.parameters["design"] for u in devices.plan(options) if u.parameters["kind"] == "learn"
    }
    canonical, reference = (units[f"om-{name}-verified"] for name in ("array", "reference"))
    differing = {"pair": "reference", "level_bits": canonical["crossbar"]["level_bits"] - 1}
    assert canonical | {"crossbar": {**canonical["crossbar"], **differing}} == reference
    assert canonical["learning"]["verify_reads"] == 1 and units["om-reference"]["learning"]["verify_reads"] == 0
    # A pulse is worth a level: 21 steps to a range of 15.
    level = Devices(model="om-array")
    assert mean_step(level, canonical["crossbar"]["levels"] - 1) == pytest.approx(1, abs=0.04)


def test_a_network_moves_to_levels_of_another_weight(small_stream, tmp_path):
    """Rule H8: 0.25 is four levels of 2^-4, and one of 2^-2."""
    options = Options(quick=True, directory=tmp_path, sequences=20)
    of, context = course.Course.of(options), Context(lambda count: None, tmp_path, tmp_path)
    same = of.moved(of.chip({}), context).weights
    coarse = of.moved(of.chip({}, {"crossbar": {"level_bits": 2}}), context).weights
    cut = of.moved(of.chip({}, {"crossbar": {"level_bits": 5, "pair": "reference"}}), context).weights
    assert of.chip({}).crossbar.level_bits == 4 and np.abs(same.hidden).max() > 7
    for name in ("hidden", "readout"):
        levels = getattr(same, name).astype(int)
        np.testing.assert_array_equal(getattr(coarse, name), np.rint(levels / 4))
        np.testing.assert_array_equal(getattr(cut, name), np.clip(2 * levels, -15, 15))
