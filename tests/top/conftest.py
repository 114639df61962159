"""Harnesses that the tests of the whole accelerator share: each design point is generated and built once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flow.generate import Generated, generate
from flow.harness import build_harness
from flow.simulator import Build
from spec.design import DesignPoint


@pytest.fixture(scope="session")
def harness(tmp_path_factory) -> Callable[[DesignPoint], tuple[Generated, Build]]:
    """The generated design and its harness."""
    made: dict[str, tuple[Generated, Build]] = {}

    def make(design: DesignPoint) -> tuple[Generated, Build]:
        if design.hash not in made:
            generated = generate(design, tmp_path_factory.mktemp(design.hash))
            made[design.hash] = generated, build_harness(generated)
        return made[design.hash]

    return make
