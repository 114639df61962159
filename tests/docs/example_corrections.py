"""What the examples of the rules of corrections call: small chips whose converters are off."""

from __future__ import annotations

from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import Injected, inject
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import Defect, Finding
from tests.docs.example_points import weights_of


def offset_codes(design: DesignPoint, codes: list[list[float]]) -> tuple[list[int], ...]:
    """r of both layers, of converters that are off by so many codes."""
    weights = weights_of(design)
    state = DeviceState.fresh(Chip.of(design), (weights.hidden, weights.readout))
    off = [
        Injected(Finding(Defect.OFFSET, layer, 0, 0, column), code)
        for layer, columns in zip(Layer, codes, strict=True)
        for column, code in enumerate(columns)
    ]
    chip, state = inject(Chip.of(design), state, off)
    state.calibrate(design, chip)
    assert state.offsets
    return tuple(each.tolist() for each in state.offsets)


def fresh_offsets(design: DesignPoint) -> tuple[tuple[list[int], ...], tuple[int, int]]:
    """r of both layers of a fresh chip, and its probes."""
    weights = weights_of(design)
    state = DeviceState.of(design, (weights.hidden, weights.readout))
    assert state.offsets
    return tuple(each.tolist() for each in state.offsets), state.probes
