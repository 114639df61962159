"""A chip with dead columns on the hardware: what the self-test finds, and finds no more once spares stand in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.self_test.run import FINDINGS, NUMBERS, run_self_test
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import NUMBERS as DEVICE_NUMBERS
from remora.golden.devices.chip import Chip, copied, with_spares
from remora.golden.devices.defects import Injected, inject
from remora.golden.devices.spares.repairs import Repairs, mended
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.layout import Layer, all_tiles
from remora.spec.crossbar.self_test.plan import Defect, Finding, threshold_for
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap
from tests.top.crossbar.spares.maps import REAL, SPARED

QUIET = SPARED.evolve(devices={"on_off": 20.0, "converter_noise": 0.3})
DEFECTS = [
    Injected(Finding(Defect.DEAD_COLUMN, Layer.HIDDEN, 0, 0, 2)),
    Injected(Finding(Defect.DEAD_CONVERTER, Layer.HIDDEN, 0, 6, 5), -9.0),
    Injected(Finding(Defect.DEAD_COLUMN, Layer.READOUT, 0, 6, 1)),
]


def test_dead_columns_are_found_and_mended(harness, tmp_path):
    """Rules Y2, Y4, Y5 and Y7, and S1 to S8: every finding, count and device in every test, and the cycles."""
    _, build = harness(REAL)
    weights = random_weights(QUIET, 2)
    whole = Chip.of(QUIET)
    chip, state = inject(whole, DeviceState.fresh(whole, (weights.hidden, weights.readout)), DEFECTS)
    pairs = sum(tile.rows * (tile.columns + tile.spares) for tile in all_tiles(QUIET))
    # The spare that column 2 takes first is dead, too: the first test does not see that.
    parked = copied(chip.layers[0].parked)
    for name in ("low", "high", "endurance"):
        parked.numbers[DEVICE_NUMBERS.index(name), :, :6, 0] = 0
    chip = replace(chip, layers=(replace(chip.layers[0], parked=parked), chip.layers[1]))
    state.layers[0].parked.p[:, :6, 0] = 0
    listed = []

    def findings(spares: SpareMap) -> list[Finding]:
        nonlocal chip, state
        chip, state = with_spares(QUIET, chip, spares), state.with_spares(QUIET, spares)
        folder = tmp_path / str(len(listed))
        folder.mkdir()
        result = run_self_test(build, QUIET, chip, state, threshold_for(QUIET), folder)
        result.comparison.require(NUMBERS, DEVICES, *([FINDINGS] if result.golden[0].listed else []))
        assert result.comparison.compared[DEVICES] == pairs
        listed.append(Counter(finding.defect for finding in result.listed[0]))
        return result.listed[0]

    spares = mended(QUIET, findings)
    assert listed == [
        Counter({Defect.DEAD_COLUMN: 2, Defect.DEAD_CONVERTER: 1}), Counter({Defect.DEAD_COLUMN: 1}), Counter()
    ]  # fmt: skip
    assert spares.columns[0] == (IDLE, 2) and len(spares.replacements(QUIET)) == 3


@pytest.mark.nightly
def test_defects_of_every_tile(harness, tmp_path):
    """Random columns dead in every tile, with devices that err in every way: hardware and golden agree under a map."""
    _, build = harness(REAL)
    for seed in range(1, 5):
        design = REAL.evolve(devices={"seed": seed, "dead_columns": 0.3})
        random = np.random.default_rng(seed)
        shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
        hidden, readout = (random.integers(-9, 10, shape) for shape in shapes)
        chip = Chip.of(design)
        state = DeviceState.fresh(chip, (hidden, readout))
        repairs = Repairs(SpareMap.idle(design))
        for number in range(2):
            folder = tmp_path / f"{seed}_{number}"
            folder.mkdir()
            result = run_self_test(build, design, chip, state, threshold_for(design), folder)
            result.comparison.require(NUMBERS, DEVICES, FINDINGS)
            repairs = repairs.after(design, result.golden[0].findings)
            chip, state = with_spares(design, chip, repairs.spares), state.with_spares(design, repairs.spares)
        assert repairs.spares.used
