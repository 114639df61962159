"""The regression's JUnit report: a case for every cocotb test beside that of the pytest test that ran it.

`tests/conftest.py` takes the hooks; they do nothing where no report is asked for by ``--junitxml``.
"""

from __future__ import annotations

from dataclasses import asdict

import pytest
from _pytest.junitxml import LogXML, xml_key

from remora.flow.tools.simulator import LISTENERS, TestCase

PROPERTY = "cocotb tests"
"""What carries the cocotb tests from a worker to the process that writes the report."""
_ran: list[dict] = []
_reports: list[LogXML] = []


def _listen(module: str, tests: tuple[TestCase, ...]) -> None:
    _ran.extend(asdict(test) | {"name": f"{module}.{test.name}"} for test in tests)


LISTENERS.append(_listen)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Find the report, which only the process that writes it has."""
    report = config.stash.get(xml_key, None)
    _reports[:] = [report] if report else []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Hand the cocotb tests over that ran in a test or in a fixture that it set up."""
    report = yield
    if call.when == "teardown" and _ran:
        report.user_properties.append((PROPERTY, list(_ran)))
        _ran.clear()
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a case for each of them."""
    for xml in _reports:
        found = [value for name, value in report.user_properties if name == PROPERTY]
        report.user_properties = [one for one in report.user_properties if one[0] != PROPERTY]
        for test in (test for tests in found for test in tests):
            for when in ("call", "teardown"):
                xml.pytest_runtest_logreport(_case(report, test, when))


def add_case(name: str, failure: str | None) -> None:
    """Write a case that is no test of pytest, such as a point of functional coverage; passed where ``failure`` is None.

    Args:
        name: as a node id.
    """
    whole = pytest.TestReport(name, ("", None, name), {}, "passed", None, "call")
    for xml in _reports:
        for when in ("call", "teardown"):
            xml.pytest_runtest_logreport(_case(whole, {"name": "", "failure": failure, "seconds": 0.0}, when))


def _case(report: pytest.TestReport, test: dict, when: str) -> pytest.TestReport:
    failed = when == "call" and test["failure"] is not None
    return pytest.TestReport(
        nodeid=f"{report.nodeid}::{test['name']}" if test["name"] else report.nodeid,
        location=report.location,
        keywords={},
        outcome="failed" if failed else "passed",
        longrepr=test["failure"] if failed else None,
        when=when,
        duration=test["seconds"] if when == "call" else 0.0,
    )
