"""The blocks of learning on Verilator, each against the plain model."""

from __future__ import annotations

from hdl.accumulator_store import AccumulatorStore
from hdl.delta_unit import DeltaUnit
from hdl.error_unit import ErrorUnit
from hdl.feedback_unit import FeedbackUnit
from hdl.learning_lane import LearningLane
from spec.learning import ERROR_LIMIT, delta_bound, feedback_bound
from tests.hdl.designs import DESIGNS, MNIST, cases, make_design
from tests.hdl.macro_models import CROSSBAR, CROSSBAR_OPTIONS, MEMORY
from tests.hdl.written_crossbars import WrittenCrossbars
from tests.support import simulate_cases

SEEDED = {"learning": {"seed": 0xDEADBEEF}}


def test_feedback_unit():
    classes = {
        f"classes_{count}": make_design(network={"hidden": 5, "classes": count}, cell={"lanes": 1}, **SEEDED)
        for count in (1, 2, 10, 31, 32, 33, 64, 70, 256)
    }
    assert (
        len(simulate_cases(FeedbackUnit, cases({**classes, "tiny": DESIGNS["tiny"]}), "tb.test_feedback_unit").tests)
        == 2
    )


def test_lanes_deltas_and_errors():
    units = {"lane": LearningLane, "delta": DeltaUnit, "error": ErrorUnit}
    wide = (
        make_design(  # more pulses than an accumulator can hold, the narrowest accumulator, no rounding of the readout
            network={"features": 2, "hidden": 3, "classes": 40, "max_steps": 9},
            cell={"lanes": 1},
            formats={"adc_bits": 9, "adc_range_log2": 1},
            learning={
                "accumulator_bits": 8,
                "accumulator_level": 40,
                "max_pulses": 15,
                "hidden_shift": 24,
                "readout_shift": 0,
                "feedback_shift": 0,
            },
        )
    )
    designs = {
        "one": DESIGNS["one"],
        "tiny": DESIGNS["tiny"],
        "coarse": DESIGNS["coarse"],
        "exact": DESIGNS["exact"],
        "mnist": MNIST,
        "wide": wide,
    }

    def make(design, unit, delta, feedback):
        return units[unit](design)

    parameters = {
        f"{unit}_{name}": {
            # What gradients are wide enough for: an error once, or a delta in every step.
            "design": design, "unit": unit,
            "delta": delta_bound(design) if design.network.max_steps > 1 else ERROR_LIMIT,
            "feedback": feedback_bound(design),
        }
        for name, design in designs.items()
        for unit in units
    }  # fmt: skip
    assert len(simulate_cases(make, parameters, "tb.test_learning_lane").tests) == 3


def test_write_controller():
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "primes", "coarse")}
    designs["many"] = make_design(  # more pulses at once than a device has levels
        network={"features": 4, "hidden": 6, "classes": 5, "max_steps": 2},
        cell={"lanes": 1},
        crossbar={"rows": 3, "columns": 2, "levels": 5, "pulse_cycles": 9},
        learning={"max_pulses": 15},
    )
    options = {"extra_sources": [CROSSBAR], "build_options": CROSSBAR_OPTIONS}
    assert len(simulate_cases(WrittenCrossbars, cases(designs), "tb.test_write_controller", **options).tests) == 2


def test_accumulator_store():
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "powers")}
    assert (
        len(simulate_cases(AccumulatorStore, cases(designs), "tb.test_accumulator_store", extra_sources=[MEMORY]).tests)
        == 1
    )
