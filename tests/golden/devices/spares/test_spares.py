"""Chips with spare columns: an independent reading, numpy and the compiled kernel agree; maps and repairs."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip, copied, with_spares
from remora.golden.devices.defects import Injected, inject
from remora.golden.devices.self_test import self_test
from remora.golden.devices.spares.repairs import Repairs, mended
from remora.golden.devices.state import DeviceState
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.compiled import open_kernel
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles, layer_layout
from remora.spec.crossbar.self_test.plan import Defect, Finding, threshold_for
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap
from tests.golden.designs import make_design
from tests.golden.devices.comparison import spreads_of
from tests.golden.learning.test_device_state import assert_same, assert_same_devices
from tests.golden.learning.test_dfa import random_sequence
from tests.golden.scalar_chip import ScalarChip

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
CHIPS = 12
SPARED = make_design(
    network={"features": 3, "hidden": 7, "classes": 4, "max_steps": 3},
    cell={"lanes": 1},
    crossbar={"rows": 6, "columns": 4, "spare_columns": 2, "self_test": True},
    devices={"on_off": 20.0, "converter_offset": 0.3, "read_noise": 0.01},
)


def random_map(design: DesignPoint, random: np.random.Generator) -> SpareMap:
    """Any columns of each tile in some of its spares."""
    columns = []
    for tile in all_tiles(design):
        chosen = [*random.permutation(tile.columns).tolist(), *[IDLE] * tile.spares][: tile.spares]
        columns.append(tuple(IDLE if random.random() < 0.2 else column for column in chosen))
    return SpareMap(tuple(columns))


def any_chip(random: np.random.Generator, update: str) -> DesignPoint:
    learning = {"enabled": True, "replay_capacity": 0, "replay_ratio": 1, "healing": False}
    if update == "accumulate":
        learning["verify_reads"] = int(random.choice([0, 2]))
    design = any_design(random, update=update, plain=True).evolve(learning=learning)
    spares = int(random.integers(1, 5))
    fraction = min(12, design.crossbar.fraction_bits)
    design = with_devices(design.evolve(crossbar={"fraction_bits": fraction}), random)
    devices = {"dead_columns": 0.2}
    crossbar = {"spare_columns": spares, "macro_columns": 0, "calibrate_offsets": bool(random.random() < 0.5)}
    if not design.learning.verify_reads and random.random() < 0.5:
        crossbar["bias"] = "digital"
    return design.evolve(crossbar=crossbar, devices=devices)


def stands_in(design: DesignPoint, spares: SpareMap) -> dict[tuple[int, int, int, int], int]:
    """The map as the scalar chip takes it."""
    return {
        (int(tile.layer), tile.row_tile, tile.column_tile, column): spare
        for tile, each in zip(all_tiles(design), spares.columns, strict=True)
        for spare, column in enumerate(each)
        if column != IDLE
    }


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_any_chip_with_spares(update):
    """Rules Y2, Y4, Y5 and Y6: inference, learning, ageing, and every device; in numpy and compiled."""
    random, seen = np.random.default_rng([SEED, 61]), Counter()
    compiled = open_kernel(compile_kernel())
    for _ in range(CHIPS):
        design = any_chip(random, update)
        weights, spares = random_weights(design, int(random.integers(2**32))), random_map(design, random)
        devices = DeviceState.of(design, (weights.hidden, weights.readout), spares=spares)
        reference = LearningReference(design, weights, Coefficients.of(design), devices)
        scalar = ScalarChip(design, weights, design.device_model(), spreads_of(design), stands_in(design, spares))
        if design.capabilities.calibrates:
            scalar.calibrate()
        other = DfaTrainer(design, weights, kernel=compiled, devices=devices)
        for number in range(3):
            x, label = random_sequence(design, random)
            one = np.ones(1, int)
            if number == 1:
                for trainer in (reference.trainer.dfa, other):
                    trainer.age(10**6)
                scalar.age(10**6)
            found = reference.advance(x[None], len(x) * one, label * one, one == 1, 0 * one)
            done, update_of = scalar.learn(x.tolist(), label), other.train_sequence(x, label)
            assert found.scores[0].tolist() == done[0]["scores"] == update_of.scores.tolist()
            state = reference.trainer.dfa.devices
            seen += assert_same_devices(state, scalar)
            assert_same(other.devices, state)
            assert state.spares == other.devices.spares == spares
            seen += Counter(digital=design.capabilities.digital_bias)
        dead = [(made.high == 0).all(axis=0) for made in Chip.of(design, spares).layers]
        seen += Counter(
            wired=design.device_model().wired,
            used=spares.used,
            dead=sum(int(each.any()) for each in dead),
            tiles=len(all_tiles(design)) > 2,
        )
        for layer in state.layers:
            assert not layer.parked.n.any() and layer.parked.t.min() == layer.parked.t.max() == 10**6
    assert min(seen[name] for name in ("pulses", "wired", "used", "dead", "tiles", "digital")) > CHIPS // 3, seen


def test_maps_move_no_conductance():
    """Rule Y5: each map, and back; what serves a column has its own numbers."""
    weights, random = random_weights(SPARED, 1), np.random.default_rng(4)
    plain = DeviceState.of(SPARED, (weights.hidden, weights.readout))
    first, second, idle = random_map(SPARED, random), random_map(SPARED, random), SpareMap.idle(SPARED)
    chip = Chip.of(SPARED)
    assert first != second and Chip.of(SPARED, first) is Chip.of(SPARED, first) and plain.spares == idle
    there = plain.with_spares(SPARED, first).with_spares(SPARED, second)
    back, expected = there.with_spares(SPARED, idle), plain.with_spares(SPARED, second)
    assert_same(back, plain)
    assert_same(there, expected)
    assert any((mine.p != held.p).any() for mine, held in zip(there.layers, plain.layers, strict=True))
    for made, other in zip(with_spares(SPARED, Chip.of(SPARED, first), idle).layers, chip.layers, strict=True):
        for name in ("index", "numbers", "offset", "gain", "bitlines"):
            np.testing.assert_array_equal(getattr(made, name), getattr(other, name))
            np.testing.assert_array_equal(getattr(made.parked, name), getattr(other.parked, name))


def test_the_state_of_a_chip_without_spares_is_refused():
    weights = random_weights(SPARED, 1)
    state = DeviceState.of(SPARED, (weights.hidden, weights.readout))
    bare = replace(state, layers=tuple(replace(layer, parked=None) for layer in state.layers))
    with pytest.raises(ValueError, match="devices of spare columns of the hidden layer are missing"):
        bare.check(Chip.of(SPARED))


def test_what_a_self_test_finds_is_mended():
    """Two dead columns, a dead converter and a column of stuck devices, one of them in a spare: the second test, with
    the map of the first, and the third find nothing of the kind. Rules Y7 and S1 to S8."""
    weights = random_weights(SPARED, 2)
    chip = Chip.of(SPARED)
    defects = [
        Injected(Finding(Defect.DEAD_COLUMN, Layer.HIDDEN, 0, 0, 2)),
        Injected(Finding(Defect.DEAD_CONVERTER, Layer.HIDDEN, 0, 0, 5), 9.0),
        Injected(Finding(Defect.DEAD_COLUMN, Layer.READOUT, 0, 6, 1)),
        *(Injected(Finding(Defect.STUCK, Layer.HIDDEN, 1, row, 0), 3.0) for row in (6, 7, 8)),
    ]
    chip, state = inject(chip, DeviceState.fresh(chip, (weights.hidden, weights.readout)), defects)
    # The first spare of the first tile is dead, too.
    parked = copied(chip.layers[0].parked)
    parked.numbers[[0, 1, 5], :, :6, 0] = 0
    chip = replace(chip, layers=(replace(chip.layers[0], parked=parked), chip.layers[1]))
    state.layers[0].parked.p[:, :6, 0] = 0
    counts = []

    def findings(spares: SpareMap) -> list[Finding]:
        nonlocal chip, state
        chip, state = with_spares(SPARED, chip, spares), state.with_spares(SPARED, spares)
        found = self_test(SPARED, chip, state, threshold_for(SPARED)).findings
        counts.append(Counter(finding.defect for finding in found))
        return found

    spares = mended(SPARED, findings)
    assert counts[0][Defect.DEAD_COLUMN] == 2 and counts[0][Defect.DEAD_CONVERTER] == 1 and counts[0][Defect.STUCK] >= 3
    assert counts[1:] == [Counter({Defect.DEAD_COLUMN: 1}), Counter()]
    assert (
        spares.columns[0] == (IDLE, 2)
        and spares.columns[1] == (1, IDLE)
        and sum(column != IDLE for each in spares.columns for column in each) == 4
    )


def test_bad_spares_are_not_chosen():
    """Any columns and any spares that stand by are bad: none of these spares is in the map, as many columns are mended
    as sound spares allow, and the last map has been tested too. Rule Y7."""
    random, seen = np.random.default_rng([SEED, 62]), Counter()
    tiles = all_tiles(SPARED)
    for _ in range(200):
        bad = [random.random(tile.columns) < 0.4 for tile in tiles]
        dead = [random.random(tile.spares) < 0.5 for tile in tiles]
        tested = []

        def findings(spares: SpareMap, bad=bad, dead=dead, tested=tested) -> list[Finding]:
            tested.append(spares)
            found = []
            for tile, columns, broken, stands_for in zip(tiles, bad, dead, spares.columns, strict=True):
                for column, own in enumerate(columns):
                    served = broken[stands_for.index(column)] if column in stands_for else own
                    if served:
                        at = tile.first_row, tile.first_column + column
                        found.append(Finding(Defect.DEAD_COLUMN, tile.layer, 0, *at))
            return found

        spares = mended(SPARED, findings)
        assert tested[-1] == spares and len(tested) <= 2 + SPARED.crossbar.spare_columns
        for columns, broken, stands_for in zip(bad, dead, spares.columns, strict=True):
            used = [column for column in stands_for if column != IDLE]
            assert not any(broken[spare] for spare, column in enumerate(stands_for) if column != IDLE)
            assert len(used) == min(columns.sum(), (~broken).sum()) and all(columns[column] for column in used)
            seen += Counter(avoided=int(broken.any() and columns.any()), short=int(columns.sum() > len(used)))
        seen += Counter(retested=int(len(tested) > 2))
    assert min(seen[name] for name in ("avoided", "short", "retested")) > 50, seen


def test_a_spare_that_was_given_up_stays_so():
    """Nor does another column take it: the next spare stands in for the worst that is left. Rule Y7."""
    dead = [Finding(Defect.DEAD_COLUMN, Layer.HIDDEN, 0, 0, column) for column in range(4)]
    first = Repairs(SpareMap.idle(SPARED)).after(SPARED, dead[1:3])
    assert first.spares.columns[0] == (1, 2) and not first.given_up
    second = first.after(SPARED, dead[1:2])
    assert second.spares.columns[0] == (IDLE, 2) and second.given_up == {(0, 0)}
    third = second.after(SPARED, [dead[0], dead[1]])
    assert third == second  # column 2 keeps the only sound spare
    last = third.after(SPARED, dead)
    assert last.spares.columns[0] == (IDLE, IDLE) and last.given_up == {(0, 0), (0, 1)}


def test_stuck_devices_in_the_row_of_digital_biases_need_no_spare():
    """Rules K5 and Y7."""
    row = layer_layout(SPARED, Layer.READOUT).rows - 1
    found = [Finding(Defect.STUCK, Layer.READOUT, side, row, 0) for side in (0, 1)]
    narrow = SPARED.evolve(crossbar={"rows": 4})
    for design, used in ((narrow, True), (narrow.evolve(crossbar={"bias": "digital"}), False)):
        assert Repairs(SpareMap.idle(design)).after(design, found).spares.used == used
