"""The compiled kernel of learning is the numpy kernel, bit for bit, for every design point; small faults are seen."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.flow.systems.crossbar.soak.random_designs import any_coefficients, any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.flow.verify.soak.random_values import within
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import random_weights
from remora.golden.devices.chip import Chip
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.compiled import CompiledKernel, open_kernel
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import LearningKernel, MakeKernel, WeightUpdate
from remora.golden.learning.replay import Interruption, ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.design import DesignPoint
from tests.golden.designs import DESIGNS, make_design
from tests.golden.drawn_features import assert_features, features_of
from tests.golden.learning.test_dfa import random_accumulators, random_sequence

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
NETWORKS = 80
CHIPS = 40
SIZES = (1, 15, 16, 17, 33, 47, 64, 65, 113)
"""Hidden units: below, at and above every number of columns that the compiled kernel takes at once."""

SMALL = {"network": {"features": 5, "hidden": 17, "classes": 3, "max_steps": 6}}
CASES = {
    **DESIGNS,
    "full pairs": make_design(
        **SMALL, crossbar={"levels": 3}, learning={"hidden_shift": 3, "readout_shift": 2, "accumulator_bits": 12}
    ),
    "odd formats": make_design(
        network={"features": 6, "hidden": 4, "classes": 2, "max_steps": 5, "feature_signed": True},
        formats={"stream_bits": 5, "state_bits": 11, "adc_bits": 10, "adc_range_log2": 2},
        cell={"lanes": 1, "reset_coefficient": 256, "update_coefficient": 256},
        crossbar={"levels": 60, "level_bits": 6},
        learning={"hidden_shift": 5, "readout_shift": 3, "feedback_shift": 2, "accumulator_level": 1024},
    ),
    "more classes than units": make_design(
        network={"features": 3, "hidden": 2, "classes": 35, "max_steps": 3}, crossbar={"rows": 2},
        learning={"hidden_shift": 4, "readout_shift": 2},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def compiled() -> MakeKernel:
    """What makes compiled kernels."""
    return open_kernel(compile_kernel())


def pair(design: DesignPoint, kernel: MakeKernel, seed: int, **more) -> list[ReplayTrainer]:
    """The same network learning in numpy, and with another kernel."""
    weights, trainers = random_weights(design, seed), []
    coefficients = any_coefficients(np.random.default_rng(seed), design)
    accumulators = random_accumulators(design, seed) if design.learning.update == "accumulate" else None
    for make in (NumpyKernel, kernel):
        trainer = ReplayTrainer(design, weights)
        trainer.dfa = DfaTrainer(design, weights, coefficients, accumulators, kernel=make, **more)
        trainers.append(trainer)
    return trainers


def learn_alike(trainers: list[ReplayTrainer], random: np.random.Generator, sequences: int) -> Counter:
    """Learn the same sequences, under settings that change; compare every update, gradient, weight and χ."""
    design, seen = trainers[0].design, Counter()
    for number in range(sequences):
        if number == sequences // 2:
            settings = any_settings(design, random)
            for trainer in trainers:
                trainer.settings = settings
        x, label = random_sequence(design, random)
        columns = design.network.hidden + design.network.classes
        cut = Interruption(within(random, 1, 2), within(random, 0, columns), True) if number % 3 == 2 else None
        updates, gradients = ([], []), ([], [])
        for trainer, done, shown in zip(trainers, updates, gradients, strict=True):
            learn_one(trainer, x, label, cut, done, shown)
        assert len(updates[0]) == len(updates[1])
        for expected, found in zip(*updates, strict=True):
            assert_same_update(expected, found)
        for expected, found in zip(*gradients, strict=True):
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == np.int64
        seen += assert_same_state(*trainers)
        for update in updates[0]:
            seen += Counter(
                updates=1, tiles=len(update.verified), losers=design.network.hidden - len(update.winners),
                applied=update.applied, dropped=update.dropped, devices=update.hidden.devices + update.readout.devices,
                rounds=sum(len(tile.rounds) for tile in update.verified),
            )  # fmt: skip
        seen += Counter(gradients=len(gradients[0]), cut=cut is not None, replays=len(updates[0]) - 1)
    return seen


def learn_one(trainer: ReplayTrainer, x, label: int, cut: Interruption | None, done: list, shown: list) -> None:
    """Learn one sequence with its replays, or what a soft reset leaves of that."""

    def train(sequence, label: int, slot: int | None, until: int | None) -> WeightUpdate:
        done.append(trainer.dfa.train_sequence(sequence, label, lambda *pair: shown.extend(pair), until))
        return done[-1]

    if cut is None:
        trainer.train_sequence(x, label, train)
    else:
        held = trainer.reservoir.filled and trainer.reservoir.ratio
        trainer.train_interrupted(x, label, cut if held else replace(cut, updates=1), train)


def assert_same_update(expected: WeightUpdate, found: WeightUpdate) -> None:
    for name in ("scores", "error", "feedback", "winners"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
        assert mine.dtype == theirs.dtype, name
    own, other = ((each.decision, each.hidden, each.readout, each.verified) for each in (found, expected))
    assert own == other
    assert all(type(count) is int for count in (found.decision, found.hidden.applied, found.readout.devices))


def assert_same_state(golden: ReplayTrainer, other: ReplayTrainer) -> Counter:
    """Compare weights, χ, counts and reservoir; how many values were compared."""
    expected, found, compared = golden.checkpoint(), other.checkpoint(), 0
    for name in ("hidden_accumulators", "readout_accumulators", "weights.hidden", "weights.readout",
                 "reservoir.features", "reservoir.steps", "reservoir.labels"):  # fmt: skip
        mine, theirs = (attrgetter(name)(one) for one in (found, expected))
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
        assert mine.dtype == theirs.dtype, name
        compared += mine.size
    assert (found.updates, found.reservoir.presented) == (expected.updates, expected.reservoir.presented)
    assert (found.devices is None) == (expected.devices is None)
    if expected.devices:
        for mine, theirs in zip(found.devices.layers, expected.devices.layers, strict=True):
            np.testing.assert_array_equal(np.stack(mine.arrays()), np.stack(theirs.arrays()))
            compared += 4 * mine.p.size
        assert (found.devices.started, found.devices.ageings) == (expected.devices.started, expected.devices.ageings)
    return Counter(values=compared)


def any_settings(design: DesignPoint, random: np.random.Generator) -> LearningSettings:
    units = design.network.hidden
    return LearningSettings(
        within(random, 0, 2**32 - 1), units if design.learning.winners == "all" else within(random, 1, units),
        within(random, 0, 3), within(random, 0, 3), within(random, 0, 3),
    )  # fmt: skip


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_any_design_point(compiled, update):
    random, seen, types = np.random.default_rng([SEED, 7]), Counter(), set()
    for number in range(NETWORKS):
        design = any_design(random, update=update).evolve(learning={"enabled": True})
        ends = {"updates": 2**32 - 2} if number % 5 == 0 else {}
        trainers = pair(design, compiled, int(random.integers(2**32)), **ends)
        seen += learn_alike(trainers, random, 6)
        tiles = design.hidden_rows > design.crossbar.rows
        seen += features_of(design)
        types.add((tiles, design.network.feature_signed, design.learning.winners == "all"))
    for name in ("applied", "dropped", "devices", "losers", "cut", "replays", "gradients"):
        assert seen[name] > 50, seen
    assert_features(seen, update)
    assert seen["updates"] >= 6 * NETWORKS and seen["values"] > 100 * NETWORKS
    assert all(len(set(kinds)) == 2 for kinds in zip(*types, strict=True))


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_any_chip(compiled, update):
    """Rules D5 to D22: every device, after pulses and ageings, over all that devices can do."""
    random, seen = np.random.default_rng([SEED, 51]), Counter()
    for number in range(CHIPS):
        learning = {"enabled": True, "compensation": number % 3 == 0}
        design = any_design(random, update=update).evolve(learning=learning)
        design = design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)})
        design = with_devices(design, random, off=(0.3, 0.7)[number % 2])
        trainers = pair(design, compiled, int(random.integers(2**32)))
        for ticks in (0, 10**6):
            for trainer in trainers:
                trainer.dfa.age(ticks)
                trainer.dfa.set_started(2**32 - 3 if number % 5 == 0 else 7)
            seen += learn_alike(trainers, random, 5)
        seen += features_of(design)
        model, made = design.device_model(), Chip.of(design).layers[0]
        seen += Counter(
            wires=model.wired, noise=bool(model.read_noise), planes=bool((made.planes != 256).any()),
            gains=bool(made.gain.any()), both=bool((made.planes != 256).any() and made.gain.any()),
            converters=any(model.converter_noise) and not model.read_noise, tiles=len(made.tiles) > 1,
        )  # fmt: skip
    assert seen["applied"] > 20 * CHIPS and seen["values"] > 1000 * CHIPS
    assert_features(seen, update)
    for name in ("wires", "noise", "planes", "gains", "both", "converters", "tiles", "dropped"):
        assert seen[name] > 2, seen


CHIP_FAULTS = {
    "another chip": {"seed": 2}, "noise of pulses": {"cycle_noise": 0.31}, "noise of samples": {"read_noise": 0.06},
    "noise of writes": {"write_noise": 0.011}, "converters": {"converter_offset": 3}, "planes": {"plane_error": 0.06},
    "wires": {"wire_row": 9}, "steps": {"raise_steps": [1.3, 0.7]},
}  # fmt: skip


@pytest.mark.parametrize("fault", [None, *CHIP_FAULTS])
def test_another_chip_is_seen(compiled, fault):
    design = CASES["full pairs"].evolve(
        crossbar={"levels": 32},
        devices={
            "cycle_noise": 0.3, "read_noise": 0.05, "write_noise": 0.01, "converter_offset": 2, "plane_error": 0.05,
            "wire_row": 5, "raise_steps": [1.2, 0.8],
        },
    )  # fmt: skip
    other = design.evolve(devices=CHIP_FAULTS.get(fault, {}))
    trainers = pair(design, compiled, 1)
    trainers[1].dfa = DfaTrainer(
        design, trainers[1].weights, accumulators=trainers[0].dfa.accumulators,
        kernel=lambda _, *rest: compiled(other, *rest),
    )  # fmt: skip
    trainers[0].dfa = DfaTrainer(design, trainers[0].weights, accumulators=trainers[0].dfa.accumulators)
    if fault:
        with pytest.raises(AssertionError):
            learn_alike(trainers, np.random.default_rng(1), 30)
    else:
        assert learn_alike(trainers, np.random.default_rng(1), 30)["applied"] > 100


@pytest.mark.parametrize("update", ["accumulate", "direct"])
@pytest.mark.parametrize("name", CASES)
def test_sizes_and_formats(compiled, name, update):
    """Size 1, several row tiles, beyond float32, the whole of the digits' network, with and without replay."""
    design = CASES[name].evolve(learning={"update": update, "replay_capacity": 3, "replay_ratio": 2})
    units = design.network.hidden
    for winners in dict.fromkeys(("all", 1, -(-units // 2))):
        chosen = design.evolve(learning={"winners": winners})
        seen = learn_alike(pair(chosen, compiled, 3), np.random.default_rng([SEED, 8]), 9 if units < 50 else 4)
        assert seen["updates"] > seen["replays"] > 3 and seen["values"] and seen["gradients"] == 2 * seen["updates"]
        assert seen["losers"] or winners == "all" or units == 1


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_every_number_of_columns(compiled, update):
    updates = 0
    for hidden in SIZES:
        design = make_design(
            network={"features": 3, "hidden": hidden, "classes": 1 + hidden % 20, "max_steps": 3},
            crossbar={"rows": 1 + hidden // 2},
            learning={"update": update, "hidden_shift": 4, "readout_shift": 2, "winners": -(-hidden // 2)},
        )
        seen = learn_alike(pair(design, compiled, hidden), np.random.default_rng(hidden), 6)
        assert seen["applied"] > hidden // 2, (hidden, seen)
        updates += seen["updates"]
    assert updates == 6 * len(SIZES)


def test_the_kernels_take_turns(compiled):
    """A training goes on from the other kernel's checkpoint."""
    design = CASES["full pairs"].evolve(learning={"replay_capacity": 4, "replay_ratio": 2})
    random, whole = np.random.default_rng([SEED, 9]), pair(design, compiled, 5)[0]
    turns = ReplayTrainer.from_checkpoint(design, whole.checkpoint(), compiled)
    for number in range(12):
        x, label = random_sequence(design, random)
        whole.train_sequence(x, label)
        turns.train_sequence(x, label)
        kernel = (NumpyKernel, compiled)[number % 2]
        turns = ReplayTrainer.from_checkpoint(design, turns.checkpoint(), kernel)
    assert assert_same_state(whole, turns)["values"] > 100


def test_two_networks_do_not_share_memory(compiled):
    design = CASES["tiny"]
    first, second = (ReplayTrainer(design, random_weights(design, seed), kernel=compiled) for seed in (1, 2))
    before = second.weights
    x, label = random_sequence(design, np.random.default_rng(1))
    weights = first.weights
    for _ in range(9):
        first.train_sequence(x, label)
    np.testing.assert_array_equal(second.weights.hidden, before.hidden)
    assert (first.weights.hidden != weights.hidden).any(), "copies must not follow the kernel"


@pytest.mark.parametrize("kernel", ["numpy", "compiled"])
def test_what_does_not_fit_is_refused_and_changes_nothing(compiled, kernel):
    design, make = CASES["tiny"], NumpyKernel if kernel == "numpy" else compiled
    trainer = ReplayTrainer(design, random_weights(design, 1), kernel=make)
    weights = trainer.weights
    for x, label, words in (
        (np.zeros((9, 5), np.uint8), 3, "label is 3; it must be in 0…2"),
        (np.zeros((99, 5), np.uint8), 1, "features have shape"),
        (np.zeros((9, 5), np.int8), 1, "features are int8"),
    ):
        with pytest.raises(ValueError, match=words):
            trainer.train_sequence(x, label)
    np.testing.assert_array_equal(trainer.weights.hidden, weights.hidden)
    assert trainer.dfa.updates == trainer.reservoir.presented == 0
    with pytest.raises(ValueError, match="accumulators must be of shape"):
        DfaTrainer(design, weights, accumulators=(np.zeros((2, 2), int), np.zeros((8, 3), int)), kernel=make)
    with pytest.raises(ValueError, match="weights have shape"):
        ReplayTrainer(design, random_weights(DESIGNS["one"], 1), kernel=make)
    bistable = DesignPoint(name="b", network=SMALL["network"], cell={"kind": "bmru"})
    with pytest.raises(ValueError, match="bistable cells are trained offline"):
        ReplayTrainer(bistable, random_weights(bistable, 1), kernel=make)


def test_another_library_is_refused(tmp_path):
    (tmp_path / "kernel.so").write_bytes(b"no library")
    with pytest.raises(OSError):
        open_kernel(tmp_path / "kernel.so")


# A kernel with a fault ------------------------------------------------------------------------------------------------


class OtherNumber:
    """A kernel that counts updates from 1."""

    def __init__(self, kernel: LearningKernel):
        self._kernel = kernel

    def __getattr__(self, name: str):
        return getattr(self._kernel, name)

    def learn(self, x, label: int, number: int, watch=None, until=None) -> WeightUpdate:
        return self._kernel.learn(x, label, number + 1, watch, until)


def other_learning(**changes) -> Callable:
    """Makes a kernel whose design point differs in learning alone."""
    return lambda make, design, *rest: make(design.evolve(learning=changes), *rest)


def other_gates(**changes) -> Callable:
    """Makes a kernel whose gates differ by so much."""

    def made(make, design, weights, coefficients: Coefficients, accumulators, devices):
        moved = {name: getattr(coefficients, name) + by for name, by in changes.items()}
        return make(design, weights, replace(coefficients, **moved), accumulators, devices)

    return made


FAULTS = {
    "shift of the hidden layer": other_learning(hidden_shift=4),
    "shift of the readout": other_learning(readout_shift=3),
    "shift of the feedback": other_learning(feedback_shift=3),
    "level": other_learning(accumulator_level=128),
    "most pulses": other_learning(max_pulses=2),
    "reset gate": other_gates(reset=1),
    "update gate": other_gates(update=1),
    "one weight": lambda make, design, weights, *rest: make(
        design, replace(weights, hidden=weights.hidden ^ np.eye(*weights.hidden.shape, dtype=np.int16)), *rest
    ),
    "one level less": lambda make, design, *rest: make(design.evolve(crossbar={"levels": 31}), *rest),
    "update number": lambda make, *rest: OtherNumber(make(*rest)),
    "width of χ": other_learning(accumulator_bits=11),
}
ONLY = {"update number": "direct", "width of χ": "accumulate"}
"""Faults that one way to write alone can show."""


@pytest.mark.parametrize("update", ["accumulate", "direct"])
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_every_fault_is_seen(compiled, fault, update):
    design = make_design(
        network={"features": 4, "hidden": 6, "classes": 3, "max_steps": 4},
        crossbar={"rows": 5, "levels": 32},
        learning={
            "update": update, "hidden_shift": 3, "readout_shift": 2, "feedback_shift": 2, "accumulator_level": 64,
            "accumulator_bits": 12, "max_pulses": 3,
        },
    )  # fmt: skip
    trainers = pair(design, compiled, 1)
    if fault:
        accumulators = trainers[1].dfa.accumulators if update == "accumulate" else None
        clipped = accumulators and tuple(values.clip(-1023, 1023) for values in accumulators)

        def broken(*arguments):
            return FAULTS[fault](compiled, *arguments)

        for position, make in enumerate((NumpyKernel, broken)):
            trainers[position].dfa = DfaTrainer(design, trainers[position].weights, accumulators=clipped, kernel=make)
        if ONLY.get(fault, update) == update:
            with pytest.raises(AssertionError):
                learn_alike(trainers, np.random.default_rng(1), 60)
            return
    assert learn_alike(trainers, np.random.default_rng(1), 60)["applied"] > 100


def test_a_compiled_kernel_is_compiled(compiled):
    design = DESIGNS["one"]
    settings = LearningSettings.of(design)
    kernel = compiled(design, random_weights(design, 1), Coefficients.of(design), None)
    kernel.configure(settings)
    assert isinstance(kernel, CompiledKernel)
