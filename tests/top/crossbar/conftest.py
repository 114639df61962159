"""Builds that several tests of crossbar accelerators share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remora.flow.tools.simulator import Build
from tests.support import generated_copy
from tests.top.crossbar.bring_up.hanging_tiles import DESIGN_POINTS, build_hanging


@pytest.fixture(scope="session")
def build_of(tmp_path_factory) -> Callable[[str], Build]:
    """Each of the design points, built once with tiles that hang as they are told."""
    made: dict[str, Build] = {}

    def make(name: str) -> Build:
        if name not in made:
            made[name] = build_hanging(generated_copy(DESIGN_POINTS[name], tmp_path_factory.mktemp(name)))
        return made[name]

    return make


@pytest.fixture(params=["three", "learns"])
def hanging(request, build_of) -> tuple[str, Build]:
    """Name and build of the design points that a test asks for: one with several contexts, and one that learns."""
    return request.param, build_of(request.param)
