"""Points: which there are, in which order, and what each is as a design point."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from remora.flow.sweep.plan import Latin, Plan, PlanError, Range
from remora.flow.sweep.points import points_of
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

TINY = load_design("tiny", DesignPoint)


def plan(**ways) -> Plan:
    return Plan(config="tiny", **{"metrics": {"train": {}}, **ways})


def test_one_point_where_nothing_varies():
    [point] = points_of(plan(), TINY)
    assert point.fields == {} and point.design == TINY


def test_a_grid_multiplies_its_last_field_fastest():
    found = points_of(plan(grid={"cell.lanes": [1, 2], "formats.adc_bits": Range(low=6, high=8)}), TINY)
    assert [tuple(point.fields.values()) for point in found] == [(1, 6), (1, 7), (1, 8), (2, 6), (2, 7), (2, 8)]
    assert [(point.design.cell.lanes, point.design.formats.adc_bits) for point in found[1:3]] == [(1, 7), (1, 8)]


def test_ways_multiply():
    given = {
        "points": [{"cell.lanes": 1}, {"cell.lanes": 2, "learning.seed": 5}],
        "grid": {"formats.adc_bits": [6, 7]},
        "latin": Latin(count=3, vary={"learning.hidden_shift": [3, 4, 5]}),
    }
    found = points_of(plan(**given), TINY)
    assert len({tuple(sorted(point.fields.items())) for point in found}) == len(found) == 2 * 3 * 2
    assert Counter(point.design.learning.seed for point in found) == {5: 6, TINY.learning.seed: 6}


def test_every_part_of_a_latin_hypercube_is_taken_equally_often():
    varied = {
        "devices.read_noise": Range(low=0.0, high=0.2),
        "devices.full_conductance": Range(low=1e-6, high=1e-4, scale="log"),
        "learning.hidden_shift": Range(low=2, high=6),
        "network.feature_signed": [False, True],
    }
    found = points_of(plan(latin=Latin(count=50, vary=varied)), TINY)
    columns = {name: np.array([point.fields[name] for point in found]) for name in varied}
    shares = columns["devices.read_noise"] / 0.2, np.log(columns["devices.full_conductance"] / 1e-6) / np.log(100)
    for each in shares:
        assert sorted((each * 50).astype(int)) == list(range(50))
    assert Counter(columns["learning.hidden_shift"].tolist()) == dict.fromkeys(range(2, 7), 10)
    assert Counter(columns["network.feature_signed"].tolist()) == {False: 25, True: 25}
    again, other = (points_of(plan(latin=Latin(count=50, vary=varied), seed=seed), TINY) for seed in (1, 2))
    assert [point.fields for point in again] == [point.fields for point in found] != [point.fields for point in other]


def test_what_the_rules_refuse_is_a_point_with_the_reason():
    refused, legal = points_of(plan(grid={"formats.adc_bits": [99, 8]}), TINY)
    assert refused.design is None and refused.reason.startswith("formats.adc_bits = 99: ")
    assert legal.design is not None and legal.reason == ""


def test_a_table_may_be_given_whole():
    [point] = points_of(plan(points=[{"devices": {"model": "taox-hfox"}}]), TINY)
    assert point.design.devices.model == "taox-hfox"


def test_options_of_a_metric_vary_too():
    found = points_of(plan(grid={"metrics.train.passes": [1, 3]}), TINY)
    assert [point.options("train", {"limit": 5}) for point in found] == [{"limit": 5, "passes": n} for n in (1, 3)]
    assert [point.options("trains", {}) for point in found] == [{}, {}] and found[0].design == TINY


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("formats.adc_bit", "formats.adc_bit: no field of 'tiny'; did you mean 'formats.adc_bits'"),
        ("adc_bits", "adc_bits: no field of 'tiny'"),
        ("metrics.train", "metrics.train: give metrics.train and an option that changes what is measured"),
        ("metrics.train.columns", "give metrics.train and an option that changes what is measured"),
        ("metrics.train.data.x", "give metrics.train and an option that changes what is measured"),
        ("metrics.synth.flat", "the plan measures no 'synth'; it has train"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_at_once(name, message):
    for ways in ({"grid": {name: [1]}}, {"points": [{name: 1}]}, {"latin": Latin(count=1, vary={name: [1]})}):
        with pytest.raises(PlanError, match=message):
            points_of(plan(**ways), TINY)


def test_what_is_too_much_or_ignored_is_refused_at_once():
    with pytest.raises(PlanError, match="3,000,001 points: a sweep has at most 1,000,000"):
        points_of(plan(grid={"learning.seed": Range(low=0, high=3_000_000)}), TINY)
    with pytest.raises(PlanError, match="learning.seed: a Latin hypercube draws its values; leave step and count out"):
        points_of(plan(latin=Latin(count=2, vary={"learning.seed": Range(low=0, high=9, step=3)})), TINY)


def test_a_table_stays_the_plans_own():
    given = [{"model": "taox-hfox"}, {"model": "hfo2-array"}]
    found = points_of(plan(grid={"devices": given, "learning.seed": [1, 2]}), TINY)
    assert given == [{"model": "taox-hfox"}, {"model": "hfo2-array"}] and len(found) == 4
    assert [point.design.devices.model for point in found] == ["taox-hfox"] * 2 + ["hfo2-array"] * 2
