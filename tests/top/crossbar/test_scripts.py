"""Scripts of register accesses, by the master and played beside the design."""

from __future__ import annotations

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import run
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design


def test_scripts(harness, tmp_path):
    design = load_design("tiny", DesignPoint)
    _, build = harness(design)
    write_images(design, random_weights(design, 1), tmp_path / "images")
    path = tmp_path / "registers.bin"
    config = {"design": design.model_dump(mode="json"), "registers": str(path)}
    arguments = [f"+remora_images={tmp_path / 'images'}", f"+remora_registers={path}"]
    result = run(build, "remora.tb.crossbar.top_scripts", config=config, plusargs=arguments)
    assert len(result.tests) == 4
