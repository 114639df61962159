"""The gain of each layer that undoes what a chip has drifted by, as two of its self-tests tell it."""

from __future__ import annotations

from dataclasses import replace

from remora.flow.experiments.learners import ChipLearner
from remora.golden.devices.chip import Chip
from remora.golden.devices.gain_drift import gain_of
from remora.golden.devices.self_test import SelfTestResult, self_test
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import threshold_for


def weigh(design: DesignPoint, learner: ChipLearner) -> SelfTestResult | None:
    """A self-test of a chip that pulses nothing, and counts no probe; None where devices are ideal."""
    devices = learner.devices
    if devices is None:
        return None
    return self_test(design, Chip.of(design), devices, threshold_for(design), pulses=False)


def with_gains(
    design: DesignPoint, learner: ChipLearner, before: SelfTestResult | None
) -> tuple[ChipLearner, dict[str, int]]:
    """The chip with gains that bring its layers back to what they were, and these gains in 2^−12.

    Args:
        before: what `weigh` gave then; where None, the chip stays as it is.
    """
    now = weigh(design, learner)
    if before is None or now is None:
        return learner, {}
    gains = {f"{layer.name.lower()}_gain": gain_of(design, layer, before, now) for layer in Layer}
    state = learner.checkpoint()
    coefficients = replace(state.coefficients, **gains)
    return ChipLearner.of(design.evolve(crossbar={"gain": True}), replace(state, coefficients=coefficients)), gains
