"""What tests of the flow share: the command line, and the bundled clips."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from remora.flow import cli
from remora.flow.systems.bmru.networks import load_clips
from remora.golden.data.idx import DATA_VARIABLE
from remora.golden.data.keywords import KeywordSet


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
