"""On-chip learning of the whole accelerator against golden: every step, update, answer, and the last weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus, learning_stimulus, with_bad_packets
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights
from remora.golden.learning.checkpoint import load_checkpoint
from remora.golden.learning.learnt_state import state_file
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import LEARN
from remora.spec.lib.packets import Flag
from tests.hdl.designs import DESIGNS, make_design

SEQUENCES = 24
QUICK = {"hidden_shift": 2, "readout_shift": 1}
"""Rates at which a sequence moves χ by many levels, so that it saturates and pairs fill."""


def learner(name: str, **learning) -> DesignPoint:
    """A design point of the block tests that learns, with some fields of its section changed."""
    return DESIGNS[name].evolve(learning={"enabled": True, **learning})


LEARNERS = {
    # Macros larger than tiles.
    "one": learner("one", hidden_shift=2, readout_shift=2).evolve(crossbar={"macro_rows": 5, "macro_columns": 4}),
    "tiny": learner("tiny", hidden_shift=5),
    "primes": learner("primes", seed=77, hidden_shift=5),
    "quick": learner("primes", **QUICK, accumulator_bits=12, accumulator_level=300, max_pulses=3),
    "coarse": learner("coarse", hidden_shift=0, readout_shift=0, max_pulses=15, accumulator_level=100),
    "exact": learner("exact", hidden_shift=2, readout_shift=3),
    "folds": learner("primes", hidden_shift=5, lanes=7),
    "one lane": learner("tiny", hidden_shift=4, readout_shift=5, lanes=1),
    "direct": learner("primes", update="direct", hidden_shift=4, readout_shift=4, accumulator_level=256),
    "direct folds": learner(
        "tiny", update="direct", hidden_shift=2, readout_shift=3, accumulator_level=512, lanes=4, max_pulses=3
    ),
    "winners": learner("primes", hidden_shift=3, winners=4),
    "columns": learner("tiny", hidden_shift=5, columns=3),
    "columns folds": learner("primes", hidden_shift=4, readout_shift=5, lanes=5, columns=3, winners=9),
    "columns direct": learner(
        "primes", update="direct", hidden_shift=4, readout_shift=4, accumulator_level=256, columns=3
    ),
    "direct winners": learner(
        "below", update="direct", hidden_shift=2, readout_shift=3, winners=7, accumulator_level=2, max_pulses=1, lanes=8
    ),
    "default": DESIGNS["tiny"].evolve(learning={"enabled": True}),
    # More than one draw a column, so that feedback takes longer than walking the history; and macros larger than tiles.
    "classes": make_design(
        network={"features": 3, "hidden": 5, "classes": 37, "max_steps": 3},
        cell={"lanes": 2},
        crossbar={"rows": 5, "columns": 6, "pulse_cycles": 1, "macro_rows": 7, "macro_columns": 9},
        learning={"enabled": True, "hidden_shift": 6, "feedback_shift": 0},
    ),
    "two columns": learner("primes", hidden_shift=4, readout_shift=5, columns=2, winners=9),
    "four columns": learner("below", update="direct", hidden_shift=2, readout_shift=3, accumulator_level=64, columns=4),
}
AT_NIGHT = (
    "columns folds", "two columns", "four columns", "coarse", "exact", "direct folds", "direct winners",
    # By day replay and healing run one of each dimension, folded lanes, winners, and several columns in direct mode.
    "winners", "folds", "columns", "columns direct", "one lane", "default", "primes", "classes", "quick",
)  # fmt: skip
ALL_LEARN = (*KINDS, LEARN, "hidden weights", "readout weights", "counts")


def run(harness, tmp_path, design: DesignPoint, stimulus: Stimulus, *, stall: float = 0.0, seed: int = 1):
    """A run from memory images, everything compared."""
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    result = run_case(
        build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run", seed=seed, stall=stall
    )
    result.require(*ALL_LEARN)
    compared, layers, readbacks = result.comparison.compared, design.network, len(stimulus.readbacks) + 1
    assert compared["counts"] == readbacks
    for kind in ("weights", "accumulators") if design.capabilities.accumulates else ("weights",):
        found = compared[f"hidden {kind}"], compared[f"readout {kind}"]
        assert found == (readbacks * layers.hidden, readbacks * layers.classes)
    assert compared[LEARN] == result.counters[Counter.LEARNED] == stimulus.learns.sum() > 0
    assert compared["answer"] == stimulus.answered.sum()
    return result


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly) if name in AT_NIGHT else name for name in LEARNERS]
)
def test_learns_as_golden_does(name, stall, harness, tmp_path):
    """Sequences that are inferred, learnt or both, of every length, with bad packets between them."""
    design, seed = LEARNERS[name], 1 + list(LEARNERS).index(name)
    stimulus = replace(learning_stimulus(design, SEQUENCES, Coefficients(176, 216), seed), readbacks=(7, 8))
    assert {int(Flag.LEARN), int(Flag.INFER), int(Flag.LEARN | Flag.INFER)} <= set(stimulus.asked.tolist())
    result = run(harness, tmp_path, design, with_bad_packets(design, stimulus, seed), stall=stall, seed=seed)
    assert result.counters[Counter.PULSES] > 0
    if name not in ("one", "default"):  # whose state is never streamed, and whose rates are for longer runs
        require_written(
            design, stimulus.weights, load_checkpoint(state_file(tmp_path / "run", len(stimulus)), design).weights
        )
    if name == "quick":
        assert result.counters[Counter.PULSES_DROPPED] > 0


def require_written(design: DesignPoint, before: Weights, after: Weights) -> None:
    """Weights have changed in every tile of both layers."""
    for tile in all_tiles(design):
        layer = tile.layer.name.lower()
        changed = (getattr(before, layer) != getattr(after, layer))[tile.row_slice, tile.column_slice]
        assert changed.any(), f"nothing was learnt in {tile.name}"


def test_full_pairs_drop_their_pulses(harness, tmp_path):
    """From weights that are all at one end or the other."""
    design = LEARNERS["quick"]
    stimulus = learning_stimulus(design, SEQUENCES, Coefficients(128, 100), 5)
    random, limit = np.random.default_rng(5), design.crossbar.weight_limit
    layers = (stimulus.weights.hidden.shape, stimulus.weights.readout.shape)
    weights = Weights(*(random.choice([-limit, limit], shape).astype(np.int16) for shape in layers))
    result = run(harness, tmp_path, design, with_bad_packets(design, replace(stimulus, weights=weights), 5))
    assert result.counters[Counter.PULSES] > 0 and result.counters[Counter.PULSES_DROPPED] > 0


def test_larger_macros_learn_what_the_weight_window_programmed(harness, tmp_path):
    """Every pair of devices at the end: as golden learnt, and at rest where the macro has more than the tile uses."""
    design = LEARNERS["one"]
    stimulus = learning_stimulus(design, 6, Coefficients(176, 216), 9)
    _, build = harness(design)
    result = run_case(build, CrossbarCase(design, stimulus), tmp_path / "run")
    result.require(DEVICES)
    assert result.counters[Counter.PULSES] > 0
    assert result.comparison.compared[DEVICES] == len(all_tiles(design)) * 5 * 4


def test_only_learning(harness, tmp_path):
    """Nothing is answered; the updates tell what was computed."""
    design = LEARNERS["tiny"]
    stimulus = learning_stimulus(design, SEQUENCES, Coefficients(128, 64), 6)
    labels = np.random.default_rng(6).integers(0, design.network.classes, SEQUENCES)
    stimulus = replace(stimulus, labels=labels, asked=np.full(SEQUENCES, int(Flag.LEARN)))
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    result = run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run")
    result.comparison.require("step", "readout", LEARN, "counters", "interrupts", "hidden weights", "readout weights")
    assert result.comparison.compared["answer"] == 0 and result.counters[Counter.SEQUENCES] == 0


def test_a_design_that_learns_still_only_infers_where_asked_to(harness, tmp_path):
    design = LEARNERS["tiny"]
    stimulus = replace(learning_stimulus(design, SEQUENCES, Coefficients(200, 30), 7), asked=None)
    stimulus = with_bad_packets(design, stimulus, 7)
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    result = run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), tmp_path / "run")
    result.comparison.require(*KINDS)
    assert (
        result.counters[Counter.LEARNED]
        == result.counters[Counter.PULSES]
        == result.counters[Counter.LEARN_CYCLES]
        == 0
    )
