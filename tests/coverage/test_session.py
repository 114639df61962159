"""A session of pytest: red where a point is not reached of all tests, never for that reason of a few."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from remora.tb.lib.coverage import FOLDER_VARIABLE, TEST_VARIABLE
from tests.coverage.plan import ROOT

PLAN = """
[packets]
about = "packets"
contract = "docs/reference/contracts.md#packets"
[packets.points.cause]
about = "cause"
bins = ["framing", "header"]
tests = ["tests/test_it.py::test_one", "tests/test_it.py::test_two"]
[packets.points.length]
about = "steps"
bins = { none = [0, 0], some = [1, 9] }
tests = ["tests/test_it.py::test_one"]
"""
TESTS = """
import subprocess, sys
from remora.tb.lib.coverage import cover

def test_one():
    cover("packets", cause="framing", length=0)
    cover("packets", length=5)

def test_two():
    # As a simulation does, in a process of its own.
    code = "from remora.tb.lib.coverage import cover; cover('packets', cause='header')"
    subprocess.run([sys.executable, "-c", code], check=True)

def test_three():
    cover("packets", cause="header", length=1)
"""
REPORT = Path("build/coverage/functional.json")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "one.toml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(TESTS, encoding="utf-8")
    ini = "[pytest]\ntestpaths = tests\ncoverage_plan = plan\naddopts = -p tests.coverage.session\n"
    (tmp_path / "pytest.ini").write_text(ini, encoding="utf-8")
    return tmp_path


def session(project: Path, *arguments: str) -> tuple[int, str, dict]:
    """Exit status, output and report of a pytest in the project."""
    kept = {name: value for name, value in os.environ.items() if name not in (FOLDER_VARIABLE, TEST_VARIABLE)}
    environment = {**kept, "PYTHONPATH": str(ROOT), "REMORA_NIGHTLY": "0", "COCOTB_RANDOM_SEED": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    report = project / REPORT
    return done.returncode, done.stdout + done.stderr, json.loads(report.read_text()) if report.is_file() else {}


def drop(project: Path, line: str) -> None:
    """Leave a line out of the tests."""
    path = project / "tests" / "test_it.py"
    text = path.read_text(encoding="utf-8")
    assert line in text
    path.write_text(text.replace(line, "pass"), encoding="utf-8")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_plan_that_is_reached_is_green(workers, project):
    status, output, report = session(project, "-n", workers)
    assert status == 0, output
    assert report["whole"] and {one["state"] for one in report["points"]} == {"reached"}
    assert report["points"][0]["bins"] == {"framing": 1, "header": 1}
    assert report["points"][0]["other_tests"] == {"header": 1}
    assert "functional coverage" in output and "all" in output
    assert (project / REPORT).with_suffix(".xml").is_file() and (project / REPORT).with_suffix(".md").is_file()


def test_a_point_that_loses_its_traffic_is_red(project):
    drop(project, 'cover("packets", length=5)')
    status, output, report = session(project, "-p", "tests.junit", "--junitxml", "junit.xml")
    assert status == 1 and "packets.length (unreached): no hit of some" in output
    assert "3 passed" in output and report["points"][1]["state"] == "unreached"
    suite = ElementTree.parse(project / "junit.xml").getroot().find("testsuite")
    cases = {case.get("name"): case.find("failure") for case in suite.iter("testcase")}
    assert cases["packets.cause"] is None and cases["packets.length"].get("message") == "no hit of some"
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")


def test_a_named_test_that_does_not_reach_its_point_is_red(project):
    """Though another test does."""
    (project / "tests" / "test_it.py").write_text(TESTS.replace("cause='header'", "length=1"), encoding="utf-8")
    status, output, _ = session(project)
    assert status == 1
    assert "packets.cause (unreached): not reached by tests/test_it.py::test_two; no hit of header" in output


def test_a_test_that_is_gone_is_red(project):
    path = project / "tests" / "test_it.py"
    path.write_text(path.read_text(encoding="utf-8").replace("test_two", "test_2"), encoding="utf-8")
    status, output, _ = session(project)
    assert status == 1 and "no test tests/test_it.py::test_two" in output


@pytest.mark.parametrize(
    "asked", [("-k", "one"), ("tests/test_it.py::test_one",), ("--deselect", "tests/test_it.py::test_two")]
)
def test_a_session_of_some_tests_is_never_red(asked, project):
    drop(project, 'cover("packets", length=5)')
    status, output, report = session(project, *asked)
    assert status == 0, output
    assert not report["whole"] and "packets.length (unreached): no hit of some" in output


def test_what_the_plan_lacks_fails_the_test(project):
    drop(project, 'cover("packets", length=5)')
    path = project / "tests" / "test_it.py"
    path.write_text(path.read_text(encoding="utf-8").replace("pass", 'cover("packets", width=5)'), encoding="utf-8")
    status, output, _ = session(project)
    assert status == 1 and "CoverageError: covergroup packets has no point width" in output


def test_hits_of_a_failing_test_do_not_count(project):
    path = project / "tests" / "test_it.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\ndef test_four():\n    raise ValueError\n", encoding="utf-8")
    drop(project, 'cover("packets", length=5)')
    text = path.read_text(encoding="utf-8").replace("raise ValueError", 'cover("packets", length=5); raise ValueError')
    path.write_text(text, encoding="utf-8")
    status, _, report = session(project)
    assert status == 1 and report["points"][1]["other_tests"] == {"some": 1}
