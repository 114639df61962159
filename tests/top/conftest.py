"""Harnesses that the tests of the whole accelerator share: each design point is built once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.systems.registry import system_of
from remora.flow.tools.simulator import Build
from remora.flow.verify.harness import Written, build_harness
from remora.spec.lib.section import Design
from tests.support import generated_copy


@pytest.fixture(scope="session")
def harness(tmp_path_factory) -> Callable[..., tuple[Generated, Build]]:
    """The generated design, of any kind, and its harness, in which a bench may write what is in ``written``."""
    made: dict[tuple[str, bool, str], tuple[Generated, Build]] = {}

    def make(design: Design, written: Written | None = None) -> tuple[Generated, Build]:
        # Chips of real devices share a harness, which hands them the keys of their samples.
        devices = getattr(design, "devices", None)
        key = design.hash, devices is None or devices.ideal, str(written)
        if key not in made:
            generated = generated_copy(design, tmp_path_factory.mktemp(design.hash))
            build = build_harness(generated, system_of(design).harness, written=written, optimise="build")
            made[key] = generated, build
        return made[key]

    return make
