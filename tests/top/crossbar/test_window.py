"""The weight window of the whole accelerator, refusals, and halting."""

from __future__ import annotations

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.flow.tools.simulator import run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design


def test_window(harness, tmp_path):
    design = load_design("tiny", DesignPoint)
    _, build = harness(design)
    stimulus = stress_stimulus(design, 12, Coefficients.of(design), seed=5)
    write_images(design, stimulus.weights, tmp_path / "images")
    inference = infer(design, stimulus.weights, stimulus.features, stimulus.lengths)
    config = {
        "design": design.model_dump(mode="json"),
        "hidden": stimulus.weights.hidden.tolist(),
        "readout": stimulus.weights.readout.tolist(),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "scores": inference.scores.tolist(),
    }
    result = run(
        build, "remora.tb.crossbar.top_window", config=config, plusargs=[f"+remora_images={tmp_path / 'images'}"]
    )
    assert len(result.tests) == 7
