"""Fixtures of the golden tests."""

from __future__ import annotations

import pytest

from remora.spec.crossbar.design import DesignPoint
from tests.golden.designs import DESIGNS


@pytest.fixture(params=DESIGNS)
def design(request) -> DesignPoint:
    """Every design point of `DESIGNS` in turn."""
    return DESIGNS[request.param]


@pytest.fixture
def tiny() -> DesignPoint:
    """Odd sizes, several tiles."""
    return DESIGNS["tiny"]
