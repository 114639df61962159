"""The verdict: a point is reached where each of its tests reached it and each bin was hit; everything else is told."""

from __future__ import annotations

import json

import pytest

from remora.tb.lib.coverage import FOLDER_VARIABLE, PLAN_FILE, TEST_VARIABLE, CoverageError, Covergroups, cover
from remora.tb.lib.coverage import covergroups as of_this_process
from tests.coverage.plan import as_json, load_plan
from tests.coverage.report import as_json as report_json
from tests.coverage.report import markdown, problem_lines, rows, text_table
from tests.coverage.verdict import FAILED, PASSED, SKIPPED, State, merge, read_hits, results

PLAN = """
[packets]
about = "packets"
contract = "docs/reference/contracts.md#packets"
[packets.points.cause]
about = "cause"
bins = ["framing", "header"]
tests = ["a.py::one", "a.py::two"]
[packets.points.length]
about = "steps"
bins = { none = [0, 0], some = [1, 9] }
tests = ["a.py::one"]
[packets.points.both]
cross = ["cause", "length"]
ignore = [["header", "none"]]
nightly = true
tests = ["a.py::one"]
"""
ONE, TWO, THREE = "a.py::one[x]", "a.py::two", "b.py::three"
ALL = dict.fromkeys((ONE, TWO, THREE), PASSED)
FULL = {
    ONE: {"packets.cause": {"framing": 2}, "packets.length": {"none": 1, "some": 1}},
    TWO: {"packets.cause": {"header": 1}},
}


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "one.toml").write_text(PLAN, encoding="utf-8")
    return load_plan(tmp_path / "plan")


@pytest.fixture
def groups(plan, tmp_path):
    """Covergroups of the plan, whose files lie in ``hits``."""
    of_this_process() and of_this_process().export()
    folder = tmp_path / "hits"
    folder.mkdir()
    (folder / PLAN_FILE).write_text(json.dumps(as_json(plan)), encoding="utf-8")
    return Covergroups(folder)


def states(plan, hits, outcomes=ALL, *, night=False, whole=True):
    found = results(plan, outcomes, hits, night=night, pinned=True, whole=whole)
    return {one.point.name: one.state for one in found}, problem_lines(found, State.UNREACHED)


def without(test, point, name):
    """``FULL`` but for one bin of one test."""
    return {
        each: {p: {b: n for b, n in hits.items() if (each, p, b) != (test, point, name)} for p, hits in points.items()}
        for each, points in FULL.items()
    }


def test_all_that_is_demanded_is_reached(plan):
    found, problems = states(plan, FULL)
    assert found == {"cause": State.REACHED, "length": State.REACHED, "both": State.NOT_DEMANDED} and problems == []


def test_what_is_demanded_by_night_is_missed_by_night(plan):
    found, problems = states(plan, FULL, night=True)
    assert found["both"] is State.UNREACHED
    assert "packets.both (unreached): not reached by a.py::one; no hit of framing × none" in problems[0]


def test_a_bin_of_the_night_is_missed_by_night_alone(tmp_path):
    text = PLAN.replace("bins = { none", 'nightly = ["none"]\nbins = { none')
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    plan, hits = load_plan(tmp_path), without(ONE, "packets.length", "none")
    assert states(plan, hits)[0]["length"] is State.REACHED
    assert states(plan, hits, night=True)[0]["length"] is State.UNREACHED


def test_a_bin_that_no_test_hits_is_told(plan):
    found, problems = states(plan, without(ONE, "packets.length", "none"))
    assert found["length"] is State.UNREACHED and problems == ["packets.length (unreached): no hit of none"]


def test_a_test_that_must_reach_a_point_and_does_not_is_told(plan):
    """Even where another test reaches all of it."""
    hits = {**FULL, TWO: {}, THREE: {"packets.cause": {"header": 5}}}
    found, problems = states(plan, hits)
    assert found["cause"] is State.UNREACHED
    assert problems == ["packets.cause (unreached): not reached by a.py::two; no hit of header"]
    (row, _) = rows(results(plan, ALL, hits, night=False, pinned=True, whole=True))
    assert row[-1] == "1", "a bin that others alone reach is counted apart"


def test_hits_of_a_test_that_failed_do_not_count(plan):
    found, _ = states(plan, FULL, ALL | {TWO: FAILED})
    assert found["cause"] is State.NOT_RUN and found["length"] is State.REACHED
    assert states(plan, FULL, ALL | {TWO: SKIPPED})[0]["cause"] is State.NOT_RUN


def test_a_test_that_is_gone_is_told_in_a_whole_session_alone(plan):
    outcomes = {ONE: PASSED, THREE: PASSED}
    assert states(plan, FULL, outcomes)[1][0].startswith("packets.cause (unreached): no test a.py::two")
    found, problems = states(plan, FULL, outcomes, whole=False)
    assert found["cause"] is State.NOT_RUN and problems == []


def test_a_point_of_chance_is_demanded_at_one_seed(tmp_path):
    (tmp_path / "one.toml").write_text(PLAN.replace("nightly", "pinned"), encoding="utf-8")
    plan = load_plan(tmp_path)
    for pinned, state in ((True, State.UNREACHED), (False, State.NOT_DEMANDED)):
        assert results(plan, ALL, FULL, night=False, pinned=pinned, whole=True)[-1].state is state


def test_hits_go_through_files(plan, groups, tmp_path, monkeypatch):
    monkeypatch.setenv(TEST_VARIABLE, f"{ONE} (call)")
    groups.sample("packets", {"cause": "framing", "length": 0})
    groups.sample("packets", {"cause": "framing", "length": 0})
    groups.sample("packets", {"length": 7, "cause": None})
    groups.sample("packets", {"length": 10})
    groups.export()
    groups.sample("packets", {"cause": "framing", "length": 3})
    groups.export()
    groups.export()
    folder = tmp_path / "hits"
    assert len(list(folder.glob("*.xml"))) == 2
    wanted = {
        "packets.cause": {"framing": 2}, "packets.length": {"none": 1, "some": 2},
        "packets.both": {("framing", "none"): 1, ("framing", "some"): 1},
    }  # fmt: skip
    assert read_hits(folder, [ONE]) == {ONE: wanted}
    assert read_hits(folder, [TWO]) == {}
    merge(plan, folder, [ONE], tmp_path / "merged.xml")
    text = (tmp_path / "merged.xml").read_text(encoding="utf-8")
    assert "bin=\"('framing', 'none')\" hits=\"1\"" in text and 'bin="header" hits="0"' in text


@pytest.mark.parametrize(
    ("group", "values", "told"),
    [
        ("parcels", {"cause": "framing"}, "covergroup parcels is not in the plan"),
        ("packets", {"reason": "framing"}, "covergroup packets has no point reason"),
        ("packets", {"cause": "label"}, "packets.cause has no bin label"),
        ("packets", {"both": "framing"}, "covergroup packets has no point both"),
    ],
)
def test_what_the_plan_lacks_is_an_error(group, values, told, groups):
    with pytest.raises(CoverageError, match=told):
        groups.sample(group, values)


def test_an_open_point_ignores_other_values(tmp_path):
    (tmp_path / "plan").mkdir()
    text = PLAN.replace('bins = ["framing"', 'open = true\nbins = ["framing"')
    (tmp_path / "plan" / "one.toml").write_text(text, encoding="utf-8")
    (tmp_path / PLAN_FILE).write_text(json.dumps(as_json(load_plan(tmp_path / "plan"))), encoding="utf-8")
    Covergroups(tmp_path).sample("packets", {"cause": "of another package"})


def test_nothing_is_collected_unasked(monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    cover("no such covergroup", point="bin")


def test_the_reports_say_the_same(plan):
    found = results(plan, ALL, FULL, night=False, pinned=True, whole=True)
    assert rows(found)[0] == ("packets", "2 (and 1)", "2", "4 (and 3)", "4", "0")
    told = report_json(found, seed=1)
    assert told["seed"] == 1 and told["points"][0]["bins"] == {"framing": 2, "header": 1}
    text = markdown(found, "Coverage")
    assert "| `packets.length` | reached | none 1, some 1 |" in text
    assert len(text_table(found)) == 3
