"""The regression's JUnit report has a case for every cocotb test, whoever ran it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
TESTS = """
import pytest
from remora.flow.tools.simulator import LISTENERS, TestCase

def ran(*tests):
    for listen in LISTENERS:
        listen("tb.test_block", tests)

@pytest.fixture(scope="session")
def shared():
    ran(TestCase("shared", None, 0.5))

def test_two(shared):
    ran(TestCase("good", None, 0.25), TestCase("bad", "3 is not 4", 0.0))
    raise ValueError("1 of 2 tests failed")

def test_one(shared):
    ran(TestCase("good", None, 0.125))

def test_none(): pass
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_every_cocotb_test_is_a_case(workers, tmp_path):
    (tmp_path / "test_inner.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "tests.junit", "--rootdir", tmp_path]
    command += ["--confcutdir", tmp_path, "--junitxml", tmp_path / "junit.xml", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot().find("testsuite")
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    own = {name: case for name, case in cases.items() if name.startswith("tb.")}
    assert len(cases) == len(list(suite.iter("testcase"))) - 1, "one name is there twice, of two tests"
    assert set(own) == {"tb.test_block.shared", "tb.test_block.good", "tb.test_block.bad"}
    assert own["tb.test_block.bad"].find("failure").get("message") == "3 is not 4"
    assert own["tb.test_block.good"].find("failure") is None and float(own["tb.test_block.shared"].get("time")) == 0.5
    assert (suite.get("tests"), suite.get("failures")) == ("7", "2")
