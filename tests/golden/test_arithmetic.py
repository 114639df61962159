"""The document of the arithmetic suffices: its independent reading and golden agree over all legal formats.

Every network has another design point; the ends of every range come often. What was compared is counted, and so is
what the networks met: saturation, dropped pulses, replays, cells that set and reset. ``COCOTB_RANDOM_SEED`` gives
other networks.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from remora.flow.systems.bmru.soak.random_designs import any_core
from remora.flow.systems.crossbar.soak.random_designs import any_coefficients, any_design
from remora.flow.verify.soak.random_values import within
from remora.golden.bmru.clips import FramePacket, Intake, VoteModel, VoteSettings
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.random_codes import random_codes
from remora.golden.crossbar.bistable import infer
from remora.golden.crossbar.cell import signed_candidates
from remora.golden.crossbar.weights import initial_weights, random_weights
from remora.golden.learning.kernel.rules import output_error
from remora.golden.learning.settings import LearningSettings
from remora.golden.learning.trace import LearningReference
from remora.spec.bmru.frames import FrameFlag, ReportFlag, encode_frame
from remora.spec.bmru.scan import check_word
from remora.spec.crossbar.learning import SEQUENCE_LIMIT
from remora.spec.crossbar.records import NO_SLOT
from remora.spec.crossbar.tables import derivative_table
from remora.spec.lib.rng import Purpose, draw_pair, uniform_index
from tests.golden import scalar_bmru, scalar_numbers
from tests.golden.crossbar.test_bistable import assert_agrees as assert_bistable_agrees
from tests.golden.crossbar.test_miru import assert_agrees, ragged_lengths, random_features
from tests.golden.learning.test_dfa import assert_same_state, random_sequence
from tests.golden.learning.test_replay import assert_reservoirs_alike
from tests.golden.scalar_bmru import ScalarCore, ScalarVote, applied_feature
from tests.golden.scalar_learning import ScalarLearner, stored_sum
from tests.golden.scalar_numbers import candidate, derivative

NETWORKS = 200
SEED = int(os.environ.get("COCOTB_RANDOM_SEED", "1"))


def test_inference():
    """Rules F1 to F7, X1 to X6, G1, G2, C1 to C5 and O1 to O3."""
    random, seen, formats = np.random.default_rng([SEED, 1]), Counter(), set()
    for _ in range(NETWORKS):
        design, seed = any_design(random), int(random.integers(2**32))
        found = assert_agrees(design, random_weights(design, seed), random_features(design, 3, seed),
                              ragged_lengths(design, 3), any_coefficients(random, design))  # fmt: skip
        seen += Counter(
            adc=found.adc, words=found.words, signed=design.network.feature_signed, gains=design.crossbar.gain,
            digital=design.crossbar.bias == "digital",
        )  # fmt: skip
        formats.add(tuple(design.formats.model_dump().values()))
    assert (
        min(seen[name] for name in ("adc", "words", "signed", "gains", "digital")) > 10 and len(formats) > NETWORKS // 2
    )


def test_inference_with_bistable_cells():
    """Rules B1 to B7; in every second network thresholds are sums that occur, so that equality decides."""
    random, changes = np.random.default_rng([SEED, 2]), Counter()
    for number in range(NETWORKS):
        design, seed = any_design(random, kind="bmru"), int(random.integers(2**32))
        weights, features = random_weights(design, seed), random_features(design, 3, seed)
        if number % 2:
            sums = infer(design, weights, features, record=True).record.sums.reshape(-1, design.network.hidden)
            chosen = np.sort(sums[random.integers(len(sums), size=2)], axis=0)
            weights = replace(weights, thresholds=np.maximum(chosen, 0).astype(np.int32))
        states = assert_bistable_agrees(design, weights, features, ragged_lengths(design, 3))
        changes.update((states[:, 1:] - states[:, :-1]).ravel().tolist())
    assert min(changes[change] for change in (-1, 0, 1)) > 10


@pytest.mark.parametrize("update", ["accumulate", "direct"])
def test_learning_with_replay(update):
    """Rules L1 to L17, P1 to P3, M1 to M7, M11 to M14 and T1 to T3, through the records that the hardware is compared
    with."""
    random, seen = np.random.default_rng([SEED, 3]), Counter()
    for number in range(NETWORKS):
        design = any_design(random, update=update).evolve(learning={"enabled": True})
        seen += learn_both(design, random, ends=number % 5 == 0)
    assert (
        min(
            seen[name]
            for name in ("applied", "dropped", "replays", "accepted", "refused", "devices", "healed", "policy", "wrong")
        )
        > 10
    ), seen
    assert seen["limits"]


def learn_both(design, random: np.random.Generator, ends: bool) -> Counter:
    """Learn the same sequences in golden and in the independent reading; what came of it."""
    weights = random_weights(design, int(random.integers(2**32)))
    coefficients = any_coefficients(random, design)
    reference = LearningReference(design, weights, coefficients)
    gains = coefficients.hidden_gain, coefficients.readout_gain
    trainer, scalar, seen = reference.trainer, ScalarLearner(design, weights, gains=gains), Counter()
    if ends:
        trainer.dfa.updates = scalar.q = 2**32 - 2
        trainer.reservoir.presented = scalar.n = SEQUENCE_LIMIT - 1
    for number in range(5):
        if number == 3:
            settings = any_settings(design, random)
            trainer.settings = settings
            scalar.set(**settings.as_dict())
            trainer.reservoir.frozen = scalar.frozen = bool(random.integers(4) == 0)
        x, label = random_sequence(design, random)
        one = np.ones(1, int)
        learnt = reference.advance(x[None], len(x) * one, label * one, one > 0, 0 * one)
        before = len(scalar.reservoir)
        done = scalar.learn(x.tolist(), label)
        healing = int(random.integers(3)) if scalar.reservoir else 0
        healed = reference.heal(healing)
        assert (healed.healed, healed.sequences, healed.replayed) == (healing, 0, 0)
        inserted = len(scalar.reservoir), [nibbles for nibbles, _ in scalar.reservoir]
        slots, further = zip(*scalar.heal(healing), strict=True) if healing else ((), ())
        assert healed.records["learn"]["slot"].tolist() == list(slots)
        assert inserted == (len(scalar.reservoir), [nibbles for nibbles, _ in scalar.reservoir])
        records = np.concatenate([learnt.records["learn"], healed.records["learn"]])
        assert len(records) == len(done) + healing
        for record, update in zip(records, [*done, *further], strict=True):
            for name in ("error", "feedback"):
                assert record[name].tolist() == update[name], name
            for name in ("gradient_sum", "accumulator_sum"):
                assert record[name] == update[name], name
            applied, dropped, devices = (sum(counts) for counts in zip(*update["writes"], strict=True))
            assert (record["applied"], record["dropped"]) == (applied, dropped)
            seen += Counter(applied=applied, dropped=dropped, devices=devices)
        assert learnt.scores[0].tolist() == done[0]["scores"] and learnt.decision[0] == done[0]["decision"]
        assert records[0]["slot"] == NO_SLOT
        assert_same_state(trainer.dfa, scalar)
        assert_reservoirs_alike(trainer, scalar)
        assert (trainer.healing.accuracy, trainer.healing.policy) == (scalar.accuracy, scalar.policy)
        seen += Counter(healed=healing, policy=scalar.policy, wrong=scalar.accuracy < 65535)
        if design.learning.replay_capacity:
            insert = learnt.records["insert"][0]
            accepted = insert["slot"] != NO_SLOT
            assert insert["presented"] == scalar.n and accepted >= (len(scalar.reservoir) > before)
            if accepted:
                assert insert["stored_sum"] == stored_sum(scalar.reservoir[insert["slot"]][0])
            seen += Counter(accepted=int(accepted), refused=int(not accepted), replays=len(done) - 1)
    seen["limits"] += ends
    return seen


def any_settings(design, random: np.random.Generator) -> LearningSettings:
    units = design.network.hidden
    return LearningSettings(
        seed=within(random, 0, 2**32 - 1),
        winners=units if design.learning.winners == "all" else within(random, 1, units),
        replay_ratio=within(random, 0, 3),
        hidden_rate_shift=within(random, 0, 3),
        readout_rate_shift=within(random, 0, 3),
        heal_hidden_rate_shift=within(random, 0, 3),
        heal_readout_rate_shift=within(random, 0, 3),
        heal_start=within(random, 0, 65535),
        heal_stop=within(random, 0, 65535),
        verify_feedback=within(random, 0, 8),
    )


def test_tables_and_errors():
    """Rules C1, L3 and L7, of every code."""
    random, compared = np.random.default_rng([SEED, 4]), 0
    for _ in range(NETWORKS // 2):
        design = any_design(random)
        a, limit = design.formats.adc_bits - 1 - design.formats.adc_range_log2, 2 ** (design.formats.adc_bits - 1) - 1
        codes = range(-limit, limit + 1)
        assert signed_candidates(design).tolist() == [candidate(o, a, design.formats.state_bits) for o in codes]
        assert list(derivative_table(design)) == [derivative(o, a) for o in range(limit + 1)]
        classes = design.network.classes
        for _ in range(4):
            scores = random.integers(-limit, limit + 1, classes)
            learner = ScalarLearner(design, random_weights(design, 1))
            label = int(random.integers(classes))
            assert output_error(design, scores, label).tolist() == learner.error(scores.tolist(), label)
        compared += len(codes)
    assert compared > 10_000


def test_weights_and_thresholds_before_training():
    """Rules H1, H2 and R7, in double precision."""
    random = np.random.default_rng([SEED, 8])
    for kind in ["miru", "bmru"] * 20:
        design = any_design(random, kind)
        found, (hidden, readout) = initial_weights(design), first_weights(design)
        assert found.hidden.tolist() == hidden and found.readout.tolist() == readout
        if kind == "bmru":
            words, limit = 2**design.formats.stream_bits, scalar_numbers.largest_weight(design)
            most = (words - 1) * (design.network.features + 1) * limit + 1
            starts = [min(round(start * words * 2**design.crossbar.level_bits), most) for start in (0.15, 0.5)]
            assert found.thresholds.tolist() == [[start] * design.network.hidden for start in starts]


def first_weights(design) -> tuple[list, list]:
    """Levels of both layers, rows of columns."""
    network, seed, limit = design.network, design.learning.seed, scalar_numbers.largest_weight(design)
    units, columns, classes = network.hidden, range(network.hidden), range(network.classes)

    def level(value: float) -> int:
        return scalar_numbers.clip(round(value * 2**design.crossbar.level_bits), -limit, limit)

    def uniform(i: int, j: int) -> float:
        return scalar_numbers.draw(seed, 2, 2, i, j)[0] / 2**31 - 1

    def normal(i: int, j: int) -> float:
        first, second = (scalar_numbers.draw(seed, 2, sequence, i, j)[0] for sequence in (0, 1))
        return math.sqrt(-2 * math.log((first + 0.5) / 2**32)) * math.cos(2 * math.pi * second / 2**32)

    states = 0 if design.cell.kind == "bmru" else units
    hidden = [[level(uniform(i, j) / math.sqrt(network.features)) for j in columns] for i in range(network.features)]
    for i in range(network.features, network.features + states):
        hidden.append([level(normal(i, j) / 2 / math.sqrt(units)) for j in columns])
    rows = len(hidden) + 1
    readout = [[level(uniform(rows + i, k) / math.sqrt(units)) for k in classes] for i in columns]
    return [*hidden, [0] * units], [*readout, [0] * network.classes]


def test_random_numbers():
    """Rules R1, R2 and R4."""
    random, rejected = np.random.default_rng([SEED, 5]), 0
    for _ in range(2000):
        seed, sequence, index = (within(random, 0, 2**32 - 1) for _ in range(3))
        lane, attempt = within(random, 0, 2**16 - 1), within(random, 0, 255)
        purpose = Purpose(int(random.choice(list(Purpose))))
        words = scalar_numbers.draw(seed, purpose, sequence, index, lane, attempt)
        assert tuple(int(word) for word in draw_pair(seed, purpose, sequence, index, lane, attempt)) == words
        bound = within(random, 1, 2 ** int(random.integers(1, 33)))
        found = uniform_index(seed, Purpose.REPLAY_INDEX, bound, sequence, index)
        assert found == scalar_numbers.index_below(bound, seed, Purpose.REPLAY_INDEX, sequence, index)
        size = 2 ** (bound - 1).bit_length()
        rejected += scalar_numbers.draw(seed, Purpose.REPLAY_INDEX, sequence, index)[0] % size >= bound
    assert rejected > 100


def test_bmru_core():
    """Rules A1 to A19, with every non-ideality: each current, state, class and charge.

    In every second network hystereses equal thresholds, so that a current of 0 lies on the low one.
    """
    random, seen = np.random.default_rng([SEED, 6]), Counter()
    for network in range(NETWORKS):
        design, seed = any_core(random), int(random.integers(2**32))
        codes, number = random_codes(design, seed), within(random, 0, 2**32 - 1)
        if network % 2:
            equal = {name: codes[name.replace("hysteresis", "threshold")] for name in codes.arrays}
            codes = replace(codes, arrays=equal)
        chain = codes.chain().astype(int).tolist()
        assert scalar_bmru.check_word(chain) == check_word(codes.chain())
        limit = 2 ** (design.formats.feature_bits - 1) - 1
        features = np.array(
            [[[within(random, -limit, limit) for _ in range(design.network.features)] for _ in range(3)] for _ in "ab"]
        )
        run = BmruCore(design, codes).run(features, [number, (number + 3) % 2**32])
        records = run.records(design)
        scalar, charge = ScalarCore(design, chain), 0
        scalar.frame_number = number
        for position, frame in enumerate(features.reshape(6, -1).tolist()):
            if position == 3:
                scalar.clear()
            expected = scalar.frame(frame)
            charge = expected["charge"] = (charge + expected["charge"]) % 2**48
            for name, value in expected.items():
                assert records[position][name].reshape(-1).tolist() == (value if isinstance(value, list) else [value])
            assert records[position]["frame"] == (number + position) % 2**32
            top = 2**design.formats.node_bits - 1
            seen += Counter(saturated=top in map(abs, expected["output"]), on=any(expected["state"]))
            seen += Counter(off=not all(expected["state"]), late=expected["decision"] > 0)
        for name in ("mismatch", "bias_error", "noise"):
            seen[name] += getattr(design.nonidealities, name)
    assert len(seen) == 7 and min(seen.values()) > 10, seen


def test_votes():
    """Rules A7 and V1 to V5, packet by packet."""
    random, wakes, saturated = np.random.default_rng([SEED, 7]), 0, 0
    for _ in range(NETWORKS):
        design = any_core(random)
        settings = VoteSettings.of(design)
        settings = VoteSettings(
            settings.frames, settings.sliding, settings.wake_class, within(random, 1, settings.frames), True, True
        )
        intake, model, scalar = Intake(design), VoteModel(design), None
        for _ in range(25):
            start, end = scalar is None or random.random() < 0.1, random.random() < 0.1
            flags = FrameFlag(FrameFlag.START * start | FrameFlag.END * end)
            values = [within(random, -(2**15), 2**15 - 1) for _ in range(design.network.features)]
            frame = intake.take(FramePacket(encode_frame(values, flags)), settings)
            applied = [applied_feature(design, value) for value in values]
            assert frame.features.tolist() == [code for code, _ in applied]
            saturated += sum(beyond for _, beyond in applied)
            scalar = ScalarVote(settings, design.network.classes) if start else scalar
            decision = int(random.integers(design.network.classes))
            vote = scalar.frame(decision, end)
            answers = model.take(frame, decision)
            assert [answer.flags & ReportFlag.FRAME for answer in answers] == [1, 0][: len(answers)]
            assert (vote is None) == (len(answers) == 1)
            if vote:
                ends, votes, majority, wake = vote
                answer = answers[1]
                assert (frame.last, list(answer.scores), answer.decision) == (ends, votes, majority)
                assert bool(answer.flags & ReportFlag.WAKE) == wake
                wakes += wake
                scalar = None if ends else scalar
        assert intake.saturated <= saturated
    assert wakes > 10 and saturated > 10
