"""The plan of functional coverage: it can be read, names what exists, and a wrong one is refused."""

from __future__ import annotations

import ast
import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from remora.spec.bmru.frames import FrameDrop
from remora.spec.crossbar.cycles import Stretch
from remora.spec.crossbar.memories import HostMemory
from remora.spec.crossbar.self_test.plan import HARDWARE_CLASSES
from remora.spec.devices.section import NON_IDEALITIES
from remora.spec.lib.packets import Drop
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.coverage.plan import ROOT, PlanError, load_plan, missing_contracts, missing_tests, names_test, points_of

GOOD = """
[packets]
about = "packets"
contract = "docs/reference/contracts.md#packets"
[packets.points.cause]
about = "cause"
bins = ["framing", "header"]
tests = ["tests/coverage/test_plan.py"]
[packets.points.length]
about = "steps"
bins = { none = [0, 0], some = [1, 9] }
tests = ["tests/coverage/test_plan.py::test_tests_and_contracts_exist"]
[packets.points.both]
cross = ["cause", "length"]
ignore = [["header", "none"]]
tests = ["tests/coverage"]
"""
LAYERS = ("tb", "tests")
CALLED = re.compile(r"\bcover\(")


def written(folder: Path, text: str) -> Path:
    """A folder with a plan of one file."""
    (folder / "one.toml").write_text(text, encoding="utf-8")
    return folder


def covers(root: Path = ROOT) -> Iterator[tuple[str, set[str]]]:
    """Covergroup and points of every call of ``cover`` whose covergroup is written out."""
    for path in (path for layer in LAYERS for path in sorted((root / layer).rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        if "tests/coverage/test_" in path.as_posix() or not CALLED.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name(id="cover"), args=[ast.Constant(value=str(group))], keywords=keywords):
                    yield group, {each.arg for each in keywords if each.arg}


def test_tests_and_contracts_exist():
    plan = load_plan()
    assert missing_tests(plan) == [] and missing_contracts(plan) == []
    points = points_of(plan)
    print(f"{len(plan)} features, {len(points)} points, {sum(len(point.bins) for point in points)} bins")
    assert len(plan) > 20 and len(points) > 100


def test_every_point_is_sampled_somewhere_and_no_other():
    plan, sampled = load_plan(), {}
    for group, points in covers():
        sampled.setdefault(group, set()).update(points)
    assert sampled.keys() == plan.keys()
    unknown = {}
    for group, points in sampled.items():
        plain = {name for name, point in plan[group].points.items() if not point.cross}
        unknown |= {group: points - plain} if points - plain else {}
    assert unknown == {}, "what a testbench samples must be in the plan"


def test_what_a_plan_says_is_read(tmp_path):
    points = load_plan(written(tmp_path, GOOD))["packets"].points
    assert points["both"].bins == (("framing", "none"), ("framing", "some"), ("header", "some"))
    assert points["length"].ranges == {"none": (0, 0), "some": (1, 9)} and points["both"].about == "cause × steps"
    assert not points["cause"].nightly and not points["cause"].pinned


def test_bins_of_the_night_are_those_of_crosses_too(tmp_path):
    text = GOOD.replace('bins = ["framing"', 'nightly = ["header"]\nbins = ["framing"')
    points = load_plan(written(tmp_path, text))["packets"].points
    assert points["cause"].nightly == ("header",) and points["both"].nightly == (("header", "some"),)
    with pytest.raises(PlanError, match="are no bins of it"):
        load_plan(written(tmp_path, text.replace('["header"]\n', '["heading"]\n')))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('about = "cause"\n', "", "packets.cause: no about"),
        ("cross =", "crosses =", "unknown key crosses"),
        ('"header"]\ntests', '"framing"]\ntests', "listed twice"),
        ("[1, 9]", "[9, 1]", "its range is empty"),
        ('cross = ["cause", "length"]', 'cross = ["cause", "width"]', "no ordinary point width"),
        ('[["header", "none"]]', '[["header", "many"]]', "is no bin of it"),
        ("points.both", "points.combined", "without the letters 'bin'"),
        ('tests = ["tests/coverage"]', "tests = []", "no test must reach it"),
        ('contract = "docs/reference/contracts.md#packets"\n', "", "packets: no contract"),
    ],
)
def test_a_wrong_plan_is_refused(old, new, told, tmp_path):
    assert old in GOOD
    with pytest.raises(PlanError, match=re.escape(told)):
        load_plan(written(tmp_path, GOOD.replace(old, new, 1)))


def test_a_feature_stands_in_one_file(tmp_path):
    (written(tmp_path, GOOD) / "two.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(PlanError, match="stands in another file too"):
        load_plan(tmp_path)


def test_what_is_named_and_does_not_exist_is_found(tmp_path):
    text = GOOD.replace("#packets", "#parcels").replace("test_tests_and_contracts_exist", "test_nothing")
    plan = load_plan(written(tmp_path, text.replace('["tests/coverage"]', '["tests/cover"]')))
    assert missing_tests(plan) == [
        "packets.length: tests/coverage/test_plan.py::test_nothing",
        "packets.both: tests/cover",
    ]
    assert missing_contracts(plan) == ["packets: docs/reference/contracts.md#parcels"]


@pytest.mark.parametrize(
    ("entry", "named"),
    [("tests/a", True), ("tests/a/b.py", True), ("tests/a/b.py::c", True), ("tests/a/b.py::c[1]", True),
     ("tests/a/b", False), ("tests/a/b.py::c[2]", False), ("tests/a/b.py::", False)],
)  # fmt: skip
def test_an_entry_names_its_tests(entry, named):
    assert names_test(entry, "tests/a/b.py::c[1]") == named


def test_the_plan_has_all_that_the_contract_has():
    plan = load_plan()

    def bins(feature: str, point: str) -> set[str]:
        return set(plan[feature].points[point].bins)

    def small(kind) -> set[str]:
        return {member.name.lower() for member in kind}

    designs = [load_design(name, Design) for name in ("tiny", "kws")]
    designs[0] = designs[0].evolve(
        learning={"enabled": True, "replay_capacity": 3, "healing": True},
        crossbar={"self_test": True, "calibrate_offsets": True}, system={"parity": True},
    )  # fmt: skip
    causes = {field.name for design in designs for field in register_map(design)["INTERRUPT_STATUS"].fields}
    assert bins("interrupts", "source") == causes
    assert bins("devices", "effect") == set(NON_IDEALITIES)
    assert bins("packets", "cause") == small(Drop) and bins("bmru_frames", "cause") == small(FrameDrop)
    assert bins("memory_window", "memory") == small(HostMemory) and bins("self_test", "finding") == small(
        HARDWARE_CLASSES
    )
    assert bins("stretches", "what") == {field.name for field in dataclasses.fields(Stretch)}
    assert bins("timeouts", "cause") == {field.name for field in register_map(designs[0])["MACRO_STATUS"].fields}


def test_every_file_of_the_plan_says_what_it_is_about():
    for path in sorted((Path(__file__).parent / "plan").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# ") and tomllib.loads(text)
