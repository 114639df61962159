"""Planes and gains in the self-test: what errs by 5 % is found, and nothing else. Rules S9 to S14."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import Injected, check_defects, found_of, inject, random_defects, random_drift
from remora.golden.devices.gain_drift import drifted, gain_of, unweighed
from remora.golden.devices.self_test import self_test
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import MOST_PULSES, Defect, Finding, threshold_for
from remora.spec.devices.model import ticks
from remora.spec.presets import load_design
from tests.golden.devices.test_self_test import NOISY, chip_of

MNIST = load_design("mnist", DesignPoint).evolve(crossbar={"self_test": True}, devices=NOISY)


@pytest.mark.parametrize(("maps", "planes", "gains"), [(2, 1, 6), pytest.param(20, 21, 61, marks=pytest.mark.nightly)])
def test_maps(maps, planes, gains):
    """Stuck devices and offsets, and planes and gains that err by 5 to 25 %: all are found, within a million cycles.

    Rules S4 to S13.
    """
    seen, cycles = dict.fromkeys(Defect, 0), []
    for seed in range(1, maps + 1):
        design = MNIST.evolve(devices={"seed": seed})
        made = Chip.of(design)
        drifts = random_drift(made, seed)
        chip, state, injected = chip_of(design, random_defects(made, seed, 0.01), seed)
        before = self_test(design, chip, state, threshold_for(design), pulses=False)
        chip, state = inject(chip, state, drifts)
        result = self_test(design, chip, state, threshold_for(design))
        told, hidden = list(result.findings), unweighed(design, result)
        for layer in Layer:
            found, unjudged = drifted(design, layer, before, result)
            told, hidden = told + found, hidden + unjudged
            assert 4000 < gain_of(design, layer, before, result) < 4200
        outcome = found_of(chip, [*injected, *drifts], told, hidden)
        assert outcome.missed + outcome.false_alarms == [] and result.most <= MOST_PULSES
        cycles.append(result.cycles(design))
        for finding in outcome.found:
            seen[finding.defect] += 1
    assert seen[Defect.STUCK] > 250 * maps and seen[Defect.PLANE] >= planes and seen[Defect.GAIN] >= gains, seen
    assert max(cycles) <= 1_000_000


@pytest.mark.parametrize(("error", "found"), [(0.05, True), (-0.05, True), (0.03, False), (-0.03, False)])
def test_the_margin_lies_between_three_and_five_percent(error, found):
    """Rules S11 and S13."""
    plane = Injected(Finding(Defect.PLANE, Layer.HIDDEN, 0, 0, 3), error)
    gain = Injected(Finding(Defect.GAIN, Layer.READOUT, 0, 0, 4), error)
    chip, state, _ = chip_of(MNIST, [plane])
    before = self_test(MNIST, chip, state, threshold_for(MNIST), pulses=False)
    assert not before.pulses and before.cycles(MNIST) < 300_000
    assert [each for each in before.findings if each.defect is Defect.PLANE] == [plane.finding] * found
    chip, state = inject(chip, state, [gain])
    now = self_test(MNIST, chip, state, threshold_for(MNIST))
    assert drifted(MNIST, Layer.READOUT, before, now)[0] == [gain.finding] * found
    assert not drifted(MNIST, Layer.HIDDEN, before, now)[0]


def test_drift_of_all_devices_gives_the_gain_of_the_layer():
    """No converter is called off; the gain is the mean factor by which weights fell. Rules S13, S14 and G4."""
    design = MNIST.evolve(devices={"drift": 0.03, "drift_spread": 0.005, "drift_start": 20.0})
    chip, state, _ = chip_of(design, [])
    before = self_test(design, chip, state, threshold_for(design), pulses=False)
    held = [each[0] - each[1] for each in state.conductances(chip)]
    state.age(chip, ticks(design.devices, 86400.0 * 365))
    left = [each[0] - each[1] for each in state.conductances(chip)]
    now = self_test(design, chip, state, threshold_for(design))
    for layer in Layer:
        assert not drifted(design, layer, before, now)[0]
        factor = np.abs(held[layer]).sum() / np.abs(left[layer]).sum()
        assert 1.2 < factor < 2 and abs(gain_of(design, layer, before, now) / 4096 - factor) < 0.02 * factor


def test_small_weights_are_said_to_be_too_small():
    """An erased chip weighs nothing. Rule S11."""
    chip = Chip.of(MNIST)
    state = DeviceState.fresh(chip, tuple(np.zeros(made.shape[1:], int) for made in chip.layers))
    result = self_test(MNIST, chip, state, threshold_for(MNIST))
    assert not [each for each in result.findings if each.defect is Defect.PLANE]
    assert len(unweighed(MNIST, result)) >= MNIST.formats.stream_bits
    _, untestable = drifted(MNIST, Layer.HIDDEN, result, result)
    assert len(untestable) == MNIST.network.hidden


def test_errors_that_are_none_are_refused():
    for defect in (Defect.PLANE, Defect.GAIN):
        with pytest.raises(ValueError, match="value 0.04 is no error of 0.05 to 1"):
            check_defects(MNIST, Chip.of(MNIST), [Injected(Finding(defect, Layer.HIDDEN, 0, 0, 1), 0.04)])
    with pytest.raises(ValueError, match="no side 0, row 0, column 8 there"):
        check_defects(MNIST, Chip.of(MNIST), [Injected(Finding(Defect.PLANE, Layer.HIDDEN, 0, 0, 8), 0.1)])
