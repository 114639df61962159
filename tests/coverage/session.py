"""Functional coverage of a pytest session: collects hits test by test, merges them at the end, and tells.

A session that was asked for every test fails where a point of the plan is not reached. Any other tells what it reached,
and never fails for that. `tests/conftest.py` names this module as a plugin.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

import pytest

from remora.flow.tools.simulator import DEFAULT_SEED, default_seed
from remora.flow.verify.run import LISTENERS, Found, RunCase
from remora.spec.lib.files import write_text
from remora.tb.lib.coverage import FOLDER_VARIABLE, PLAN_FILE, covergroups
from tests.coverage.plan import FILES, as_json, load_plan
from tests.coverage.report import as_json as report_json
from tests.coverage.report import markdown, problem_lines, text_table
from tests.coverage.verdict import FAILED, PASSED, SKIPPED, Result, State, merge, read_hits, results
from tests.junit import add_case

REPORTS = Path("build") / "coverage"
"""Folder of ``functional.json``, ``.md`` and ``.xml``, below the root."""
NIGHT_VARIABLE = "REMORA_NIGHTLY"
NARROWING = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")
"""Options of pytest that leave tests out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Another plan, for tests of this module."""
    parser.addini("coverage_plan", "folder of the plan of functional coverage", default=str(FILES))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to collect; a pytest within a test of another does not."""
    if hasattr(config, "workerinput"):
        LISTENERS.append(_sample)
    elif FOLDER_VARIABLE not in os.environ and not config.option.collectonly:
        LISTENERS.append(_sample)
        config.pluginmanager.register(Collector(config))


def _sample(case: RunCase, found: Found) -> None:
    # Imported late: it needs both systems, which a session without a run does not.
    from tests.coverage.runs import sample_run

    sample_run(case, found)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write what this process hit in a test."""
    found = covergroups()
    if found:
        found.export()


class Collector:
    """Of the process that reports: outcomes of tests, and at the end the verdict.

    Attributes:
        outcomes: by node id. ``results``: of every point, at the end.
        whole: every test was asked for and none was left out. ``seconds``: that merging took.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.plan = load_plan(Path(config.getini("coverage_plan")))
        self._config, self._folder = config, Path(tempfile.mkdtemp(prefix="remora-coverage-"))
        self.outcomes: dict[str, str] = {}
        self.results: list[Result] = []
        self.whole, self.seconds = False, 0.0
        write_text(self._folder / PLAN_FILE, json.dumps(as_json(self.plan)))
        # Workers and simulations inherit it.
        os.environ[FOLDER_VARIABLE] = str(self._folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the worst outcome of a test's phases."""
        worst = (PASSED, SKIPPED, FAILED)
        self.outcomes[report.nodeid] = max(self.outcomes.get(report.nodeid, PASSED), report.outcome, key=worst.index)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Merge, write the reports, and fail a whole session in which a point was not reached."""
        began = perf_counter()
        night, seed = os.environ.get(NIGHT_VARIABLE) == "1", default_seed()
        self.whole = is_whole(self._config) and not (session.shouldstop or session.shouldfail)
        passed = [test for test, outcome in self.outcomes.items() if outcome == PASSED]
        hits = read_hits(self._folder, passed)
        if not hits and not self.whole:
            return
        self.results = results(
            self.plan, self.outcomes, hits, night=night, pinned=seed == DEFAULT_SEED, whole=self.whole
        )
        target = self._config.rootpath / REPORTS
        merge(self.plan, self._folder, passed, target / "functional.xml")
        told = report_json(self.results, whole=self.whole, night=night, seed=seed, tests=len(self.outcomes))
        write_text(target / "functional.json", json.dumps(told, indent=1) + "\n")
        write_text(target / "functional.md", markdown(self.results, "Functional coverage"))
        self.seconds = perf_counter() - began
        if self.whole:
            self._demand(session)

    def _demand(self, session: pytest.Session) -> None:
        """Write a JUnit case for each point that was reached or missed; one that was missed fails the session."""
        for one in self.results:
            if one.state in (State.REACHED, State.UNREACHED):
                failure = "; ".join(one.problems) if one.state is State.UNREACHED else None
                add_case(f"{REPORTS}::{one.point.path}", failure)
        if problem_lines(self.results, State.UNREACHED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table, and what is missing."""
        shown = [one for one in self.results if self.whole or any(one.hits.values())]
        if not shown:
            return
        write = terminalreporter.line
        terminalreporter.section(f"functional coverage{'' if self.whole else ' of these tests'}")
        for line in text_table(shown):
            write(line)
        bad = problem_lines(shown, State.UNREACHED)
        for line in bad:
            write(line, red=True)
        for line in problem_lines(shown, State.NOT_RUN):
            write(line)
        write(f"{REPORTS}/functional.json, .md and .xml; merged in {self.seconds:.1f} s")
        if self.whole and bad:
            write(f"{len(bad)} points are not reached, so the regression fails", red=True)

    def pytest_unconfigure(self) -> None:
        """Remove the hits."""
        os.environ.pop(FOLDER_VARIABLE, None)
        shutil.rmtree(self._folder, ignore_errors=True)


def is_whole(config: pytest.Config) -> bool:
    """Whether a session was asked for every test."""
    narrowed = any(getattr(config.option, name, None) for name in NARROWING)
    return list(config.args) == list(config.getini("testpaths")) and not narrowed
