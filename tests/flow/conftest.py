"""The clips that ship."""

from __future__ import annotations

import pytest

from flow.keywords.networks import load_clips
from golden.idx import DATA_VARIABLE
from golden.keywords import KeywordSet


@pytest.fixture
def excerpt(monkeypatch) -> None:
    """No larger data is to be found."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


@pytest.fixture
def clips(excerpt) -> KeywordSet:
    """All clips of the excerpt."""
    return load_clips()
