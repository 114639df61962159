"""Verified learning: beside the independent reading, the compiled kernel beside numpy, and what it is for."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.flow.verify.soak.random_values import within
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import initial_weights, random_weights
from remora.golden.learning.kernel.compiled import CompiledKernel, open_kernel
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.trace import LearningReference
from remora.spec.lib.errors import ConfigError
from tests.golden.designs import DESIGNS
from tests.golden.devices.comparison import spreads_of
from tests.golden.learning.test_device_state import assert_same_devices
from tests.golden.learning.test_dfa import random_sequence
from tests.golden.learning.test_kernel import learn_alike, pair
from tests.golden.scalar_chip import ScalarChip
from tests.golden.scalar_learning import ScalarLearner

SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))
NETWORKS = 12
FAST = {"hidden_shift": 4, "readout_shift": 3}
TINY = DESIGNS["tiny"].evolve(learning={"enabled": True, **FAST})


def any_verified(random: np.random.Generator, real: bool):
    """A design point that verifies what it learns, with devices or without."""
    while True:
        learning = {
            "enabled": True, "verify_reads": int(random.choice([1, 2, 4, 16])), "verify_give_up": within(random, 1, 4),
            "verify_feedback": within(random, 0, 8), "hidden_shift": within(random, 0, 6),
            "compensation": bool(random.random() < 0.3),
        }  # fmt: skip
        try:
            design = any_design(random, plain=True).evolve(learning=learning)
            design = design.evolve(crossbar={"fraction_bits": min(12, design.crossbar.fraction_bits)})
        except ConfigError:
            continue
        return with_devices(design, random) if real else design


@pytest.mark.parametrize("real", [False, True])
def test_the_independent_reading_agrees(real):
    """Rules J1 to J3, with L12, L13, P3, W3, D17 and T1: every χ, device, count and record."""
    random, seen = np.random.default_rng([SEED, 61, real]), Counter()
    for _ in range(3 * NETWORKS if real else NETWORKS):
        design = any_verified(random, real)
        weights = random_weights(design, int(random.integers(2**32)))
        reference = LearningReference(design, weights, Coefficients.of(design))
        scalar = (
            ScalarChip(design, weights, design.device_model(), spreads_of(design))
            if real
            else ScalarLearner(design, weights)
        )
        for _ in range(3):
            x, label = random_sequence(design, random)
            one = np.ones(1, int)
            found = reference.advance(x[None], len(x) * one, label * one, one > 0, 0 * one)
            done = scalar.learn(x.tolist(), label)
            for record, update in zip(found.records["learn"], done, strict=True):
                assert record["accumulator_sum"] == update["accumulator_sum"]
                seen += Counter(updates=1, returned=len(scalar.returned))
            for chi, expected in zip(reference.trainer.dfa.accumulators, scalar.chi, strict=True):
                assert chi.tolist() == expected
                seen += Counter(values=chi.size)
            applied, dropped, devices = (
                sum(column) for column in zip(*(counts for update in done for counts in update["writes"]), strict=True)
            )
            writes = found.hidden, found.readout
            assert sum(each.applied for each in writes) == applied
            assert sum(each.dropped for each in writes) == dropped
            assert sum(each.devices for each in writes) == devices
            assert sum(each.given_up for each in writes) == sum(update["given_up"] for update in done)
            seen += Counter(applied=applied, dropped=dropped, given_up=sum(update["given_up"] for update in done))
            if real:
                seen += assert_same_devices(reference.trainer.dfa.devices, scalar)
                assert list(reference.trainer.dfa.devices.probes) == scalar.probes
                seen += Counter(probes=sum(scalar.probes))
    assert min(seen[name] for name in ("updates", "returned", "values", "applied", "dropped")) > 20, seen
    assert (seen["probes"] > 100 and seen["given_up"] > 10) if real else not seen["given_up"], seen


def test_the_compiled_kernel_agrees():
    """Rules J1 to J3: devices, χ and counts of both kernels, what was pulsed and read, and probes; wires are left to
    numpy."""
    random, seen, kernel = np.random.default_rng([SEED, 62]), Counter(), open_kernel(compile_kernel())
    for number in range(NETWORKS):
        design = any_verified(random, number % 4 > 0)
        trainers = pair(design, kernel, number)
        seen += learn_alike(trainers, np.random.default_rng(number), 4)
        golden, other = (each.dfa.devices for each in trainers)
        if golden:
            assert golden.probes == other.probes
            seen += Counter(probes=sum(golden.probes))
        seen += Counter(compiled=isinstance(trainers[1].dfa._kernel, CompiledKernel))
    assert seen["values"] > 1000 and seen["probes"] > 100 and 0 < seen["compiled"] < NETWORKS, seen
    assert seen["rounds"] > seen["tiles"] > 100, seen


def learnt(design, sequences: int = 8) -> tuple[ReplayTrainer, Counter]:
    trainer, random, seen = ReplayTrainer(design, initial_weights(design)), np.random.default_rng(2), Counter()
    for _ in range(sequences):
        update = trainer.train_sequence(*random_sequence(design, random)).update
        for each in (update.hidden, update.readout):
            seen += Counter(applied=each.applied, dropped=each.dropped, given_up=each.given_up)
    return trainer, seen


def test_what_reads_full_scale_returns_nothing():
    """Rule J1: a converter that is off by many codes does not run weights away. Pulses are exact, so whatever came
    back would be wrong, and full feedback learns as none does."""
    offset = TINY.evolve(
        devices={"converter_offset": 60}, learning={"verify_reads": 2, "max_pulses": 1, "hidden_shift": 2}
    )
    (one, full), (other, none) = (learnt(offset.evolve(learning={"verify_feedback": each})) for each in (8, 0))
    for mine, theirs in zip(one.dfa.accumulators, other.dfa.accumulators, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert full == none and full["applied"] > 50 and not full["given_up"], full


def test_a_full_pair_is_not_given_up():
    """Rule J2: a pulse that is dropped is not repeated, and nothing counts the weight."""
    for devices in ({}, {"on_off": 20}):
        design = TINY.evolve(devices=devices, crossbar={"levels": 4}, learning={"verify_reads": 2, "verify_give_up": 4})
        seen = learnt(design)[1]
        assert seen["dropped"] > 20 and seen["applied"] > 20 and not seen["given_up"], seen


@pytest.mark.parametrize("pair", ["canonical", "reference"])
def test_ideal_devices_miss_nothing(pair):
    """Where no pair is full, ideal devices learn alike, verified or not: χ, weights and pulses."""
    plain = TINY.evolve(crossbar={"pair": pair, "levels": 128}, learning={"hidden_shift": 7, "readout_shift": 6})
    (one, without), (other, verified) = (learnt(each) for each in (plain, plain.evolve(learning={"verify_reads": 2})))
    kept = [(each.dfa.weights.hidden, each.dfa.weights.readout, *each.dfa.accumulators) for each in (one, other)]
    for mine, theirs in zip(*kept, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert without == verified and without["applied"] > 50 and not without["dropped"] + without["given_up"]


def test_what_pulses_miss_returns():
    """Devices of half a level a pulse: with full feedback weights end where ideal ones would; without, half-way."""
    half = TINY.evolve(devices={"raise_steps": (0.5,), "lower_steps": (0.5,)}, crossbar={"levels": 128})
    ideal = learnt(TINY.evolve(crossbar={"levels": 128}), 3)[1]["applied"]
    open_loop, full = (
        learnt(half.evolve(learning={"verify_reads": reads, "max_pulses": 15}), 3)[1]["applied"] for reads in (0, 1)
    )
    assert full > 1.2 * open_loop and ideal > 0


def test_a_device_that_does_not_move_is_given_up():
    """Rule J2: it takes as many pulses as the design point says, and its accumulator gets nothing back."""
    for most in (1, 2, 5):
        design = TINY.evolve(
            devices={"corrupt": 1.0}, learning={"verify_reads": 1, "verify_give_up": most, "max_pulses": 1}
        )
        trainer, seen = learnt(design, 2)
        assert seen["given_up"] > 20 and seen["applied"] + seen["dropped"] == most * seen["given_up"]
        assert not np.abs(trainer.dfa.accumulators[0]).max() > 2**15
