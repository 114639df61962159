"""A run whose answers are known: its configuration for a test on cocotb, and the memory images that it starts from."""

from __future__ import annotations

from pathlib import Path

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.spec.crossbar.design import DesignPoint


def known_run(design: DesignPoint, sequences: int, folder: Path) -> tuple[dict, str]:
    """The configuration, with weights in levels, features, lengths and scores, and the plusarg of the images.

    ``parts`` are the scores of every part of each answer: of every step where every step is read out, else of the last.

    Args:
        folder: in which the images are written.
    """
    stimulus = stress_stimulus(design, sequences, Coefficients.of(design), seed=5)
    images = folder / "images"
    write_images(design, stimulus.weights, images)
    inference = infer(design, stimulus.weights, stimulus.features, stimulus.lengths)
    parts = inference.scores[:, None] if inference.step_scores is None else inference.step_scores
    config = {
        "design": design.model_dump(mode="json"),
        "hidden": stimulus.weights.hidden.tolist(),
        "readout": stimulus.weights.readout.tolist(),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "scores": inference.scores.tolist(),
        "parts": [each[:length].tolist() for each, length in zip(parts, stimulus.lengths, strict=True)],
    }
    return config, f"+remora_images={images}"
