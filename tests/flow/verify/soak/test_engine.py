"""What runs points holds a build while the design point stays."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from remora.flow.tools.simulator import SimulatorError
from remora.flow.verify.soak import engine
from remora.flow.verify.soak.engine import Outcome, Runner
from remora.flow.verify.soak.soaker import SoakPoint

SOAKER: Any = None
POINT = SoakPoint("crossbar", {"name": "a"}, {"seed": 1})


def test_a_build_is_held_while_the_design_point_stays(monkeypatch):
    events: list[str] = []

    @contextmanager
    def built(soaker, point, alter):
        events.append(f"build {point.design['name']}")
        yield point.design["name"]
        events.append(f"remove {point.design['name']}")

    def driven(soaker, point, build):
        events.append(f"run {point.traffic['seed']} on {build}")
        return Outcome(cycles=1)

    monkeypatch.setattr(engine, "soak_build", built)
    monkeypatch.setattr(engine, "soak_run", driven)
    with Runner(SOAKER) as run:
        for name, seed in (("a", 1), ("a", 2), ("b", 3), ("a", 4)):
            run(replace(POINT, design={"name": name}, traffic={"seed": seed}))
    assert events == [
        "build a", "run 1 on a", "run 2 on a", "remove a", "build b", "run 3 on b", "remove b", "build a", "run 4 on a",
        "remove a",
    ]  # fmt: skip


def test_a_design_point_that_cannot_be_built_fails_in_every_run(monkeypatch):
    def refuses(soaker, point, alter):
        raise SimulatorError("it does not build")

    monkeypatch.setattr(engine, "soak_build", refuses)
    with Runner(SOAKER) as run:
        assert [run(POINT).kind for _ in range(2)] == ["build", "build"]
