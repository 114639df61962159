"""The self-test in golden: what is broken is found, nothing else is said, and devices come back. Rules S1 to S8."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from remora.golden.devices.chip import Chip
from remora.golden.devices.defects import (
    Injected,
    check_defects,
    found_of,
    inject,
    made_with,
    random_defects,
    seen_offsets,
)
from remora.golden.devices.gain_drift import unweighed
from remora.golden.devices.self_test import self_test
from remora.golden.devices.state import DeviceState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import (
    BURST_PULSES,
    BURSTS,
    MOST_PULSES,
    READS,
    RETURNS,
    Defect,
    Finding,
    SelfTestPlan,
    threshold_for,
    weighed_planes,
    weighings,
)
from remora.spec.devices.model import OFFSET_BITS
from remora.spec.presets import load_design

NOISY = {
    "on_off": 32.0, "step_spread": 0.1, "direction_spread": 0.05, "rest_spread": 0.02, "full_spread": 0.1,
    "read_noise": 0.01, "converter_noise": 0.5,
}  # fmt: skip
TINY = load_design("tiny", DesignPoint).evolve(crossbar={"self_test": True, "rows": 20}, devices=NOISY)
EXACT = TINY.evolve(devices={**dict.fromkeys(NOISY, 0.0), "stuck_rest": 1e-12})
DEVICE_CLASSES = (Defect.STUCK, Defect.OFFSET, Defect.DEAD_COLUMN, Defect.DEAD_CONVERTER)
AT_ROW_TILES = load_design("tiny", DesignPoint).evolve(
    crossbar={"self_test": True},
    devices=NOISY | {"converter_noise": 0.2},  # the idle rows of other tiles add theirs
)


def chip_of(design: DesignPoint, defects=None, seed: int = 1):
    """A chip of random weights with defects, and its devices."""
    chip, random, most = Chip.of(design), np.random.default_rng(seed), design.crossbar.weight_limit
    hidden, readout = (random.integers(-most, most + 1, made.shape[1:]) for made in chip.layers)
    defects = random_defects(chip, seed, 0.03) if defects is None else defects
    return (*inject(chip, DeviceState.fresh(chip, (hidden, readout)), defects), defects)


def levels(chip: Chip, state: DeviceState):
    """Weights in levels, both layers one behind the other, of columns whose converters live."""
    found = []
    for made, conductance in zip(chip.layers, state.conductances(chip), strict=True):
        weights = np.where((made.gain > -4096).all(axis=0), conductance[0] - conductance[1], 0)
        found.append(weights.ravel() / chip.model.level)
    return np.concatenate(found)


def stuck(row: int, column: int, side: int = 0, level: float = 0, layer: Layer = Layer.HIDDEN) -> Injected:
    return Injected(Finding(Defect.STUCK, layer, side, row, column), level)


@pytest.mark.parametrize("design", [TINY, AT_ROW_TILES], ids=["one tile", "row tiles"])
def test_what_is_broken_is_found_and_nothing_else(design):
    """Many maps. Rules S4, S6 and S7."""
    seen = dict.fromkeys(DEVICE_CLASSES, 0)
    for seed in range(1, 31):
        chip, state, defects = chip_of(design.evolve(devices={"seed": seed}), seed=seed)
        before = levels(chip, state)
        result = self_test(design, chip, state, threshold_for(design))
        outcome = found_of(chip, defects, result.findings, unweighed(design, result))
        assert (outcome.missed, outcome.false_alarms) == ([], [])
        assert result.most <= MOST_PULSES and result.pulses == sum(int(layer.n.sum()) for layer in state.layers)
        assert np.abs(levels(chip, state) - before).max() < 1.5
        for finding in outcome.found:
            if finding.defect in seen:
                seen[finding.defect] += 1
    assert min(seen.values()) > 0 and seen[Defect.STUCK] > 50


def test_exact_devices_come_back_to_where_they_were():
    """Each moves one burst and returns; a stuck one takes all bursts. Rules S3 to S5."""
    chip, state, _ = chip_of(EXACT, [stuck(0, 0, 1, 7), stuck(3, 2, 0, 31, Layer.READOUT)])
    before = levels(chip, state)
    result = self_test(EXACT, chip, state, threshold_for(EXACT))
    assert (levels(chip, state) == before).all()
    pulses = [layer.n for layer in state.layers]
    assert pulses[0][1, 0, 0] == pulses[1][0, 3, 2] == MOST_PULSES
    assert {*pulses[0].ravel().tolist(), *pulses[1].ravel().tolist()} == {2 * BURST_PULSES, MOST_PULSES}
    assert [finding.word for finding in result.findings] == [0x10800000, 0x11001802]  # Rule S8


def test_a_device_at_its_bound_goes_the_other_way_and_its_pair_comes_back():
    """g- holds back what the pair reads: the first burst finds the bound. g- makes up for a pulse. Rules S4, S5."""
    chip, state, _ = chip_of(EXACT, [])
    model, devices = chip.model, state.layers[0].p
    devices[:, 2, 1] = model.full, model.rest + 20 * model.level
    before = levels(chip, state)
    result = self_test(EXACT, chip, state, threshold_for(EXACT))
    assert (levels(chip, state) == before).all() and not result.findings
    assert state.layers[0].n[:, 2, 1].tolist() == [MOST_PULSES, 2 * BURST_PULSES + 1]
    assert devices[0, 2, 1] == model.full - model.level


def test_groups_after_the_first_leave_a_dead_column_alone():
    """What it hides is untestable. Rules S2, S6 and S7."""
    dead = Finding(Defect.DEAD_CONVERTER, Layer.HIDDEN, 0, 0, 3)
    chip, state, defects = chip_of(EXACT, [Injected(dead, -50), stuck(10, 3)])
    result = self_test(EXACT, chip, state, threshold_for(EXACT))
    outcome = found_of(chip, defects, result.findings)
    assert result.findings == [dead] == outcome.found and outcome.untestable == [defects[1].finding]
    assert (state.layers[0].n[:, :8, 3] == MOST_PULSES).all() and not state.layers[0].n[:, 8:, 3].any()


def test_the_list_has_room_for_so_many():
    """Rule S8."""
    defects = [stuck(row, column, row % 2) for row in range(8) for column in range(4)]
    chip, state, _ = chip_of(EXACT, defects)
    result = self_test(EXACT, chip, state, threshold_for(EXACT))
    room = SelfTestPlan.of(EXACT).findings
    assert len(result.findings) == result.count(Defect.STUCK) == len(defects) > len(result.listed) == room
    assert [finding.row for finding in result.findings] == sorted(finding.row for finding in result.findings)


@pytest.mark.parametrize(("codes", "found"), [(2.9, False), (3.0, True), (-3.0, True), (-2.9, False)])
def test_an_offset_counts_from_three_codes_on(codes, found):
    """Rule S7."""
    finding = Finding(Defect.OFFSET, Layer.READOUT, 0, 0, 1)
    chip, state, _ = chip_of(EXACT.evolve(formats={"adc_bits": 10, "adc_range_log2": 4}), [Injected(finding, codes)])
    design = EXACT.evolve(formats={"adc_bits": 10, "adc_range_log2": 4})
    # A converter rounds to whole codes.
    wanted = [finding] if found or round(abs(codes)) >= 3 else []
    assert self_test(design, chip, state, threshold_for(design)).findings == wanted


def test_every_sample_is_a_probe_of_its_layer():
    """Rules S1 and D17."""
    chip, state, _ = chip_of(TINY)
    self_test(TINY, chip, state, threshold_for(TINY))
    columns = [made.shape[2] for made in chip.layers]
    rows = [made.shape[1] for made in chip.layers]
    for probes, each, count in zip(state.probes, columns, rows, strict=True):
        layer = Layer.HIDDEN if count == rows[0] and each == columns[0] else Layer.READOUT
        weighed = count * weighed_planes(TINY, layer) * weighings(TINY, layer)
        scans = (probes - each * READS - weighed) / READS
        assert scans == int(scans) and 2 * count * 2 <= scans <= 2 * count * (BURSTS + RETURNS)


def with_offsets(design: DesignPoint, *codes: float):
    """A chip whose converters of the hidden layer have these offsets from the first column on, as if made so."""
    chip, state, _ = chip_of(design, [])
    chip.layers[0].offset[:] = chip.layers[1].offset[:] = 0
    chip.layers[0].offset[0, : len(codes)] = [round(code * 2**OFFSET_BITS) for code in codes]
    return chip, state


def test_offsets_of_a_chips_own_are_judged_as_they_read():
    """Rules S7 and D18: without noise a code rounds, half up."""
    chip, state = with_offsets(EXACT, 2.5, 2.4, -2.5, -2.6)
    own = made_with(EXACT, chip)
    assert [(each.finding.column, each.finding.defect) for each in own] == [(0, Defect.OFFSET), (3, Defect.OFFSET)]
    outcome = found_of(chip, own, self_test(EXACT, chip, state, threshold_for(EXACT)).findings)
    assert len(outcome.found) == 2 and not outcome.missed + outcome.false_alarms


def test_noise_decides_what_is_likely_to_be_seen():
    """Over many tests an offset is seen in the share of them that its law says. Rules S7 and D16."""
    design = EXACT.evolve(devices={"converter_noise": 0.5})
    chip, state = with_offsets(design, 2.6, 2.8, 3.2, -3.4)
    assert seen_offsets(design, chip, Layer.HIDDEN)[0, :4].tolist() == [False, False, True, True]
    seen, tests = np.zeros(4), 40
    for _ in range(tests):
        for finding in self_test(design, chip, state, threshold_for(design)).findings:
            seen[finding.column] += finding.defect is Defect.OFFSET
    assert ((seen > tests / 2) == [False, False, True, True]).all()


def test_a_column_whose_first_group_is_stuck_is_dead():
    """Also where the group is one pair, and where a converter of it is off. Rules S6 to S8."""
    one = EXACT.evolve(crossbar={"rows": 1})
    chip = Chip.of(one)
    last = chip.layers[0].tiles[-1]
    assert last.rows == 1
    for others, defect in (([], Defect.DEAD_COLUMN), ([Defect.OFFSET], Defect.DEAD_CONVERTER)):
        both = [stuck(last.first_row, 2, side, 4) for side in (0, 1)]
        both += [Injected(Finding(each, Layer.HIDDEN, 0, last.first_row, 2), 5) for each in others]
        chip, state, _ = chip_of(one, both)
        outcome = found_of(chip, both, self_test(one, chip, state, threshold_for(one)).findings)
        assert outcome.found == [Finding(defect, Layer.HIDDEN, 0, last.first_row, 2)]
        assert not outcome.missed + outcome.false_alarms
        assert len(outcome.untestable) == len(both)


@pytest.mark.parametrize(("defect", "code"), [(Defect.DEAD_CONVERTER, 127), (Defect.OFFSET, 120)])
def test_a_converter_at_its_rail_hides_sound_devices_of_other_row_tiles(defect, code):
    """A known limit: the codes of all row tiles are added and saturate together. Rules S1 and X5."""
    design = AT_ROW_TILES.evolve(devices={**dict.fromkeys(NOISY, 0.0), "stuck_rest": 1e-12})
    far = Injected(Finding(defect, Layer.HIDDEN, 0, 0, 1), code)
    chip, state, _ = chip_of(design, [far])
    assert len({tile.row_tile for tile in chip.layers[0].tiles}) > 1
    outcome = found_of(chip, [far], self_test(design, chip, state, threshold_for(design)).findings)
    assert outcome.found == [far.finding] and outcome.false_alarms
    assert {(each.layer, each.column) for each in outcome.false_alarms} == {(Layer.HIDDEN, 1)}
    near = Injected(far.finding, 40)
    chip, state, _ = chip_of(design, [near])
    outcome = found_of(chip, [near], self_test(design, chip, state, threshold_for(design)).findings)
    assert outcome.found == [near.finding] and not outcome.false_alarms


def test_defects_that_a_chip_cannot_have_are_refused():
    chip = Chip.of(TINY)
    for defect, message in (
        (stuck(99, 0), "no side 0, row 99, column 0"),
        (Injected(Finding(Defect.DEAD_COLUMN, Layer.HIDDEN, 0, 1, 0)), "row 1 is not the first of a tile"),
    ):
        with pytest.raises(ValueError, match=message):
            check_defects(TINY, chip, [defect])
    with pytest.raises(ValueError, match="given twice"):
        check_defects(TINY, chip, [stuck(1, 1), stuck(1, 1)])
    for value, refused in ((2.4, True), (-2.5, True), (2.5, False), (-2.6, False)):
        for defect in (Defect.OFFSET, Defect.DEAD_CONVERTER):
            given = [Injected(Finding(defect, Layer.READOUT, 0, 0, 1), value)]
            with pytest.raises(ValueError, match="sees 3 codes or more") if refused else nullcontext():
                check_defects(TINY, chip, given)
