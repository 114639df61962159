"""Design points of the examples of ``docs/reference/arithmetic.md``, by the names of their fields."""

from __future__ import annotations

import numpy as np

from remora.golden.crossbar.weights import Weights
from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint


def _sections(model: type, fields: dict, renamed: dict[str, tuple[str, str]]) -> dict[str, dict]:
    sections: dict[str, dict] = {}
    for name, value in fields.items():
        found = [
            (section, name)
            for section, field in model.model_fields.items()
            if name in getattr(field.annotation, "model_fields", {})
        ]
        found = [renamed[name]] if name in renamed else found
        assert len(found) == 1, f"{name} is a field of {len(found)} sections"
        sections.setdefault(found[0][0], {})[found[0][1]] = value
    return sections


def point(**fields) -> DesignPoint:
    """A design point whose fields of these names differ from the defaults; one cell lane, ``learning_lanes`` and
    ``learning_reads`` of learning, ``seed`` of learning and ``device_seed``."""
    renamed = {
        "learning_lanes": ("learning", "lanes"), "lanes": ("cell", "lanes"),
        "verify_reads": ("crossbar", "verify_reads"), "learning_reads": ("learning", "verify_reads"),
        "seed": ("learning", "seed"), "device_seed": ("devices", "seed"),
    }  # fmt: skip
    sections = _sections(DesignPoint, {"lanes": 1} | fields, renamed)
    return DesignPoint(name="example", **sections)


def core(**fields) -> BmruDesign:
    """A BMRU design point whose fields of these names differ from the defaults."""
    sections = _sections(BmruDesign, fields, {"seed": ("nonidealities", "seed")})
    sections.setdefault("vote", {}).setdefault("wake_class", min(1, sections.get("network", {}).get("classes", 2) - 1))
    return BmruDesign(name="example", **sections)


small = point(features=1, hidden=1, classes=2, max_steps=2)
one_cell = core(features=1, width=1, blocks=1, classes=1)


def weights_of(design: DesignPoint, hidden=None, readout=None, thresholds=None) -> Weights:
    """Weights, 0 where none are given, and thresholds of 0 and 1 of bistable cells."""
    network = design.network
    given = [
        np.zeros(shape, np.int16) if levels is None else np.array(levels, np.int16).reshape(shape)
        for levels, shape in (
            (hidden, (design.hidden_rows, network.hidden)),
            (readout, (design.readout_rows, network.classes)),
        )
    ]
    if design.capabilities.bistable:
        thresholds = np.array([[0], [1]] if thresholds is None else thresholds, np.int32)
        thresholds = np.broadcast_to(thresholds, (2, network.hidden)).copy()
    return Weights(*given, thresholds)
