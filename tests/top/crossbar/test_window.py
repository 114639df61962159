"""The weight window of the whole accelerator, refusals, and halting."""

from __future__ import annotations

import pytest

from remora.flow.tools.simulator import run
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.top.crossbar.bring_up.hanging_tiles import DESIGN_POINTS
from tests.top.crossbar.known_run import known_run


def test_window(harness, tmp_path):
    check(load_design("tiny", DesignPoint), harness, tmp_path)


@pytest.mark.nightly
def test_window_of_several_contexts(harness, tmp_path):
    """And of several tiles with two integrators."""
    check(DESIGN_POINTS["integrators"], harness, tmp_path)


def check(design, harness, tmp_path) -> None:
    _, build = harness(design)
    config, images = known_run(design, 12, tmp_path)
    result = run(build, "remora.tb.crossbar.top_window", config=config, plusargs=[images])
    assert len(result.tests) == 7
