"""The cycle model: figures of the documents, and what bounds what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.spec.crossbar.cycles import DRAW, INSERT_FROZEN, INSERT_REFUSED, REPLAY_DRAW
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import WINDOW_ROWS, Layer, layer_layout
from remora.spec.lib.rng import HASH_CYCLES
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint).evolve(learning={"enabled": True, "replay_capacity": 100})


def test_the_tables_of_the_document_are_those_of_the_model():
    (document,) = (Path(__file__).parents[3] / "docs").rglob("architecture.md")
    text, cycles, cells = (
        document.read_text(encoding="utf-8"),
        MNIST.cycles,
        load_design("mnist-bmru", DesignPoint).cycles,
    )
    figures = {
        "**sum**": cycles.step,
        "**sum of a step**": cells.step,
        "**readout**": cells.readout,
        "errors": cycles.errors,
        "first feedback": cycles.preparation - cycles.errors,
        "every further feedback": cycles.next_feedback(),
        "group of hidden columns": cycles.group(28),
        "rounding of a group": cycles.rounding,
        "update without pulses": cycles.fewest_update(28),
        "draw of a replay": REPLAY_DRAW,
        "replay, apart from its draw": cycles.fewest_replay(28) - REPLAY_DRAW,
        "device that is read": cycles.device_read(Layer.HIDDEN),
        "column that is read back": cycles.column_read(layer_layout(MNIST, Layer.HIDDEN).tiles[0]),
        "slice that is driven": cycles.drive(MNIST.formats.stream_bits),
        "conversion of what drives gathered": cycles.convert,
        "slice that is programmed": cycles.slice_commit(Layer.HIDDEN, WINDOW_ROWS, pulses=0),
        "insertion that is refused": INSERT_REFUSED,
        "insertion that is accepted": cycles.insert_accepted(28),
    }
    for phase, wanted in figures.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {phase}")]
        written = row.rstrip(" |").rpartition("|")[2].partition(";")[0].strip(" *")
        assert written == f"{wanted:,}", row


def test_figures_of_known_design_points():
    cycles, cells = MNIST.cycles, load_design("mnist-bmru", DesignPoint).cycles
    assert (cycles.step, cycles.readout, cells.step, cells.readout) == (25, 29, 9, 24)
    assert (cycles.errors, cycles.first_feedback - 1, cycles.next_feedback(), cycles.preparation) == (10, 25, 15, 36)
    assert (cycles.group(28), cycles.group(1), cycles.rounding) == (29, 6, 17)
    assert (HASH_CYCLES, DRAW, REPLAY_DRAW, INSERT_FROZEN, INSERT_REFUSED, cycles.insert_accepted(28)) == (
        14,
        15,
        18,
        2,
        17,
        618,
    )
    direct, four = (MNIST.evolve(learning=way).cycles for way in ({"update": "direct"}, {"columns": 4}))
    assert direct.fewest_update(28) == cycles.fewest_update(28)
    assert (four.preparation, four.group(28), four.rounding, four.fewest_update(28)) == (39, 29, 28, 937)


def test_the_presets_that_learn_keep_to_their_cycles():
    """Of a new sequence of full length, pulses apart: at most 4,400 and 2,000, whatever writes its weights."""
    for name, most in {"mnist-learn": 4400, "mnist-learn-fast": 2000}.items():
        for update in ("accumulate", "direct"):
            cycles = load_design(name, DesignPoint).evolve(learning={"update": update}).cycles
            assert cycles.sequence(28) + cycles.fewest_update(28) <= most
            assert cycles.insert_accepted(28) <= 800


def test_an_update_without_pulses_is_the_sum_of_its_phases():
    cycles = MNIST.cycles
    # A step more costs every hidden column a cycle; of few steps the rounding decides.
    assert cycles.fewest_update(28) == 3175 and cycles.fewest_update(28) - cycles.fewest_update(27) == 100
    assert cycles.fewest_update(1) > 110 * cycles.rounding and cycles.fewest_update(2) == cycles.fewest_update(1) + 1
    winners = MNIST.evolve(learning={"winners": 40}).cycles
    assert winners.preparation == 10 + 25 + 99 * 15 + (2550).bit_length() + 2
    assert winners.fewest_update(28) == winners.preparation + 40 * 29 + 10


@pytest.mark.parametrize("classes", [1, 2, 13, 14, 31, 32, 33, 64, 65, 256])
def test_feedback_waits_for_its_words_at_least(classes):
    cycles = DesignPoint(name="x", network={"classes": classes}).cycles
    words = -(-classes // 32)
    assert cycles.first_feedback == 15 + classes + words
    assert cycles.next_feedback() >= classes + words + 1 == cycles.next_feedback(waited=20)


def test_the_fewest_cycles_are_at_most_the_most():
    random = np.random.default_rng(3)
    for _ in range(200):
        design = any_design(random, update=("accumulate", "direct")[int(random.integers(2))])
        design = design.evolve(learning={"enabled": True})
        for steps in (1, design.network.max_steps):
            assert 0 < design.cycles.fewest_update(steps) < design.cycles.most_update(steps)
            assert design.cycles.insert_accepted(steps) >= DRAW
        assert design.cycles.preparation < design.cycles.fewest_update(1)


def test_the_period_is_what_takes_longest():
    fast, fast2 = (load_design(name, DesignPoint) for name in ("mnist-fast", "mnist-fast2"))
    assert (fast.cycles.period, fast2.cycles.period) == (9, 8)
    # Three contexts hide the latency of a step while the fourth is read out; in mnist-fast one cycle is left over.
    assert fast.cycles.step == 3 * fast.cycles.period + 1 and fast2.cycles.step == 3 * fast2.cycles.period
    assert fast.evolve(crossbar={"adc_cycles": 40}).cycles.period == 40
    assert fast.evolve(cell={"lanes": 5}).cycles.period == 20
    wide = fast.evolve(network={"features": 100}).cycles
    assert (wide.period, wide.busy) == (25, 9)
    cells = load_design("mnist-bmru", DesignPoint)
    assert (cells.cycles.step, cells.evolve(crossbar={"integrators": 2}).cycles.step) == (9, 8)


def test_a_step_that_is_read_out_takes_as_long_as_its_part_of_the_answer():
    mnist, fast, cells = (load_design(name, DesignPoint) for name in ("mnist", "mnist-fast", "mnist-bmru"))
    for design in (mnist, fast, cells):
        assert design.cycles.paced_step == design.cycles.step and design.cycles.readout_pace == design.cycles.readout
    every, many = {"readout": "every"}, {"readout": "every", "classes": 60}
    assert mnist.evolve(network=every).cycles.paced_step == 25
    assert mnist.evolve(network=many).cycles.paced_step == 61
    assert (fast.evolve(network=every).cycles.period, fast.evolve(network=many).cycles.period) == (11, 61)
    # A step of bistable cells is shorter than a conversion of the readout.
    assert cells.evolve(network=every).cycles.paced_step == 11
    assert cells.evolve(network=every, crossbar={"adc_cycles": 20}).cycles.paced_step == 23


@pytest.mark.parametrize("classes", [1, 2, 10, 24, 25, 100, 256])
def test_with_miru_cells_neither_planes_nor_converter_of_the_readout_hold_a_step_up(classes):
    random = np.random.default_rng(classes)
    for _ in range(50):
        design = any_design(random).evolve(network={"readout": "every", "classes": classes}, crossbar={"columns": 256})
        cycles = design.cycles
        assert cycles.paced_step == max(cycles.step, classes + 1)
        assert cycles.sequence(3) == 3 * cycles.paced_step + cycles.readout
