"""Every bit of the settings of what the crossbar tiles do, where no tile hangs."""

from __future__ import annotations

from remora.flow.tools.simulator import run
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.top.crossbar.known_run import known_run


def test_every_bit_of_stretches_and_limits(harness, tmp_path):
    design = load_design("tiny", DesignPoint)
    _, build = harness(design)
    config, images = known_run(design, 12, tmp_path)
    result = run(build, "remora.tb.crossbar.bring_up.top_settings", config=config, plusargs=[images], run_dir=tmp_path)
    assert len(result.tests) == 3
