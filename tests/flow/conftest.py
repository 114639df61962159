"""What tests of the flow share: the command line, the bundled clips, and the standard cells."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from remora.flow import cli
from remora.flow.systems.bmru.networks import load_clips
from remora.flow.tools.opensta import find_cells, find_opensta
from remora.golden.data.idx import DATA_VARIABLE
from remora.golden.data.keywords import KeywordSet
from remora.spec.lib.errors import RemoraError
from tests.support import missing_tool


@pytest.fixture
def remora(capsys):
    """Runs a command line; returns its exit code, output and errors."""

    def call(*arguments: str) -> SimpleNamespace:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return SimpleNamespace(code=caught.value.code or 0, out=captured.out, err=captured.err)

    return call


@pytest.fixture
def excerpt(monkeypatch) -> None:
    """No larger data is to be found."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


@pytest.fixture
def clips(excerpt) -> KeywordSet:
    """All clips of the excerpt."""
    return load_clips()


@pytest.fixture(scope="session")
def cells() -> Path:
    """Liberty of the standard cells; without it or OpenSTA the test is skipped, or fails in continuous integration."""
    try:
        find_opensta()
        return find_cells()
    except RemoraError as error:
        missing_tool(str(error))
