"""Harnesses that the tests of the whole accelerator share: each design point is generated and built once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.systems.bmru.harness import build_bmru_harness
from remora.flow.systems.crossbar.harness import build_harness
from remora.flow.systems.registry import generate
from remora.flow.tools.simulator import Build
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.section import Design


@pytest.fixture(scope="session")
def harness(tmp_path_factory) -> Callable[[Design], tuple[Generated, Build]]:
    """The generated design, of either kind, and its harness."""
    made: dict[str, tuple[Generated, Build]] = {}

    def make(design: Design) -> tuple[Generated, Build]:
        if design.hash not in made:
            generated = generate(design, tmp_path_factory.mktemp(design.hash))
            build = build_bmru_harness if isinstance(design, BmruDesign) else build_harness
            made[design.hash] = generated, build(generated, optimise="build")
        return made[design.hash]

    return make
