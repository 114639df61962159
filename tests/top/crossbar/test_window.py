"""The weight window of the whole accelerator, refusals, and halting."""

from __future__ import annotations

from remora.flow.tools.simulator import run
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.top.crossbar.known_run import known_run


def test_window(harness, tmp_path):
    design = load_design("tiny", DesignPoint)
    _, build = harness(design)
    config, images = known_run(design, 12, tmp_path)
    result = run(build, "remora.tb.crossbar.top_window", config=config, plusargs=[images])
    assert len(result.tests) == 7
