"""Signatures of failing chips: each injected failure moves the registers that reveal it, and a healthy chip's stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from remora.flow.systems.crossbar.devices import PROGRAMMED
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.verify.records import COUNTERS
from remora.flow.verify.run import run_case
from remora.golden.crossbar.weights import Weights
from remora.golden.data.sequences import SequenceSet
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.learning import MOST_ACCURACY
from remora.spec.lib.packets import Flag
from tests.top.crossbar.bring_up.test_program_and_verify import SMALL
from tests.top.crossbar.test_devices import GATES

SEQUENCES = 24
DESIGN = SMALL.evolve(
    learning={
        "enabled": True, "replay_capacity": 4, "replay_ratio": 3, "healing": True, "hidden_shift": 5,
        "readout_shift": 4,
    },
    system={"count_codes": True},
    crossbar={"verify_pulses": 6},
)  # fmt: skip
CHIPS = {
    "healthy": {"on_off": 10.0},
    "offset": {"converter_offset": 120.0},
    "weak": {"raise_steps": [0.1], "lower_steps": [0.1]},
    "stuck": {"stuck_full": 0.5, "seed": 3},
}


@dataclass(frozen=True)
class Signature:
    """Shares that software forms of registers: saturated codes, pulses an update, dropped pulses, unverified rows, and
    the reservoir accuracy."""

    saturated: float
    pulses: float
    dropped: float
    unverified: float
    accuracy: float


def task() -> Stimulus:
    """Two classes that differ in which feature is bright, from small weights."""
    random, labels = np.random.default_rng(1), np.arange(SEQUENCES) % 2
    features = np.zeros((SEQUENCES, 3, 3), np.uint8)
    features[np.arange(SEQUENCES), :, labels] = 200
    hidden, readout = (random.integers(-6, 7, shape).astype(np.int16) for shape in ((7, 3), (4, 2)))
    data = SequenceSet(features, labels.astype(np.int64))
    return Stimulus.of(data, Weights(hidden, readout), GATES, Flag.INFER | Flag.LEARN)


@pytest.fixture(scope="module")
def signatures(harness, tmp_path_factory) -> dict[str, Signature]:
    """Of each chip, from its own registers, which agree with golden's."""
    _, build = harness(DESIGN.evolve(devices=CHIPS["healthy"]))
    found = {}
    for name, devices in CHIPS.items():
        case = CrossbarCase(DESIGN.evolve(devices=devices), task())
        result = run_case(build, case, tmp_path_factory.mktemp(name), seed=1)
        result.require(COUNTERS, f"{PROGRAMMED} {COUNTERS}", "counts")
        counters, ended = result.counters, case.reference.programmed
        updates = counters[Counter.LEARNED] + counters[Counter.REPLAYED]
        due = counters[Counter.PULSES] + counters[Counter.PULSES_DROPPED]
        found[name] = Signature(
            counters[Counter.ADC_SATURATIONS] / counters[Counter.CODES],
            counters[Counter.PULSES] / updates,
            counters[Counter.PULSES_DROPPED] / due,
            sum(each.mismatches for each in ended) / sum(each.rows for each in ended),
            case.reference.checkpoint.healing.accuracy / MOST_ACCURACY,
        )
    return found


def test_a_healthy_chip_shows_none(signatures):
    """Rule X9 and others: nothing saturates, is dropped or gives up, and it learns what it is shown."""
    healthy = signatures["healthy"]
    assert (healthy.saturated, healthy.dropped, healthy.unverified) == (0, 0, 0)
    assert 0 < healthy.pulses < 5 and healthy.accuracy > 0.98


@pytest.mark.parametrize(
    ("chip", "register", "at_least"),
    [
        ("offset", "saturated", 0.2),
        ("weak", "pulses", 10),
        ("stuck", "dropped", 0.2),
        ("stuck", "unverified", 0.5),
        ("offset", "unverified", 0.5),
    ],
)
def test_an_injected_failure_moves_its_register(signatures, chip, register, at_least):
    assert getattr(signatures[chip], register) >= at_least


@pytest.mark.parametrize("chip", ["offset", "stuck"])
def test_a_chip_that_cannot_learn_loses_reservoir_accuracy(signatures, chip):
    assert signatures[chip].accuracy < 0.9
