"""The whole accelerator on real devices against golden: every code, update and answer, and every device at the end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from remora.flow.systems.crossbar.device_effects import alone, codes_changed_by
from remora.flow.systems.crossbar.devices import DEVICES, fresh_devices
from remora.flow.systems.crossbar.reference import Reference
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus, learning_stimulus, stress_stimulus
from remora.flow.systems.registry import generate
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.inference import infer
from remora.golden.learning.learnt_state import FAULTS, LAYERS, READINGS
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import INSERT, LEARN, READOUT, STEP
from remora.spec.devices.model import ticks
from remora.spec.devices.section import NON_IDEALITIES
from tests.hdl.designs import DESIGNS, TILED
from tests.top.crossbar.test_learning import learner

SEQUENCES = 20
GATES = Coefficients(176, 216)
EVERYTHING = {
    "on_off": 10.0, "raise_steps": [1.4, 0.5], "lower_steps": [0.6, 1.2, 1.6], "step_law": "lognormal",
    "step_spread": 0.3, "direction_spread": 0.1, "rest_spread": 0.02, "full_spread": 0.1, "cycle_noise": 0.4,
    "cycle_noise_range": 0.02, "write_noise": [0.0, 0.01, 0.03], "read_noise": 0.05, "slow_noise": [0.02, 0.01],
    "slow_base": 17.5, "stuck_rest": 0.03, "stuck_full": 0.02, "corrupt": 0.03, "drift": [0.06, 0.04],
    "drift_spread": [0.02], "drift_start": 20.0, "endurance": 12.0, "endurance_spread": 0.4, "wire_row": 20.0,
    "wire_column": 10.0, "full_conductance": 1e-4, "converter_offset": 3.0, "converter_gain": 0.05,
    "converter_noise": 0.7, "plane_error": 0.05, "dead_columns": 0.1,
}  # fmt: skip
"""Every non-ideality at once, each large enough to be seen in short runs."""
QUICK = {"hidden_shift": 3, "readout_shift": 2}
"""Rates at which a short run gives many pulses."""
DAY = 86400.0


def real(design: DesignPoint, model: str = "ideal", **changes) -> DesignPoint:
    """A design point with real devices: those of a preset, or everything at once."""
    return design.evolve(devices={"model": model} if model != "ideal" else EVERYTHING, **changes)


# Factors: preset, what is done, update rule, replay, tiles, contexts, integrators, readouts, macros larger than tiles.
INFERRING = {
    "contexts": real(DESIGNS["primes"], system={"contexts": 3}, crossbar={"integrators": 2}),
    "every step": real(TILED, network={"readout": "every"}),
    "one": real(DESIGNS["one"]),
}
LEARNING = {
    "accumulate": real(learner("primes", **QUICK, replay_capacity=5, replay_ratio=2, healing=True)),
    "direct": real(
        learner("tiny", **QUICK, update="direct", accumulator_level=256, replay_capacity=3, columns=2),
        system={"contexts": 3},
    ),
}


STUCK = {**EVERYTHING, "stuck_rest": 0.1, "stuck_full": 0.1, "corrupt": 0.1}
COMPENSATING = {
    "accumulate": learner("primes", **QUICK, replay_capacity=5, replay_ratio=2, healing=True, compensation=True),
    "direct": learner(
        "tiny", **QUICK, update="direct", accumulator_level=256, replay_capacity=3, columns=2, compensation=True
    ).evolve(system={"contexts": 3, "parity": True, "small_memory_bits": 0}),
}


def run(harness, directory, design: DesignPoint, stimulus: Stimulus, *, stall: float = 0.0, seed: int = 1):
    """A run of a chip, everything compared, each device too."""
    _, build = harness(design)
    result = run_case(build, CrossbarCase(design, stimulus), directory, seed=seed, stall=stall)
    learns = stimulus.learns.any()
    read = [f"{layer} {READINGS}" for layer in LAYERS]
    result.require(STEP, READOUT, ANSWER, DEVICES, *read, *([LEARN, INSERT, "counts"] if learns else []))
    assert result.comparison.compared[DEVICES] == sum(tile.rows * tile.columns for tile in all_tiles(design))
    return result


def chips(design: DesignPoint, seeds: range) -> list[DesignPoint]:
    """Other chips of the same kind."""
    return [design.evolve(devices={"seed": seed}) for seed in seeds]


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(
    "name", ["contexts", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("one", "every step"))]
)
def test_infers_as_golden_does(name, stall, harness, tmp_path):
    """Two chips, aged by a day; every non-ideality changes codes by itself."""
    changed = set()
    for design in chips(INFERRING[name], range(1, 3)):
        seed = design.devices.seed
        stimulus = replace(stress_stimulus(design, SEQUENCES, GATES, seed), age=ticks(design.devices, DAY))
        run(harness, tmp_path / str(seed), design, stimulus, stall=stall, seed=seed)
        if name != "one" and not stall:
            changed |= {each for each, share in codes_changed_by(design, stimulus).items() if share}
    if changed:
        assert changed >= set(NON_IDEALITIES) - {"on_off", "endurance", "response", "step_spread", "cycle_noise"}


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("name", ["accumulate", pytest.param("direct", marks=pytest.mark.nightly)])
def test_learns_as_golden_does(name, stall, harness, tmp_path):
    """Two chips; devices move, wear out and are replayed to, also without new sequences."""
    for design in chips(LEARNING[name], range(1, 3)):
        seed = design.devices.seed
        stimulus = replace(
            learning_stimulus(design, SEQUENCES, GATES, seed),
            age=ticks(design.devices, DAY),
            heal=9 * design.capabilities.heals,
        )
        case = partial(run, harness, tmp_path / str(seed), design, stimulus)
        result = case(stall=stall, seed=seed)
        assert result.counters[Counter.PULSES] > 100 and result.counters[Counter.REPLAYED] > 0


@pytest.mark.parametrize("name", ["accumulate", pytest.param("direct", marks=pytest.mark.nightly)])
def test_compensates_as_golden_does(name, harness, tmp_path):
    """A third of the devices is stuck; golden and hardware pulse none of them, and their maps are the same."""
    design = COMPENSATING[name].evolve(devices=STUCK)
    stimulus = replace(
        learning_stimulus(design, SEQUENCES, GATES, 3),
        age=ticks(design.devices, DAY),
        heal=9 * design.capabilities.heals,
    )
    result = run(harness, tmp_path, design, stimulus, stall=0.3)
    assert result.counters[Counter.PULSES] > 100 and result.counters[Counter.REPLAYED] > 0
    result.require(*(f"{layer} {FAULTS}" for layer in LAYERS))
    reference = Reference(design, stimulus, trace=False)
    reference.advance(0, SEQUENCES)
    for layer in reference.devices.layers:
        assert layer.marked.any() and not layer.n[layer.marked].any() and layer.n.max() > 1


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*INFERRING, *LEARNING])
def test_twenty_chips(name, harness, tmp_path):
    """As many as it takes to compare ten million values, all presets among them."""
    design = (INFERRING | LEARNING)[name]
    stimulus = learning_stimulus if design.capabilities.learns else stress_stimulus
    for each in chips(design, range(1, 21)):
        seed = each.devices.seed
        run(harness, tmp_path / str(seed), each, stimulus(each, 4 * SEQUENCES, GATES, seed), seed=seed)


def test_each_non_ideality_alone(harness, tmp_path):
    """One build for all: hardware and golden agree in each of them by itself."""
    design = INFERRING["contexts"]
    age = ticks(design.devices, DAY)
    for name, fields in NON_IDEALITIES.items():
        only = alone(design, fields)
        stimulus = replace(stress_stimulus(only, 4, GATES, 3), age=age if only.devices.resolved()["drift_start"] else 0)
        run(harness, tmp_path / name, only, stimulus)


@pytest.mark.nightly
def test_stalls_contexts_and_parts_give_the_same_codes(harness, tmp_path):
    """A sample's noise follows from its sequence and step, whatever else goes on."""
    design = INFERRING["contexts"]
    stimulus = stress_stimulus(design, SEQUENCES, GATES, 9)
    single = design.evolve(system={"contexts": 1}, crossbar={"integrators": 1})
    answers = []
    for number, (each, stall) in enumerate([(design, 0.0), (design, 0.7), (single, 0.0)]):
        answers.append(run(harness, tmp_path / str(number), each, stimulus, stall=stall).answers)
    _, build = harness(design)
    parts = CrossbarCase(design, stimulus).parts(3)
    divided = [run_case(build, part, tmp_path / f"part{index}", seed=1) for index, part in enumerate(parts)]
    answers.append([answer for each in divided for answer in each.answers])
    scores = [[answer.scores for answer in each] for each in answers]
    assert len(scores[0]) == SEQUENCES and scores[0] == scores[1] == scores[2] == scores[3]
    assert len({tuple(each) for each in scores[0]}) > SEQUENCES // 2


def test_a_trained_chip_goes_on_where_its_training_ended(harness, tmp_path):
    """From a state that pulses and a day made: it is not what programming its weights anew would give."""
    design = LEARNING["accumulate"]
    stimulus = learning_stimulus(design, SEQUENCES, GATES, 5)
    earlier = Reference(design, replace(stimulus, age=ticks(design.devices, DAY)), trace=False)
    earlier.advance(0, SEQUENCES)
    held = earlier.devices
    assert held.started > SEQUENCES and held.ageings == 1 and max(int(layer.n.max()) for layer in held.layers) > 1
    later = learning_stimulus(design, SEQUENCES, GATES, 6)
    later = replace(later, weights=earlier.checkpoint.weights, devices=held, first_place=held.started)
    run(harness, tmp_path, design, later)
    fresh = Reference(design, replace(later, devices=None), trace=False).advance(0, SEQUENCES)
    assert not np.array_equal(Reference(design, later, trace=False).advance(0, SEQUENCES).scores, fresh.scores)


def test_a_chip_whose_state_golden_does_not_share_is_noticed(harness, tmp_path):
    """An age that differs, another place in the stream, a probe that golden has not counted."""
    design = LEARNING["accumulate"]
    stimulus = learning_stimulus(design, 6, GATES, 2)
    _, build = harness(design)
    probed = replace(fresh_devices(design, stimulus.weights), probes=(1, 0))
    for number, changes in enumerate(({"age": 1 << 30}, {"first_place": 1}, {"devices": probed})):
        case = CrossbarCase(design, stimulus)
        case.stimulus = replace(stimulus, **changes)
        result = run_case(build, case, tmp_path / str(number), seed=1)
        assert result.failure()
    mismatches = result.comparison.mismatches
    assert mismatches["hidden readings"] and not mismatches["readout readings"]


def test_devices_change_no_verilog(tmp_path):
    """One netlist serves every chip, and the one of ideal devices."""
    plain = DESIGNS["one"]
    chips_of_it = [plain, plain.evolve(devices={"model": "ideal"}), real(plain), *chips(real(plain), range(2, 3))]
    texts = [
        generate(each, tmp_path / str(number)).netlist.read_text(encoding="utf-8")
        for number, each in enumerate(chips_of_it)
    ]
    assert len(set(texts)) == 1 and len(texts[0]) > 1000


def test_what_cancels_in_a_pair_changes_no_code(harness, tmp_path):
    """Devices that conduct at rest read as ideal ones."""
    design = alone(INFERRING["contexts"], ("on_off",))
    stimulus = stress_stimulus(design, SEQUENCES, GATES, 4)
    found = [answer.scores for answer in run(harness, tmp_path, design, stimulus).answers]
    ideal = infer(alone(design, ()), stimulus.weights, stimulus.features, stimulus.lengths, GATES).scores
    assert np.array_equal(found, ideal) and len(np.unique(ideal)) > SEQUENCES
